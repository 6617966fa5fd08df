"""The root CA of a Primary, field by field, by another decoder, against literals typed from certificates.md 2.2 [B].

Nothing here is compared with our own profile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import x509 as asn1

from firmware.release import BY_VERSION
from firmware.security import authority, certificates
from firmware.security.authority import Authority
from firmware.security.profiles import ROOT_CA
from tests.security.specimen import CREATED, NAMES, UNIT, decode

UTF8_STRING, PRINTABLE_STRING, IA5_STRING = 12, 19, 22
SUBJECT = [
    ("email_address", IA5_STRING, "support@avaya.com"),
    ("common_name", UTF8_STRING, "ipoffice-root-server1.avaya.com"),
    ("organizational_unit_name", UTF8_STRING, "GCS"),
    ("organization_name", UTF8_STRING, "Avaya Inc"),
    ("locality_name", UTF8_STRING, "Basking Ridge"),
    ("state_or_province_name", UTF8_STRING, "New Jersey"),
    ("country_name", PRINTABLE_STRING, "US"),
]
EXPECTED: dict[str, Any] = {
    "version": "v3",
    "signature": ("sha256_rsa", "sha256_rsa"),
    "subject": SUBJECT,
    "issuer": SUBJECT,
    "not before": ("utc_time", "2024-11-23T09:00:00+00:00"),
    "not after": ("utc_time", "2034-11-23T09:00:00+00:00"),  # about 10 years: 3652 days, three of them leap days
    "key": ("rsa", 2048, 65537),
    "unique ids": (None, None),
    "extensions": ["subject_alt_name", "extended_key_usage", "basic_constraints", "key_usage", "key_identifier"],
    "subject_alt_name": (False, [("uniform_resource_identifier", "ipoffice-root-server1.avaya.com")]),
    "extended_key_usage": (False, ["server_auth", "client_auth"]),
    "basic_constraints": (True, {"ca": True, "path_len_constraint": None}),
    "key_usage": (False, {"digital_signature", "key_cert_sign", "crl_sign"}),
}


def root(number: int = 1, clock: int | None = CREATED, release: str = "12.3", renewals: int = 0) -> Authority:
    return authority.make(ROOT_CA, UNIT, number, NAMES, BY_VERSION[release], clock, renewals=renewals)


def test_every_field_is_what_the_vendors_page_says() -> None:
    found = decode(root().der)
    sign, length = found.pop("serial")
    assert (sign, 1 <= length <= 20) == ("positive", True)
    critical, identifier = found.pop("key_identifier")
    assert (critical, len(identifier)) == (False, 20)  # SHA-1 of the key (RFC 5280, 4.2.1.2, method 1)
    assert found == EXPECTED


def test_the_subject_key_identifier_is_the_sha1_of_the_public_key() -> None:
    certificate = asn1.Certificate.load(root().der)
    assert certificate.key_identifier == certificate.public_key.sha1


@pytest.mark.parametrize("number", range(1, 40))
def test_the_serial_leaves_room_for_the_identities(number: int) -> None:
    serial = certificates.serial(UNIT, ROOT_CA, number << 16)
    assert 0 < serial < 2**152  # 19 bytes: with 1 and more added it still has 20 at most


def test_the_name_follows_the_host() -> None:
    names = replace(NAMES, host="00e00705918e")
    made = authority.make(ROOT_CA, UNIT, 1, names, BY_VERSION["12.3"], CREATED)
    assert made.der != root().der
    assert decode(made.der)["subject"][1][2] == "ipoffice-root-00e00705918e.avaya.com"
    assert decode(made.der)["subject_alt_name"][1][0][1] == "ipoffice-root-00e00705918e.avaya.com"


def test_with_no_clock_it_begins_with_the_year_of_the_release() -> None:
    found = decode(root(clock=None).der)
    assert found["not before"] == ("utc_time", "2024-01-01T00:00:00+00:00")
    assert found["not after"] == ("utc_time", "2033-12-31T00:00:00+00:00")


@pytest.mark.parametrize("release", ["8.1", "9.1", "10.0", "11.1", "12.3"])
def test_its_life_is_about_ten_years_whatever_the_release_gives_identities(release: str) -> None:
    certificate = asn1.Certificate.load(root(release=release).der)
    life = certificate.not_valid_after - certificate.not_valid_before
    assert life.days == 3652


# certificates.md 2.2: what the page shows, what follows from it, what it leaves open.
BASES = {
    "key": "documented B",
    "serial_bytes": "documented B: at most 20; one less leaves room for + 1",
    "subject": "documented B",
    "backdate": "documented B, as A",
    "san": "documented B",
    "extended_key_usage": "documented B",
    "extended_key_usage_critical": "assumed as A",
    "ca": "documented B",
    "path_length": "inferred B: it may sign intermediates",
    "basic_constraints_critical": "documented B",
    "key_usage": "assumed B: present, its bits not visible",
    "key_usage_critical": "documented B",
    "subject_key_identifier": "documented B",
    "authority_key_identifier": "assumed not visible in B",
    "may_issue": "documented B, SEED",
    "lifetime": "inferred B: about 10 years",
}


def test_each_value_has_the_basis_of_the_document() -> None:
    assert {name: fact.cite() for name, fact in ROOT_CA.facts()} == BASES
