"""Boot step 6 and after: when the identity changes, by which route, and when it is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmware.basis import assumed
from firmware.boot.administration import ROUTES
from firmware.credentials import generation
from firmware.device.faults import Cut, Moment
from firmware.errors import Full, NotNow
from firmware.security.policy import Outcome, Rule, Trigger, decide
from firmware.storage.records import HELD_IDENTITY, SECURITY_SETTINGS
from firmware.times import DAY, MINUTE, parse_time
from tests.boot.units import (
    IP500V2,
    MAC,
    cut_power,
    do,
    events,
    fresh,
    held,
    identity_of,
    put_file,
    run_to,
    running,
    shut_down,
    since_power_on,
    start_again,
    states,
    wait,
)


@pytest.mark.parametrize("release", ["6.2", "9.1", "12.3"])
@pytest.mark.parametrize("via", ROUTES)
def test_a_security_default_makes_a_new_key_by_every_route(via: str, release: str) -> None:
    unit = running(release)
    before, generation = held(unit)
    if via == "bootloader":
        cut_power(unit)
    starts = len(events(unit, "power.on"))
    do(unit, "default_security", via=via)
    made, number = held(unit)
    assert made is not None
    assert made.is_whole()
    assert number == generation + 1
    if before is not None:
        assert made.key != before.key
    assert len(events(unit, "power.on")) == starts + (via == "bootloader")
    assert "shutdown.saving" not in states(unit)
    assert events(unit, "security.defaulted") == [{"via": via}]
    assert held(start_again(unit)) == (made, number)


def test_a_security_default_defaults_services_and_users() -> None:
    unit = running()
    factory = unit.ram.settings
    assert factory is not None
    do(unit, "set_service", service="HTTP", level="Secure High")
    do(unit, "default_security")
    assert unit.ram.settings is not None
    assert unit.ram.settings.services == factory.services
    assert all(user.must_change for user in unit.ram.settings.users)


def test_a_service_that_was_secured_stays_secured() -> None:
    unit = do(running(), "set_service", service="HTTP", level="Secure High")
    settings = start_again(unit).ram.settings
    assert settings is not None
    assert dict(settings.services)["HTTP"] == "Secure High"


def test_over_the_serial_port_the_mac_confirms_it() -> None:
    unit = running()
    before = held(unit)
    do(unit, "default_security", via="serial", mac="00e007000001")
    assert held(unit) == before
    assert "00e007000001" in events(unit, "security.refused")[0]["why"]
    do(unit, "default_security", via="serial", mac=MAC)
    assert held(unit) != before


def test_the_boot_loaders_route_needs_a_unit_without_power() -> None:
    with pytest.raises(NotNow, match="cut the power first"):
        do(running(), "default_security", via="bootloader")


def test_the_reset_button_at_power_on_counts_once() -> None:
    unit = start_again(running(), holding="reset")
    made = held(unit)
    assert made[1] == 2
    assert held(start_again(unit)) == made


@pytest.mark.parametrize("release", ["9.1", "12.3"])
def test_a_deleted_certificate_comes_again_at_once_with_a_new_key(release: str) -> None:
    unit = running(release)
    before = identity_of(unit)
    do(unit, "delete_certificate")
    assert identity_of(unit).key != before.key
    assert held(unit) == (identity_of(unit), 2)


@pytest.mark.parametrize("release", ["6.2", "8.1"])
def test_before_9_1_a_deleted_certificate_comes_again_when_needed(release: str) -> None:
    unit = do(running(release), "default_security")
    do(unit, "delete_certificate")
    assert held(unit) == (None, 1)
    assert held(start_again(unit)) == (None, 1)
    do(unit, "set_service", service="HTTP", level="Secure Medium")
    assert held(unit)[1] == 2


def test_there_must_be_one_to_delete() -> None:
    with pytest.raises(NotNow, match="holds no identity"):
        do(running("6.2"), "delete_certificate")


def test_it_is_kept_in_every_case_the_table_says() -> None:
    unit = running("12.0")
    made = identity_of(unit)
    do(unit, "set_address", lan=0, interface="10.0.0.5/24")
    assert events(unit, "certificate.unfit")[-1]["objections"] == ["does not name LAN1 10.0.0.5"]
    do(unit, "set_clock", reading=unit.clock.now + 3 * 365 * 24 * 3600_000)
    assert any("expired" in objection for objection in events(unit, "certificate.unfit")[-1]["objections"])
    do(unit, "default_configuration")
    do(unit, "upgrade", release="12.3")
    do(unit, "reboot")
    assert identity_of(start_again(unit)) == made
    assert len(events(unit, "certificate.generated")) == 1


def test_a_card_that_moves_leaves_each_unit_its_own() -> None:
    one, other = shut_down(), do(fresh(mac="00e007000002"), "power_on")
    mine, theirs = held(one), held(other)
    do(other, "shutdown")
    cut_power(other)
    card, swapped = one.remove("system-sd"), other.remove("system-sd")
    assert card is not None
    assert swapped is not None
    one.insert("system-sd", swapped)
    other.insert("system-sd", card)
    assert held(start_again(one)) == mine
    assert held(start_again(other)) == theirs


def test_another_units_memory_is_foreign_and_counts_as_empty() -> None:
    unit, other = shut_down(), do(fresh(mac="00e007000002"), "power_on")
    for block, content in enumerate(other.internal.image()):
        unit.internal.overwrite(block, content)
    start_again(unit)
    assert since_power_on(unit, "security.loaded")[0]["held"] == "foreign"
    assert [data["what"] for data in since_power_on(unit, "alarm")] == ["security settings"]
    made = identity_of(unit)
    assert made.key != identity_of(other).key
    assert events(unit, "certificate.generated")[-1]["subject"].startswith(f"CN=ipoffice-{MAC}")
    assert identity_of(start_again(unit)) == made


def test_a_generation_cut_short_resumes_with_its_number_and_time() -> None:
    unit = fresh()
    unit.platform.operations["power_on"](unit)
    run_to(unit, "certificate.generating")
    start_again(unit, after=30 * 24 * 3600_000)
    assert since_power_on(unit, "certificate.resumed") == [{"generation": 1}]
    assert held(unit) == held(running())


def test_before_9_1_a_default_cut_short_is_resumed_too() -> None:
    unit = running("6.2")
    unit.platform.operations["default_security"](unit)
    run_to(unit, "certificate.generating")
    start_again(unit)
    assert held(unit)[1] == 1
    assert identity_of(unit).is_whole()


def test_a_default_that_was_cut_before_it_took_effect_is_forgotten() -> None:
    unit = running()
    made = held(unit)
    unit.rail.arm(Cut(4, Moment.AFTER))  # the announcement is written, the settings are not yet touched
    do(unit, "default_security")
    start_again(unit)
    assert since_power_on(unit, "certificate.withdrawn") == [{"generation": 2}]
    assert held(unit) == made
    wait(unit, 30 * DAY)
    do(unit, "delete_certificate")
    shown = events(unit, "certificate.generated")[-1]
    assert unit.clock.now - parse_time(shown["not_before"]) == DAY + 3 * MINUTE
    assert held(unit)[1] == 2


def test_an_upgrade_from_a_lazy_release_makes_the_first_certificate() -> None:
    unit = do(running("6.2"), "upgrade", release="12.3")
    assert held(unit)[1] == 1


def test_every_operation_says_when_it_cannot_be_done() -> None:
    arguments: dict[str, dict[str, Any]] = {
        "press": {"button": "reset", "held": 6000},
        "set_service": {"service": "HTTP", "level": "Disabled"},
        "set_address": {"lan": 0, "interface": None},
        "change_at_phone": {"extension": "201", "name": "x"},
        "set_clock": {"reading": 0},
        "upgrade": {"release": "12.3"},
        "set_identity": {"data": b""},
        "trust": {"data": b""},
        "distrust": {"data": b""},
        "set_chain": {"offered": True},
        "enrol": {"manager": "smgr", "password": "secret"},
        "set_client_certificates": {"setting": "asked"},
    }
    for name in set(IP500V2.operations) - {"power_on", "card_removed"}:
        unit = shut_down()
        with pytest.raises(NotNow):
            do(unit, name, **arguments.get(name, {}))
        assert unit.state == "off"


# What is there in some releases only: a service that waits for a certificate, and subscriptions.
OFFERED = {Trigger.SERVICE_SECURED: ("6.2", "8.1"), Trigger.SUPPLIED: ("11.1", "12.0", "12.3")}


def test_every_cell_of_the_policy_has_a_row() -> None:
    for release in IP500V2.releases():
        for trigger in {rule.trigger for rule in IP500V2.policy}:
            if trigger in OFFERED and release.version not in OFFERED[trigger]:
                with pytest.raises(LookupError):
                    decide(IP500V2.policy, trigger, release)
            else:
                assert decide(IP500V2.policy, trigger, release).value in Outcome


def test_where_a_policy_says_so_a_restart_renews_over_the_same_key_and_a_cut_makes_it_no_other() -> None:
    """One override away: :attr:`Outcome.RENEW` of an ordinary start."""
    rules = (Rule(Trigger.RESTART, assumed(Outcome.RENEW)), *IP500V2.policy)
    unit = running()
    before = identity_of(unit)
    unit.platform = replace(IP500V2, policy=rules)
    start_again(unit)
    after = identity_of(unit)
    assert after.key == before.key
    assert after.der != before.der
    assert held(unit) == (after, 2)
    cut_power(unit)
    unit.clock.advance_to(unit.clock.now + DAY)
    unit.platform.operations["power_on"](unit)
    run_to(unit, "certificate.generating")
    start_again(unit)
    assert since_power_on(unit, "certificate.resumed") == [{"generation": 3}]
    assert identity_of(unit).key == before.key
    assert identity_of(unit).is_whole()
    assert held(unit)[1] == 3


def test_a_service_may_be_secured_where_a_certificate_could_not_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Since 9.1 it is made at once, so no service waits for it; where that failed, an alarm has said so."""
    unit = running()
    with monkeypatch.context() as full:
        full.setattr(generation, "commit_identity", _no_room)
        do(unit, "delete_certificate")
    assert unit.state == "running"
    assert unit.ram.identity is None
    assert events(unit, "alarm")[-1]["what"] == "certificate"
    do(unit, "set_service", service="HTTP", level="Secure High")
    assert unit.state == "running"
    assert identity_of(start_again(unit)).is_whole()


def _no_room(*_arguments: object, **_named: object) -> None:
    raise Full("no room")


def test_where_a_policy_says_so_an_upgrade_makes_it_anew_once() -> None:
    """One override away. The settings say which release has written them, so that it is no upgrade the next time."""
    unit = running("12.0")
    unit.platform = replace(IP500V2, policy=(Rule(Trigger.UPGRADE, assumed(Outcome.GENERATE)), *IP500V2.policy))
    assert held(start_again(unit))[1] == 1
    do(unit, "upgrade", release="12.3")
    made = held(unit)
    assert made[1] == 2
    for _ in range(2):
        assert held(start_again(unit)) == made


def test_a_record_of_settings_holds_key_and_certificate_together() -> None:
    names = [field.name for field in SECURITY_SETTINGS.subcons]
    assert {"identity", "telephony"} <= set(names)
    assert [field.name for field in HELD_IDENTITY.subcons] == ["key", "chain"]


def test_a_file_on_the_card_cannot_bring_a_key() -> None:
    unit = shut_down()
    put_file(unit, "system/primary/certificates/tcs/add/root.pem", b"no certificate")
    before = held(unit)
    assert held(start_again(unit)) == before
