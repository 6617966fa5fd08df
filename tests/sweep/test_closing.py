"""The proofs: what must close does, and states that are merged are rightly taken for one."""

from __future__ import annotations

import random
from functools import cache

import pytest

from firmware.bench.sweep.nodes import Node
from firmware.bench.sweep.search import Limits, search
from tests.sweep.closing import (
    MOST_CUTS,
    MUST_CLOSE,
    closed_keys,
    closure,
    differing,
    key_of,
    merged_job,
    pairs,
    raw_job,
    some_states,
    strays,
)

FEW = 8_000  # states; the largest set of an ignition has 200, of an upgrade 2,400, of a security default 5,100


@cache
def raw_closure(name: str) -> list[Node]:
    return closure(raw_job(merged_job(name)))


@pytest.mark.parametrize("name", MUST_CLOSE)
def test_it_closes(name: str) -> None:
    result = search(merged_job(name), Limits(None, states=FEW))
    assert not result.findings
    assert result.closed, f"open: {result.cuts} cuts covered, {result.states} states, {result.frontier} to start from"


def test_merged_the_raw_closure_is_the_canonical_one() -> None:
    job = merged_job("first_start")
    raw = raw_closure("first_start")
    assert len(raw) > 5 * len(closed_keys("first_start"))
    assert {key_of(job, node) for node in raw} == closed_keys("first_start")


def test_merged_states_of_a_first_start_have_one_future() -> None:
    found = pairs(merged_job("first_start"), raw_closure("first_start"))
    assert not differing(merged_job("first_start"), random.Random(1).sample(found, 1000))  # noqa: S311 - no secrets


@pytest.mark.parametrize("name", ["ignite_primary", "ignite_application_server"])
def test_merged_states_of_an_ignition_have_one_future(name: str) -> None:
    chance, job = random.Random(2), merged_job(name)  # noqa: S311 - a test's choices, not secrets
    found = pairs(job, some_states(raw_job(job), chance, 2000))
    assert not differing(job, chance.sample(found, 600))


@pytest.mark.parametrize("name", ["first_start", "ignite_primary"])
def test_random_walks_never_leave_the_closed_set(name: str) -> None:
    cuts, outside = strays(name, random.Random(3), 20)  # noqa: S311 - a test's choices, not secrets
    assert max(cuts) == MOST_CUTS
    assert not outside


def test_a_form_that_leaves_something_out_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the contents of volumes not in the form, pairs would differ."""
    monkeypatch.setattr("firmware.storage.littlefs_form._meaning", lambda *_: None)
    job = merged_job.__wrapped__("ignite_secondary")
    chance = random.Random(4)  # noqa: S311 - a test's choices, not secrets
    assert differing(job, pairs(job, some_states(raw_job(job), chance, 300))[:50])
