"""What ``ipsim inspect`` reads: certificates in each form, and one clear line for everything that is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.bench import inspection, inspection_target
from firmware.bench.inspection_target import certificates, read
from firmware.errors import BadInput
from firmware.security.reading import load, pem
from tests.bench.support import Ipsim
from tests.bench.test_inspection import altered, rename
from tests.security import authorities, test_ca_issued, test_root_ca
from tests.security.authorities import SECRET
from tests.security.specimen import CREATED, issue

IDENTITY = test_ca_issued.identity(test_root_ca.root())
LEAF, ROOT = IDENTITY.chain
PRIVATE = IDENTITY.key.private
PASSWORD = SECRET.encode()
BEGINS = datetime(2026, 1, 5, tzinfo=UTC)


@cache
def p12(password: bytes = PASSWORD, *, whole: bool = True) -> bytes:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    own, others = (load(LEAF), [load(ROOT)]) if whole else (None, None)
    return pkcs12.serialize_key_and_certificates(b"unit", PRIVATE, own, others, locked)


def key_pem(password: bytes = b"", encoding: Encoding = Encoding.PEM) -> bytes:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return PRIVATE.private_bytes(encoding, PrivateFormat.PKCS8, locked)


def request(encoding: Encoding) -> bytes:
    builder = x509.CertificateSigningRequestBuilder(load(LEAF).subject)
    return builder.sign(PRIVATE, hashes.SHA256()).public_bytes(encoding)


def revocations(encoding: Encoding) -> bytes:
    builder = x509.CertificateRevocationListBuilder(load(LEAF).subject, BEGINS, BEGINS)
    return builder.sign(PRIVATE, hashes.SHA256()).public_bytes(encoding)


def public_key(encoding: Encoding) -> bytes:
    return PRIVATE.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def read_file(tmp_path: Path) -> Callable[..., tuple[bytes, ...]]:
    """What is found in a file of these bytes."""

    def read_it(data: bytes, password: bytes = b"") -> tuple[bytes, ...]:
        (path := tmp_path / "target").write_bytes(data)
        (tmp_path / "password").write_bytes(password)
        return read(str(path), tmp_path / "password" if password else None, None)

    return read_it


TEXT = b"Bag Attributes: \xff\n"
GOOD: dict[str, tuple[bytes, bytes, tuple[bytes, ...]]] = {
    "PEM": (pem(LEAF), b"", (LEAF,)),
    "DER": (LEAF, b"", (LEAF,)),
    "a chain": (pem(LEAF) + pem(ROOT), b"", (LEAF, ROOT)),
    "one twice": (pem(LEAF) + pem(ROOT) + pem(LEAF), b"", (LEAF, ROOT)),
    "text between": (TEXT + pem(LEAF) + TEXT + pem(ROOT) + TEXT, b"", (LEAF, ROOT)),
    "lines of Windows": (pem(LEAF).replace(b"\n", b"\r\n"), b"", (LEAF,)),
    "a key first": (key_pem() + pem(LEAF), b"", (LEAF,)),
    "a locked key first": (key_pem(PASSWORD) + pem(LEAF), b"", (LEAF,)),
    "a request beside": (request(Encoding.PEM) + pem(LEAF), b"", (LEAF,)),
    "PKCS#12": (p12(), PASSWORD, (LEAF, ROOT)),
    "PKCS#12 without a password": (p12(b""), b"", (LEAF, ROOT)),
    "a password that is not needed": (pem(LEAF), PASSWORD, (LEAF,)),
}


@pytest.mark.parametrize("what", GOOD)
def test_each_form_is_read(read_file: Callable[..., tuple[bytes, ...]], what: str) -> None:
    data, password, found = GOOD[what]
    assert read_file(data, password) == found


SHORT = pem(LEAF)[:-40]
BAD: dict[str, tuple[bytes, bytes, str]] = {
    "nothing": (b"", b"", "neither PEM, DER nor PKCS#12 with a certificate"),
    "text": (b"hello\n", b"", "neither PEM, DER nor PKCS#12 with a certificate"),
    "a key": (key_pem(), b"", "no certificate, but a private key"),
    "a locked key": (key_pem(PASSWORD), PASSWORD, "no certificate, but a private key"),
    "a key in DER": (key_pem(encoding=Encoding.DER), b"", "no certificate, but a private key"),
    "a locked key in DER": (key_pem(PASSWORD, Encoding.DER), b"", "no certificate, but a private key"),
    "a public key": (public_key(Encoding.PEM), b"", "no certificate, but a public key"),
    "a public key in DER": (public_key(Encoding.DER), b"", "no certificate, but a public key"),
    "a request": (request(Encoding.PEM), b"", "no certificate, but a certificate request"),
    "a request in DER": (request(Encoding.DER), b"", "no certificate, but a certificate request"),
    "a CRL": (revocations(Encoding.PEM), b"", "no certificate, but a revocation list"),
    "a CRL in DER": (revocations(Encoding.DER), b"", "no certificate, but a revocation list"),
    "PKCS#7": (pkcs7.serialize_certificates([load(LEAF)], Encoding.PEM), b"", "PKCS#7, which is not read here"),
    "half a PEM": (SHORT, b"", "a certificate in it cannot be read; the PEM text is damaged or cut short"),
    "half a chain": (pem(LEAF) + SHORT, b"", "a certificate in it cannot be read"),
    "half a DER": (LEAF[:-1], b"", "neither PEM, DER nor PKCS#12"),
    "more than a DER": (LEAF + b"\0", b"", "neither PEM, DER nor PKCS#12"),
    "no password": (p12(), b"", "PKCS#12 under a password: give it with --password-file"),
    "a wrong password": (p12(), b"wrong", "the password does not open the file, or the file is damaged"),
    "an impossible password": (p12(), b"a\0b", "or holds a character that no password can hold"),
    "a password in Latin 1": (p12(), b"\xb5", "the password is no UTF-8 text"),
    "PKCS#12 with a key only": (p12(whole=False), PASSWORD, "PKCS#12 without a certificate"),
    "half a PKCS#12": (p12()[:-9], PASSWORD, "the password does not open the file, or the file is damaged"),
    "a bundle": (pem(LEAF) * 101, b"", "101 certificates; a chain is to be judged, of 100 at most"),
    "1 MiB and a byte": (b"\n" * (1 << 20) + b"x", b"", "more than 1 MiB; no certificate is that long"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_none_is_told_in_a_line(read_file: Callable[..., tuple[bytes, ...]], what: str) -> None:
    data, password, says = BAD[what]
    with pytest.raises(BadInput) as refused:
        read_file(data, password)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_certificate_with_an_extension_that_cannot_be_read(read_file: Callable[..., tuple[bytes, ...]]) -> None:
    at = (der := issue().der).index(bytes.fromhex("551d11"))
    twice = der[:at] + bytes.fromhex("551d0f") + der[at + 3 :]  # two key usages
    with pytest.raises(BadInput, match="target: a certificate cannot be read: "):
        read_file(twice)


def test_a_pkcs12_that_would_take_for_ever() -> None:
    """The count of rounds in the file, 20,001, becomes 2,147,483,647."""
    few = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(20_001).build(PASSWORD)
    made = authorities.p12(PRIVATE, load(LEAF), rounds=few)
    assert certificates(made, "target", PASSWORD) == (LEAF,)
    at = made.index(b"\x02\x02\x4e\x21")
    # The bytes around it stay as many: the count takes two of what is behind it.
    endless = made[:at] + b"\x02\x04\x7f\xff\xff\xff" + made[at + 6 :]
    with pytest.raises(BadInput, match="too many rounds of deriving its key"):
        certificates(endless, "target", PASSWORD)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("missing.pem", "missing.pem: No such file or directory"),
        (".", ".: Is a directory"),
        ("", ".: Is a directory"),
        ("no/such:5061", "no/such:5061: No such file or directory"),
        ("x" * 5000, "File name too long"),
        ("127.0.0.1:", "'127.0.0.1:' is neither a file nor HOST:PORT such as 127.0.0.1:5061 or [::1]:5061"),
        (":5061", "':5061' is neither a file nor HOST:PORT"),
        ("::1:5061", "'::1:5061' is neither a file nor HOST:PORT"),
        ("[::1]", "'[::1]' is neither a file nor HOST:PORT"),
        ("[::1]:x", "'[::1]:x' is neither a file nor HOST:PORT"),
        ("host:0", "'host:0' is neither a file nor HOST:PORT"),
        ("host:65536", "'host:65536' is neither a file nor HOST:PORT"),
        ("https://host:443", "'https://host:443' is neither a file nor HOST:PORT"),
        ("x" * 70 + ".invalid:99", "no name that a host can have"),
        ("a..b:99", "no name that a host can have"),
        ("nobody.invalid:99", "nobody.invalid:99: no host of this name is known"),
    ],
)
def test_what_is_neither_a_file_nor_a_peer(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in ipsim.refuses("inspect", target)


def test_a_file_may_look_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("127.0.0.1:1").write_bytes(LEAF)
    assert read("127.0.0.1:1", None, None) == (LEAF,)


def test_a_password_is_for_a_file(ipsim: Ipsim, tmp_path: Path) -> None:
    (password := tmp_path / "password").write_text("x")
    said = ipsim.refuses("inspect", "127.0.0.1:1", "--password-file", password)
    assert said == "ipsim: 127.0.0.1:1: a password is for a file\n"


def looked_at(data: bytes, password: bytes | None = None) -> None:
    """Read and judged as the command does; BadInput, one line, is all that may come of it."""
    try:
        chain = certificates(data, "target", password)
    except BadInput as refused:
        assert len(str(refused).splitlines()) == 1
        return
    assert chain
    for own in {0, len(chain) - 1}:
        judged = inspection.search(chain[own:], None, "12.3", None, CREATED)
        assert all(row.found.isprintable() and row.expected.isprintable() for one in judged for row in one.rows)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some bytes changed, cut out or put in; perhaps cut short."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from((0, 1, 1, 1, 2, 7)))
        data[at : at + length] = draw(st.binary(max_size=4))
    return bytes(data[: draw(st.one_of(st.none(), st.integers(0, len(data))))])


SPECIMENS = (issue().der, LEAF, ROOT, key_pem(encoding=Encoding.DER), request(Encoding.DER), revocations(Encoding.DER))
TEXTS = (pem(LEAF) + pem(ROOT), key_pem() + pem(LEAF), key_pem(PASSWORD), request(Encoding.PEM))


def test_a_certificate_as_large_as_a_file_may_be_is_judged_at_once() -> None:
    huge = altered(issue().der, rename("x." * 250_000 + "\x07"))
    began = time.monotonic()
    looked_at(huge)
    assert time.monotonic() - began < 20  # it takes less than one


@given(st.sampled_from(SPECIMENS).flatmap(mutated))
def test_a_damaged_der_is_read_or_refused(data: bytes) -> None:
    looked_at(data)


@given(st.sampled_from(TEXTS).flatmap(mutated))
@example(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
@example(b"-----BEGIN CERTIFICATE-----")
def test_a_damaged_pem_is_read_or_refused(data: bytes) -> None:
    looked_at(data)


@given(st.sampled_from((p12(), p12(b""))).flatmap(mutated), st.sampled_from((None, PASSWORD, b"\xff", b"x" * 300)))
def test_a_damaged_pkcs12_is_read_or_refused(data: bytes, password: bytes | None) -> None:
    looked_at(data, password)


@given(st.binary(max_size=300), st.none() | st.binary(min_size=1, max_size=20))
def test_anything_at_all_is_read_or_refused(data: bytes, password: bytes | None) -> None:
    looked_at(data, password)


@given(st.text(max_size=40))
def test_any_target_is_a_file_a_peer_or_a_line(target: str) -> None:
    try:
        inspection_target._address(target)
    except BadInput as refused:
        assert len(str(refused).splitlines()) == 1


def test_a_certificate_of_a_version_that_does_not_exist_is_named() -> None:
    odd = issue().der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020122"), 1)
    with pytest.raises(BadInput, match=r"x\.der: neither PEM, DER nor PKCS#12"):
        inspection_target.certificates(odd, "x.der", None)
