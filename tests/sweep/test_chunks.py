"""A piece of a search in another process: whatever becomes of it on its way, nothing is lost."""

from __future__ import annotations

import pickle
import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from firmware.bench.sweep import chunks
from firmware.bench.sweep.chunks import Chunk, Desk, Packing
from firmware.bench.sweep.job import Expansion, Job
from firmware.bench.sweep.nodes import Node
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, State, search
from firmware.errors import BadInput
from tests.sweep.searches import POWER_ON, POWER_ON_ROT, SCENARIOS, alone, essence, plan_of

ALL = Limits(None)
T = TypeVar("T")


def sent(value: T) -> T:
    """As it arrives in another process."""
    return pickle.loads(pickle.dumps(value))  # type: ignore[no-any-return]  # noqa: S301  # of its own type


def frontier_of(job: Job) -> list[Node]:
    state = State()
    state.begin(job, None)
    return list(state.frontier)


class Unreliable:
    """A crew of so many workers in this process. Each chunk goes to any of them, some twice or thrice, some again
    later: only the last result counts, as when a machine is lost with what it had found."""

    def __init__(self, plan: Plan, job: Job, workers: int, seed: int) -> None:
        self._desks = [Desk(plan.job()) for _ in range(workers)]
        self._packing, self._chance = Packing(job), random.Random(seed)  # noqa: S311
        self._number = 0
        self._old: list[Chunk] = []

    def begin(self) -> None:
        self._name = str(self._chance.random())

    def expand(
        self, frontier: deque[Node], count: int, seen: set[int], *, deeper: bool, meanwhile: Callable[[], None]
    ) -> Iterator[Expansion]:
        nodes = list(frontier)[:count]
        rest: list[tuple[list[Node], Chunk]] = []
        while nodes:
            size = self._chance.randint(1, 9)
            self._number += 1
            rows = [self._packing.pack(node) for node in nodes[:size]]
            rest.append((nodes[:size], Chunk(self._name, self._number, deeper, rows, "")))
            del nodes[:size]
        order = [chunk for _, chunk in rest for _ in range(self._chance.choice((1, 1, 2)))]
        order += self._chance.sample(self._old, min(len(self._old), 2))
        self._chance.shuffle(order)
        results = {chunk.number: sent(self._chance.choice(self._desks).work(sent(chunk))) for chunk in order}
        self._old = [chunk for _, chunk in rest]
        for asked, chunk in rest:
            for node, found in zip(asked, results[chunk.number].found, strict=True):
                yield self._packing.unpack_expansion(found, node, seen)


@pytest.mark.parametrize("plan", [POWER_ON, POWER_ON_ROT], ids=["cut", "rot"])
def test_a_state_is_the_same_after_its_way(plan: Plan) -> None:
    job, other = plan.job(), plan.job()
    there, back = Packing(job), Packing(other)
    Desk(other)
    for node in frontier_of(job):
        assert node.trail is not None
        assert back.unpack(sent(there.pack(node)), node.trail.before) == node


@pytest.mark.parametrize("seed", range(3))
def test_lost_repeated_and_late_chunks_change_nothing(seed: int) -> None:
    job = POWER_ON.job()
    crew = Unreliable(POWER_ON, job, 3, seed)
    assert essence(search(job, ALL, crew=crew)) == essence(alone(POWER_ON, ALL))  # type: ignore[arg-type]  # as a Crew


def test_a_worker_returns_no_state_twice() -> None:
    job = POWER_ON.job()
    rows = [Packing(job).pack(node) for node in frontier_of(job)]
    desk = Desk(POWER_ON.job())
    keys = [row.key for n, part in enumerate((rows[:30], rows[30:]))
            for found in desk.work(Chunk("one", n, True, part, "")).found for row in found.children]  # fmt: skip
    assert keys
    assert len(keys) == len(set(keys))
    again = desk.work(Chunk("another", 0, True, rows[:30], ""))
    assert any(found.children for found in again.found)


def test_a_chunk_of_another_program_is_refused() -> None:
    with pytest.raises(BadInput, match="another version of ipoffice-sim"):
        chunks.work(POWER_ON, Chunk("one", 1, True, [], "0" * 32))


def test_a_worker_makes_the_job_of_a_plan_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Plan] = []
    proper = Plan.job

    def job(plan: Plan) -> Job:
        made.append(plan)
        return proper(plan)

    monkeypatch.setattr(Plan, "job", job)
    chunks._desk.cache_clear()
    for number in range(3):
        chunks.work(POWER_ON, Chunk("one", number, True, [], chunks.sources()))
    chunks._desk.cache_clear()
    assert made == [POWER_ON]


def test_peers_that_change_on_the_way_are_the_same_in_every_process() -> None:
    plan, limits = plan_of(SCENARIOS / "branch_under_system_manager.yaml"), Limits(2, states=120)
    whole = search(plan.job(), limits)
    job = plan.job()
    crew = Unreliable(plan, job, 2, 5)
    assert essence(search(job, limits, crew=crew)) == essence(whole)  # type: ignore[arg-type]  # as a Crew
