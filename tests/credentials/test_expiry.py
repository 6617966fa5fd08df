"""What a unit says of its certificates: once a day, once a start; to whom; and what the policy makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmware.appliance import Appliance
from firmware.basis import assumed
from firmware.bench.world import World
from firmware.credentials import daily, expiry
from firmware.errors import BadInput, NotNow
from firmware.security import reading
from firmware.security.certificates import Identity
from firmware.security.issuing import Wanted
from firmware.security.policy import Outcome, Rule, Trigger
from firmware.times import DAY, HOUR, SECOND
from tests.boot.units import (
    do,
    events,
    held,
    identity_of,
    images,
    running,
    shut_down,
    since_power_on,
    start_again,
    wait,
)
from tests.ignition import units as linux
from tests.ignition.browsing import Bench

ALL = tuple(expiry.KINDS)


def set_to(unit: Appliance, before_expiry: int) -> Appliance:
    """Let the clock show a moment this long before the identity expires."""
    present, _ = held(unit)
    assert present is not None
    unit.clock.set(reading.dates(present.der)[1] - before_expiry)
    return unit


def issued(days: int, *, with_chain: bool = True) -> bytes:
    """An identity that a Primary has issued for the unit, as PEM."""
    ca = linux.ignited("primary")
    made: Identity = ca.platform.operations["issue_certificate"](ca, wanted=Wanted("phones.example.com", (), days))
    key = made.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + b"".join(reading.pem(der) for der in (made.chain if with_chain else made.chain[:1]))


def with_rule(unit: Appliance, trigger: Trigger, outcome: Outcome | None) -> Appliance:
    """The unit under a policy in which one row says something else, or is missing."""
    rest = tuple(rule for rule in unit.platform.policy if rule.trigger is not trigger)
    changed = () if outcome is None else (Rule(trigger, assumed(outcome)),)
    unit.platform = replace(unit.platform, policy=(*rest, *changed))
    return unit


def look(unit: Appliance) -> Appliance:
    """What is done once a day, done now, and what follows from it."""
    world = World(unit.clock.now)
    world.add(unit)
    world.act(unit, lambda: daily.begin(unit))
    world.settle()
    return unit


@pytest.mark.parametrize(
    ("before", "kind", "days"),
    [
        (60 * DAY + SECOND, None, None),
        (60 * DAY, expiry.EXPIRING, 60),
        (60 * DAY - SECOND, expiry.EXPIRING, 59),
        (DAY, expiry.EXPIRING, 1),
        (0, expiry.EXPIRING, 0),
        (-SECOND, expiry.EXPIRED, None),
    ],
)
def test_when_it_begins_and_ends(before: int, kind: str | None, days: int | None) -> None:
    found = expiry.findings(set_to(running(), before))
    assert [(finding.kind, finding.event().get("days")) for finding in found] == ([(kind, days)] if kind else [])


def test_a_clock_that_is_not_set_judges_no_date() -> None:
    unit = set_to(running(), DAY)
    unit.clock.lose()
    assert expiry.findings(unit) == []
    assert expiry.warnings(unit) == []


def test_one_event_a_day() -> None:
    unit = wait(look(set_to(running(), 10 * DAY)), 4 * DAY)
    assert [data["days"] for data in events(unit, expiry.EXPIRING)] == [10, 9, 8, 7, 6]
    for _ in range(3):
        look(unit)
    assert len(events(unit, expiry.EXPIRING)) == 5, "it was said today"


@pytest.mark.parametrize("drift", [-1000, 1000])
def test_the_day_is_that_of_the_units_clock(drift: int) -> None:
    """The unit looks after each 24 hours of true time: by a slow clock that is one day twice, now and then."""
    unit = running()
    unit.clock.drift_ppm = drift
    set_to(unit, 59 * DAY)
    days = []
    for _ in range(20):
        look(unit)
        days.append((unit.clock.read() or 0) // DAY)
        unit.clock.advance_to(unit.clock.now + 12 * HOUR)
    assert len(set(days)) < len(days)
    assert len(events(unit, expiry.EXPIRING)) == len(set(days))


def test_a_start_on_the_same_day_says_it_again_and_writes_nothing() -> None:
    unit = set_to(shut_down(), 30 * DAY)
    before = images(unit)
    for _ in range(3):
        start_again(unit)
        assert [data["days"] for data in since_power_on(unit, expiry.EXPIRING)] == [29]
    assert images(unit) == before
    assert unit.ram.alarms == ()


def test_an_expiry_is_one_entry_of_the_alarm_log_whenever_it_is_said() -> None:
    unit = set_to(shut_down(), -DAY)
    start_again(unit)
    assert [entry.partition(" 20")[0] for entry in unit.ram.alarms] == ["identity certificate: expired"]
    before = images(unit)
    wait(start_again(unit), 3 * DAY)
    assert len(since_power_on(unit, expiry.EXPIRED)) == 4
    assert len(unit.ram.alarms) == 1
    assert images(unit) == before


def test_every_certificate_counts_by_itself() -> None:
    unit = linux.ignited("primary")
    do(unit, "set_identity", data=issued(30), telephony=True)
    assert unit.ram.authority is not None
    look(unit)
    assert [data["which"] for data in events(unit, expiry.EXPIRING)] == ["telephony identity"]
    _, last = reading.dates(unit.ram.authority.der)
    unit.clock.set(last - 59 * DAY)
    look(unit)
    found = [data["which"] for data in events(unit, expiry.EXPIRED)]
    assert found == ["identity", "telephony identity"]
    assert [data["which"] for data in events(unit, expiry.EXPIRING)] == ["telephony identity", "CA"]
    assert [entry.partition(":")[0] for entry in unit.ram.alarms] == [f"{which} certificate" for which in found]


def test_a_new_certificate_is_said_on_the_same_day() -> None:
    unit = look(do(running(), "set_identity", data=issued(10)))
    do(unit, "set_identity", data=issued(20))
    look(unit)
    first, second = events(unit, expiry.EXPIRING)
    assert first["sha256"] != second["sha256"] == identity_of(unit).fingerprint


def test_a_stale_name_is_said_once_a_start() -> None:
    unit = do(running(), "set_address", lan=0, interface="10.0.0.1/24")
    wait(unit, 3 * DAY)
    assert [data["objections"] for data in events(unit, expiry.MISMATCH)] == [["does not name LAN1 10.0.0.1"]]
    assert unit.ram.alarms == ()
    assert len(since_power_on(start_again(unit), expiry.MISMATCH)) == 1
    do(unit, "set_address", lan=0, interface="192.168.42.1/24")
    look(unit)
    do(unit, "set_address", lan=0, interface="10.0.0.1/24")
    look(unit)
    assert len(since_power_on(unit, expiry.MISMATCH)) == 2, "it was right in between"


def test_what_is_in_order_is_not_mentioned() -> None:
    for unit in (running(), linux.ignited("primary"), linux.ignited("primary, CA imported")):
        assert events(wait(start_again(unit), 2 * DAY), *ALL) == []


def test_an_identity_without_its_issuer() -> None:
    unit = running()
    do(unit, "set_identity", data=issued(300, with_chain=False))
    look(unit)
    [found] = events(unit, expiry.ORPHANED)
    assert found["which"] == "identity"
    assert found["why"] == "its issuer ipoffice-root-server1.avaya.com is not in the trusted certificate store"
    do(unit, "set_identity", data=issued(300))
    look(unit)
    assert len(events(unit, expiry.ORPHANED)) == 1


def test_an_identity_of_the_ca_before() -> None:
    """The old CA stays in the store beside the new one, but it is not this unit's any more."""
    unit = with_rule(linux.ignited("primary"), Trigger.CA_CREATED, Outcome.KEEP)
    do(unit, "renew_authority")
    look(unit)
    assert events(unit, expiry.ORPHANED) == [], "over the same key what was signed stays valid"
    do(unit, "create_authority")
    look(unit)
    assert [data["why"] for data in events(unit, expiry.ORPHANED)] == [
        "its issuer ipoffice-root-server1.avaya.com is not this unit's CA any more"
    ]


