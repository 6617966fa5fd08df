"""An identity that a System Manager or the cloud manages: enrolled, polled for, renewed – once, whatever happens."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.errors import BadInput, NotNow
from firmware.peers.cloud import Cloud
from firmware.peers.system_manager import Approval, Decision
from firmware.security import tls
from firmware.security.reading import alternative_names, load
from firmware.security.settings import Membership, Origin
from firmware.times import DAY, HOUR
from tests.boot import units as boot
from tests.boot.units import (
    do,
    events,
    identity_of,
    images,
    since_power_on,
    start_again,
    wait,
)
from tests.credentials.units import (
    ENROLMENT,
    KINDS,
    RENEWAL_DAYS,
    among,
    book,
    cloud_of,
    decide,
    enrol,
    enrolled,
    expiry_of,
    is_by_manager,
    issued,
    manager,
    manager_of,
    member_of,
    nearly_full,
    network_of,
    not_now,
    pem_of,
    pem_with_key,
    presented,
    reachable,
    refused,
    roots,
    settings_in_use,
    unit_of,
    unreachable,
)

MANUAL = Approval.MANUAL


# Enrolment.


@pytest.mark.parametrize("kind", KINDS)
def test_an_enrolled_unit_presents_what_the_system_manager_gave_it_also_after_a_restart(kind: str) -> None:
    unit = among(unit_of(kind), manager())
    before, store = identity_of(unit), settings_in_use(unit).trusted
    enrol(unit)
    for _ in range(2):
        found = settings_in_use(unit)
        assert found.origin is Origin.ENROLLED
        assert found.membership == Membership("smgr", manager_of(unit).authority.chain, has_given=True)
        assert found.trusted == (*store, *manager_of(unit).authority.chain)
        assert is_by_manager(unit)
        assert identity_of(unit).is_whole()
        assert identity_of(unit).key != before.key
        assert tls.shown(presented(unit)) == identity_of(unit).chain
        assert unit.platform.objections(unit) == []
        start_again(unit)
    assert len(book(unit)) == 1
    assert manager_of(unit).issued == 1


def test_it_is_enrolled_for_the_unit_s_names_and_addresses() -> None:
    unit = among(do(unit_of("primary"), "set_sip", domain="example.com", fqdn="sip.example.com"), manager())
    named = alternative_names(identity_of(enrol(unit)).der)
    assert set(named) == {"server1", "10.1.2.3", "192.168.43.1", "example.com", "sip.example.com"}


def test_a_request_that_waits_is_polled_for_until_it_is_approved() -> None:
    unit = among(unit_of("ip500v2"), manager(approval=MANUAL))
    before = identity_of(unit)
    enrol(unit)
    wait(unit, 3 * HOUR)
    assert identity_of(unit) == before
    assert events(unit, "enrolment.pending")[-1] == {"name": "smgr", "why": "to be approved"}
    assert len(book(unit)) == 1
    decide(unit, "approve")
    wait(unit, HOUR)
    assert is_by_manager(unit)
    asked = len(events(unit, "enrolment.pending"))
    wait(unit, 2 * DAY)
    assert len(events(unit, "enrolment.pending")) == asked
    assert (len(book(unit)), manager_of(unit).issued) == (1, 1)


def test_a_request_that_waits_outlives_a_restart() -> None:
    unit = enrol(among(unit_of("ip500v2"), manager(approval=MANUAL)))
    asked = member_of(unit)
    start_again(unit)
    assert member_of(unit) == asked
    assert len(book(unit)) == 1
    decide(unit, "approve")
    start_again(unit)
    assert is_by_manager(unit)
    assert identity_of(unit).key == asked.key
    assert manager_of(unit).issued == 1


def test_a_request_that_is_rejected_leaves_the_unit_as_it_was_and_free() -> None:
    unit = among(unit_of("ip500v2"), manager(approval=MANUAL), manager("other", seed=4))
    before = identity_of(unit)
    enrol(unit)
    decide(unit, "reject")
    wait(unit, HOUR)
    assert events(unit, "enrolment.refused") == [
        {"name": "smgr", "why": "the administrator has rejected the request"},
    ]
    assert (settings_in_use(unit).membership, identity_of(unit)) == (None, before)
    wait(unit, 3 * DAY)
    start_again(unit)
    assert len(events(unit, "enrolment.refused")) == 1
    assert [entry.decision for entry in book(unit)] == [Decision.REJECTED]
    do(unit, "enrol", manager="other", password=ENROLMENT)
    assert member_of(unit).name == "other"


def test_a_wrong_password_is_refused_and_the_right_one_may_follow() -> None:
    unit = among(unit_of("ip500v2"), manager())
    before = identity_of(unit)
    enrol(unit, "wrong")
    assert events(unit, "enrolment.refused") == [{"name": "smgr", "why": "the enrolment password is wrong"}]
    assert (settings_in_use(unit).membership, identity_of(unit)) == (None, before)
    assert book(unit) == []
    assert is_by_manager(enrol(unit))


def test_no_password_is_in_the_journal_or_readable_on_the_flash() -> None:
    unit = enrol(among(unit_of("ip500v2"), manager(approval=MANUAL)))
    assert ENROLMENT not in str([event.data for event in unit.journal.events])
    assert not any(ENROLMENT.encode() in b"".join(image) for image in images(unit).values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_system_manager_that_is_not_there_is_refused_with_nothing_changed(kind: str) -> None:
    unit = unreachable(among(unit_of(kind), manager()))
    assert not_now(unit, "enrol", manager="smgr", password=ENROLMENT) == "no System Manager smgr answers"


def test_one_that_goes_away_in_the_middle_is_asked_again_when_it_is_back() -> None:
    unit = enrol(among(unit_of("ip500v2"), manager(approval=MANUAL)))
    decide(unit, "approve")
    unreachable(unit)
    wait(unit, 2 * HOUR)
    assert events(unit, "enrolment.pending")[-1] == {"name": "smgr", "why": "no answer"}
    start_again(unit)
    wait(reachable(unit), HOUR)
    assert is_by_manager(unit)
    assert manager_of(unit).issued == 1


def test_one_that_answers_nonsense_changes_nothing() -> None:
    class Confused:
        """Answers every message with what nobody has asked for."""

        content_type, body = "application/x-x509-ca-cert", b"nonsense"

        def answer(self, _operation: str, _message: bytes, _now: int) -> Confused:
            return self

    unit = among(unit_of("ip500v2"), manager(approval=MANUAL))
    enrol(unit)
    sane = manager_of(unit)
    network_of(unit).peers.managers["smgr"] = Confused()  # type: ignore[assignment]
    before = settings_in_use(unit)
    wait(unit, HOUR)
    assert settings_in_use(unit) == before
    assert events(unit, "alarm")[-1]["what"] == "enrolment with smgr"
    network_of(unit).peers.managers["smgr"] = sane
    decide(unit, "approve")
    wait(unit, HOUR)
    assert is_by_manager(unit)
    new = unit_of("ip500v2")
    network_of(among(new)).peers.managers["smgr"] = Confused()  # type: ignore[assignment]
    object.__setattr__(new.surroundings, "managers", ("smgr",))
    assert not_now(new, "enrol", manager="smgr", password="x").startswith("System Manager smgr: ")


def test_another_system_manager_is_refused_until_the_security_settings_are_erased() -> None:
    unit = among(unit_of("ip500v2"), manager(), manager("other", seed=4))
    enrol(unit)
    said = not_now(unit, "enrol", manager="other", password=ENROLMENT)
    assert said == "the security settings belong to smgr: erase them first (default_security)"
    do(unit, "default_security")
    assert (settings_in_use(unit).origin, settings_in_use(unit).membership) == (Origin.MADE, None)
    do(unit, "enrol", manager="other", password=ENROLMENT)
    assert (member_of(unit).name, settings_in_use(unit).origin) == ("other", Origin.ENROLLED)


def test_a_system_manager_of_the_same_name_with_another_ca_is_another_one() -> None:
    unit = enrolled()
    network_of(unit).peers.managers["smgr"] = manager(seed=99)
    assert "belong to smgr: erase them first" in not_now(unit, "enrol", manager="smgr", password=ENROLMENT)


def test_the_same_system_manager_may_enrol_the_unit_again() -> None:
    unit = enrolled()
    before = identity_of(unit)
    enrol(unit)
    assert is_by_manager(unit)
    assert identity_of(unit).key != before.key


def test_a_store_without_room_for_the_ca_is_an_alarm_and_the_unit_goes_on() -> None:
    unit = among(unit_of("ip500v2"), manager(approval=MANUAL))
    do(unit, "trust", data=pem_of(*roots(63)))
    before = identity_of(unit)
    enrol(unit)
    decide(unit, "approve")
    wait(unit, HOUR)
    start_again(unit)
    assert unit.state == "running"
    assert identity_of(unit) == before
    assert "more do not fit" in since_power_on(unit, "alarm")[0]["why"]
    do(unit, "distrust", data=roots(1)[0])
    start_again(unit)
    assert is_by_manager(unit)
    assert manager_of(unit).issued == 1


def test_a_unit_without_an_identity_yet_goes_on_enrolling_after_a_restart() -> None:
    """At R6.2 it is made when first needed: the enrolled one may be the first there is."""
    unit = among(boot.running("6.2"), manager(approval=MANUAL))
    assert unit.ram.identity is None
    start_again(enrol(unit))
    decide(unit, "approve")
    wait(unit, HOUR)
    assert is_by_manager(unit)


def test_an_enrolled_identity_is_not_made_anew_by_a_change_of_names() -> None:
    unit = enrolled("primary")
    before = identity_of(unit)
    do(unit, "set_host_name", host_name="other.example.com")
    do(unit, "create_authority")
    assert identity_of(start_again(unit)) == before


# Renewal.


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_renewed_before_its_expiry_while_the_unit_runs(kind: str) -> None:
    unit = enrolled(kind, lifetime=40)
    before = identity_of(unit)
    wait(unit, (40 - RENEWAL_DAYS - 1) * DAY)
    assert identity_of(unit) == before
    wait(unit, 2 * DAY)
    after = identity_of(unit)
    assert is_by_manager(unit)
    assert after.key != before.key
    assert expiry_of(after) > expiry_of(before)
    assert load(after.der).subject == load(before.der).subject
    assert settings_in_use(unit).origin is Origin.ENROLLED
    assert member_of(unit) == Membership("smgr", manager_of(unit).authority.chain, has_given=True)
    assert manager_of(unit).issued == 2
    wait(unit, 2 * DAY)
    assert manager_of(unit).issued == 2
    assert identity_of(start_again(unit)) == after


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_renewed_at_the_next_start_when_the_day_came_while_the_unit_was_off(kind: str) -> None:
    unit = enrolled(kind, lifetime=40)
    before = identity_of(unit)
    start_again(unit, after=20 * DAY)
    assert is_by_manager(unit)
    assert identity_of(unit) != before
    assert manager_of(unit).issued == 2


def test_it_is_renewed_again_and_again() -> None:
    unit = enrolled(lifetime=40)
    for number in range(3):
        wait(unit, 12 * DAY)
        assert manager_of(unit).issued == 2 + number
    assert settings_in_use(unit).origin is Origin.ENROLLED
    assert len({entry.transaction for entry in book(unit)}) == 4


def test_a_renewal_that_is_refused_is_not_repeated() -> None:
    unit = enrolled(lifetime=40)
    before = identity_of(unit)
    start_again(unit, after=50 * DAY)  # by now it has expired: the System Manager renews it no more
    assert len(events(unit, "enrolment.refused")) == 1
    assert "not in date" in events(unit, "enrolment.refused")[0]["why"]
    assert identity_of(unit) == before
    wait(unit, 5 * DAY)
    start_again(unit)
    assert len(events(unit, "enrolment.refused")) == 1
    assert len(events(unit, "enrolment.begun")) == 2
    enrol(unit)  # but a person may enrol it anew
    assert is_by_manager(unit)
    wait(unit, 12 * DAY)
    assert manager_of(unit).issued == 3


def test_a_renewal_without_an_answer_goes_on_when_there_is_one() -> None:
    unit = unreachable(enrolled(lifetime=40))
    before = identity_of(unit)
    wait(unit, 12 * DAY)
    assert identity_of(unit) == before
    start_again(unit)
    wait(reachable(unit), HOUR)
    assert identity_of(unit) != before
    assert is_by_manager(unit)
    assert manager_of(unit).issued == 2


def test_without_a_clock_nothing_is_renewed() -> None:
    unit = enrolled(lifetime=40)
    unit.clock.lose()
    wait(unit, 20 * DAY)
    assert manager_of(unit).issued == 1


def test_what_an_administrator_sets_is_not_taken_away_by_a_renewal() -> None:
    unit = do(enrolled(lifetime=40), "set_identity", data=pem_with_key(issued()))
    wait(unit, 20 * DAY)
    start_again(unit)
    assert identity_of(unit) == issued()
    assert manager_of(unit).issued == 1


def test_a_renewal_that_the_unit_has_no_room_for_is_an_alarm_and_the_unit_starts() -> None:
    unit = nearly_full(enrolled(lifetime=40))
    before = identity_of(unit)
    wait(unit, 12 * DAY)
    start_again(unit)
    assert unit.state == "running"
    assert identity_of(unit) == before
    assert since_power_on(unit, "alarm")[0]["what"] == "managed certificate"
    do(unit, "distrust", data=pem_of(*roots(20, 10)))
    start_again(unit)
    assert is_by_manager(unit)
    assert identity_of(unit) != before


# The cloud.


def subscribed(kind: str = "ip500v2", lifetime: int = 365) -> Appliance:
    unit = among(unit_of(kind), cloud=Cloud("Avaya", 5, lifetime_days=lifetime))
    return do(unit, "subscribe", automatic=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_cloud_supplies_identity_and_updates(kind: str) -> None:
    unit = subscribed(kind, lifetime=40)
    first = identity_of(unit)
    assert settings_in_use(unit).origin is Origin.SUPPLIED
    assert tls.shown(presented(unit)) == (first.der, *cloud_of(unit).authority.chain)
    assert identity_of(start_again(unit)) == first
    wait(unit, 12 * DAY)
    assert identity_of(unit).key != first.key
    assert cloud_of(unit).issued == 2
    do(unit, "subscribe", automatic=False)
    last = identity_of(unit)
    wait(unit, 20 * DAY)
    start_again(unit)
    assert identity_of(unit) == last
    assert settings_in_use(unit).membership is None
    assert cloud_of(unit).issued == 2


def test_no_system_manager_is_taken_for_the_cloud_because_of_its_name() -> None:
    unit = among(unit_of("ip500v2"), manager("cloud"))
    try:
        do(unit, "enrol", manager="cloud", password=ENROLMENT)
    except (BadInput, NotNow):
        return
    assert identity_of(unit).chain[1:] == manager_of(unit, "cloud").authority.chain


def test_there_has_been_automatic_management_since_11_1_only() -> None:
    unit = among(boot.running("10.0"), cloud=Cloud("Avaya", 5))
    assert not_now(unit, "subscribe") == "release 10.0 of an IP500 V2 has no automatic certificate management"


def test_a_cloud_that_does_not_answer_is_refused_and_one_that_stops_answering_is_asked_again() -> None:
    unit = unreachable(among(unit_of("ip500v2"), cloud=Cloud("Avaya", 5)))
    assert "does not answer" in not_now(unit, "subscribe")
    reachable(unit)
    cloud_of(unit).reachable = False
    before = identity_of(unit)
    do(unit, "subscribe")
    start_again(unit)
    assert identity_of(unit) == before
    cloud_of(unit).reachable = True
    wait(unit, HOUR)
    assert settings_in_use(unit).origin is Origin.SUPPLIED
    assert cloud_of(unit).issued == 1


def test_cloud_and_system_manager_exclude_each_other() -> None:
    unit = subscribed()
    among(unit, manager(), cloud=cloud_of(unit))
    assert "belong to cloud: erase them first" in not_now(unit, "enrol", manager="smgr", password=ENROLMENT)
    other = enrolled()
    among(other, manager_of(other), cloud=Cloud("Avaya", 5))
    for automatic in (True, False):
        assert "belong to smgr: erase them first" in not_now(other, "subscribe", automatic=automatic)
    assert refused(other, "set_identity", data=b"x")


def test_only_a_running_unit_enrols() -> None:
    unit = among(boot.shut_down(), manager(), cloud=Cloud("Avaya", 5))
    for operation, arguments in (("enrol", {"manager": "smgr", "password": ENROLMENT}), ("subscribe", {})):
        with pytest.raises(NotNow):
            do(unit, operation, **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_under_a_release_without_automatic_management_nothing_happens_and_it_can_be_ended(kind: str) -> None:
    unit = do(subscribed(kind, lifetime=40), "upgrade", release="10.0")
    assert unit.release.version == "10.0"
    before = identity_of(unit)
    wait(unit, 20 * DAY)
    start_again(unit)
    assert (unit.state, identity_of(unit), cloud_of(unit).issued) == ("running", before, 1)
    assert not events(unit, "alarm")
    do(unit, "subscribe", automatic=False)
    assert settings_in_use(unit).membership is None
    assert events(unit, "membership.ended") == [{"name": "cloud"}]


def test_what_is_off_cannot_be_switched_off() -> None:
    unit = do(subscribed(), "subscribe", automatic=False)
    assert not_now(unit, "subscribe", automatic=False) == "automatic certificate management is off"


# A refusal and what was there before it.


def test_a_wrong_password_does_not_spare_anybody_the_erasing() -> None:
    unit = enrolled()
    among(unit, manager_of(unit), manager("other", seed=4))
    do(unit, "set_identity", data=pem_with_key(issued()))
    enrol(unit, "wrong")
    assert member_of(unit).name == "smgr"
    said = not_now(unit, "enrol", manager="other", password=ENROLMENT)
    assert said == "the security settings belong to smgr: erase them first (default_security)"


def test_a_first_enrolment_that_is_refused_leaves_nothing_whoever_has_made_the_identity() -> None:
    unit = do(subscribed(), "subscribe", automatic=False)
    among(unit, manager(), manager("other", seed=4))
    before = identity_of(unit)
    enrol(unit, "wrong")
    assert (settings_in_use(unit).membership, identity_of(unit)) == (None, before)
    do(unit, "enrol", manager="other", password=ENROLMENT)
    assert member_of(unit).name == "other"


def test_a_poll_with_a_wrong_clock_is_refused_and_the_request_still_waits() -> None:
    unit = enrol(among(unit_of("ip500v2"), manager(approval=MANUAL)))
    decide(unit, "approve")
    told = unit.clock.read()
    assert told is not None
    do(unit, "set_clock", reading=told + 400 * DAY)
    wait(unit, HOUR)
    assert events(unit, "enrolment.pending")[-1]["why"] == "the message was signed at another time than now"
    do(unit, "set_clock", reading=told + HOUR)
    wait(unit, HOUR)
    assert is_by_manager(unit)
    assert len(book(unit)) == 1
