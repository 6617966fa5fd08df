"""Let the sweep loose on an animal, until it is caught."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass

from firmware.bench.sweep import report, trails
from firmware.bench.sweep.job import Expansion, Finding, Job
from firmware.bench.sweep.nodes import Node
from firmware.bench.sweep.search import Limits, search
from tests.zoo.animal import Animal


@dataclass(frozen=True, slots=True)
class Catch:
    """The first finding: who objects and why, its id, after how many cuts; how many states were started until then."""

    checker: str
    text: str
    id: str
    cuts: int
    states: int
    seconds: float


class _Over(Exception):
    """The hunt is over: something is caught, or enough was looked at."""


class _Watched(Job):
    """A job that stops its search at the first finding, or after so many states."""

    def __init__(self, job: Job, most: int) -> None:
        self.__dict__.update(vars(job))
        self.left = most
        self.started = 0
        self.caught: Finding | None = None

    def expand(self, node: Node, seen: set[int], *, deeper: bool) -> Expansion:
        if self.started == self.left:
            raise _Over
        expansion = super().expand(node, seen, deeper=deeper)
        self.started += 1
        if expansion.finding is not None:
            self.caught = expansion.finding
            raise _Over
        return expansion


def hunt(animal: Animal, *, prove: bool = False, healthy: bool = False) -> Catch | None:
    """Sweep the firmware with the animal's bug, or the ``healthy`` one; None: nothing was found.

    ``prove``: until nothing new appears, on merged states, instead of as deep as the animal's cuts on all.
    """
    with nullcontext() if healthy else animal.let_in():
        began = time.perf_counter()
        plan = animal.plan(merged=prove)
        job = _Watched(plan.job(), animal.states if prove else -1)
        with suppress(_Over):
            search(job, Limits(None if prove else animal.depth))
        found, seconds = job.caught, time.perf_counter() - began
        if found is None:
            return None
        cuts = len(found.trail.faults()) if found.trail else 0
        return Catch(found.checker, found.text, report.finding_id(plan, found), cuts, job.started, seconds)


def replay(animal: Animal, trail_id: str, *, healthy: bool = False) -> Finding | None:
    """What is found at the end of an id's trail."""
    with nullcontext() if healthy else animal.let_in():
        job = animal.plan(merged=False).job()
        node = job.follow(trails.read(trail_id)[1])
        return job.expand(node, set(), deeper=False).finding