def test_one_that_was_set_has_an_issuer_elsewhere() -> None:
    unit = linux.ignited("application_server")
    do(unit, "set_identity", data=issued(300))
    assert events(look(unit), expiry.ORPHANED) == []


CASES = [(Trigger.NEAR_EXPIRY, 30 * DAY, expiry.EXPIRING), (Trigger.EXPIRED, -DAY, expiry.EXPIRED)]


@pytest.mark.parametrize(("trigger", "before", "kind"), CASES)
@pytest.mark.parametrize("outcome", [Outcome.KEEP, None, Outcome.INSTALL])
def test_the_policy_keeps_it(outcome: Outcome | None, trigger: Trigger, before: int, kind: str) -> None:
    for unit in (running(), linux.ignited("primary"), linux.ignited("secondary")):
        kept = identity_of(unit)
        wait(look(set_to(with_rule(unit, trigger, outcome), before)), 2 * DAY)
        assert len(events(unit, kind)) == 3
        assert identity_of(unit) == kept


@pytest.mark.parametrize(("trigger", "before", "kind"), CASES)
@pytest.mark.parametrize(("outcome", "same_key"), [(Outcome.GENERATE, False), (Outcome.RENEW, True)])
def test_another_policy_makes_a_new_one_once(
    outcome: Outcome, same_key: bool, trigger: Trigger, before: int, kind: str
) -> None:
    for unit in (running(), linux.ignited("primary")):
        old = identity_of(unit)
        wait(look(set_to(with_rule(unit, trigger, outcome), before)), 2 * DAY)
        assert unit.state == "running"
        assert len(events(unit, kind)) == 1
        assert len(events(unit, "certificate.generated")) == 2
        assert (identity_of(unit).key == old.key) is same_key
        assert unit.platform.objections(unit) == []


