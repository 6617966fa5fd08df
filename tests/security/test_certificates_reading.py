"""Certificates read back: by OpenSSL, by a person, and when they are damaged."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from firmware.basis import assumed
from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.security import reading
from firmware.security.certificates import Identity, Names, outline, self_signed
from firmware.security.keys import KeyKind, derive
from firmware.security.profiles import IP500V2_SELF_SIGNED
from firmware.security.reading import describe
from firmware.times import parse_time
from tests.security.specimen import issue


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "identity.pem"
    path.write_bytes(issue().pem())
    return path


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_openssl_reads_it(pem: Path) -> None:
    text = re.sub(r"\s+", " ", openssl("x509", "-in", pem, "-noout", "-text", "-nameopt", "RFC2253,dn_rev"))
    for words in (
        "Version: 3 (0x2)",
        "Not Before: Nov 23 09:00:00 2024 GMT Not After : Feb 26 09:00:00 2027 GMT",
        "Public-Key: (2048 bit)",
        "DNS:ipoffice-00e00705918e.avaya.com, IP Address:192.168.42.1, IP Address:192.168.43.1",
        "Extended Key Usage: TLS Web Server Authentication, TLS Web Client Authentication",
        "Basic Constraints: critical CA:TRUE, pathlen:0",
        "Key Usage: Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment, Key Agreement, "
        "Certificate Sign Signature Algorithm: sha256WithRSAEncryption",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["-verify_hostname", "ipoffice-00e00705918e.avaya.com"], "OK"),
        (["-verify_ip", "192.168.42.1"], "OK"),
        (["-verify_ip", "192.168.43.1"], "OK"),
        (["-verify_hostname", "ipoffice-00e00705918f.avaya.com"], "hostname mismatch"),
        (["-verify_ip", "192.168.44.1"], "IP address mismatch"),
        (["-attime", "1732352399"], "certificate is not yet valid"),  # a second before notBefore
        (["-attime", "1803632399"], "OK"),
        (["-attime", "1803632401"], "certificate has expired"),
    ],
)
def test_openssl_trusts_it_as_its_own_root(pem: Path, arguments: list[str], answer: str) -> None:
    now = [] if "-attime" in arguments else ["-attime", "1767225600"]
    assert answer in openssl(
        "verify", "-CAfile", pem, "-no-CApath", "-no-CAstore", "-purpose", "sslserver", *now, *arguments, pem
    )


def test_what_a_person_sees() -> None:
    assert reading.describe(issue().der) == {
        "subject": (
            "CN=ipoffice-00e00705918e.avaya.com, O=Avaya Inc, OU=GCS, L=Basking Ridge, S=New Jersey, C=US, "
            "E=support@avaya.com"
        ),
        "serial": "22ed5c90b47bcbf67df4fe6ce862cb5411a8c9e2",
        "not_before": "2024-11-23T09:00:00Z",
        "not_after": "2027-02-26T09:00:00Z",
        "key": "RSA 2048 bit",
        "names": ["ipoffice-00e00705918e.avaya.com", "192.168.42.1", "192.168.43.1"],
        "sha256": "21:74:92:A9:DF:AC:6C:63:D6:DF:A7:25:9A:95:64:04:11:0D:96:02:50:2A:45:14:65:CC:ED:2F:C4:57:20:BB",
    }


def test_an_elliptic_key_and_no_names_are_seen_too() -> None:
    bare = replace(IP500V2_SELF_SIGNED, key=assumed(KeyKind.P_256), san=assumed(()))
    seen = reading.describe(issue(bare).der)
    assert (seen["key"], seen["names"]) == ("EC 256 bit", [])


def test_an_identity_is_whole_with_its_own_key_only() -> None:
    identity, other = issue(), issue(number=2)
    assert identity.is_whole()
    assert not Identity(other.key, identity.chain).is_whole()


def test_pem_holds_the_chain_in_order() -> None:
    first, second = issue(), issue(number=2)
    text = Identity(first.key, (first.der, second.der)).pem()
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.DOTALL)
    ders = [x509.load_pem_x509_certificate(block) for block in blocks]
    assert [c.public_bytes(serialization.Encoding.DER) for c in ders] == [first.der, second.der]
    assert b"PRIVATE" not in text


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_certificate_with_a_changed_byte_is_read_or_damaged(mask: int) -> None:
    der = issue().der
    damaged = 0
    for at in range(len(der)):
        changed = der[:at] + bytes([der[at] ^ mask]) + der[at + 1 :]
        try:
            reading.load(changed)
        except Damaged:
            damaged += 1
        else:
            assert reading.describe(changed)
            assert reading.public_key_of(changed)
    assert damaged


BASIC_CONSTRAINTS, SUBJECT_ALTERNATIVE_NAME, KEY_USAGE = "2.5.29.19", "2.5.29.17", "2.5.29.15"


def with_extensions(*extensions: tuple[str, bytes]) -> bytes:
    """A certificate with extensions of any content."""
    key, name = issue().key.private, x509.Name([])
    day = datetime(2024, 11, 24, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day)
    for number, value in extensions:
        builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(number), value), False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


TWICE = with_extensions((BASIC_CONSTRAINTS, b"0\0"), (KEY_USAGE, b"0\0")).replace(b"\x55\x1d\x0f", b"\x55\x1d\x13")
X400_ADDRESS = with_extensions((SUBJECT_ALTERNATIVE_NAME, b"0\x02\xa3\0"))
EMPTY = with_extensions((KEY_USAGE, b""))


@pytest.mark.parametrize("der", [TWICE, X400_ADDRESS, EMPTY], ids=["twice the same", "X.400 address", "empty"])
def test_extensions_that_cannot_be_read_are_damage(der: bytes) -> None:
    with pytest.raises(Damaged, match="a stored certificate cannot be read"):
        reading.load(der)


def test_a_certificate_need_not_name_anything() -> None:
    assert reading.alternative_names(with_extensions((BASIC_CONSTRAINTS, b"0\0"))) == ()


def test_the_outline_of_a_certificate_is_what_is_read_from_it() -> None:
    names = Names("00e00705918e", IPv4Address("10.0.0.1"), IPv4Address("192.168.43.1"))
    key = derive(Entropy(7, "00e00705918e"), "identity", 1)
    terms = (names, 0x1234, parse_time("2026-11-22T09:00:56Z"), parse_time("2051-11-22T09:00:56Z"))
    identity = self_signed(IP500V2_SELF_SIGNED, terms[0], key, *terms[1:])
    announced = outline(IP500V2_SELF_SIGNED, *terms)
    assert {**announced, "sha256": identity.fingerprint} == describe(identity.der)
