"""A power-cut sweep: states started from bytes a second, transitions, proofs closed, processes, memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from firmware import configuration
from firmware.appliance import Appliance
from firmware.bench.sweep.executors import processes
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.plan import DEFAULT_FAULTS, Plan
from firmware.bench.sweep.search import Limits, Result, search
from firmware.boot.cards import CONFIGURATION, PRIMARY, SYSTEM, read_or_damaged
from firmware.boot.software import BINARY, read_image
from firmware.memo import forget, memos_off
from firmware.security.keys import derive
from firmware.storage.volume import mounted
from ignition import disk
from tests.benchmarks.harness import Row, seconds

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FIRST_START, IGNITION = "first_start", "ignite_primary"
_FLOOR = "mount + read + parse + match"
_ROUNDS = 3
_TEARS = tuple(fault for fault in DEFAULT_FAULTS if fault != "rot")
_ANY_NUMBER = Limits(depth=None)


def plan(name: str, *, merged: bool = False, faults: tuple[str, ...] = DEFAULT_FAULTS) -> Plan:
    file = SCENARIOS / f"{name}.yaml"
    return Plan(file.name, file.read_text("utf-8"), str(file.parent), merged=merged, faults=faults)


def _cold(name: str, *, merged: bool = False, faults: tuple[str, ...] = DEFAULT_FAULTS) -> Job:
    """A job whose memos hold nothing but what recording it has left, its keys among it."""
    forget()
    return plan(name, merged=merged, faults=faults).job()


def _floor(job: Job) -> float:
    """Seconds for one look at the unit that the scenario leaves, with all memos off: mount, read, parse, match key and
    certificate."""
    unit = job.recording.last.copy()
    with unit.rail.fed_by_bench(), memos_off():
        return min(seconds(lambda: _look(unit)) for _ in range(200))


def _look(unit: Appliance) -> None:
    if unit.internal.name == disk.STORAGE.name:
        configuration.from_bytes(unit.records.read(disk.CONFIGURATION) or b"")
    else:
        card = unit.slots[SYSTEM].card
        assert card is not None
        with mounted(card.part) as volume:
            binary = volume.read(f"{PRIMARY}/{BINARY}")
            stored = read_or_damaged(volume, f"{PRIMARY}/{CONFIGURATION}")
        read_image(binary or b"")
        configuration.from_bytes(stored or b"")
    _, settings = unit.vault.peek()
    assert settings is not None
    assert settings.identity is not None
    assert settings.identity.is_whole()


def _swept(name: str, title: str, limit: int) -> Row:
    """The fastest of some sweeps that each begin with cold memos; and what one state takes, in floors."""
    results, floors = [], []
    for _ in range(_ROUNDS):
        job = _cold(name)
        floors.append(_floor(job))
        results.append(search(job, Limits(1)))
    best = max(results, key=lambda result: result.states_per_second)
    rate = best.states_per_second
    seen = f"{rate:,.0f}/s of {best.states} states; one takes {1 / rate / min(floors):.2f} x {_FLOOR}"
    return Row(title, seen, f"{limit:,}/s", rate >= limit)


def states_of_a_first_start() -> Row:
    """Distinct states started from bytes, all checkers included."""
    return _swept(FIRST_START, "sweep of a first start", 3600)


def states_without_memos() -> Row:
    """The same, computing everything anew but for its keys, which come from the pool."""
    job = _cold(FIRST_START)
    floor = _floor(job)
    with memos_off(derive):
        rate = search(job, Limits(1)).states_per_second
    seen = f"{rate:,.0f}/s; one takes {1 / rate / floor:.1f} x {_FLOOR}"
    return Row("sweep of a first start, all memos off", seen, "1,200/s", rate >= 1200)


def states_of_an_ignition() -> Row:
    return _swept(IGNITION, "sweep of a Primary's ignition", 1000)


def _closed(name: str, *, merged: bool, limit: float) -> tuple[Result, str]:
    """A proof, stopped soon after its limit; and in words how far it came."""
    job = _cold(name, merged=merged, faults=_TEARS)
    started = time.perf_counter()

    def tell(_: Result) -> None:
        if time.perf_counter() - started > limit:
            raise KeyboardInterrupt

    result = search(job, _ANY_NUMBER, tell)
    how = "closed" if result.closed else f"open, {result.frontier:,} states to go"
    counts = f"{result.states:,} states, {result.transitions:,} transitions, {result.cuts} cuts"
    return result, f"{how} in {result.seconds:.2f} s: {counts}"


def _proof(name: str, title: str, *, merged: bool, limit: float) -> Row:
    result, seen = _closed(name, merged=merged, limit=limit * 2)
    return Row(title, seen, f"closed in {limit:g} s", result.closed and result.seconds <= limit)


def first_start_closed() -> Row:
    return _proof(FIRST_START, "proof of a first start", merged=True, limit=1)


def first_start_closed_on_images() -> Row:
    """Every image counts by itself."""
    return _proof(FIRST_START, "proof of a first start, raw images", merged=False, limit=10)


def ignition_closed() -> Row:
    result, seen = _closed(IGNITION, merged=True, limit=30)
    return Row("proof of a Primary's ignition", seen, "closed in 30 s", result.closed)


def transitions() -> Row:
    """Cuts looked at, starts included, while a first start is closed on raw images."""
    floor = _floor(_cold(FIRST_START))
    result, _ = _closed(FIRST_START, merged=False, limit=20)
    rate = result.transitions / result.seconds
    seen = f"{rate:,.0f}/s; {rate * floor:.0f} in the time of one {_FLOOR}"
    return Row("transitions of a sweep", seen, "50,000/s", rate >= 50_000)


def two_jobs() -> Row:
    """Two processes against one, in turns, on a whole proof on raw images."""
    ratios = []
    for _ in range(_ROUNDS):
        alone = _timed(lambda job: search(job, _ANY_NUMBER))
        both = _timed(_by_two)
        ratios.append(alone / both)
    return Row("sweep by two processes against one", f"{max(ratios):.2f} x at best", "1.8 x", max(ratios) >= 1.8)


def _timed(work: Callable[[Job], object]) -> float:
    job = _cold(FIRST_START)
    started = time.perf_counter()
    work(job)
    return time.perf_counter() - started


def _by_two(job: Job) -> Result:
    with processes(plan(FIRST_START), job, 2) as crew:
        return search(job, _ANY_NUMBER, crew=crew)


def memory() -> Row:
    """What a search holds for each state that it has met, in a process of its own, where nothing is merged."""
    code = (
        "import re, pathlib\n"
        "from firmware.bench.sweep.search import Limits, State, search\n"
        "from tests.benchmarks.sweep import IGNITION, plan\n"
        "def resident():\n"
        "    status = pathlib.Path('/proc/self/status').read_text()\n"
        "    return int(re.findall(r'VmRSS:\\s+(\\d+)', status)[0]) * 1024\n"
        "job, state = plan(IGNITION).job(), State()\n"
        "search(job, Limits(None, states=600), state=state)\n"
        "before, met = resident(), len(state.seen)\n"
        "search(job, Limits(None, states=1200), state=state)\n"
        "print(resident() - before, len(state.seen) - met)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, met = map(int, done.stdout.split())
    gigabytes = grown / met * 1e6 / 1e9
    seen = f"{gigabytes:.2f} GB by {met:,} states met ({grown / 1e6:.0f} MB)"
    return Row("memory of a sweep, for 10⁶ states", seen, "1 GB", gigabytes <= 1)


BENCHMARKS = (
    states_of_a_first_start,
    states_without_memos,
    states_of_an_ignition,
    transitions,
    first_start_closed,
    first_start_closed_on_images,
    ignition_closed,
    two_jobs,
    memory,
)
