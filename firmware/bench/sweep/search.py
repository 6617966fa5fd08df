"""Breadth first over crash states: every state once, first those that one cut leaves, then those of two, and so on.

In this process or by a crew of others, the same states are found in the same order: of the starts that lead to a
state, the first in the frontier counts as where it came from.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from firmware.bench.sweep.job import Expansion, Finding, Job
from firmware.bench.sweep.nodes import Node, Trail
from firmware.errors import BadInput

if TYPE_CHECKING:
    from firmware.bench.sweep.executors import Crew

Covered = tuple[str, str, str, str]
T = TypeVar("T", bound=Hashable)
EVERY = 0.1  # seconds between two reports of how far it is


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
    """Where a search ends: after ``depth`` cuts (None: when nothing new appears), after so many states, or at so many
    findings, whichever is first."""

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

    def begin(self, job: Job, depth: int | None) -> None:
        """The crash states of the scenario's own run."""
        self.begun, self.depth = True, depth
        for nodes, transitions in job.roots(self.seen):
            self.seen.update(node.key for node in nodes)
            self.frontier.extend(map(self.compact, nodes))
            self.result.transitions += transitions

    def take(self, expansion: Expansion) -> None:
        """What came of the frontier's first state; the children are in ``seen`` already."""
        self.frontier.popleft()
        self.following.extend(map(self.compact, expansion.children))
        finding, result = expansion.finding, self.result
        result.states += 1
        result.transitions += expansion.transitions
        result.covered.add((*expansion.covered, finding.checker if finding else ""))
        if finding is not None:
            result.findings.append(finding)

    def next_level(self) -> None:
        """The level is done."""
        self.result.cuts += 1
        self.frontier, self.following = self.following, deque()
        self._once.clear()

    def compact(self, node: Node) -> Node:
        """The same node, made of values that others have too."""
        once, trail = self._one, node.trail
        if trail is not None:
            trail = Trail(trail.before, once(trail.fault))
        contents = tuple([once(content) for content in node.contents])
        return Node(node.key, node.scene, once(node.places), contents, once(node.clock), node.duty, trail)

    def _one(self, value: T) -> T:
        return self._once.setdefault(value, value)  # type: ignore[return-value]  # equal, so of the same type


def search(job: Job, limits: Limits, tell: Tell = lambda _: None, *, state: State | None = None,
           crew: Crew | None = None) -> Result:  # fmt: skip
    """Search until nothing new appears or a limit is reached; ``tell`` hears how far it is, about ten times a second.

    With a ``state`` it goes on from there, and leaves there how far it came. A ``crew`` does the work in other
    processes. After Ctrl-C, or a KeyboardInterrupt of ``tell``, the result is partial and the state good to go on from.
    """
    state = state or State()
    if state.begun and state.depth != limits.depth:
        raise BadInput(f"the search was begun for {state.depth or 'any number of'} cuts; it goes on with as many")
    result = state.result
    with _Interrupts() as interrupts:
        run = _Run(job, limits, tell, state, interrupts)
        try:
            run.search(crew)
        except KeyboardInterrupt:
            if interrupts.impatient:
                raise
            result.interrupted = True
        run.measure()
    nothing_new = not state.frontier and not state.following and not result.interrupted
    result.closed = nothing_new and not result.findings and (limits.depth is None or result.cuts < limits.depth)
    return result


class _Run:
    """One call of :func:`search`."""

    def __init__(self, job: Job, limits: Limits, tell: Tell, state: State, interrupts: _Interrupts) -> None:
        self._job, self._limits, self._tell, self._state = job, limits, tell, state
        self._interrupts = interrupts
        self._started = time.perf_counter() - state.result.seconds
        self._told = time.perf_counter()
        state.result.interrupted = False

    def search(self, crew: Crew | None) -> None:
        state, depth = self._state, self._limits.depth
        if not state.begun:
            state.begin(self._job, depth)
        if crew is not None:
            crew.begin()
        deeper = True
        while state.frontier and deeper and (left := self._left()):
            deeper = depth is None or state.result.cuts + 1 < depth
            for expansion in self._expansions(crew, min(left, len(state.frontier)), deeper=deeper):
                state.take(expansion)
                self._say()
                if not self._left():
                    break
            if state.frontier:
                return
            state.next_level()
            self._say(now=True)

    def _left(self) -> int:
        """How many states the limits allow still."""
        limits, result = self._limits, self._state.result
        if len(result.findings) >= limits.findings:
            return 0
        return len(self._state.frontier) if limits.states is None else max(0, limits.states - result.states)

    def _expansions(self, crew: Crew | None, count: int, *, deeper: bool) -> Iterator[Expansion]:
        """What comes of the first so many states of the frontier, in order."""
        state = self._state
        if crew is not None:
            return crew.expand(state.frontier, count, state.seen, deeper=deeper, meanwhile=self._say)
        return (self._job.expand(state.frontier[0], state.seen, deeper=deeper) for _ in range(count))

    def measure(self) -> None:
        result = self._state.result
        result.seconds = time.perf_counter() - self._started
        result.frontier = len(self._state.frontier) + len(self._state.following)

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
