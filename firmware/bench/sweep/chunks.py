"""A piece of a search, as another process is given it and gives it back.

Each process keeps the job, made once from its plan, and a set of the states it has returned, so that it returns none
twice. Results are right whatever becomes of them: a chunk that comes again, or out of order, because its first result
was lost with a machine, begins with an empty set.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import firmware
from firmware.bench.sweep.crashes import BY_CODE
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.nodes import Duty, Fault, Node, Trail
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.record import ClockState
from firmware.errors import BadInput

DESKS = 4  # plans of which a long-lived worker keeps the job
PACKAGES = ("firmware", "platforms", "ignition")

FaultRow = tuple[int, int, str, int, str]  # step, operation, code of the form, lost, place


class StateRow(NamedTuple):
    """A state on its way. Its duty is pickled by itself: there are few, and each is read once.

    ``parent`` is the number of the state in the chunk that it came of; of its trail only the last fault goes along.
    """

    parent: int
    key: int
    scene: int
    places: tuple[int, ...]
    contents: tuple[bytes, ...]
    clock: ClockState
    duty: bytes
    fault: FaultRow


class Chunk(NamedTuple):
    """Some states of a level of one search (its name is random), in order. ``sources`` must be the worker's too."""

    search: str
    number: int
    deeper: bool
    states: list[StateRow]
    sources: str


class ChunkResult(NamedTuple):
    """What was found; ``findings`` are (number in the chunk, checker, text, within the fault budget)."""

    states: int
    transitions: int
    seconds: float
    children: list[StateRow]
    findings: list[tuple[int, str, str, bool]]
    covered: set[tuple[str, str, str, str]]


class Duties:
    """Duties pickled and back, each once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._bytes: dict[int, tuple[bytes, Duty]] = {}
        self._duties: dict[bytes, Duty] = {}

    def pack(self, duty: Duty) -> bytes:
        known = self._bytes.get(id(duty))
        if known is None:
            known = self._bytes[id(duty)] = (pickle.dumps(duty, pickle.HIGHEST_PROTOCOL), duty)  # keeps its id taken
        return known[0]

    def unpack(self, packed: bytes) -> Duty:
        duty = self._duties.get(packed)
        if duty is None:
            # between processes of one search only; a checkpoint holds no pickle
            duty = self._duties[packed] = self._job.duties.intern(pickle.loads(packed))  # noqa: S301
        return duty


def row_of(node: Node, parent: int, pack: Callable[[Duty], bytes]) -> StateRow:
    assert node.trail is not None
    fault = fault_row(node.trail.fault)
    return StateRow(parent, node.key, node.scene, node.places, node.contents, node.clock, pack(node.duty), fault)


def fault_row(fault: Fault) -> FaultRow:
    return fault.step, fault.operation, fault.form.code, fault.lost, fault.place


class Desk:
    """What a process keeps of a plan."""

    def __init__(self, job: Job) -> None:
        if not job.scenes:  # they are numbered as the roots meet them, in every process alike
            for _ in job.roots(set()):
                pass
        self.job = job
        self._duties = Duties(job)
        self._lock = threading.Lock()
        self._search, self._last = "", -1
        self._returned: set[int] = set()

    def work(self, chunk: Chunk) -> ChunkResult:
        with self._lock:  # a Dask worker may have several threads
            return self._work(chunk)

    def _work(self, chunk: Chunk) -> ChunkResult:
        if chunk.search != self._search or chunk.number <= self._last:
            self._returned = set()
        self._search, self._last = chunk.search, chunk.number
        started, seen = time.perf_counter(), self._returned
        seen.update(row.key for row in chunk.states)
        children: list[StateRow] = []
        findings, covered, transitions = [], set(), 0
        for number, row in enumerate(chunk.states):
            expansion = self.job.expand(self._node(row), seen, deeper=chunk.deeper)
            finding = expansion.finding
            transitions += expansion.transitions
            covered.add((*expansion.covered, finding.checker if finding else ""))
            children += [row_of(child, number, self._duties.pack) for child in expansion.children]
            if finding is not None:
                findings.append((number, finding.checker, finding.text, finding.within))
        seconds = time.perf_counter() - started
        return ChunkResult(len(chunk.states), transitions, seconds, _shared(children), findings, covered)

    def _node(self, row: StateRow) -> Node:
        step, operation, code, lost, place = row.fault
        trail = Trail(None, Fault(step, operation, BY_CODE[code], lost, place))
        return Node(row.key, row.scene, row.places, row.contents, row.clock, self._duties.unpack(row.duty), trail)


def _shared(rows: Sequence[StateRow]) -> list[StateRow]:
    """Equal contents become one object: pickle then sends each once."""
    once: dict[bytes, bytes] = {}
    return [row._replace(contents=tuple([once.setdefault(c, c) for c in row.contents])) for row in rows]


_desks: OrderedDict[Plan, Desk] = OrderedDict()
_making = threading.Lock()


def hand_down(plan: Plan, job: Job) -> None:
    """Let processes forked from this one begin with the job that is made already."""
    _desks[plan] = Desk(job)


def take_back(plan: Plan) -> None:
    _desks.pop(plan, None)


def work(plan: Plan, chunk: Chunk) -> ChunkResult:
    """The task: what comes of the states of a chunk."""
    if chunk.sources != sources():
        raise BadInput("a worker has another version of ipoffice-sim: install the same on every machine of the cluster")
    return _desk(plan).work(chunk)


def _desk(plan: Plan) -> Desk:
    with _making:
        desk = _desks.get(plan)
        if desk is None:
            desk = _desks[plan] = Desk(plan.job())
        _desks.move_to_end(plan)
        while len(_desks) > DESKS:
            _desks.popitem(last=False)
        return desk


@lru_cache(1)
def sources() -> str:
    """A digest of the program: states found by another one mean nothing here."""
    total = blake2b(firmware.__version__.encode(), digest_size=16)
    for path in _files():
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _files() -> Iterable[Path]:
    above = Path(firmware.__file__).parent.parent
    return (path for name in PACKAGES for path in sorted((above / name).rglob("*.py")))
