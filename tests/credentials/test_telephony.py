"""SIP over TLS per LAN, in force from the next start on; and what the registrar objects to in client certificates."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.credentials.telephony import client_certificates, client_verdict, sip_tls_in_force
from firmware.device.faults import Cut, Moment
from firmware.errors import NotNow
from firmware.peers.endpoints import BY_NAME, ENDPOINTS, ClientCertificate
from tests.boot import units as boot
from tests.boot.units import do, events, start_again
from tests.credentials.units import KINDS, issued, pem_of, refused, third_party, unit_of
from tests.ignition.units import ignited

every_kind = pytest.mark.parametrize("kind", KINDS)
OTHER_KINDS = ("secondary", "expansion", "ucm", "application_server")
SHOWN = issued(number=120, names=("desk.example.com",))
FOREIGN = issued("Other", number=120, names=("desk.example.com",))
NOTHING: tuple[bytes, ...] = ()


def kept(unit: Appliance) -> tuple[bool, ...]:
    """What the unit keeps; an IP500 V2 that has never saved keeps nothing."""
    with probe(unit):
        found = unit.platform.stored_configuration(unit)
    return found.sip_tls if found else (False, False)


# TLS of each LAN.


@every_kind
def test_it_is_off_until_it_is_enabled_and_the_unit_restarted(kind: str) -> None:
    unit = unit_of(kind)
    assert sip_tls_in_force(unit) == kept(unit) == (False, False)
    do(unit, "set_sip_tls", lan1=True)
    assert (sip_tls_in_force(unit), kept(unit)) == ((False, False), (True, False))
    assert events(unit, "sip.tls") == [{"lan1": "on", "lan2": "off", "when": "at the next start"}]
    do(unit, "reboot")
    assert sip_tls_in_force(unit) == kept(unit) == (True, False)
    do(unit, "set_sip_tls", lan1=False, lan2=True)
    assert sip_tls_in_force(unit) == (True, False)
    assert sip_tls_in_force(start_again(unit)) == (False, True)


@every_kind
def test_a_change_back_needs_no_restart_any_more(kind: str) -> None:
    unit = do(unit_of(kind), "set_sip_tls", lan1=True, lan2=True)
    do(unit, "set_sip_tls", lan1=False, lan2=False)
    assert events(unit, "sip.tls")[-1] == {"lan1": "off", "lan2": "off", "when": "as is in force"}


@every_kind
def test_making_an_identity_is_no_start(kind: str) -> None:
    unit = do(unit_of(kind), "set_sip_tls", lan1=True)
    do(unit, "default_security")
    assert unit.state == "running"
    assert sip_tls_in_force(unit) == (False, False)
    do(unit, "reboot")
    do(unit, "set_sip_tls", lan1=False)
    do(unit, "default_security")
    assert sip_tls_in_force(unit) == (True, False)


@every_kind
def test_other_changes_of_the_configuration_leave_it(kind: str) -> None:
    unit = do(unit_of(kind), "set_sip_tls", lan2=True)
    do(unit, "set_sip", domain="example.com")
    do(unit, "set_address", lan=0, interface="10.0.0.1/24")
    assert (sip_tls_in_force(unit), kept(unit)) == ((False, False), (False, True))
    do(unit, "reboot")
    do(unit, "set_address", lan=0, interface="10.0.0.2/24")
    assert sip_tls_in_force(unit) == (False, True)


def test_a_restored_configuration_counts_from_the_next_start_on() -> None:
    unit = do(unit_of("ip500v2"), "set_sip_tls", lan1=True)
    do(unit, "upgrade", release="12.3")  # which backs the configuration up
    do(unit, "set_sip_tls", lan1=False)
    do(unit, "reboot")
    do(unit, "restore_configuration")
    assert (sip_tls_in_force(unit), kept(unit)) == ((False, False), (True, False))
    assert sip_tls_in_force(do(unit, "reboot")) == (True, False)


def test_a_defaulted_configuration_has_none() -> None:
    unit = do(do(unit_of("ip500v2"), "set_sip_tls", lan1=True), "reboot")
    assert sip_tls_in_force(do(unit, "default_configuration")) == (False, False)


@every_kind
def test_a_unit_that_is_off_offers_none(kind: str) -> None:
    unit = do(do(unit_of(kind), "set_sip_tls", lan1=True), "reboot")
    assert sip_tls_in_force(boot.cut_power(unit)) == (False, False)
    for operation, arguments in (("set_sip_tls", {"lan1": True}), ("set_client_certificates", {"setting": "asked"})):
        with pytest.raises(NotNow, match="its SIP registrar cannot be set"):
            unit.platform.operations[operation](unit, **arguments)


@every_kind
def test_a_cut_leaves_the_old_or_the_new(kind: str) -> None:
    for operation in range(1, 400):
        unit = unit_of(kind)
        unit.rail.arm(Cut(operation, Moment.INSIDE))
        do(unit, "set_sip_tls", lan1=True)
        was_cut = unit.state == "off"
        unit.rail.arm(None)
        start_again(unit)
        assert sip_tls_in_force(unit) == kept(unit)
        assert kept(unit) in ((False, False), (True, False))
        if not was_cut:
            assert kept(unit) == (True, False)
            break
    else:
        pytest.fail("the setting is never saved")
    assert operation > 1


@every_kind
def test_nothing_said_is_refused(kind: str) -> None:
    assert "say of lan1 or of lan2" in refused(unit_of(kind), "set_sip_tls")


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_every_platform_has_it(kind: str) -> None:
    unit = ignited(kind)
    do(unit, "set_sip_tls", lan1=True)
    do(unit, "set_client_certificates", setting="required")
    assert sip_tls_in_force(do(unit, "reboot")) == (True, False)
    assert client_certificates(unit) == "required"


# Client certificates.


@every_kind
def test_the_setting_is_off_is_kept_and_counts_at_once(kind: str) -> None:
    unit = unit_of(kind)
    assert client_certificates(unit) == "off"
    for setting in ("asked", "required", "off", "required"):
        do(unit, "set_client_certificates", setting=setting)
        assert client_certificates(unit) == setting
    assert [data["setting"] for data in events(unit, "sip.client_certificates")] == [
        "asked",
        "required",
        "off",
        "required",
    ]
    assert client_certificates(start_again(unit)) == "required"
    for wrong in ("", "Off", "always"):
        assert "off, asked, required are offered" in refused(unit, "set_client_certificates", setting=wrong)


def judging(setting: str, level: str = "Medium", kind: str = "ip500v2") -> Appliance:
    """A unit that trusts Acme."""
    unit = do(unit_of(kind), "trust", data=pem_of(third_party().chain[-1]))
    do(unit, "set_checks", telephony=level)
    return do(unit, "set_client_certificates", setting=setting)


NO_CHAIN = "no chain to a certificate in the store"
NOT_PRESENTED = "presents no client certificate"
# setting, presented -> the beginning of the objection of a row that is validated, of one that supports none, of a
# peer that is not known; None: no objection.
VERDICTS: dict[tuple[str, tuple[bytes, ...]], tuple[str | None, str | None, str | None]] = {
    ("off", NOTHING): (None, None, None),
    ("off", SHOWN.chain): (None, None, None),
    ("off", FOREIGN.chain): (None, None, None),
    ("asked", NOTHING): (None, None, None),
    ("asked", SHOWN.chain): (None, None, None),
    ("asked", FOREIGN.chain): (NO_CHAIN, None, NO_CHAIN),
    ("required", NOTHING): (NOT_PRESENTED, "supports none", NOT_PRESENTED),
    ("required", SHOWN.chain): (None, "supports none", None),
    ("required", FOREIGN.chain): (NO_CHAIN, "supports none", NO_CHAIN),
}


@every_kind
@pytest.mark.parametrize("setting", ["off", "asked", "required"])
def test_the_verdict(kind: str, setting: str) -> None:
    unit = judging(setting, kind=kind)
    for (of, chain), (validated, unsupported, unknown) in VERDICTS.items():
        if of != setting:
            continue
        assert _begins(client_verdict(unit, chain, None), unknown)
        for row in ENDPOINTS:
            is_validated = row.client_certificate.value is ClientCertificate.VALIDATED
            wanted = validated if is_validated else unsupported and f"{row.title} supports no client certificates"
            assert _begins(client_verdict(unit, chain, row), wanted), row.name


def _begins(objections: list[str], wanted: str | None) -> bool:
    return objections == [] if wanted is None else len(objections) == 1 and objections[0].startswith(wanted)


def test_it_is_by_the_checks_of_telephony() -> None:
    unit, row = judging("asked", "None"), BY_NAME["j100"]
    do(unit, "set_checks", management="High")
    assert client_verdict(unit, FOREIGN.chain, row) == []
    do(unit, "set_checks", management="None", telephony="High")
    assert client_verdict(unit, SHOWN.chain, row) == ["no copy of it in the store"]
    expired = issued(number=121, days=1, age=900 * 24 * 3600_000)
    assert client_verdict(do(unit, "set_checks", telephony="None"), expired.chain, row)[0].startswith("expired ")


def test_names_count_where_a_remote_level_asks_for_them() -> None:
    unit, row = judging("required", "Medium + Remote"), BY_NAME["j100"]
    assert client_verdict(unit, SHOWN.chain, row) == []
    assert client_verdict(unit, SHOWN.chain, row, ("desk.example.com",)) == []
    assert client_verdict(unit, SHOWN.chain, row, ("other.example.com",)) == ["does not name other.example.com"]


def test_a_unit_that_has_no_configuration_yet_asks_nobody() -> None:
    unit = boot.shut_down()
    assert client_certificates(unit) == "off"
    assert client_verdict(unit, FOREIGN.chain, None) == []


# R62: a certificate is made when it is first needed.


def test_enabling_sip_over_tls_makes_the_first_certificate_of_a_lazy_release() -> None:
    unit = boot.running("6.2")
    assert unit.ram.identity is None
    do(unit, "set_sip_tls", lan1=False)
    assert unit.ram.identity is None
    do(unit, "set_sip_tls", lan1=True)
    assert unit.ram.identity is not None
