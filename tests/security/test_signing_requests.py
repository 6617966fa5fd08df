"""Signing requests: made the same each time, read from everybody, refused with a reason."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import csr as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from firmware.security.importing import NotAccepted
from firmware.security.keys import KeyKind
from firmware.security.signing_requests import LARGEST_REQUEST, Request, make, read
from tests.peers.support import SUBJECT, key

DNS, ADDRESSES = ("branch1.example.com", "example.com"), ("192.168.42.1", "fe80::1")
FULL = (
    ("CN", "x"),
    ("O", "Example, Inc"),
    ("OU", "GCS"),
    ("L", "Köln"),
    ("S", "NRW"),
    ("C", "DE"),
    ("E", "a@b.example"),
)


@pytest.mark.parametrize("kind", KeyKind)
def test_what_is_made_is_read(kind: KeyKind) -> None:
    data = make(key(1, kind), FULL, DNS, ADDRESSES, "pässword")
    found = read(data)
    assert found == Request(
        data, key(1, kind).public_der, FULL, (*(("DNS", one) for one in DNS), *(("IP", one) for one in ADDRESSES)),
        "pässword",
    )  # fmt: skip
    assert (found.dns, found.addresses) == (DNS, ADDRESSES)
    assert data == make(key(1, kind), FULL, DNS, ADDRESSES, "pässword")
    assert "pässword" not in repr(found)


@pytest.mark.parametrize("kind", KeyKind)
def test_openssl_reads_it(kind: KeyKind, tmp_path: Path) -> None:
    (tmp_path / "request").write_bytes(make(key(1, kind), SUBJECT, DNS, ADDRESSES, "secret"))
    command = ["openssl", "req", "-inform", "DER", "-in", str(tmp_path / "request"), "-noout", "-verify", "-text"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert "verify OK" in done.stdout + done.stderr
    assert "DNS:branch1.example.com, DNS:example.com, IP Address:192.168.42.1" in done.stdout
    assert "challengePassword        :secret" in done.stdout


def test_nothing_but_a_subject() -> None:
    found = read(make(key(1), SUBJECT))
    assert (found.subject, found.names, found.challenge) == (SUBJECT, (), "")


def build(
    private: Any = None, subject: Any = (("CN", "x"),), *, digest: Any = None, pss: Any = None, **more: Any
) -> Any:
    name = x509.Name([x509.NameAttribute(kind, text) if not isinstance(kind, str) else
                      x509.NameAttribute(NameOID.COMMON_NAME, text) for kind, text in subject])  # fmt: skip
    builder = x509.CertificateSigningRequestBuilder(name)
    for extension in more.get("extensions", ()):
        builder = builder.add_extension(extension, critical=False)
    for oid, value in more.get("attributes", ()):
        builder = builder.add_attribute(oid, value)
    return builder.sign(private or key(1).private, digest or hashes.SHA256(), rsa_padding=pss)


def der(*arguments: Any, **options: Any) -> bytes:
    data: bytes = build(*arguments, **options).public_bytes(Encoding.DER)
    return data


def names(*entries: Any) -> dict[str, Any]:
    return {"extensions": [x509.SubjectAlternativeName(entries)]}


PEM = build().public_bytes(Encoding.PEM)
SALTED = padding.PSS(padding.MGF1(hashes.SHA384()), 20)
ACCEPTED: dict[str, bytes] = {
    "PEM": PEM,
    "PEM of Windows": PEM.replace(b"\n", b"\r\n"),
    "PEM with words before it": b"a request:\n" + PEM,
    "PEM, the old label": PEM.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
    "SHA-384": der(digest=hashes.SHA384()),
    "SHA-512": der(digest=hashes.SHA512()),
    "RSA-PSS": der(digest=hashes.SHA384(), pss=SALTED),
    "P-384": der(ec.derive_private_key(7, ec.SECP384R1())),
    "P-521": der(ec.derive_private_key(7, ec.SECP521R1())),
    "no subject": der(subject=(), **names(x509.DNSName("a.example"))),
    "another attribute": der(subject=((NameOID.SERIAL_NUMBER, "17"),)),
    "e-mail and URI": der(**names(x509.RFC822Name("a@b.example"), x509.UniformResourceIdentifier("sip:b.example"))),
    "an extension of no interest": der(extensions=[x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3")])]),
    "an attribute of no interest": der(attributes=[(AttributeOID.UNSTRUCTURED_NAME, b"x")]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted(name: str) -> None:
    assert read(ACCEPTED[name]).challenge == ""


def reordered() -> bytes:
    """Signed over attributes that are not in DER's order, as strongSwan does it."""
    data = make(key(1), SUBJECT, DNS, (), "secret")
    info = asn1.CertificationRequest.load(data)["certification_request_info"]
    first, second = (attribute.dump() for attribute in info["attributes"])
    return resigned(data, first + second, second + first)


