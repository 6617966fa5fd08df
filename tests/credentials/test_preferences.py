"""How a unit judges what a peer presents: levels by release and service, and what an upgrade must not change."""

from __future__ import annotations

from functools import cache

import pytest

from firmware.appliance import Appliance
from firmware.credentials.preferences import judge
from firmware.security.certificates import Identity
from firmware.security.settings import Check
from tests.boot import units as boot
from tests.boot.units import MAC, do, events, fresh, identity_of, start_again
from tests.credentials.units import (
    KINDS,
    PASSWORD,
    issued,
    not_now,
    pem_of,
    pem_with_key,
    presented,
    refused,
    settings_in_use,
    third_party,
    unit_of,
)
from tests.ignition.units import ignited

CLASSIC = ("None", "Low", "Medium", "High")
ALL = (*CLASSIC, "Medium + Remote", "High + Remote")
NO_KEY_USAGE = "has no key usage"


@cache
def secondary() -> Identity:
    """The first identity of a Secondary: self-signed, without names or usages (certificates.md 2.3)."""
    return presented(ignited("secondary"))


@cache
def another_ip500v2() -> Identity:
    return presented(do(fresh(mac="00e007000002"), "power_on"))


def judging(level: str, *trusted: bytes, kind: str = "ip500v2", release: str = "12.3") -> Appliance:
    """A unit that trusts these and judges management's peers at this level."""
    unit = boot.running(release) if kind == "ip500v2" else unit_of(kind)
    if trusted:
        do(unit, "trust", data=pem_of(*trusted))
    return do(unit, "set_checks", management=level)


# The setting.


@pytest.mark.parametrize("kind", KINDS)
def test_by_default_nothing_but_the_dates_is_asked_of_a_peer(kind: str) -> None:
    unit = unit_of(kind)
    settings = settings_in_use(unit)
    assert (settings.management_check, settings.telephony_check) == (Check("None", "12.3"), Check("None", "12.3"))
    for peer in (secondary(), another_ip500v2(), issued()):
        assert judge(unit, peer.chain) == judge(unit, peer.chain, telephony=True) == []


@pytest.mark.parametrize("release", ["6.2", "9.1", "10.1", "11.0", "12.3"])
def test_a_release_offers_its_levels_and_no_others(release: str) -> None:
    unit, offered = boot.running(release), ALL if release in ("11.0", "12.3") else CLASSIC
    for level in offered:
        do(unit, "set_checks", management=level, telephony=level)
        assert unit.ram.settings is not None
        assert unit.ram.settings.management_check.level == level
    for level in ({*ALL} - {*offered}) | {"", "medium", "Highest"}:
        assert f"no check level '{level}': None, Low, " in refused(unit, "set_checks", telephony=level)


@pytest.mark.parametrize("kind", KINDS)
def test_management_and_telephony_are_set_apart_and_kept(kind: str) -> None:
    unit = do(unit_of(kind), "set_checks", telephony="High")
    do(unit, "set_checks", management="Low")
    start_again(unit)
    settings = settings_in_use(unit)
    assert (settings.management_check.level, settings.telephony_check.level) == ("Low", "High")
    assert judge(unit, secondary().chain) == []
    assert judge(unit, secondary().chain, telephony=True)
    changed = len(events(unit, "security.changed"))
    do(unit, "set_checks", management="Low", telephony="High")
    assert len(events(unit, "security.changed")) == changed
    do(unit, "default_security")
    assert settings_in_use(unit).telephony_check.level == "None"


def test_only_a_running_unit_takes_settings() -> None:
    unit = boot.shut_down()
    for operation, arguments in (("set_checks", {"management": "Low"}), ("set_chain", {"offered": True})):
        with pytest.raises(Exception, match="its security settings cannot be changed"):
            do(unit, operation, **arguments)
    assert "set_renewal" not in unit.platform.operations
    server = unit_of("primary")
    assert "set_renewal" in server.platform.operations
    do(server, "shutdown")
    with pytest.raises(Exception, match="its security settings cannot be changed"):
        do(server, "set_renewal", automatic=False)


# The vectors that follow from the document (certificates.md 5).


def test_the_first_identity_of_a_secondary_fails_medium_even_where_it_is_trusted() -> None:
    assert judge(judging("Low"), secondary().chain) == []
    assert judge(judging("Medium"), secondary().chain) != []
    assert judge(judging("Medium", secondary().der), secondary().chain) == [NO_KEY_USAGE]


def test_the_first_certificate_of_an_ip500v2_fails_high_even_where_it_is_trusted() -> None:
    peer = another_ip500v2()
    assert judge(judging("Medium", peer.der), peer.chain) == []
    assert judge(judging("High", peer.der), peer.chain) == ["self-signed"]


def test_what_a_primary_issued_fails_high_unless_a_copy_of_it_is_trusted() -> None:
    primary = ignited("primary")
    peer = presented(primary)
    assert primary.ram.authority is not None
    root = primary.ram.authority.root
    assert judge(judging("Medium"), peer.chain) != []
    assert judge(judging("Medium", root), peer.chain) == []
    assert judge(judging("High", root), peer.chain) == ["no copy of it in the store"]
    assert judge(judging("High", root, peer.der), peer.chain) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_s_own_certificate_is_reflected_at_high_only(kind: str) -> None:
    own = presented(unit_of(kind))
    reflected = "reflected: it is our own certificate"
    for level in ("None", "Low", "Medium"):
        assert reflected not in judge(judging(level, own.der, kind=kind), own.chain)
    assert reflected in judge(judging("High", own.der, kind=kind), own.chain)


