"""Breadth first over crash states: every state once, first those that one cut leaves, then those of two, and so on.

In this process or by a crew of others, the same states are found in the same order: of the starts that lead to a
state, the first in the frontier counts as where it came from.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from firmware.bench.sweep.crashes import BY_CODE
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Duty, Fault, Node, Trail

if TYPE_CHECKING:
    from firmware.bench.sweep.chunks import ChunkResult, FaultRow
    from firmware.bench.sweep.executors import Crew

Covered = tuple[str, str, str, str]
T = TypeVar("T", bound=Hashable)
EVERY = 0.1  # seconds between two reports of how far it is
PATIENCE = 0.2  # seconds after which a wait for a worker looks whether it was interrupted


@dataclass(slots=True)
class Result:
    """``cuts``: every trail of up to so many cuts is covered; ``closed``: nothing new appeared, so any number is.

    ``states`` were started from, ``transitions`` cuts were looked at, ``covered`` is how much of the crash space was
    seen: (operation, moment, recovery, checker that objected). ``interrupted``: somebody pressed Ctrl-C.
    """

    cuts: int = 0
    closed: bool = False
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    frontier: int = 0
    findings: list[Finding] = field(default_factory=list)
    covered: set[Covered] = field(default_factory=set)
    interrupted: bool = False

    @property
    def states_per_second(self) -> float:
        return self.states / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a search ends: after ``depth`` cuts (None: when nothing new appears), or ``states``; at the first finding,
    or at the ``findings``-th."""

    depth: int | None = 1
    states: int | None = None
    findings: int = 20


Tell = Callable[[Result], None]


class State:
    """How far a search has come: all that is needed to go on. It is whole whenever ``tell`` is called.

    ``seen`` are the keys of every state met; ``frontier`` has those of the present level not yet started from,
    ``following`` the next level's. What is equal in their nodes is one object, since there may be a million.
    """

    def __init__(self) -> None:
        self.begun = False
        self.depth: int | None = None
        self.result = Result()
        self.seen: set[int] = set()
        self.frontier: deque[Node] = deque()
        self.following: deque[Node] = deque()
        self._once: dict[Hashable, Hashable] = {}
        self._faults: dict[FaultRow, Fault] = {}

    def begin(self, job: Job, depth: int | None) -> None:
        """The crash states of the scenario's own run."""
        self.begun, self.depth = True, depth
        for nodes, transitions in job.roots(self.seen):
            self.seen.update(node.key for node in nodes)
            self.frontier.extend(map(self.compact, nodes))
            self.result.transitions += transitions

    def expand(self, job: Job, *, deeper: bool) -> None:
        """Start from the next state, in this process."""
        node = self.frontier[0]
        expansion = job.expand(node, self.seen, deeper=deeper)
        self.frontier.popleft()
        self.following.extend(map(self.compact, expansion.children))
        finding, result = expansion.finding, self.result
        result.states += 1
        result.transitions += expansion.transitions
        result.covered.add((*expansion.covered, finding.checker if finding else ""))
        if finding is not None:
            result.findings.append(finding)

    def merge(self, nodes: list[Node], found: ChunkResult, duty_of: Callable[[bytes], Duty]) -> None:
        """What another process found from the next so many states; each child that is new is kept."""
        for child in found.children:
            if child.key in self.seen:
                continue
            self.seen.add(child.key)
            trail = Trail(nodes[child.parent].trail, self.fault(child.fault))
            duty = duty_of(child.duty)
            node = Node(child.key, child.scene, child.places, child.contents, child.clock, duty, trail)
            self.following.append(self.compact(node))
        result = self.result
        result.states += len(nodes)
        result.transitions += found.transitions
        result.covered |= found.covered
        result.findings += [
            Finding(checker, text, nodes[n].trail, within) for n, checker, text, within in found.findings
        ]
        for _ in nodes:
            self.frontier.popleft()

    def next_level(self) -> None:
        """The level is done."""
        self.result.cuts += 1
        self.frontier, self.following = self.following, deque()
        self._once.clear()

    def compact(self, node: Node) -> Node:
        """The same node, made of values that others have too."""
        once, trail = self._one, node.trail
        if trail is not None:
            fault = trail.fault
            fault = self.fault((fault.step, fault.operation, fault.form.code, fault.lost, fault.place))
            trail = Trail(trail.before, fault)
        contents = tuple([once(content) for content in node.contents])
        return Node(node.key, node.scene, once(node.places), contents, once(node.clock), node.duty, trail)

    def fault(self, row: FaultRow) -> Fault:
        known = self._faults.get(row)
        if known is None:
            step, operation, code, lost, place = row
            known = self._faults[row] = Fault(step, operation, BY_CODE[code], lost, place)
        return known

    def _one(self, value: T) -> T:
        return self._once.setdefault(value, value)  # type: ignore[return-value]  # equal, so of the same type


