"""Breadth first over crash states: what ends a search, and how it goes on."""

from __future__ import annotations

import pytest

from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, Result, State, search
from firmware.errors import BadInput
from tests.sweep.searches import FIRST_START, POWER_ON, alone, bytes_per_state, essence
from tests.zoo.animal import Animal
from tests.zoo.table import ANIMALS

KIB = 1024
ALL = Limits(None)
BY_NAME = {animal.name: animal for animal in ANIMALS}


def every_finding(animal: Animal) -> list[Finding]:
    with animal.let_in():
        return search(animal.plan(merged=False).job(), Limits(animal.depth, findings=1000)).findings


@pytest.mark.parametrize("plan", [POWER_ON, FIRST_START], ids=lambda plan: plan.file)
def test_a_first_start_closes(plan: Plan) -> None:
    result = alone(plan, ALL)
    assert result.closed
    assert not result.findings
    assert result.frontier == 0
    assert result.states_per_second > 0


def test_a_depth_covers_so_many_cuts() -> None:
    one, two = alone(POWER_ON, Limits(1)), alone(POWER_ON, Limits(2))
    assert (one.cuts, two.cuts) == (1, 2)
    assert not one.closed
    assert not two.closed
    assert one.states < two.states < alone(POWER_ON, ALL).states
    deep = alone(POWER_ON, Limits(50))
    assert deep.closed
    assert essence(deep) == essence(alone(POWER_ON, ALL))


@pytest.mark.parametrize("most", [0, 1, 64, 65, 66, 100])
def test_no_more_states_than_are_allowed(most: int) -> None:
    state = State()
    result = search(POWER_ON.job(), Limits(None, states=most), state=state)
    assert result.states == most
    assert not result.closed
    assert result.frontier == len(state.frontier) + len(state.following)


def test_as_many_states_as_there_are_close_it() -> None:
    whole = alone(POWER_ON, ALL)
    assert alone(POWER_ON, Limits(None, states=whole.states)).closed
    assert not alone(POWER_ON, Limits(None, states=whole.states - 1)).closed


def test_every_state_is_started_from_once() -> None:
    state = State()
    result = search(POWER_ON.job(), ALL, state=state)
    assert len(state.seen) == result.states


def test_findings_end_a_search_where_they_are() -> None:
    animal = BY_NAME["identity made twice"]
    found = every_finding(animal)
    assert len(found) > 5
    with animal.let_in():
        for most in (1, 2, 5):
            result = search(animal.plan(merged=False).job(), Limits(animal.depth, findings=most))
            assert result.findings == found[:most]
            assert not result.closed
            assert result.cuts == 0  # inside the first level


def test_it_goes_on_after_any_limit() -> None:
    job, state = POWER_ON.job(), State()
    for most in (10, 65, 70, 150):
        assert search(job, Limits(None, states=most), state=state).states == most
    assert essence(search(job, ALL, state=state)) == essence(alone(POWER_ON, ALL))
    assert essence(search(job, ALL, state=state)) == essence(alone(POWER_ON, ALL))  # there is nothing left to do


def test_it_goes_on_only_as_deep_as_it_began() -> None:
    job, state = POWER_ON.job(), State()
    search(job, Limits(1), state=state)
    with pytest.raises(BadInput, match="begun for 1 cuts"):
        search(job, Limits(2), state=state)


def test_it_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []

    def tell(result: Result) -> None:
        told.append((result.cuts, result.states))

    result = search(POWER_ON.job(), ALL, tell)
    assert told == sorted(told)
    assert told[-1] == (result.cuts, result.states)
    assert {cuts for cuts, _ in told} >= set(range(1, result.cuts + 1))  # after each level at the least


def test_who_listens_may_interrupt() -> None:
    job, state = POWER_ON.job(), State()

    def tell(result: Result) -> None:
        if result.cuts == 1:
            raise KeyboardInterrupt

    partial = search(job, ALL, tell, state=state)
    assert partial.interrupted
    assert not partial.closed
    assert partial.frontier > 0
    assert essence(search(job, ALL, state=state)) == essence(alone(POWER_ON, ALL))


def test_a_million_states_fit_in_a_gigabyte() -> None:
    assert bytes_per_state(4_000) < KIB
