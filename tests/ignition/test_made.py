"""What the wizard announces and Apply makes: host name, clock, CA, identity, accounts, settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.appliance import Appliance
from firmware.credentials import authority
from firmware.errors import BadInput, NotNow
from firmware.peers.network import SILENT, Network
from firmware.security import reading
from firmware.times import MINUTE, SECOND, parse_time
from ignition import passwords, plan, wizard
from ignition.sessions import desk
from tests.boot.units import cut_power, do, identity_of, images, start_again
from tests.ignition.units import (
    ADMINISTRATOR,
    CONNECTED,
    IMPORT,
    LINUX,
    ROOT,
    apply,
    at,
    authority_of,
    fill,
    finish,
    fresh,
    ignited,
    kept,
    log_in,
    send,
    settings_of,
)

# The host name, the clock, and the CA that is announced.

LAN1, LAN2 = "10.1.2.3", "192.168.43.1"


@pytest.mark.parametrize(
    ("given", "hosts", "expected"),
    [
        ("given", {"lan1.example.com": LAN1}, "given"),
        ("", {"lan1.example.com": LAN1, "lan2.example.com": LAN2}, "lan1.example.com"),
        ("", {"lan2.example.com": LAN2}, "lan2.example.com"),
        ("", {"b": LAN1, "a": LAN1}, "a"),
        ("", {"not_a_name": LAN1, "lan2": LAN2}, "lan2"),
        ("", {"n" * 41: LAN1}, "00e007060001"),
        ("", {"elsewhere": "10.1.2.4"}, "00e007060001"),
        ("", {}, "00e007060001"),
    ],
)
def test_the_host_name_is_the_one_given_or_found_by_dns_or_the_mac(
    given: str, hosts: dict[str, str], expected: str
) -> None:
    unit = do(fresh(network=replace(SILENT, hosts=hosts)), "power_on")
    finish(unit, {"network": {"host_name": given}})
    assert unit.ram.host_name == expected
    assert unit.ram.authority is not None
    assert f"CN=ipoffice-root-{expected}.avaya.com" in reading.describe(unit.ram.authority.der)["subject"]
    assert expected in reading.alternative_names(identity_of(unit).der)


CHANGES: dict[str, tuple[dict[str, dict[str, str]], bool]] = {
    "nothing": ({}, False),
    "host name": ({"network": {"host_name": "other"}}, True),
    "date": ({"time": {"date_time": "2026-12-24 08:30"}}, True),
    "zone": ({"time": {"time_zone": "Asia/Tokyo"}}, True),
    "clock left alone": ({"time": {"date_time": ""}}, True),
    "NTP": ({"time": {"use_ntp": "yes", "ntp_server": "10.1.2.9", "date_time": ""}}, True),
    "role": ({"server_type": {"server_type": "application_server"}, "services": {}}, True),
    "address": ({"network": {"address": "10.1.2.77"}}, False),
    "passwords": ({"passwords": {"system": "Other-2026", "system_again": "Other-2026"}}, False),
    "companding": ({"time": {"companding": "mu-law"}}, False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_ca_on_review_changes_only_with_what_it_follows_from_and_apply_makes_that_one(name: str) -> None:
    changes, renumbered = CHANGES[name]
    unit = at("primary", "review")
    first = plan.planned_authority(unit, desk(unit).answers, wizard.server(unit).role)
    for page, values in changes.items():
        send(unit, page, **values)
    unit.clock.advance_to(unit.clock.now + 3 * MINUTE)
    wizard.open_page(unit, "browser", "review")
    second = plan.planned_authority(unit, desk(unit).answers, wizard.server(unit).role)
    assert first is not None
    assert second is not None
    assert (second.number, second.key != first.key) == ((2, True) if renumbered else (1, False))
    assert (second == first) == (not renumbered)
    expected = plan.planned_clock(unit, desk(unit).answers)
    if renumbered and expected is not None:
        assert abs(reading.dates(second.der)[0] + 24 * 60 * MINUTE - expected) < MINUTE * 5
    apply(unit)
    assert authority_of(unit) == unit.ram.authority
    assert unit.ram.authority is not None
    assert (unit.ram.authority.key, unit.ram.authority.chain) == (second.key, second.chain)


def test_the_ca_on_review_is_the_same_after_a_reboot_and_at_another_time() -> None:
    unit = at("primary", "review")
    first = plan.planned_authority(unit, desk(unit).answers, unit.platform)
    log_in(start_again(unit))
    assert plan.planned_authority(unit, desk(unit).answers, unit.platform) == first
    apply(unit)
    assert unit.ram.authority == first


def test_a_name_announced_for_a_ca_does_not_stick_to_a_server_without_one() -> None:
    for changes in ({"server_type": {"server_type": "secondary"}}, {"security": IMPORT["security"]}):
        unit = at("primary", "review")
        for page, values in changes.items():
            send(unit, page, **values)
        send(unit, "network", host_name="other")
        fill(unit)
        apply(unit)
        assert unit.ram.host_name == "other"
        assert kept(unit)["network"] is not None
        assert b"HOSTNAME=other\n" in (kept(unit)["network"] or b"")


CLOCKS: dict[str, tuple[Network, dict[str, str], str]] = {
    "typed": (SILENT, {}, "2026-11-24T07:30:00Z"),
    "left alone": (SILENT, {"date_time": ""}, "2026-11-23T09:01:00Z"),
    "NTP": (CONNECTED, {"use_ntp": "yes", "ntp_server": "192.168.7.9", "date_time": ""}, "2026-11-23T09:01:05Z"),
    "NTP by name": (CONNECTED, {"use_ntp": "yes", "ntp_server": "ntp.example.com"}, "2026-11-23T09:01:05Z"),
    "NTP, not there": (CONNECTED, {"use_ntp": "yes", "ntp_server": "192.168.7.8"}, "2026-11-23T09:01:00Z"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_the_clock_is_set_before_anything_is_made(name: str) -> None:
    network, time, expected = CLOCKS[name]
    unit = finish(do(fresh(network=network), "power_on"), {"time": time})
    assert unit.ram.authority is not None
    made = [reading.dates(der)[0] + 24 * 60 * MINUTE for der in (unit.ram.authority.der, identity_of(unit).der)]
    assert all(0 <= moment - parse_time(expected) <= 2 * SECOND for moment in made), made
    reading_now = unit.clock.read()
    assert reading_now is not None
    assert 0 <= reading_now - parse_time(expected) < MINUTE


def test_without_any_clock_the_certificates_begin_with_the_year_of_the_release() -> None:
    unit = fresh()
    unit.clock.lose()
    finish(do(unit, "power_on"), {"time": {"date_time": ""}})
    assert unit.ram.authority is not None
    assert reading.dates(unit.ram.authority.der)[0] == parse_time("2024-01-01T00:00:00Z")
    assert reading.dates(identity_of(unit).der)[0] == parse_time("2024-01-01T00:00:00Z")
    assert unit.clock.read() is None


# What Apply leaves.


@pytest.mark.parametrize("kind", LINUX)
def test_done_means_that_all_of_it_is_there(kind: str) -> None:
    unit = cut_power(ignited(kind))
    found, settings = kept(unit), settings_of(unit)
    assert found["answers"] is None
    accounts = dict(line.split(":", 1) for line in (found["accounts"] or b"").decode().splitlines())
    applications = {"one-x-portal", "voicemail-pro", "web-control"} if kind in ("application_server", "ucm") else set()
    assert set(accounts) == {"root", "Administrator"} | applications
    assert passwords.matches(ROOT, accounts["root"])
    assert all(passwords.matches(ADMINISTRATOR, accounts[name]) for name in accounts if name != "root")
    users = {user.name: user for user in settings.users}
    assert not any(users[name].must_change for name in ("security", "Administrator", "System"))
    for name, password in (("security", ROOT), ("Administrator", ADMINISTRATOR), ("System", "System-2026")):
        assert passwords.matches(password, users[name].password.decode())
    assert found["network"] == b"HOSTNAME=server1\nGIVEN_NAME=server1\nGATEWAY=10.1.2.1\nDNS1=10.1.2.2\nDNS2=\n"
    assert found["clock"] == b"ZONE=Europe/Berlin\nNTP_SERVER=\n"
    services = b"ONE_X_PORTAL=yes\nVOICEMAIL_PRO=no\n" if applications else b"ONE_X_PORTAL=\nVOICEMAIL_PRO=\n"
    assert found["services"] == b"COMPANDING=a-law\n" + services + b"ROLE=" + kind.encode() + b"\n"
    start_again(unit)
    assert unit.ram.configuration is not None
    assert unit.ram.configuration.lans[0].interface == "10.1.2.3/24"
    assert unit.ram.configuration.system_name == "server1"
    assert settings.generation == 1


def test_lan2_can_be_the_one_that_is_asked_about() -> None:
    unit = at("primary", "network")
    send(unit, "network", interface="eth1")
    finish(unit)
    assert unit.ram.configuration is not None
    assert [lan.interface for lan in unit.ram.configuration.lans] == ["192.168.42.1/24", "10.1.2.3/24"]
    assert [lan.dhcp for lan in unit.ram.configuration.lans] == [True, False]


def test_an_imported_ca_signs_the_identity_and_is_not_renewed_here() -> None:
    unit = ignited("primary, CA imported")
    assert unit.ram.authority is not None
    assert unit.ram.authority.is_imported
    assert identity_of(unit).chain[1:] == unit.ram.authority.chain
    assert unit.ram.settings is not None
    assert unit.ram.authority.root in unit.ram.settings.trusted
    image = images(unit)
    with pytest.raises(NotNow, match="renewed where it comes from"):
        unit.platform.operations["renew_authority"](unit)
    assert images(unit) == image


OF_A_CA = {"renew_authority", "create_authority", "import_authority", "export_authority", "issue_certificate"}


@pytest.mark.parametrize("kind", ["secondary", "expansion"])
def test_a_server_that_is_no_ca_makes_none(kind: str) -> None:
    """Nothing of the kind is offered; and were it asked for all the same, it would be refused with nothing changed."""
    assert ignited().platform.operations.keys() >= OF_A_CA
    unit = ignited(kind)
    assert not unit.platform.operations.keys() & OF_A_CA
    before = images(unit)
    for refused in (authority.renew, authority.create, authority.export, lambda unit: authority.import_(unit, b"")):
        with pytest.raises(NotNow):
            refused(unit)
    assert images(unit) == before


def test_a_release_that_is_none_cannot_be_installed() -> None:
    unit: Appliance = ignited()
    for release in ("99.9", "6.2"):
        with pytest.raises(BadInput, match="no release"):
            unit.platform.operations["reinstall"](unit, release=release)


@pytest.mark.parametrize("name", ["", "a_b", "-a", "a" * 41, "10.1.2.3"])
def test_a_host_name_that_is_none_cannot_be_set(name: str) -> None:
    unit = ignited()
    image = images(unit)
    with pytest.raises(BadInput, match="host name"):
        unit.platform.operations["set_host_name"](unit, host_name=name)
    assert images(unit) == image


class _LaterHost(Network):
    """A host whose clock was put forward by a day since the module started."""

    def host_time(self, now: int) -> int:
        return now + 24 * 60 * MINUTE


def test_a_module_makes_its_certificates_by_its_hosts_clock_of_that_moment() -> None:
    unit = at("ucm", "network")
    unit.surroundings = _LaterHost()
    finish(unit)
    assert unit.ram.authority is not None
    made = [reading.dates(der)[0] for der in (unit.ram.authority.der, identity_of(unit).der)]
    assert all(0 <= moment - parse_time("2026-11-23T09:00:00Z") < 3 * MINUTE for moment in made), made
