"""A trail carried out for real: what a cut leaves is what the search's overlays say, and so is what comes of it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from firmware.bench.sweep import trails
from firmware.bench.sweep.crashes import AT_REST, BY_CODE
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.nodes import Fault, Node
from firmware.bench.sweep.replaying import _compare, cut_for_real, cut_row, replay
from firmware.errors import BadInput
from tests.sweep import bugs
from tests.sweep.ways import findings, plan_of

# One unit and several, both kinds of storage, clocks that are lost, steps that cut the power themselves.
STORIES = (
    "first_start", "security_default", "upgrade_r62", "power_removed", "cut_while_committing", "flat_battery",
    "ignite_primary", "ignite_expansion", "ignite_cut_in_apply", "server_changes", "ucm_in_host", "store_by_folder",
)  # fmt: skip
CUTS = 30  # of each: more than 300


def _roots(job: Job) -> list[Node]:
    return [node for found, _ in job.roots(set()) for node in found]


def _faults(node: Node) -> tuple[Fault, ...]:
    assert node.trail is not None
    return node.trail.faults()


@pytest.mark.parametrize("story", STORIES)
def test_an_overlay_is_what_a_real_cut_leaves(story: str) -> None:
    plan = plan_of(story)
    job = plan.job()
    cuts = [node for node in _roots(job) if len(_faults(node)) == 1]
    sample = random.Random(story).sample(cuts, CUTS)  # noqa: S311 - a choice of cuts is no secret
    assert len({fault.form for node in sample for fault in _faults(node)}) > 2
    for node in sample:
        unit, _ = cut_for_real(job, _faults(node)[0], plan.seed)
        assert _compare(job, node, unit, "cut 1") == [], trails.id_of(plan.name, _faults(node))


@pytest.mark.parametrize("story", ["first_start", "ignite_primary"])
def test_a_bit_that_flips_at_rest_leaves_the_same_too(story: str) -> None:
    plan = plan_of(story)
    job = replace(plan, faults=("rot", "disturb")).job()
    flipped = [node for node in _roots(job) if len(_faults(node)) == 2]
    assert {node.trail.fault.form.fault for node in flipped if node.trail} == {"rot", "disturb"}
    for node in random.Random(story).sample(flipped, 6):  # noqa: S311 - a choice of bits is no secret
        replayed = replay(plan, _faults(node))
        assert replayed.agrees, replayed.text()


def test_the_comparison_would_see_another_cut() -> None:
    plan = plan_of("first_start")
    job = plan.job()
    one, other = random.Random(1).sample(_roots(job), 2)  # noqa: S311 - a choice of cuts is no secret
    unit, _ = cut_for_real(job, _faults(one)[0], plan.seed)
    assert "is not as the search has it" in _compare(job, other, unit, "cut 1")[0]


@pytest.mark.parametrize("story", STORIES)
def test_cuts_of_a_recovery_leave_the_same_too(story: str) -> None:
    plan, chance = plan_of(story), random.Random(story)  # noqa: S311 - a choice of cuts is no secret
    job = plan.job()
    for root in chance.sample([node for node in _roots(job) if node.duty.within], 3):
        second = chance.choice(job.expand(root, set(), deeper=True).children)
        third = chance.choice(job.expand(second, set(), deeper=True).children)
        replayed = replay(plan, _faults(third))
        assert replayed.agrees, replayed.text()
        assert replayed.finding is None


def test_what_comes_of_a_bug_is_told_from_beginning_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.mends_by_moving(monkeypatch)
    plan = plan_of("first_start")
    finding = findings(plan, depth=2)[0]
    assert finding.trail is not None
    replayed = replay(plan, finding.trail.faults())
    assert replayed.agrees
    assert replayed.finding == finding
    text = replayed.text()
    assert "> cut_power: {operation: 34, moment: inside, torn: half}\n> wait_for: running" in text
    assert text.count("POWER CUT: ") == 2
    assert text.count("> power_on\n") == 2
    assert f"  {replayed.id}: expect: once: an identity more than once: generation 2 where 1 was due" in text


def test_a_start_that_raises_is_a_finding_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.stumbles(monkeypatch)
    plan = plan_of("first_start")
    trail = trails.read(f"{plan.name}-2.20h")[1]
    replayed = replay(plan, trail)
    assert replayed.agrees
    assert replayed.finding is not None
    assert "ValueError: the record firmware makes no sense" in replayed.finding.text


@pytest.mark.parametrize("trail", ["2.9000a", "9.1b", "2.1b-9000h"])
def test_a_trail_that_leads_nowhere_is_said_to(trail: str) -> None:
    plan = plan_of("first_start")
    with pytest.raises(BadInput, match="has no flash operation"):
        replay(plan, trails.read(f"{plan.name}-{trail}")[1])


def test_a_cut_as_a_step() -> None:
    half, after, lost = Fault(1, 3, BY_CODE["h"]), Fault(1, 3, BY_CODE["a"]), Fault(1, 3, BY_CODE["l"], lost=2)
    assert cut_row(half) == {"cut_power": {"operation": 3, "moment": "inside", "torn": "half"}}
    assert cut_row(after, unit="one") == {"cut_power": {"operation": 3, "moment": "after", "unit": "one"}}
    assert cut_row(lost) == {"cut_power": {"operation": 3, "moment": "after", "lost": 2}}
    assert cut_row(Fault(1, 0, AT_REST)) == {"cut_power": None}
