"""A piece of a search, as another process is given it and gives it back.

Each process keeps the job, made once from its plan, and a set of the states it has returned, so that it returns none
twice. Results are right whatever becomes of them: a chunk that comes again, or out of order, because its first result
was lost with a machine, begins with an empty set.
"""

from __future__ import annotations

import pickle
import threading
import time
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import firmware
from firmware.bench.hosting import network_of
from firmware.bench.sweep.crashes import BY_CODE
from firmware.bench.sweep.job import Expansion, Finding, Job
from firmware.bench.sweep.nodes import Duty, Fault, Node, Trail
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.record import ClockState
from firmware.errors import BadInput

DESKS = 4  # plans of which a long-lived worker keeps the job
PACKAGES = ("firmware", "platforms", "ignition")

FaultRow = tuple[int, int, str, int, str]  # step, operation, code of the form, lost, place


class StateRow(NamedTuple):
    """A state on its way. Its duty and its scene are pickled by themselves: there are few, and each is read once. Of
    its trail only the last fault goes along."""

    key: int
    scene: bytes
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


class Found(NamedTuple):
    """An expansion on its way; ``finding`` is (checker, text, within the fault budget)."""

    finding: tuple[str, str, bool] | None
    children: list[StateRow]
    transitions: int
    covered: tuple[str, str, str]


class ChunkResult(NamedTuple):
    """What came of each state, and how much time of a processor it took."""

    found: list[Found]
    seconds: float


class Packing:
    """States made ready for the way, and made again after it. What is equal is one object, which pickle sends once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._packed: dict[int, tuple[bytes, Duty]] = {}
        self._duties: dict[bytes, Duty] = {}
        self._packed_scenes: dict[int, bytes] = {}
        self._scenes: dict[bytes, int] = {}
        self._contents: dict[bytes, bytes] = {}

    def pack(self, node: Node) -> StateRow:
        assert node.trail is not None
        contents = tuple([self._contents.setdefault(content, content) for content in node.contents])
        duty, fault = self._pack_duty(node.duty), fault_row(node.trail.fault)
        return StateRow(node.key, self._pack_scene(node.scene), node.places, contents, node.clock, duty, fault)

    def unpack(self, row: StateRow, before: Trail | None) -> Node:
        scene, duty = self._unpack_scene(row.scene), self._unpack_duty(row.duty)
        trail = Trail(before, fault_of(row.fault))
        return Node(row.key, scene, row.places, row.contents, row.clock, duty, trail)

    def pack_expansion(self, expansion: Expansion) -> Found:
        wrong = expansion.finding
        finding = None if wrong is None else (wrong.checker, wrong.text, wrong.within)
        children = [self.pack(child) for child in expansion.children]
        return Found(finding, children, expansion.transitions, expansion.covered)

    def unpack_expansion(self, found: Found, node: Node, seen: set[int]) -> Expansion:
        """What came of a node; those of its children that are new to ``seen``, to which they are added."""
        children = []
        for row in found.children:
            if row.key not in seen:
                seen.add(row.key)
                children.append(self.unpack(row, node.trail))
        finding = None
        if found.finding is not None:
            checker, text, within = found.finding
            finding = Finding(checker, text, node.trail, within)
        return Expansion(finding, children, found.transitions, found.covered)

    def _pack_duty(self, duty: Duty) -> bytes:
        known = self._packed.get(id(duty))
        if known is None:
            known = self._packed[id(duty)] = (pickle.dumps(duty, pickle.HIGHEST_PROTOCOL), duty)  # keeps its id taken
        return known[0]

    def _unpack_duty(self, packed: bytes) -> Duty:
        duty = self._duties.get(packed)
        if duty is None:
            # between processes of one search only; a checkpoint holds no pickle
            duty = self._duties[packed] = self._job.duties.intern(pickle.loads(packed))  # noqa: S301
        return duty

    def _pack_scene(self, number: int) -> bytes:
        """Processes give their own numbers to scenes met on the way: the first alike but for its peers, and those."""
        if number not in self._packed_scenes:
            scenes, packed = self._job.scenes, self._job.scenes[number]
            network = network_of(packed.template)
            like = next(
                n for n, scene in enumerate(scenes)
                if (scene.cards, scene.moment) == (packed.cards, packed.moment)
                and replace(network_of(scene.template), peers=network.peers) == network
            )  # fmt: skip
            self._packed_scenes[number] = pickle.dumps((like, network.peers), pickle.HIGHEST_PROTOCOL)
        return self._packed_scenes[number]

    def _unpack_scene(self, packed: bytes) -> int:
        if packed not in self._scenes:
            self._scenes[packed] = self._job.among(*pickle.loads(packed))  # noqa: S301 - as a duty
        return self._scenes[packed]


def fault_row(fault: Fault) -> FaultRow:
    return fault.step, fault.operation, fault.form.code, fault.lost, fault.place


def fault_of(row: FaultRow) -> Fault:
    step, operation, code, lost, place = row
    return Fault(step, operation, BY_CODE[code], lost, place)


class Desk:
    """What a process keeps of a plan."""

    def __init__(self, job: Job) -> None:
        if not job.scenes:  # they are numbered as the roots meet them, in every process alike
            for _ in job.roots(set()):
                pass
        self._job, self._packing = job, Packing(job)
        self._search, self._last = "", -1
        self._returned: set[int] = set()

    def work(self, chunk: Chunk) -> ChunkResult:
        if chunk.search != self._search or chunk.number <= self._last:
            self._returned = set()
        self._search, self._last = chunk.search, chunk.number
        started, seen = time.thread_time(), self._returned
        seen.update(row.key for row in chunk.states)
        found = []
        for row in chunk.states:
            expansion = self._job.expand(self._packing.unpack(row, None), seen, deeper=chunk.deeper)
            found.append(self._packing.pack_expansion(expansion))
        return ChunkResult(found, time.thread_time() - started)


_handed_down: dict[Plan, Job] = {}
_turn = threading.Lock()


def hand_down(plan: Plan, job: Job) -> None:
    """Let processes forked from this one begin with the job that is made already."""
    _handed_down[plan] = job


def take_back(plan: Plan) -> None:
    del _handed_down[plan]


def work(plan: Plan, chunk: Chunk) -> ChunkResult:
    """The task: what comes of the states of a chunk."""
    if chunk.sources != sources():
        raise BadInput("a worker has another version of ipoffice-sim: install the same on every machine of the cluster")
    with _turn:  # a Dask worker may have several threads
        return _desk(plan).work(chunk)


@lru_cache(DESKS)
def _desk(plan: Plan) -> Desk:
    return Desk(_handed_down.get(plan) or plan.job())


@lru_cache(1)
def sources() -> str:
    """A digest of the program: states found by another one mean nothing here."""
    total = blake2b(firmware.__version__.encode(), digest_size=16)
    above = Path(firmware.__file__).parent.parent
    for path in [path for name in PACKAGES for path in sorted((above / name).rglob("*.py"))]:
        total.update(path.relative_to(above).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
