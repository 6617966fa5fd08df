"""The first start-up: the certificate by the documents' literals, the releases' differences, the order of things."""

from __future__ import annotations

import pytest
from asn1crypto import x509 as asn1

from firmware.peers.network import Network
from firmware.security.settings import SERVICES_BEFORE_CERTIFICATE
from firmware.times import MINUTE, parse_time
from tests.boot.units import IP500V2, act, do, events, fresh, held, identity_of, running, start_again, states

RELEASES = [release.version for release in IP500V2.releases()]
LAZY = [version for version in RELEASES if version in ("6.2", "8.1")]


def _fields(der: bytes) -> asn1.TbsCertificate:
    return asn1.Certificate.load(der)["tbs_certificate"]


def test_the_names_are_those_of_the_documents() -> None:
    certificate = _fields(identity_of(running()).der)
    subject = [(part["type"].dotted, part["value"].native) for rdn in certificate["subject"].chosen for part in rdn]
    assert subject == [
        ("2.5.4.3", "ipoffice-00e00705918e.avaya.com"),
        ("2.5.4.10", "Avaya Inc"),
        ("2.5.4.11", "GCS"),
        ("2.5.4.7", "Basking Ridge"),
        ("2.5.4.8", "New Jersey"),
        ("2.5.4.6", "US"),
        ("1.2.840.113549.1.9.1", "support@avaya.com"),
    ]
    assert certificate["issuer"].dump() == certificate["subject"].dump()
    names = asn1.Certificate.load(identity_of(running()).der).subject_alt_name_value.native
    assert names == ["ipoffice-00e00705918e.avaya.com", "192.168.42.1", "192.168.43.1"]


def test_it_begins_24_h_before_its_creation_and_ends_825_days_later() -> None:
    unit = running()  # switched on at 09:00:00; it comes to the certificate 56 s later
    assert events(unit, "certificate.generating")[0]["clock"] == "2026-11-23T09:00:56Z"
    [shown] = events(unit, "certificate.generated")
    assert (shown["not_before"], shown["not_after"]) == ("2026-11-22T09:00:56Z", "2029-02-24T09:00:56Z")


def test_with_a_clock_that_is_not_set_it_begins_on_1_january_of_the_releases_year() -> None:
    unit = fresh("12.0")
    unit.clock.lose()
    [shown] = events(do(unit, "power_on"), "certificate.generated")
    assert (shown["not_before"], shown["not_after"]) == ("2024-01-01T00:00:00Z", "2026-04-05T00:00:00Z")


def test_the_addresses_of_the_moment_are_in_it() -> None:
    unit = do(fresh(network=Network(leases={0: "10.0.0.17/16", 1: "10.9.0.17/24"})), "power_on")
    assert events(unit, "certificate.generated")[0]["names"][1:] == ["10.0.0.17", "10.9.0.17"]


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_starts_and_keeps_what_it_has(release: str) -> None:
    unit = do(fresh(release), "power_on")
    assert (unit.state, unit.release.version) == ("running", release)
    made, generation = held(unit)
    assert (made is None) == (release in LAZY)
    assert generation == (0 if release in LAZY else 1)
    assert held(start_again(unit)) == (made, generation)


@pytest.mark.parametrize(
    ("release", "minutes", "days"),
    [
        ("6.2", 5, 2555),
        ("8.1", 5, 2555),
        ("9.1", 1, 2555),
        ("10.0", 1, 2555),
        ("10.1", 1, 2555),
        ("11.0", 1, 2555),
        ("11.1", 3, 825),
        ("12.0", 3, 825),
        ("12.3", 3, 825),
    ],
)
def test_generation_suspends_operation_for_the_time_of_the_release(release: str, minutes: int, days: int) -> None:
    unit = running(release)
    do(unit, "default_security")
    told = {event.data["state"]: event for event in unit.journal.of_kind("state")}
    begun, ended = told["certificate.generating"], told["running"]
    assert ended.time - begun.time == minutes * MINUTE
    assert (begun.data["cpu"], begun.data["sd"]) == ("flashing green", "green")
    shown = events(unit, "certificate.generated")[-1]
    assert parse_time(shown["not_after"]) - parse_time(shown["not_before"]) == days * 24 * 60 * MINUTE


def test_the_order_is_that_of_the_document() -> None:
    assert states(running()) == [
        "power.starting",
        "firmware.choosing",
        "firmware.loading",
        "level.fixing",
        "configuration.choosing",
        "network.addressing",
        "security.loading",
        "certificate.announcing",
        "certificate.generating",
        "running",
    ]


def test_an_ordinary_start_generates_nothing() -> None:
    unit = start_again(running())
    assert states(unit)[-2:] == ["security.loading", "running"]
    assert events(unit, "certificate.kept") == [{"sha256": identity_of(unit).fingerprint}]


@pytest.mark.parametrize("release", LAZY)
def test_before_9_1_a_certificate_is_made_when_a_service_first_needs_one(release: str) -> None:
    unit = running(release)
    assert unit.ram.settings is not None
    assert unit.ram.settings.services == SERVICES_BEFORE_CERTIFICATE.value
    do(unit, "set_service", service="HTTP", level="Disabled")
    do(unit, "set_service", service="HTTP", level="Unsecure Only")
    assert unit.ram.identity is None
    do(unit, "set_service", service="Configuration", level="Secure Medium")
    made = identity_of(unit)
    do(unit, "set_service", service="Web Services", level="Secure High")
    assert identity_of(unit) == made
    assert len(events(unit, "certificate.generated")) == 1


def test_two_units_of_one_seed_have_different_keys_and_two_seeds_too() -> None:
    one, other, third = (do(unit, "power_on") for unit in (fresh(), fresh(mac="00e007000002"), fresh(seed=8)))
    keys = {identity_of(unit).key for unit in (one, other, third)}
    assert len(keys) == 3


def test_power_on_of_a_unit_that_is_on_is_refused_and_changes_nothing() -> None:
    unit = running()
    before = len(unit.journal.events)
    with pytest.raises(Exception, match="power on is not possible in the state running"):
        act(unit, lambda: unit.platform.operations["power_on"](unit, holding="reset"))
    assert len(unit.journal.events) == before
    assert unit.held_button is None
