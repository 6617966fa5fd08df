"""Signed messages and envelopes as OpenSSL writes and reads them, and what is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.peers.authority import establish
from firmware.peers.profiles import SYSTEM_MANAGER
from firmware.security import cms
from firmware.security.certificates import Signer
from firmware.security.cms import Forged, NotUnderstood, Unsupported
from firmware.security.keys import KeyKind
from firmware.security.reading import pem
from firmware.times import to_datetime
from tests.peers.support import NOW, key

CA = establish("smgr", 1, SYSTEM_MANAGER).signer


def openssl(directory: Path, *arguments: str) -> bytes:
    """``openssl cms`` on a file ``in``, with the CA's key at hand."""
    (directory / "ca.pem").write_bytes(pem(CA.der))
    (directory / "key.der").write_bytes(CA.key.der)
    command = ["openssl", "cms", *arguments, "-binary", "-in", "in", "-out", "out"]
    subprocess.run(command, cwd=directory, capture_output=True, timeout=20, check=True)
    return (directory / "out").read_bytes()


KEY = ("-inkey", "key.der", "-keyform", "DER")
SIGN = ("-sign", "-nodetach", "-outform", "DER", "-signer", "ca.pem", *KEY)
PSS = ("-keyopt", "rsa_padding_mode:pss")
SIGNED_BY_OPENSSL = {
    "as it does": (),
    "SHA-384": ("-md", "sha384"),
    "SHA-512": ("-md", "sha512"),
    "the signer by key identifier": ("-keyid",),
    "RSA-PSS": PSS,
    "RSA-PSS, SHA-512": ("-md", "sha512", *PSS),
}


@pytest.mark.parametrize("name", SIGNED_BY_OPENSSL)
def test_what_openssl_signs(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"content\n\r\0")
    found = cms.read_signed(openssl(tmp_path, *SIGN, *SIGNED_BY_OPENSSL[name]))
    assert (found.content, found.signer, found.certificates) == (b"content\n\r\0", CA.der, (CA.der,))
    assert isinstance(found.attributes[cms.SIGNING_TIME], int)


REFUSED: dict[str, tuple[tuple[str, ...], type[NotUnderstood], str]] = {
    "SHA-1": (("-md", "sha1"), Unsupported, "SHA-256, 384 and 512 do"),
    "no signer's certificate": (("-nocerts",), NotUnderstood, "brings no certificate"),
    "no attributes": (("-noattr",), Forged, "the digest of the message is not that of its content"),
    "PSS over another digest": ((*PSS, "-keyopt", "rsa_mgf1_md:sha512"), Unsupported, "over two different digests"),
    "content of another type": (("-econtent_type", "1.2.3.4"), NotUnderstood, "is of another type"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_openssl_signs_and_is_refused(name: str, tmp_path: Path) -> None:
    options, kind, says = REFUSED[name]
    (tmp_path / "in").write_bytes(b"content")
    data = openssl(tmp_path, *SIGN, *options)
    with pytest.raises(kind, match=says):
        cms.read_signed(data)


def test_envelopes_both_ways(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(cms.envelope(b"to openssl", CA.der))
    assert openssl(tmp_path, "-decrypt", "-inform", "DER", "-recip", "ca.pem", *KEY) == b"to openssl"
    (tmp_path / "in").write_bytes(b"from openssl")
    for cipher in ("-aes-128-cbc", "-aes-256-cbc"):
        data = openssl(tmp_path, "-encrypt", "-outform", "DER", cipher, "-recip", "ca.pem")
        assert cms.open_envelope(data, CA) == b"from openssl"


@pytest.mark.parametrize("options", [("-des3",), ("-aes-128-cbc", "-keyopt", "rsa_padding_mode:oaep")])
def test_envelopes_that_are_not_offered(options: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"from openssl")
    cipher, *more = options
    data = openssl(tmp_path, "-encrypt", "-outform", "DER", cipher, "-recip", "ca.pem", *more)
    with pytest.raises(Unsupported, match="not encrypted with AES-CBC for one RSA key"):
        cms.open_envelope(data, CA)


def certificate_over(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([])
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, to_datetime(0), to_datetime(NOW))
    return made.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def test_only_rsa() -> None:
    elliptic = key(1, KeyKind.P_256)
    own = Signer(elliptic, certificate_over(elliptic.private))
    with pytest.raises(Unsupported, match="not RSA"):
        cms.envelope(b"x", own.der)
    with pytest.raises(Unsupported, match="RSA key only"):
        cms.sign(b"x", {}, own)
    with pytest.raises(Unsupported, match="the recipient's key is not RSA"):
        cms.open_envelope(cms.envelope(b"x", CA.der), own)
    # The signer's certificate exchanged for one of the same name and number over another kind of key.
    wrapped = asn1.ContentInfo.load(cms.sign(b"x", {}, Signer(key(1), certificate_over(key(1).private))))
    wrapped["content"]["certificates"] = [asn1.Certificate.load(own.der)]
    with pytest.raises(Unsupported, match="not RSA"):
        cms.read_signed(wrapped.dump())


def test_a_huge_key_is_not_worked_with() -> None:
    numbers = rsa.RSAPublicNumbers(65537, (1 << 8256) + 1)
    builder = x509.CertificateBuilder(
        x509.Name([]), x509.Name([]), numbers.public_key(), 1, to_datetime(0), to_datetime(NOW)
    )
    der = builder.sign(key(1).private, hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(Unsupported, match="has 8257 bits; 8192 is the most"):
        cms.envelope(b"x", der)


def twice() -> bytes:
    data = asn1.ContentInfo.load(cms.sign(b"x", {"1.2.3": "a", "1.2.4": "b"}, CA)).dump()
    return bytes(data.replace(bytes.fromhex("06022a04"), bytes.fromhex("06022a03")))


def another_signer() -> bytes:
    wrapped = asn1.ContentInfo.load(cms.sign(b"x", {}, CA))
    wrapped["content"]["certificates"] = [asn1.Certificate.load(certificate_over(key(1).private))]
    return bytes(wrapped.dump())


def two_signers() -> bytes:
    wrapped = asn1.ContentInfo.load(cms.sign(b"x", {}, CA))
    wrapped["content"]["signer_infos"] = list(wrapped["content"]["signer_infos"]) * 2
    return bytes(wrapped.dump())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (two_signers(), "not exactly one signer"),
        (twice(), "a signed attribute appears twice"),
        (another_signer(), "does not bring its signer's certificate"),
        (cms.sign(b"x", {}, CA, (CA.der,) * 8), "or more than 8"),
    ],
)
def test_what_is_no_signed_message(data: bytes, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        cms.read_signed(data)


def test_an_attribute_that_is_not_ours_does_not_hurt() -> None:
    """Two values: known to nobody, so nobody reads it."""
    found = cms.read_signed(cms.sign(b"x", {"1.2.3": "a", "1.2.4": b"b"}, CA))
    assert (found.attributes["1.2.3"], found.attributes["1.2.4"]) == ("a", b"b")
