"""A search put aside goes on as if nothing had been; a file that is not what was put aside is refused."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest

from firmware.bench.sweep import checkpoint
from firmware.bench.sweep.chunks import sources
from firmware.bench.sweep.executors import processes
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, State, search
from firmware.errors import BadInput
from tests.sweep.searches import (
    FIRST_START,
    POWER_ON,
    POWER_ON_ROT,
    POWER_ON_TORN,
    SCENARIOS,
    TORN,
    alone,
    essence,
    plan_of,
)
from tests.zoo.table import ANIMALS

ALL = Limits(None)


def put_aside(path: Path, plan: Plan, states: int) -> State:
    state = State()
    search(plan.job(), Limits(None, states=states), state=state)
    checkpoint.save(path, plan, state)
    return state


@pytest.mark.parametrize("plan", [POWER_ON, POWER_ON_ROT, FIRST_START], ids=["cut", "rot", "merged"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.37, 0.8, 0.99, 1.0])
def test_it_comes_back_as_it_was(plan: Plan, part: float, tmp_path: Path) -> None:
    path = tmp_path / "sweep"
    state = put_aside(path, plan, int(part * alone(plan, ALL).states))
    job = plan.job()
    back = checkpoint.load(path, plan, job)
    assert (list(back.frontier), list(back.following)) == (list(state.frontier), list(state.following))
    assert (back.seen, back.depth, back.begun) == (state.seen, state.depth, True)
    assert essence(back.result) == essence(replace(state.result, closed=False))
    assert essence(search(job, ALL, state=back)) == essence(alone(plan, ALL))


def test_it_goes_on_with_others(tmp_path: Path) -> None:
    put_aside(tmp_path / "sweep", POWER_ON, 90)
    job = POWER_ON.job()
    state = checkpoint.load(tmp_path / "sweep", POWER_ON, job)
    with processes(POWER_ON, job, 2) as workers:
        assert essence(search(job, ALL, state=state, crew=workers)) == essence(alone(POWER_ON, ALL))


def test_findings_are_kept(tmp_path: Path) -> None:
    animal = next(animal for animal in ANIMALS if animal.name == "identity made twice")
    path, limits = tmp_path / "sweep", Limits(2, findings=1000)
    with animal.let_in():
        plan = animal.plan(merged=False)
        whole, state = search(plan.job(), limits), State()
        search(plan.job(), Limits(2, findings=5), state=state)
        checkpoint.save(path, plan, state)
        job = plan.job()
        back = checkpoint.load(path, plan, job)
        assert back.result.findings == whole.findings[:5]
        assert essence(search(job, Limits(2, findings=5), state=back)) == essence(state.result)
        assert essence(search(job, limits, state=back)) == essence(whole)


def test_peers_that_change_on_the_way_come_back(tmp_path: Path) -> None:
    plan, limits = plan_of(SCENARIOS / "branch_under_system_manager.yaml"), Limits(2, states=120)
    state = State()
    search(plan.job(), replace(limits, states=100), state=state)
    checkpoint.save(tmp_path / "sweep", plan, state)
    job = plan.job()
    back = checkpoint.load(tmp_path / "sweep", plan, job)
    assert essence(search(job, limits, state=back)) == essence(search(plan.job(), limits))


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small checkpoint."""
    path = tmp_path_factory.mktemp("checkpoint") / "sweep"
    put_aside(path, POWER_ON, 70)
    return path.read_bytes()


def refused(path: Path, content: bytes, match: str, plan: Plan = POWER_ON) -> None:
    path.write_bytes(content)
    with pytest.raises(BadInput, match=match) as caught:
        checkpoint.load(path, plan, POWER_ON_JOB)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


POWER_ON_JOB = POWER_ON.job()


def test_any_damage_is_found(content: bytes, tmp_path: Path) -> None:
    header = content.index(b"\n{") if b"\n{" in content else content.index(b"{")
    end = content.index(b"}\n", header)
    for at in (*range(header), *range(header, end, 13), *range(end, len(content), 197)):
        for bit in (0, 7):
            damaged = bytearray(content)
            damaged[at] ^= 1 << bit
            refused(tmp_path / "sweep", bytes(damaged), "is damaged|is no checkpoint")
    for length in (*range(0, end, 31), *range(end, len(content), 197), len(content) - 1):
        refused(tmp_path / "sweep", content[:length], "is damaged|is no checkpoint")
    refused(tmp_path / "sweep", content + b"\0", "is damaged")


