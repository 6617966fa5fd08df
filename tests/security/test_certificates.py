"""The certificate of an IP500 V2, field by field, by another decoder, against literals typed from the vendor's page.

The page is certificates.md 2.1, source A. Nothing here is compared with our own profile.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmware.basis import assumed
from firmware.errors import Damaged
from firmware.memo import memos_off
from firmware.security import certificates
from firmware.security.keys import KeyKind, KeyPair
from firmware.security.profiles import IP500V2_SELF_SIGNED, Profile
from tests.security.specimen import UNIT, changed, decode, issue

UTF8_STRING, PRINTABLE_STRING, IA5_STRING = 12, 19, 22
SUBJECT = [
    ("common_name", UTF8_STRING, "ipoffice-00e00705918e.avaya.com"),
    ("organization_name", UTF8_STRING, "Avaya Inc"),
    ("organizational_unit_name", UTF8_STRING, "GCS"),
    ("locality_name", UTF8_STRING, "Basking Ridge"),
    ("state_or_province_name", UTF8_STRING, "New Jersey"),
    ("country_name", PRINTABLE_STRING, "US"),
    ("email_address", IA5_STRING, "support@avaya.com"),
]
EXPECTED: dict[str, Any] = {
    "version": "v3",
    "signature": ("sha256_rsa", "sha256_rsa"),
    "serial": ("positive", 20),
    "subject": SUBJECT,
    "issuer": SUBJECT,
    "not before": ("utc_time", "2024-11-23T09:00:00+00:00"),
    "not after": ("utc_time", "2027-02-26T09:00:00+00:00"),
    "key": ("rsa", 2048, 65537),
    "unique ids": (None, None),
    "extensions": ["subject_alt_name", "extended_key_usage", "basic_constraints", "key_usage"],
    "subject_alt_name": (
        False,
        [
            ("dns_name", "ipoffice-00e00705918e.avaya.com"),
            ("ip_address", "192.168.42.1"),
            ("ip_address", "192.168.43.1"),
        ],
    ),
    "extended_key_usage": (False, ["server_auth", "client_auth"]),
    "basic_constraints": (True, {"ca": True, "path_len_constraint": 0}),
    "key_usage": (
        False,
        {
            "digital_signature",
            "non_repudiation",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
        },
    ),
}


def test_every_field_is_what_the_vendors_page_says() -> None:
    assert decode(issue().der) == EXPECTED


SUBJECT_ROWS = IP500V2_SELF_SIGNED.subject.value
USAGES = IP500V2_SELF_SIGNED.key_usage.value
# A changed value of each field of the profile -> the rows in which the decoded certificate must then differ.
MUTANTS: list[tuple[str, Any, set[str]]] = [
    ("key", KeyKind.P_256, {"key", "signature"}),
    ("serial_bytes", 19, {"serial"}),
    ("serial_bytes", 8, {"serial"}),
    *(
        ("subject", (*SUBJECT_ROWS[:n], (kind, f"{text}x"[-2:]), *SUBJECT_ROWS[n + 1 :]), {"subject", "issuer"})
        for n, (kind, text) in enumerate(SUBJECT_ROWS)
        if kind != "CN"
    ),
    *(("subject", (*SUBJECT_ROWS[:n], *SUBJECT_ROWS[n + 1 :]), {"subject", "issuer"}) for n in range(1, 7)),
    *(
        (
            "subject",
            (*SUBJECT_ROWS[:n], SUBJECT_ROWS[n + 1], SUBJECT_ROWS[n], *SUBJECT_ROWS[n + 2 :]),
            {"subject", "issuer"},
        )
        for n in range(6)
    ),
    ("subject", (("CN", "ipoffice.avaya.com"), *SUBJECT_ROWS[1:]), {"subject", "issuer", "subject_alt_name"}),
    ("backdate", 0, {"not before", "not after"}),
    ("backdate", 86_399_000, {"not before", "not after"}),
    ("san", (), {"extensions", "subject_alt_name"}),
    ("san", ("cn", "lan1"), {"subject_alt_name"}),
    ("san", ("cn", "lan2", "lan1"), {"subject_alt_name"}),
    ("san", ("lan1", "lan2"), {"subject_alt_name"}),
    ("extended_key_usage", (), {"extensions", "extended_key_usage"}),
    ("extended_key_usage", ("serverAuth",), {"extended_key_usage"}),
    ("extended_key_usage", ("clientAuth", "serverAuth"), {"extended_key_usage"}),
    ("extended_key_usage_critical", True, {"extended_key_usage"}),
    ("path_length", None, {"basic_constraints"}),
    ("path_length", 1, {"basic_constraints"}),
    ("basic_constraints_critical", False, {"basic_constraints"}),
    *(("key_usage", (*USAGES[:n], *USAGES[n + 1 :]), {"key_usage"}) for n in range(len(USAGES))),
    ("key_usage", (*USAGES, "cRLSign"), {"key_usage"}),
    ("key_usage", (), {"extensions", "key_usage"}),
    ("key_usage_critical", True, {"key_usage"}),
    ("subject_key_identifier", True, {"extensions", "key_identifier"}),
    ("authority_key_identifier", True, {"extensions", "authority_key_identifier"}),
    ("lifetime", 3652, {"not after"}),
]


@pytest.mark.parametrize(("field", "value", "rows"), MUTANTS)
def test_a_changed_field_of_the_profile_is_noticed(field: str, value: Any, rows: set[str]) -> None:
    assert differences(changed(field, value)) == rows


def test_an_end_entity_is_noticed() -> None:
    """``ca`` cannot change alone: only a CA can have a path length."""
    end_entity = replace(changed("ca", False), path_length=assumed(None))
    assert differences(end_entity) == {"basic_constraints"}


def test_every_field_of_the_profile_has_been_changed() -> None:
    tried = {field for field, _, _ in MUTANTS}
    assert tried | {"name", "ca", "may_issue"} == {field.name for field in fields(Profile)}


def differences(profile: Profile) -> set[str]:
    found = decode(issue(profile).der)
    return {row for row in {*found, *EXPECTED} if found.get(row) != EXPECTED.get(row)}


# One certificate, byte for byte: SHA-256 of its DER.
PINNED = "217492a9dfac6c63d6dfa7259a956404110d9602502a451465cced2fc45720bb"


def test_one_seed_makes_one_certificate() -> None:
    with memos_off():
        assert hashlib.sha256(issue().der).hexdigest() == PINNED
        elliptic = changed("key", KeyKind.P_256)
        assert issue(elliptic) == issue(elliptic)  # ECDSA too leaves nothing to chance


@pytest.mark.parametrize("kind", KeyKind)
def test_the_signature_holds(kind: KeyKind) -> None:
    certificate = issue(changed("key", kind)).certificate
    signed, signature, key = certificate.tbs_certificate_bytes, certificate.signature, certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))


def test_serials_are_large_and_random() -> None:
    serials = {certificates.serial(UNIT, IP500V2_SELF_SIGNED, number) for number in range(1000)}
    assert len(serials) == 1000
    assert all(0 < serial < 2**159 for serial in serials)
    assert max(serial.bit_length() for serial in serials) == 159


def test_a_key_that_cannot_sign_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 301 bits, which no digest fits into: in a stored CA that lies about itself."""
    p, q = 2**150 + 67, 2**150 + 133
    numbers = rsa.RSAPublicNumbers(65537, p * q)
    d = pow(65537, -1, (p - 1) * (q - 1))
    small = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), numbers)
    key = small.private_key(unsafe_skip_rsa_key_validation=True)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    monkeypatch.setattr("tests.security.specimen.derive", lambda *_: KeyPair(der))
    with memos_off(), pytest.raises(Damaged, match="a stored key cannot sign"):
        issue()