def search(job: Job, limits: Limits, tell: Tell = lambda _: None, *, state: State | None = None,
           crew: Crew | None = None) -> Result:  # fmt: skip
    """Search until nothing new appears or a limit is reached; ``tell`` hears how far it is, about ten times a second.

    With a ``state`` it goes on from there, and leaves there how far it came. A ``crew`` does the work in other
    processes. After Ctrl-C, or a KeyboardInterrupt of ``tell``, the result is partial and the state good to go on from.
    """
    state = state or State()
    with _Interrupts() as interrupts:
        run = _Run(job, limits, tell, state, interrupts)
        try:
            run.search(crew)
        except KeyboardInterrupt:
            if interrupts.impatient:
                raise
            state.result.interrupted = True
            if crew is not None:
                crew.stop()
        run.measure()
    result = state.result
    nothing_new = not state.frontier and not state.following and not result.interrupted
    result.closed = nothing_new and not result.findings and (limits.depth is None or result.cuts < limits.depth)
    return result


class _Run:
    """One call of :func:`search`."""

    def __init__(self, job: Job, limits: Limits, tell: Tell, state: State, interrupts: _Interrupts) -> None:
        if state.begun and state.depth != limits.depth:
            raise ValueError("a search goes on to the depth that it began with")
        self._job, self._limits, self._tell, self._state = job, limits, tell, state
        self._interrupts = interrupts
        self._started = time.perf_counter() - state.result.seconds
        self._told = time.perf_counter()
        state.result.interrupted = False

    def search(self, crew: Crew | None) -> None:
        state, limits, result = self._state, self._limits, self._state.result
        if not state.begun:
            state.begin(self._job, limits.depth)
        while state.frontier:
            deeper = limits.depth is None or result.cuts + 1 < limits.depth
            count = len(state.frontier)
            if limits.states is not None:
                count = min(count, max(0, limits.states - result.states))
            if crew is None:
                self._alone(count, deeper)
            else:
                self._by_crew(crew, count, deeper)
            if state.frontier:
                return
            state.next_level()
            self._say(now=True)
            if not deeper or len(result.findings) >= limits.findings:
                return

    def measure(self) -> None:
        result = self._state.result
        result.seconds = time.perf_counter() - self._started
        result.frontier = len(self._state.frontier) + len(self._state.following)

    def _alone(self, count: int, deeper: bool) -> None:
        for _ in range(count):
            self._state.expand(self._job, deeper=deeper)
            self._say()

    def _by_crew(self, crew: Crew, count: int, deeper: bool) -> None:
        """Results are merged in the order in which they were asked for, whatever order they come in."""
        state, sent = self._state, 0
        waiting: deque[tuple[list[Node], Future[ChunkResult]]] = deque()
        merged = 0
        while merged < count:
            while sent < count and len(waiting) < crew.ahead:
                size = crew.size(count - sent)
                nodes = list(islice(state.frontier, sent - merged, sent - merged + size))
                waiting.append((nodes, crew.submit(nodes, deeper=deeper)))
                sent += len(nodes)
            nodes, future = waiting.popleft()
            found = self._result_of(future, crew)
            crew.measured(found)
            state.merge(nodes, found, crew.duty_of)
            merged += len(nodes)
            self._say()

    def _result_of(self, future: Future[ChunkResult], crew: Crew) -> ChunkResult:
        while True:
            self._interrupts.check()
            try:
                return crew.result(future, PATIENCE)
            except TimeoutError:
                if future.done():
                    raise
                self._say()

    def _say(self, *, now: bool = False) -> None:
        self._interrupts.check()
        if now or time.perf_counter() - self._told > EVERY:
            self.measure()
            self._told = time.perf_counter()
            self._tell(self._state.result)


class _Interrupts:
    """Ctrl-C waits until the state is whole; a second one does not. Only the main thread can hear it."""

    def __init__(self) -> None:
        self._count = 0
        self._before: Any = None

    @property
    def impatient(self) -> bool:
        return self._count > 1

    def check(self) -> None:
        if self._count:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        try:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                self._before = signal.signal(signal.SIGINT, self._hear)
        except ValueError:  # another thread than the main one: nothing to hear
            self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self.impatient:
            raise KeyboardInterrupt
