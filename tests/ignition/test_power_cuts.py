"""Power cut at every flash operation of every page and of Apply: in the wizard or finished, never between."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from ignition.apply import TASKS
from ignition.sessions import desk
from tests.boot.cuts import crash_states
from tests.boot.units import act, run_to, start_again
from tests.ignition.cuts import check_apply, check_finishes, check_page
from tests.ignition.units import KINDS, apply, at, pages_of, send

QUICK = ("primary", "secondary")
EVERY_KIND = [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_cut_while_a_page_is_saved_leaves_it_old_or_new(kind: str) -> None:
    choices = KINDS[kind][3]
    for page in pages_of(kind)[:-1]:
        base = at(kind, page)

        def submit(unit: Appliance, page: str = page) -> Appliance:
            return send(unit, page, **choices.get(page, {}))

        before, after = desk(base).answers, desk(submit(base.copy())).answers
        assert before != after
        for number, (cut, crashed) in enumerate(crash_states(base, submit)):
            unit = check_page(crashed, before, after, (page, cut))
            if number % 25 == 0:
                check_finishes(unit, kind, choices, (page, cut))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_cut_in_apply_is_made_good_by_the_next_start(kind: str) -> None:
    base = at(kind, "review")
    before = desk(base).answers
    for cut, crashed in crash_states(base, apply, sample=0):
        check_apply(crashed, kind, before, cut)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_of_any_form_in_apply_is_made_good_by_the_next_start(kind: str) -> None:
    base = at(kind, "review")
    before = desk(base).answers
    for cut, crashed in crash_states(base, apply):
        check_apply(crashed, kind, before, cut)


@pytest.mark.parametrize("kind", ["primary", "primary, further disk", "application_server"])
@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_what_was_done_before_a_cut_is_not_done_again(kind: str, task: str) -> None:
    unit = at(kind, "review")
    unit.platform.bring_up.fire(unit, "apply")
    run_to(unit, f"apply.{task}")
    left = unit.copy()
    act(left, lambda: None)
    assert left.state == "running"
    resumed = start_again(unit.copy())
    assert resumed.state == "running"
    assert resumed.rail.operations - unit.rail.operations == left.rail.operations - unit.rail.operations