def test_one_that_is_born_old_is_made_once_a_day() -> None:
    unit = with_rule(running(), Trigger.NEAR_EXPIRY, Outcome.GENERATE)
    unit.platform = replace(unit.platform, profile=replace(unit.platform.profile, lifetime=assumed(30)))
    wait(look(set_to(unit, 10 * DAY)), DAY + HOUR)
    assert len(events(unit, "certificate.generated")) == 1 + 2


def test_one_from_outside_is_for_the_administrator_to_replace() -> None:
    unit = with_rule(running(), Trigger.NEAR_EXPIRY, Outcome.GENERATE)
    do(unit, "set_identity", data=issued(20))
    kept = identity_of(unit)
    assert len(events(look(unit), expiry.EXPIRING)) == 1
    assert identity_of(unit) == kept


# Log-in


def told(unit: Appliance) -> list[dict[str, Any]]:
    return events(unit, "login.certificates")


def test_an_administrator_is_told_the_days_left() -> None:
    unit = set_to(running(), 12 * DAY)
    do(unit, "administrator_log_in")
    shown = reading.describe(identity_of(unit).der)["not_after"]
    text = f"the identity certificate expires on {shown}, days left: 12"
    assert told(unit) == [{"user": "Administrator", "certificates": [text]}]
    assert events(unit, "login.accepted") == [{"user": "Administrator"}]
    do(set_to(unit, -DAY), "administrator_log_in", user="security")
    assert told(unit)[1:] == [{"user": "security", "certificates": [f"the identity certificate expired on {shown}"]}]


def test_of_what_is_in_order_nothing_is_told() -> None:
    unit = do(running(), "administrator_log_in")
    assert told(unit) == []


def test_who_can_log_in() -> None:
    with pytest.raises(BadInput, match="no service user 'root': there are security, Administrator"):
        do(running(), "administrator_log_in", user="root")
    with pytest.raises(NotNow, match="nobody can log in"):
        do(shut_down(), "administrator_log_in")


def test_in_the_browser() -> None:
    bench = Bench()
    bench.ignited()
    browser = bench.browser()
    assert "days left" not in browser.log_in(password="Ignition-2026-admin").words
    assert told(bench.unit) == []
    set_to(bench.unit, 5 * DAY)
    browser.submit("/logout")
    page = browser.log_in(password="Ignition-2026-admin")
    assert "The identity certificate expires on" in page.words
    assert "days left: 5" in page.words
    [data] = told(bench.unit)
    assert (data["user"], len(data["certificates"])) == ("Administrator", 1)
    set_to(bench.unit, -DAY)
    assert "The identity certificate expired on" in browser.open("/platform").words