def test_attributes_in_another_order() -> None:
    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        _ = x509.load_der_x509_csr(reordered()).attributes
    found = read(reordered())
    assert (found.subject, found.dns, found.challenge) == (SUBJECT, DNS, "secret")
    assert found.der == reordered()


def resigned(data: bytes, old: bytes, new: bytes) -> bytes:
    """The request with something else in it, of the same length, that our library would not write."""
    info = asn1.CertificationRequest.load(data)["certification_request_info"].dump()
    assert info.count(old) == 1
    assert len(old) == len(new)
    body = info.replace(old, new)
    signature = key(1).private.sign(body, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[call-arg, arg-type]
    return data.replace(info, body)[: -len(signature)] + signature


def bits_in_the_subject() -> bytes:
    return resigned(der(), b"\x55\x04\x03\x0c\x01x", b"\x55\x04\x2d\x03\x01\0")


def password_of_bytes() -> bytes:
    return resigned(
        der(attributes=[(AttributeOID.CHALLENGE_PASSWORD, b"x")]), b"\x31\x03\x0c\x01x", b"\x31\x03\x0c\x01\xff"
    )


def a_long_country() -> bytes:
    return resigned(der(subject=((NameOID.DN_QUALIFIER, "x" * 5),)), b"\x55\x04\x2e", b"\x55\x04\x06")


def spoilt() -> bytes:
    return der()[:-1] + bytes([der()[-1] ^ 1])


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (lambda: b"", "is neither PEM nor DER"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "is neither PEM nor DER"),
    "too large": (lambda: bytes(LARGEST_REQUEST + 1), f"{LARGEST_REQUEST} is the most"),
    "cut short": (lambda: der()[:-10], "is no PKCS#10, or it is damaged"),
    "something behind it": (lambda: der() + b"\0", "is no PKCS#10, or it is damaged"),
    "PEM cut short": (lambda: PEM[:-40], "is neither PEM nor DER"),
    "PEM of another kind": (lambda: PEM.replace(b"CERTIFICATE REQUEST", b"PRIVATE KEY"), "PEM file of another kind"),
    "another signature": (spoilt, "is not signed with the key in it"),
    "another signature, elliptic": (
        lambda: der(key(1, KeyKind.P_256).private).replace(b"\x0c\x01x", b"\x0c\x01y"),
        "is not signed with the key in it",
    ),
    "another subject": (lambda: der().replace(b"\x0c\x01x", b"\x0c\x01y"), "is not signed with the key in it"),
    "a small key": (
        lambda: der(rsa.generate_private_key(65537, 1024)),  # noqa: S505  # small on purpose
        "the RSA key in the request has 1024 bits; 2048 is the least",
    ),
    "a curve of its own": (lambda: der(ec.derive_private_key(7, ec.SECP256K1())), "is on the curve secp256k1"),
    "DSA": (lambda: der(dsa.generate_private_key(1024)), "neither RSA nor elliptic-curve"),  # noqa: S505
    "SHA-224": (lambda: der(digest=hashes.SHA224()), "signed with an algorithm that does not serve"),
    "nobody": (lambda: der(subject=()), "names nobody"),
    "a directory name": (lambda: der(**names(x509.DirectoryName(x509.Name([])))), "neither DNS, IP, email nor URI"),
    "a network": (
        lambda: der(**names(x509.IPAddress(__import__("ipaddress").ip_network("10.0.0.0/8")))),
        "is a network, not an address",
    ),
    "a country of five letters": (a_long_country, "the subject in the request cannot be read"),
    "a bit string in the subject": (
        bits_in_the_subject, "the subject in the request cannot be read",
    ),
    "a password that is no text": (
        password_of_bytes, "cannot be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_and_why(name: str) -> None:
    make_it, says = REFUSED[name]
    with pytest.raises(NotAccepted) as refusal:
        read(make_it())
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_what_it_is_called() -> None:
    with pytest.raises(NotAccepted, match="the file of the CSR is neither"):
        read(b"", "file of the CSR")


GOOD = [*ACCEPTED.values(), make(key(1), FULL, DNS, ADDRESSES, "x")]


@given(st.sampled_from(GOOD), st.data())
def test_a_damaged_request_is_refused_or_means_the_same(good: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:start] + data.draw(st.binary(max_size=6)) + good[start + data.draw(st.integers(0, 6)) :]
    try:
        found = read(damaged)
    except NotAccepted as refusal:
        assert str(refusal)
    else:
        whole = read(good)
        assert (found.public, found.subject, found.names) == (whole.public, whole.subject, whole.names)


@given(st.binary(max_size=300).map(lambda tail: b"\x30" + tail) | st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused(data: bytes) -> None:
    with pytest.raises(NotAccepted):
        read(data)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(NotAccepted):
        read(b"\x30\x80" * 20_000)
    body = b""
    for _ in range(3_000):
        length = len(body).to_bytes(3, "big")
        body = b"\x30\x83" + length + body
    with pytest.raises(NotAccepted):
        read(body)
