"""Power cuts that nest: again while the next start makes the first one good, and any number of times."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.appliance import Appliance
from firmware.device.faults import Cut
from firmware.times import DAY
from ignition.sessions import desk
from tests.boot.cuts import FORMS, crash_states
from tests.boot.units import do
from tests.ignition.cuts import check_apply
from tests.ignition.units import KINDS, answers_of, apply, at

pytestmark = pytest.mark.slow


def _next_day(unit: Appliance) -> Appliance:
    """At the same time for all, so that recoveries from the same flash are the same."""
    unit.clock.advance_to((unit.clock.now // DAY + 1) * DAY)
    return do(unit, "power_on")


@pytest.mark.parametrize("kind", ["primary", "secondary", "primary, further disk"])
def test_a_cut_while_apply_is_resumed_is_made_good_too(kind: str) -> None:
    base = at(kind, "review")
    before = desk(base).answers
    seen: set[object] = set()
    for number, (first, crashed) in enumerate(crash_states(base, apply)):
        if number % 31 == 0 and answers_of(crashed).plan is not None:
            for second, again in crash_states(crashed, _next_day, seen, sample=number // 31):
                check_apply(again, kind, before, (first, second))


CUTS = st.builds(lambda operation, form: Cut(operation, form[0], form[1]), st.integers(1, 120), st.sampled_from(FORMS))


@settings(max_examples=200)
@given(kind=st.sampled_from(sorted(KINDS)), cuts=st.lists(CUTS, min_size=1, max_size=6))
def test_any_sequence_of_cuts_ends_in_the_wizard_or_finished(kind: str, cuts: list[Cut]) -> None:
    unit = at(kind, "review")
    before = desk(unit).answers
    for number, cut in enumerate(cuts):
        unit.rail.arm(cut)
        apply(unit) if number == 0 else _next_day(unit)
        if unit.rail.armed is not None:  # it was over before
            unit.rail.arm(None)
            break
    check_apply(unit, kind, before, cuts)
