"""Power cuts that nest: again during the recovery, and any number of times."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.appliance import Appliance
from firmware.device.faults import Cut
from firmware.times import DAY
from tests.boot.cuts import FORMS, Action, allowed, check_recovery, crash_states, is_announced
from tests.boot.units import do, fresh, running

pytestmark = pytest.mark.slow


def _power_on(unit: Appliance) -> Appliance:
    return do(unit, "power_on")


def _next_day(unit: Appliance) -> Appliance:
    """At the same time for all, so that recoveries from the same flash are the same."""
    unit.clock.advance_to((unit.clock.now // DAY + 1) * DAY)
    return _power_on(unit)


def _default_security(unit: Appliance) -> Appliance:
    return do(unit, "default_security")


def _upgrade(unit: Appliance) -> Appliance:
    return do(unit, "upgrade", release="12.3")


def _cut_twice(base: Appliance, action: Action, every: int) -> None:
    """Cut at every operation, and in each ``every``-th of these again at every operation of the recovery."""
    within = allowed(base, action)
    seen: set[object] = set()
    for number, (first, crashed) in enumerate(crash_states(base, action)):
        if number % every == 0:
            announced = is_announced(crashed)
            for second, again in crash_states(crashed, _next_day, seen, sample=number // every):
                check_recovery(again, within, (first, second), announced=announced)


def test_a_cut_during_the_recovery_loses_nothing() -> None:
    _cut_twice(fresh(), _power_on, 16)


@pytest.mark.parametrize("action", [_power_on, _default_security, _upgrade])
def test_a_cut_at_every_place_of_every_recovery_loses_nothing(action: Action) -> None:
    base = fresh() if action is _power_on else running("12.0")
    _cut_twice(base, action, 1)


CUTS = st.builds(
    lambda operation, form, part: Cut(operation, form[0], form[1], part),
    st.integers(1, 90),
    st.sampled_from(FORMS),
    st.sampled_from([None, None, "nvm", "system-sd"]),
)
ACTIONS: dict[str, Action] = {"first start": _power_on, "security default": _default_security, "upgrade": _upgrade}


@pytest.mark.parametrize("name", ACTIONS)
@settings(max_examples=150)
@given(cuts=st.lists(CUTS, min_size=1, max_size=6))
def test_any_sequence_of_cuts_loses_nothing(name: str, cuts: list[Cut]) -> None:
    base, action = (fresh() if name == "first start" else running("12.0")), ACTIONS[name]
    within = allowed(base, action)
    unit, announced = base.copy(), None
    for number, cut in enumerate(cuts):
        unit.rail.arm(cut)
        action(unit) if number == 0 else _next_day(unit)
        if unit.rail.armed is not None:  # the action was over before
            unit.rail.arm(None)
            break
        announced = is_announced(unit) if announced is None else announced
    check_recovery(unit, within, cuts, announced=announced or False)
