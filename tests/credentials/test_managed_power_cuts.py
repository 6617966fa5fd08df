"""Power cut in an enrolment, a renewal, a subscription: the CA sees one request, and one identity comes of it."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.peers.cloud import Cloud
from firmware.peers.system_manager import Approval
from firmware.security.settings import Origin
from firmware.times import DAY, HOUR
from tests.boot.cuts import crash_states
from tests.boot.units import (
    cut_power,
    do,
    identity_of,
    overprograms,
    start_again,
    wait,
)
from tests.credentials.units import (
    KINDS,
    among,
    book,
    cloud_of,
    enrol,
    enrolled,
    is_by_manager,
    isolated,
    manager,
    manager_of,
    member_of,
    settings_in_use,
    settings_on_flash,
    unit_of,
)

MANUAL = Approval.MANUAL


def _finish(unit: Appliance) -> None:
    """The person approves what waits, and the unit polls once more."""
    for entry in manager_of(unit).pending():
        manager_of(unit).approve(entry.transaction)
    wait(unit, HOUR)


def _cut_enrolment(kind: str, approval: Approval, sample: int | None = None, every: int = 1) -> None:
    base = among(unit_of(kind), manager(approval=approval))
    old = identity_of(base)
    outcomes = set()
    for number, (cut, crashed) in enumerate(crash_states(base, lambda unit: enrol(isolated(unit)), sample=sample)):
        if number % every:
            continue
        at_rest = settings_on_flash(crashed)
        unit = start_again(crashed)
        assert unit.state == "running", cut
        began = settings_in_use(unit).membership is not None
        outcomes.add(began)
        assert began == (at_rest.membership is not None), cut
        assert identity_of(unit).is_whole(), cut
        assert identity_of(unit) == old or is_by_manager(unit), cut
        _finish(unit)
        assert len(book(unit)) == manager_of(unit).issued == began, cut
        assert is_by_manager(unit) if began else identity_of(unit) == old, cut
        assert member_of(unit).key is None if began else True, cut
        settled = settings_in_use(unit)
        assert settings_in_use(start_again(unit)) == settled, cut
        assert overprograms(unit) == 0, cut
    assert outcomes == {False, True} or sample is not None


@pytest.mark.parametrize(("kind", "approval"), [("ip500v2", Approval.AUTOMATIC), ("primary", MANUAL)])
def test_an_enrolment_cut_short_asks_once_and_ends(kind: str, approval: Approval) -> None:
    _cut_enrolment(kind, approval, sample=0, every=5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("approval", Approval)
def test_an_enrolment_cut_short_in_any_form_asks_once_and_ends(kind: str, approval: Approval) -> None:
    _cut_enrolment(kind, approval)


def _renew(unit: Appliance) -> Appliance:
    """The start at which the renewal is due."""
    return start_again(isolated(unit), after=20 * DAY)


def _cut_renewal(kind: str, sample: int | None = None, every: int = 1) -> None:
    base = cut_power(enrolled(kind, lifetime=40))
    old = settings_on_flash(base).identity
    assert old is not None
    outcomes = set()
    for number, (cut, crashed) in enumerate(crash_states(base, _renew, sample=sample)):
        if number % every:
            continue
        at_rest = settings_on_flash(crashed)
        assert at_rest.identity is not None, cut
        assert at_rest.identity.is_whole(), cut
        outcomes.add((at_rest.identity == old, at_rest.membership is not None and at_rest.membership.key is not None))
        unit = start_again(crashed)
        assert unit.state == "running", cut
        wait(unit, HOUR)
        assert is_by_manager(unit), cut
        assert identity_of(unit).key != old.key, cut
        assert (len(book(unit)), manager_of(unit).issued) == (2, 2), cut
        assert settings_in_use(unit).origin is Origin.ENROLLED, cut
        settled = settings_in_use(unit)
        assert settings_in_use(start_again(unit)) == settled, cut
        assert overprograms(unit) == 0, cut
    assert outcomes >= {(True, False), (True, True)}
    assert sample is not None or (False, False) in outcomes


def test_a_renewal_cut_short_asks_once_and_ends() -> None:
    _cut_renewal("ip500v2", sample=0, every=8)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_renewal_cut_short_in_any_form_asks_once_and_ends(kind: str) -> None:
    _cut_renewal(kind)


@pytest.mark.slow
def test_an_enrolment_whose_recovery_is_cut_short_too_asks_once_and_ends() -> None:
    base = among(unit_of("ip500v2"), manager())
    seen: set[object] = set()
    for number, (first, crashed) in enumerate(crash_states(base, lambda unit: enrol(isolated(unit)))):
        if number % 7:
            continue
        for second, again in crash_states(crashed, lambda unit: start_again(isolated(unit)), seen, sample=number):
            unit = start_again(again)
            began = settings_in_use(unit).membership is not None
            wait(unit, HOUR)
            assert len(book(unit)) == manager_of(unit).issued == began, (first, second)
            assert identity_of(unit).is_whole(), (first, second)


def test_a_subscription_cut_short_is_supplied_once() -> None:
    base = among(unit_of("ip500v2"), cloud=Cloud("Avaya", 5))
    for cut, crashed in crash_states(base, lambda unit: do(isolated(unit), "subscribe"), sample=2):
        unit = start_again(crashed)
        began = settings_in_use(unit).membership is not None
        assert cloud_of(unit).issued == began, cut
        assert (settings_in_use(unit).origin is Origin.SUPPLIED) == began, cut