def forged(content: bytes, old: bytes, new: bytes) -> bytes:
    """Changed on purpose, with a digest that fits."""
    start = len(checkpoint.MAGIC) + 16
    assert old in content[start:]
    body = content[start:].replace(old, new, 1)
    return checkpoint.MAGIC + blake2b(body, digest_size=16).digest() + body


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"trails":', b'"trails":9'), (b'"seen":', b'"seen":9999999999999'), (b'"frontier":', b'"frontier":-'),
     (b'"following":', b'"hollowing":'), (b'"cut', b'"cat'), (b',"b",', b',"?",'), (b'"states":', b'"states":"many"+'),
     (b'"within', b'"without'), (b"}\n", b"}"), (b"\n", b"\nx")],
)  # fmt: skip
def test_what_was_made_up_is_refused(content: bytes, old: bytes, new: bytes, tmp_path: Path) -> None:
    if old not in content:
        old, new = b'"depth":null', b'"depth":-1'
    refused(tmp_path / "sweep", forged(content, old, new), "is damaged|is of another sweep")


def test_states_that_the_trails_do_not_lead_to_are_refused(content: bytes, tmp_path: Path) -> None:
    line = content.index(b"}\n") + 2
    nothing = content[line:]
    for other in (bytes(len(nothing)), b"\xff" * len(nothing), struct.pack("<I", 1) * (len(nothing) // 4)):
        refused(tmp_path / "sweep", forged(content, nothing, other), "is damaged")


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was loaded",))


def test_nothing_of_a_file_is_executed(content: bytes, tmp_path: Path) -> None:
    trap = pickle.dumps(Trap())
    refused(tmp_path / "sweep", trap, "is no checkpoint")
    refused(tmp_path / "sweep", checkpoint.MAGIC + trap, "is damaged")
    refused(tmp_path / "sweep", forged(content, content[content.index(b"}\n") + 2 :], trap), "is damaged")
    assert b"pickle" not in content


@pytest.mark.parametrize(
    "plan", [replace(POWER_ON, seed=8), replace(POWER_ON, faults=TORN), replace(POWER_ON, merged=True),
             replace(POWER_ON, text=POWER_ON.text + "\n"), replace(POWER_ON, unit="another")],
    ids=["seed", "faults", "merged", "scenario", "unit"],
)  # fmt: skip
def test_of_another_sweep(plan: Plan, content: bytes, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    refused(tmp_path / "sweep", content, f"different: {request.node.callspec.id}$", plan)


def test_the_folder_may_be_another(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "sweep").write_bytes(content)
    assert checkpoint.load(tmp_path / "sweep", replace(POWER_ON, folder="/elsewhere", file="x.yaml"), POWER_ON.job())


def test_of_another_program(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "sources", lambda: "0" * 32)
    refused(tmp_path / "sweep", content, "written by another version")


def test_files_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="sweep: No such file or directory"):
        checkpoint.load(tmp_path / "sweep", POWER_ON, POWER_ON_JOB)
    with pytest.raises(BadInput, match="sweep: No such file or directory"):
        checkpoint.save(tmp_path / "nowhere" / "sweep", POWER_ON, State())
    with pytest.raises(BadInput, match="Is a directory"):
        checkpoint.load(tmp_path, POWER_ON, POWER_ON_JOB)


@contextmanager
def child(jobs: int, path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A sweep that has come to its 300th state and waits for a line; and the numbers of its processes."""
    command = [sys.executable, "-m", "tests.sweep.child", str(jobs), str(path), "300"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            pids = [int(word) for word in process.stdout.readline().split()]
            assert len(pids) == (jobs + 1 if jobs > 1 else 1)
            yield process, pids
        finally:
            process.kill()
    until = time.monotonic() + 10
    while (left := [pid for pid in pids if _lives(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def _lives(pid: int) -> bool:
    """A process that has ended, but whose parent has not looked, lives no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_ctrl_c_it_goes_on_to_the_same_end(jobs: int, tmp_path: Path) -> None:
    path = tmp_path / "sweep"
    with child(jobs, path) as (process, pids):
        os.killpg(pids[0], signal.SIGINT)  # as a terminal does: everybody hears it
        out, err = process.communicate("\n", timeout=60)
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)
    job = POWER_ON_TORN.job()
    sources.cache_clear()
    state = checkpoint.load(path, POWER_ON_TORN, job)
    whole = alone(POWER_ON_TORN, ALL)
    assert 300 <= state.result.states < whole.states
    with processes(POWER_ON_TORN, job, 2) as workers:
        assert essence(search(job, ALL, state=state, crew=workers if jobs > 1 else None)) == essence(whole)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_ctrl_c_ends_it_at_once(jobs: int, tmp_path: Path) -> None:
    path = tmp_path / "sweep"
    with child(jobs, path) as (process, pids):
        for _ in range(2):
            os.killpg(pids[0], signal.SIGINT)
            time.sleep(0.2)  # or the two would be one
        out, err = process.communicate(timeout=10)
    assert out == ""
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert process.returncode != 0
    assert not path.exists()


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with child(2, tmp_path / "sweep") as (process, _):
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
