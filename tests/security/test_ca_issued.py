"""The identity that a root CA signs, against literals typed from certificates.md 2.2 [B]; OpenSSL takes the two."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1

from firmware.release import BY_VERSION
from firmware.security import authority, certificates
from firmware.security.authority import Authority
from firmware.security.certificates import Identity
from firmware.security.keys import derive
from firmware.security.profiles import CA_ISSUED, ROOT_CA
from firmware.times import DAY
from tests.security import test_root_ca
from tests.security.specimen import CREATED, NAMES, UNIT, decode
from tests.security.test_root_ca import IA5_STRING, PRINTABLE_STRING, UTF8_STRING, root

EXPECTED: dict[str, Any] = {
    "version": "v3",
    "signature": ("sha256_rsa", "sha256_rsa"),
    "subject": [
        ("email_address", IA5_STRING, "support@avaya.com"),
        ("common_name", UTF8_STRING, "server1"),
        ("organizational_unit_name", UTF8_STRING, "GCS"),
        ("organization_name", UTF8_STRING, "Avaya Inc"),
        ("locality_name", UTF8_STRING, "Basking Ridge"),
        ("state_or_province_name", UTF8_STRING, "New Jersey"),
        ("country_name", PRINTABLE_STRING, "US"),
    ],
    "issuer": test_root_ca.SUBJECT,
    "not before": ("utc_time", "2024-11-23T09:00:00+00:00"),
    "not after": ("utc_time", "2027-02-26T09:00:00+00:00"),  # 825 days
    "key": ("rsa", 2048, 65537),
    "unique ids": (None, None),
    "extensions": [
        "subject_alt_name",
        "extended_key_usage",
        "basic_constraints",
        "key_usage",
        "key_identifier",
        "authority_key_identifier",
    ],
    "subject_alt_name": (
        False,
        [("dns_name", "server1"), ("ip_address", "192.168.42.1"), ("ip_address", "192.168.43.1")],
    ),
    "extended_key_usage": (False, ["server_auth", "client_auth"]),
    "basic_constraints": (True, {"ca": False, "path_len_constraint": None}),
    "key_usage": (
        False,
        {"digital_signature", "non_repudiation", "key_encipherment", "data_encipherment", "key_agreement"},
    ),
}


def identity(ca: Authority, number: int = 1, release: str = "12.3", clock: int | None = CREATED) -> Identity:
    key = derive(UNIT, "identity", number)
    dates = certificates.validity(CA_ISSUED, BY_VERSION[release], clock)
    serial = ca.serial_of(UNIT, CA_ISSUED, number)
    return authority.certified(ca, key, certificates.issue(CA_ISSUED, NAMES, key, ca.signer, serial, *dates))


def test_every_field_is_what_the_document_says_or_assumes() -> None:
    found = decode(identity(root()).der)
    assert found.pop("serial")[0] == "positive"
    critical, identifier = found.pop("key_identifier")
    assert (critical, len(identifier)) == (False, 20)
    assert found.pop("authority_key_identifier")[0] is False
    assert found == EXPECTED


def test_the_authority_key_identifier_is_the_roots_subject_key_identifier() -> None:
    ca = root()
    issued, issuer = asn1.Certificate.load(identity(ca).der), asn1.Certificate.load(ca.der)
    assert issued.authority_key_identifier == issuer.key_identifier
    assert issued.authority_issuer_serial is None


@pytest.mark.parametrize("number", [1, 2, 7])
def test_the_serial_is_the_roots_plus_one_and_counts_on(number: int) -> None:
    ca = root()
    issued, issuer = asn1.Certificate.load(identity(ca, number).der), asn1.Certificate.load(ca.der)
    assert issued.serial_number == issuer.serial_number + number


def test_a_root_that_came_later_begins_with_its_own_serial_plus_one() -> None:
    ca = authority.make(
        ROOT_CA, UNIT, 2, NAMES, BY_VERSION["12.3"], CREATED + DAY, since=5
    )  # five identities were made before it
    issued, issuer = asn1.Certificate.load(identity(ca, 6).der), asn1.Certificate.load(ca.der)
    assert issued.serial_number == issuer.serial_number + 1


@pytest.mark.parametrize(("release", "days"), [("8.1", 2555), ("11.0", 2555), ("11.1", 825), ("12.3", 825)])
def test_its_life_is_what_the_release_gives(release: str, days: int) -> None:
    certificate = asn1.Certificate.load(identity(root(), release=release).der)
    assert (certificate.not_valid_after - certificate.not_valid_before).days == days


def pem(path: Path, *ders: bytes) -> Path:
    path.write_bytes(b"".join(Identity(derive(UNIT, "identity", 1), (der,)).pem() for der in ders))
    return path


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_openssl_verifies_it_under_its_root(tmp_path: Path) -> None:
    ca = root()
    mine = identity(ca)
    assert mine.chain == (mine.der, ca.der)
    anchor, leaf = pem(tmp_path / "root.pem", ca.der), pem(tmp_path / "id.pem", mine.der)
    at = CREATED // 1000
    options = ["-x509_strict", "-attime", at, "-purpose", "sslserver"]
    said = openssl("verify", *options, "-CAfile", anchor, leaf)
    assert (said.returncode, said.stdout.strip()) == (0, f"{leaf}: OK"), said.stderr
    for name, code in (("server1", 0), ("server2", 2)):
        assert openssl("verify", "-attime", at, "-verify_hostname", name, "-CAfile", anchor, leaf).returncode == code
    assert openssl("verify", "-attime", at, "-verify_ip", "192.168.43.1", "-CAfile", anchor, leaf).returncode == 0


def test_openssl_refuses_it_under_another_root(tmp_path: Path) -> None:
    anchor = pem(tmp_path / "root.pem", root(2).der)
    leaf = pem(tmp_path / "id.pem", identity(root()).der)
    assert openssl("verify", "-attime", CREATED // 1000, "-CAfile", anchor, leaf).returncode == 2


BASES = {
    "key": "assumed as the root's",
    "serial_bytes": "documented B: the root's plus 1",
    "subject": "assumed B: the same parts; CN not visible",
    "backdate": "assumed as the root's",
    "san": "assumed as A, and what U names as a reason for a new one",
    "extended_key_usage": "assumed as A",
    "extended_key_usage_critical": "assumed as A",
    "ca": "assumed",
    "path_length": "assumed",
    "basic_constraints_critical": "assumed as A",
    "key_usage": "assumed as A without keyCertSign",
    "key_usage_critical": "assumed as A",
    "subject_key_identifier": "assumed as the root's",
    "authority_key_identifier": "documented B: the root's SKI",
    "may_issue": "assumed",
}


def test_each_value_has_the_basis_of_the_document() -> None:
    """The page shows of the identity only its issuer, its serial and the copy of the SKI: all else is assumed."""
    assert {name: fact.cite() for name, fact in CA_ISSUED.facts()} == BASES