def test_telephony_s_own_certificate_is_reflected_too() -> None:
    unit = do(judging("High", issued().der), "set_identity", data=pem_with_key(issued()), telephony=True)
    assert judge(unit, issued().chain) == ["reflected: it is our own certificate"]


def test_at_6_2_it_is_reflected_at_medium_already() -> None:
    unit = do(judging("Medium", release="6.2"), "default_security")
    do(unit, "set_checks", management="Medium")
    own = identity_of(unit)
    do(unit, "trust", data=own.der)
    assert judge(unit, own.chain) == ["reflected: it is our own certificate"]


@pytest.mark.parametrize("level", ["Medium + Remote", "High + Remote"])
def test_a_remote_level_wants_one_of_the_peer_s_names_in_it(level: str) -> None:
    peer = issued(names=("pbx.example.com", "10.0.0.9"))
    unit = judging(level, *third_party().chain, peer.der)
    for names in (("pbx.example.com",), ("10.0.0.9",), ("other.example.com", "10.0.0.9")):
        assert judge(unit, peer.chain, names) == []
    assert judge(unit, peer.chain, ("other.example.com",)) == ["does not name other.example.com"]
    unit = judging(level.partition(" ")[0], *third_party().chain, peer.der)
    assert judge(unit, peer.chain, ("other.example.com",)) == []


def test_for_sip_a_name_is_the_domain_s_and_no_wildcard_serves() -> None:
    """RFC 5922, 7.2."""
    peer = issued(names=("*.example.com", "example.com"))
    unit = do(judging("Medium + Remote", *third_party().chain), "set_checks", telephony="Medium + Remote")
    assert judge(unit, peer.chain, ("example.com",), telephony=True) == []
    assert judge(unit, peer.chain, ("pbx.example.com",), telephony=True) == ["does not name pbx.example.com"]


def test_what_has_expired_fails_every_level() -> None:
    unit = judging("None")
    unit.clock.advance_to(unit.clock.now)
    do(unit, "set_clock", reading=unit.clock.now + 900 * 24 * 3600_000)
    assert judge(unit, secondary().chain)[0].startswith("expired ")


def test_what_is_no_certificate_is_an_objection_and_no_error() -> None:
    for level in ("None", "High"):
        assert judge(judging(level), (b"no certificate",))


# An upgrade keeps the old Medium until the setting is changed away and back.


def upgraded(level: str = "Medium") -> Appliance:
    """A unit whose level was set under 11.1 and that runs 12.3 now."""
    unit = do(judging(level, secondary().der, release="11.1"), "set_checks", telephony=level)
    assert judge(unit, secondary().chain) == []
    do(unit, "upgrade", release="12.3")
    assert unit.release.version == "12.3"
    return unit


def test_an_upgraded_system_keeps_the_old_medium() -> None:
    unit = upgraded()
    for _ in range(2):
        assert judge(unit, secondary().chain) == []
        assert judge(unit, secondary().chain, telephony=True) == []
        start_again(unit)


def test_the_old_medium_is_over_once_the_setting_is_changed_away_and_back() -> None:
    unit = upgraded()
    do(unit, "set_checks", management="Medium")  # no change at all
    assert judge(unit, secondary().chain) == []
    do(unit, "set_checks", management="Low")
    do(unit, "set_checks", management="Medium")
    assert judge(unit, secondary().chain) == [NO_KEY_USAGE]
    assert judge(unit, secondary().chain, telephony=True) == []  # set apart
    assert judge(start_again(unit), secondary().chain) == [NO_KEY_USAGE]


def test_the_old_medium_survives_whatever_else_is_changed() -> None:
    unit = upgraded()
    do(unit, "set_chain", offered=False)
    do(unit, "set_identity", data=pem_with_key(issued()))
    do(unit, "set_checks", telephony="High")
    assert judge(start_again(unit), secondary().chain) == []


def test_the_old_medium_is_over_with_a_security_default() -> None:
    unit = do(upgraded(), "default_security")
    do(unit, "trust", data=secondary().der)
    do(unit, "set_checks", management="Medium")
    assert judge(unit, secondary().chain) == [NO_KEY_USAGE]


def test_a_medium_that_was_set_under_the_new_release_is_the_new_one_after_the_next_upgrade_too() -> None:
    unit = do(judging("Medium", secondary().der, release="12.0"), "upgrade", release="12.3")
    assert judge(unit, secondary().chain) == [NO_KEY_USAGE]


def test_a_level_that_an_older_release_does_not_offer_stops_no_unit_that_goes_back() -> None:
    unit = do(judging("Medium + Remote", *third_party().chain), "upgrade", release="9.1")
    assert unit.state == "running"
    do(unit, "set_checks", management="Medium")
    assert judge(unit, issued().chain, ("other.example.com",)) == []


def test_a_unit_that_has_no_settings_judges_nobody() -> None:
    unit = boot.shut_down()
    assert unit.mac == MAC
    with pytest.raises(Exception, match="has not loaded its security settings yet"):
        judge(unit, issued().chain)
    assert not_now(unit_of("secondary"), "import_certificate", data=PASSWORD.encode())
