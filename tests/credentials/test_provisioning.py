"""What a unit serves to phones: the settings file, and the root that leads to what telephony presents."""

from __future__ import annotations

import hashlib
import re

import pytest

from firmware.credentials import provisioning, store
from firmware.peers.phones import settings_in
from firmware.security.importing import read_certificates
from tests.boot.units import do
from tests.credentials.units import KINDS, PASSWORD, issued, p12_of, pem_of, settings_in_use, unit_of

SIP = issued(number=80, names=("sip.example.com", "192.168.42.1"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_file_names_the_files_that_are_served(kind: str) -> None:
    unit = unit_of(kind)
    served = provisioning.files(unit)
    rows = settings_in(served["46xxsettings.txt"]())
    named = rows["TRUSTCERTS"].split(",")
    assert named[0] == "WebRootCA.pem"
    assert set(served) == {"46xxsettings.txt", *named}
    assert re.fullmatch(r"Root-CA-[0-9A-F]{8}\.pem", named[1])
    roots = {read_certificates(served[name]()) for name in named}
    assert len(roots) == 1
    ((root,),) = roots
    assert root == provisioning.root_for_phones(unit)
    assert named[1][8:16] == hashlib.sha1(root, usedforsecurity=False).hexdigest()[:8].upper()


def test_the_root_of_an_ip500_v2_is_its_certificate_and_of_a_primary_its_ca() -> None:
    phones, primary = unit_of("ip500v2"), unit_of("primary")
    assert phones.ram.identity is not None
    assert provisioning.root_for_phones(phones) == phones.ram.identity.der
    assert primary.ram.authority is not None
    assert provisioning.root_for_phones(primary) == primary.ram.authority.chain[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_root_of_what_telephony_presents(kind: str) -> None:
    unit = unit_of(kind)
    do(unit, "set_identity", data=p12_of(SIP), password=PASSWORD, telephony=True)
    assert provisioning.root_for_phones(unit) == SIP.chain[-1]


def test_a_root_that_is_not_in_the_store_is_not_served() -> None:
    unit = unit_of("ip500v2")
    do(unit, "set_identity", data=p12_of(SIP), password=PASSWORD)
    for der in SIP.chain[1:]:
        if der in settings_in_use(unit).trusted:
            store.remove(unit, pem_of(der))
    assert provisioning.root_for_phones(unit) is None
    assert set(provisioning.files(unit)) == {"46xxsettings.txt"}
    assert "TRUSTCERTS" not in provisioning.settings_file(unit)


def test_each_lan_has_its_own_addresses() -> None:
    unit = unit_of("ip500v2")
    do(unit, "set_sip", domain="example.com")
    first, second = (settings_in(provisioning.settings_file(unit, lan).encode()) for lan in (0, 1))
    assert first["SIP_CONTROLLER_LIST"] == "192.168.42.1:5060;transport=tcp"  # TLS is off until it is enabled
    assert second["SIP_CONTROLLER_LIST"] == "192.168.43.1:5060;transport=tcp"
    assert first["SIPDOMAIN"] == second["SIPDOMAIN"] == "example.com"


@pytest.mark.parametrize(
    ("text", "found"),
    [(b'SET A "1"\nSET B two words\r\n', {"A": "1", "B": "two words"}), (b"## SET A 1\n\nSETA 1\nGOTO END\n", {}),
     (b"SET A 1\nSET A 2", {"A": "2"}), (b"SET\nSET \nSET A\n", {"A": ""}), (b"\xff\xfe", {})],
)  # fmt: skip
def test_a_phone_reads_what_it_is_served(text: bytes, found: dict[str, str]) -> None:
    assert settings_in(text) == found
