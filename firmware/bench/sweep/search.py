"""Breadth first over crash states: every state once, first those that one cut leaves, then those of two, and so on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Node

Covered = tuple[str, str, str, str]


@dataclass(slots=True)
class Result:
    """``cuts``: every trail of up to so many cuts is covered; ``closed``: nothing new appeared, so any number is.

    ``states`` were started from, ``transitions`` cuts were looked at, ``covered`` is how much of the crash space was
    seen: (operation, moment, recovery, checker that objected).
    """

    cuts: int = 0
    closed: bool = False
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    frontier: int = 0
    findings: list[Finding] = field(default_factory=list)
    covered: set[Covered] = field(default_factory=set)

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


def search(job: Job, limits: Limits, tell: Callable[[Result], None] = lambda _: None) -> Result:
    """Search until nothing new appears or a limit is reached."""
    result, started = Result(), time.perf_counter()
    seen: set[int] = set()
    frontier: list[Node] = []
    for nodes, transitions in job.roots(seen):
        frontier += nodes
        result.transitions += transitions
    while frontier:
        deeper = limits.depth is None or result.cuts + 1 < limits.depth
        following: list[Node] = []
        for node in frontier:
            expansion = job.expand(node, seen, deeper=deeper)
            result.states += 1
            result.transitions += expansion.transitions
            result.covered.add((*expansion.covered, expansion.finding.checker if expansion.finding else ""))
            following += expansion.children
            if expansion.finding is not None:
                result.findings.append(expansion.finding)
        result.cuts += 1
        frontier = following
        result.seconds = time.perf_counter() - started
        result.frontier = len(frontier)
        tell(result)
        if not deeper or len(result.findings) >= limits.findings:
            break
    result.closed = not frontier and not result.findings and (limits.depth is None or result.cuts < limits.depth)
    result.seconds = time.perf_counter() - started
    return result
