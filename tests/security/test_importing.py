"""A CA taken in from PKCS#12 or PEM: what is accepted, and the sentence for each thing that is wrong."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from asn1crypto import pkcs12 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.security import tls
from firmware.security.authority import IMPORTED, from_bytes
from firmware.security.importing import (
    LARGEST_FILE,
    NotAccepted,
    read_answer,
    read_authority,
    read_certificates,
    read_identity,
)
from firmware.security.keys import KeyPair
from firmware.security.pkcs12_rounds import rounds
from firmware.security.reading import load, public_key_of
from tests.security.authorities import (
    ISSUING,
    ISSUING_KEY,
    MIDDLE,
    MIDDLE_KEY,
    NOW,
    NOW_UTC,
    OTHER_KEY,
    ROOT,
    ROOT_KEY,
    Spec,
    certificate,
    der,
    p12,
    p256_key,
    pem,
)
from tests.security.trust import pki

ACCEPTED: dict[str, tuple[bytes, str, tuple[Any, ...]]] = {
    "PKCS#12": (p12(ROOT_KEY, ROOT), "secret", (ROOT,)),
    "PKCS#12 without a password": (p12(ROOT_KEY, ROOT, password=""), "", (ROOT,)),
    "PKCS#12 with a password in Greek": (p12(ROOT_KEY, ROOT, password="μυστικό"), "μυστικό", (ROOT,)),
    "PKCS#12 with its chain": (p12(MIDDLE_KEY, MIDDLE, ROOT), "secret", (MIDDLE, ROOT)),
    "a chain of three, out of order": (p12(ISSUING_KEY, ISSUING, ROOT, MIDDLE), "secret", (ISSUING, MIDDLE, ROOT)),
    "an intermediate without its root": (p12(MIDDLE_KEY, MIDDLE), "secret", (MIDDLE,)),
    "a stranger's certificate beside it": (
        p12(ROOT_KEY, ROOT, certificate(Spec("Stranger"), OTHER_KEY)), "secret", (ROOT,),
    ),
    "PEM": (pem(ROOT_KEY, ROOT), "", (ROOT,)),
    "PEM, certificate first": (pem(ROOT, ROOT_KEY), "", (ROOT,)),
    "PEM, a password that is not needed": (pem(ROOT_KEY, ROOT), "whatever", (ROOT,)),
    "PEM, the key encrypted": (pem(ROOT, password="") + pem(ROOT_KEY, password="secret"), "secret", (ROOT,)),
    "PEM, elliptic curve": (pem(ISSUING_KEY, ISSUING, MIDDLE, ROOT), "", (ISSUING, MIDDLE, ROOT)),
    "PEM, the chain in reverse": (pem(ROOT, MIDDLE, MIDDLE_KEY), "", (MIDDLE, ROOT)),
    "PEM with words between its blocks": (b"Bag\n" + pem(ROOT_KEY) + b"\nsubject=x\n" + pem(ROOT), "", (ROOT,)),
    "PEM with Windows line ends": (pem(ROOT_KEY, ROOT).replace(b"\n", b"\r\n"), "", (ROOT,)),
    "PEM, the key in the old form": (
        ROOT_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()) + pem(ROOT), "", (ROOT,),
    ),
    "no key usage at all": (pem(ROOT_KEY, certificate(Spec(usages=None), ROOT_KEY)), "",
                            (certificate(Spec(usages=None), ROOT_KEY),)),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted(name: str) -> None:
    data, password, chain = ACCEPTED[name]
    found = read_authority(data, password, NOW)
    assert found.chain == tuple(map(der, chain))
    assert found.number == IMPORTED
    assert found.is_imported
    assert found.is_whole()
    assert from_bytes(found.to_bytes()) == found


@cache
def small_key() -> Any:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  # small on purpose


def _alone(spec: Spec, key: Any = ROOT_KEY) -> bytes:
    return pem(key, certificate(spec, key))


def _under(root: Spec, spec: Spec) -> bytes:
    top = certificate(root, ROOT_KEY)
    return pem(MIDDLE_KEY, certificate(spec, MIDDLE_KEY, top, ROOT_KEY), top)


def _three(root: Spec, middle: Spec) -> bytes:
    top = certificate(root, ROOT_KEY)
    between = certificate(middle, MIDDLE_KEY, top, ROOT_KEY)
    return pem(ISSUING_KEY, certificate(Spec("Issuing"), ISSUING_KEY, between, MIDDLE_KEY), between, top)


DAYS = timedelta(days=1)
REFUSED: dict[str, tuple[Any, str, str]] = {
    "wrong password": (lambda: p12(ROOT_KEY, ROOT), "Secret", "the password does not open the file"),
    "no password": (lambda: p12(ROOT_KEY, ROOT), "", "the password does not open the file"),
    "PKCS#12 truncated": (lambda: p12(ROOT_KEY, ROOT)[:-200], "secret", "or the file is damaged"),
    "PKCS#12 without a key": (lambda: p12(None, ROOT), "secret", "the file holds no private key"),
    "nothing": (lambda: b"", "", "this is neither a PKCS#12 nor a PEM file"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "", "this is neither a PKCS#12 nor a PEM file"),
    "a certificate as DER": (lambda: der(ROOT), "", "this is neither a PKCS#12 nor a PEM file"),
    "too large": (lambda: bytes(LARGEST_FILE + 1), "", f"bytes; {LARGEST_FILE} is the most"),
    "PEM without a key": (lambda: pem(ROOT), "", "the file holds no private key"),
    "PEM without a certificate": (lambda: pem(ROOT_KEY), "", "the private key is not that of any certificate"),
    "PEM truncated": (lambda: pem(ROOT_KEY, ROOT)[:-30], "", "the file is cut short: a block in it has no end"),
    "PEM, a broken certificate": (
        lambda: pem(ROOT_KEY) + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "",
        "a certificate in the file cannot be read",
    ),
    "PEM, a broken key": (
        lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + pem(ROOT), "",
        "the private key cannot be read",
    ),
    "key mismatch": (lambda: pem(OTHER_KEY, ROOT), "", "the private key is not that of any certificate in the file"),
    "encrypted key without password": (
        lambda: pem(ROOT_KEY, password="x") + pem(ROOT), "", "the private key is encrypted: give its password",
    ),
    "encrypted key, wrong password": (
        lambda: pem(ROOT_KEY, password="x") + pem(ROOT), "y", "the password does not open the private key",
    ),
    "password with a NUL": (lambda: p12(ROOT_KEY, ROOT), "sec\0ret", "holds a character that no password can"),
    "password that is no text": (lambda: p12(ROOT_KEY, ROOT), "\ud800", "the password does not open the file"),
    "not a CA": (lambda: _alone(Spec(ca=False)), "", "is not a CA's: its basic constraints do not say CA"),
    "no basic constraints": (lambda: _alone(Spec(ca=None)), "", "the certificate is not a CA's"),
    "no keyCertSign": (
        lambda: _alone(Spec(usages=("digital_signature",))), "", "may not sign others: its key usage lacks keyCertSign",
    ),
    "an issuer that is no CA": (
        lambda: _under(Spec("Top", ca=False), Spec("Mid")), "", "a certificate that it chains to is not a CA's",
    ),
    "expired": (lambda: _alone(Spec(ends=-DAYS)), "", "expired: CN=Root was valid until 2026-01-04T09:00:00Z"),
    "not valid yet": (lambda: _alone(Spec(begins=DAYS)), "", "not valid yet: CN=Root begins 2026-01-06T09:00:00Z"),
    "its issuer expired": (lambda: _under(Spec("Top", ends=-DAYS), Spec("Mid")), "", "expired: CN=Top was valid until"),
    "path length exhausted": (
        lambda: _under(Spec("Top", path_length=0), Spec("Mid")), "",
        "the path length of CN=Top is exhausted: it allows 0 CAs below it, not 1",
    ),
    "path length exhausted at the top of three": (
        lambda: _three(Spec("Top", path_length=1), Spec("Mid")), "", "exhausted: it allows 1 CAs below it, not 2",
    ),
    "a small key": (lambda: _alone(Spec(), small_key()), "", "the RSA key has 1024 bits; 2048 is the least"),
    "a curve of its own": (
        lambda: _alone(Spec(), ec.derive_private_key(7, ec.SECP256K1())), "",
        "the key is on the curve secp256k1; P-256, P-384 and P-521 can be used",
    ),
    "too many rounds": (
        lambda: _with_rounds(p12(ROOT_KEY, ROOT)), "secret",
        "too many rounds of deriving its key",
    ),
}  # fmt: skip


def _with_rounds(data: bytes) -> bytes:
    """The file with 2**31 - 1 rounds for its MAC (RFC 7292, 4), as an attacker would write it."""
    pfx = asn1.Pfx.load(data)
    pfx["mac_data"]["iterations"] = 2**31 - 1
    return bytes(pfx.dump(force=True))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_and_why(name: str) -> None:
    make, password, says = REFUSED[name]
    with pytest.raises(NotAccepted) as refusal:
        read_authority(make(), password, NOW)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_dsa_key_is_of_no_use() -> None:
    key = dsa.generate_private_key(1024)  # noqa: S505  # quickly made
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem(ROOT)
    with pytest.raises(NotAccepted, match="neither RSA nor elliptic-curve"):
        read_authority(data, "", NOW)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_curves(curve: ec.EllipticCurve) -> None:
    assert read_authority(_alone(Spec(), ec.derive_private_key(7, curve)), "", NOW).is_whole()


@pytest.mark.parametrize("spec", [Spec(ends=-DAYS), Spec(begins=DAYS)])
def test_without_a_clock_dates_are_not_judged(spec: Spec) -> None:
    assert read_authority(_alone(spec), "", None).is_whole()


@pytest.mark.parametrize(("moment", "holds"), [(-1, False), (0, True), (1000, True)])
def test_the_first_moment_counts(moment: int, holds: bool) -> None:
    data = _alone(Spec(begins=timedelta(0)))
    try:
        assert read_authority(data, "", NOW + moment).is_whole() is holds
    except NotAccepted:
        assert not holds


def test_a_self_issued_ca_does_not_count_in_a_path() -> None:
    """RFC 5280, 4.2.1.9: a CA that changes its key signs its new certificate itself."""
    top = certificate(Spec("Root", path_length=0), ROOT_KEY)
    again = certificate(Spec("Root"), MIDDLE_KEY, top, ROOT_KEY)
    assert read_authority(pem(MIDDLE_KEY, again, top), "", NOW).chain == (der(again), der(top))


def test_path_length_zero_still_signs_identities() -> None:
    assert read_authority(_alone(Spec(path_length=0)), "", NOW).is_whole()


def test_two_cas_that_signed_each_other_make_no_circle() -> None:
    one, other = certificate(Spec("One"), ROOT_KEY), certificate(Spec("Other"), MIDDLE_KEY)
    one_by_other = certificate(Spec("One"), ROOT_KEY, other, MIDDLE_KEY)
    other_by_one = certificate(Spec("Other"), MIDDLE_KEY, one, ROOT_KEY)
    found = read_authority(pem(ROOT_KEY, one_by_other, other_by_one), "", NOW)
    assert found.chain == (der(one_by_other), der(other_by_one))


def test_many_blocks_without_an_end_take_no_time() -> None:
    began = time.perf_counter()
    with pytest.raises(NotAccepted):
        read_authority(b"-----BEGIN A-----\n" * (LARGEST_FILE // 18), "", NOW)
    with pytest.raises(NotAccepted):
        read_authority(b"".join(b"-----BEGIN A%d-----" % n for n in range(12_000)), "", NOW)
    assert time.perf_counter() - began < 2


def test_a_key_is_never_in_what_is_said() -> None:
    found = read_authority(pem(ROOT_KEY, ROOT), "", NOW)
    assert "KeyPair(…)" in repr(found)


@given(st.text())
def test_no_password_but_the_right_one_opens_a_file(password: str) -> None:
    if password != "secret":
        with pytest.raises(NotAccepted):
            read_authority(SMALL, password, NOW)


SMALL = p12(ISSUING_KEY, certificate(Spec(), ISSUING_KEY))
FILES = [data for data, *_ in ACCEPTED.values()]


@given(st.sampled_from(FILES), st.data())
def test_a_damaged_file_is_refused_or_still_whole(good: bytes, data: st.DataObject) -> None:
    """Never anything but NotAccepted, and never a CA whose key is not its certificate's."""
    start = data.draw(st.integers(0, len(good) - 1))
    junk = data.draw(st.binary(max_size=8))
    damaged = good[:start] + junk + good[start + data.draw(st.integers(0, 8)) :]
    try:
        assert read_authority(damaged, data.draw(st.sampled_from(["", "secret"])), NOW).is_whole()
    except NotAccepted as refusal:
        assert str(refusal)


@given(
    st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"-----BEGIN CERTIFICATE-----" + tail), st.text()
)
def test_bytes_of_any_kind_are_refused(data: bytes, password: str) -> None:
    with pytest.raises(NotAccepted):
        read_authority(data, password, NOW)


@given(st.integers(0, 4000))
def test_a_file_cut_anywhere_is_refused(size: int) -> None:
    whole = pem(ROOT_KEY, ROOT)
    if size < len(whole) - 1:  # without its last line end it is whole
        with pytest.raises(NotAccepted):
            read_authority(whole[:size], "", NOW)
    locked = p12(p256_key(9), certificate(Spec(), p256_key(9)))
    if size < len(locked):
        with pytest.raises(NotAccepted):
            read_authority(locked[:size], "secret", NOW)


def _like_an_integer(at: bytes) -> x509.Certificate:
    """A CA whose key identifier, which is 20 bytes of a digest, happens to begin as an INTEGER does."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "By chance")])
    builder = x509.CertificateBuilder(
        subject, subject, ROOT_KEY.public_key(), 7, NOW_UTC - 10 * DAYS, NOW_UTC + 10 * DAYS
    )
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier(at.ljust(20, b"x")), critical=False)
    return builder.sign(ROOT_KEY, hashes.SHA256())


def test_only_the_rounds_of_a_pkcs12_count_as_its_rounds() -> None:
    """Salts, digests and what is encrypted are bytes by chance: one file in some hundreds holds what looks like many
    rounds, and is as good as any other."""
    by_chance = _like_an_integer(bytes.fromhex("02047fffffff"))
    assert read_authority(p12(ROOT_KEY, by_chance, password=""), "", NOW).chain == (der(by_chance),)


def test_our_decoder_finds_the_rounds_of_every_kind_of_pkcs12() -> None:
    kinds = [pkcs12.PBES.PBESv2SHA256AndAES256CBC, pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC]
    for kind in kinds:
        locked = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(123_457).key_cert_algorithm(kind)
        data = p12(ROOT_KEY, ROOT, rounds=locked.build(b"secret"))
        assert rounds(data).count(123_457) >= 2


# Whatever the bytes: a result that is whole, or NotAccepted with a sentence; nothing else, and soon.

LEAF = certificate(Spec("Leaf", ca=False, usages=None), OTHER_KEY, ROOT, ROOT_KEY)
ANSWER_KEY = KeyPair(OTHER_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
QUICKLY = (
    PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
)
REAL = [
    p12(ISSUING_KEY, ISSUING, MIDDLE, ROOT, password=""),
    p12(ISSUING_KEY, ISSUING, rounds=QUICKLY.build(b"secret")),
    pem(ISSUING_KEY, ISSUING, MIDDLE),
    pem(ISSUING_KEY, password="secret") + pem(ISSUING),
    pem(LEAF, ROOT),
    der(LEAF),
]
LONGEST = 5  # seconds for one file, on any machine


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real file with pieces cut out, put in, doubled or changed; or what was never a file."""
    data = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, max(len(data) - 1, 0)))
        end = begin + draw(st.integers(0, 12) | st.integers(0, len(data)))
        piece = draw(st.binary(max_size=12) | st.just(data[begin:end] * 2) | st.sampled_from(PIECES))
        data = data[:begin] + piece + data[end:]
    return data


PIECES = [
    b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"-----BEGIN PRIVATE KEY-----", b"\x30\x80",
    b"\x30\x84\xff\xff\xff\xff", b"\x02\x04\x7f\xff\xff\xff", b"\x24\x80" * 30, b"\x00" * 40, b"\r\n", b"\xff",
]  # fmt: skip
whatever = mutated() | mutated() | st.binary(max_size=400)
passwords = st.sampled_from(["", "secret", "Secret"]) | st.text(max_size=4)
clocks = st.sampled_from([None, 0, NOW, NOW + 5000 * 24 * 3600_000])


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")  # see the test below
@given(whatever, passwords, clocks)
@settings(max_examples=300)
def test_no_file_breaks_the_import_of_an_identity(data: bytes, password: str, now: int | None) -> None:
    began = time.perf_counter()
    try:
        found = read_identity(data, password, now)
        assert found.is_whole()
        assert all(load(der).subject for der in found.chain)
    except NotAccepted as refusal:
        _is_a_sentence(refusal)
    assert time.perf_counter() - began < LONGEST


@given(whatever)
@settings(max_examples=300)
def test_no_file_breaks_the_reading_of_certificates(data: bytes) -> None:
    began = time.perf_counter()
    try:
        found = read_certificates(data)
        assert found
        assert [public_key_of(der) for der in found]
    except NotAccepted as refusal:
        _is_a_sentence(refusal)
    assert time.perf_counter() - began < LONGEST


@given(whatever, clocks)
@settings(max_examples=300)
def test_no_file_breaks_the_import_of_an_answer(data: bytes, now: int | None) -> None:
    began = time.perf_counter()
    try:
        found = read_answer(data, ANSWER_KEY, now)
        assert public_key_of(found[0]) == ANSWER_KEY.public_der
    except NotAccepted as refusal:
        _is_a_sentence(refusal)
    assert time.perf_counter() - began < LONGEST


def _is_a_sentence(refusal: NotAccepted) -> None:
    said = str(refusal)
    assert said
    assert "\n" not in said
    assert len(said) < 1000
    assert "PRIVATE KEY" not in said


def test_a_pkcs12_that_is_not_der_to_the_last_byte_is_taken_or_refused_without_a_warning_from_the_library() -> None:
    """Windows and Java have written BER; what people see is a sentence of ours, or nothing."""
    for data in (REAL[0] + b"\0", REAL[1] + b"\r\n"):
        try:
            assert read_identity(data, "secret" if data.startswith(REAL[1]) else "", NOW).is_whole()
        except NotAccepted as refusal:
            _is_a_sentence(refusal)


def test_the_files_that_are_mutated_are_good_ones() -> None:
    for data in REAL[:4]:
        assert read_identity(data, "secret" if data in (REAL[1], REAL[3]) else "", NOW).is_whole()
    for data in REAL[4:]:
        assert read_certificates(data)[0] == read_answer(data, ANSWER_KEY, NOW)[0] == der(LEAF)


def test_a_certificate_whose_name_holds_a_bit_string_is_refused() -> None:
    """Found by fuzzing."""
    odd = der(LEAF).replace(b"\x0c\x04Leaf", b"\x03\x04Leaf")
    assert odd != der(LEAF)
    with pytest.raises(NotAccepted, match=r"neither a PEM nor a DER|cannot be read"):
        read_certificates(odd)


def test_a_certificate_of_a_version_that_does_not_exist_is_refused() -> None:
    """Found by fuzzing: the library's error for it is none of ValueError's."""
    odd = der(LEAF).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020122"), 1)
    with pytest.raises(NotAccepted, match="neither a PEM nor a DER certificate"):
        read_certificates(odd)


OLD = {
    "a CA of RSA 1024": pki.chain(pki.Spec(key="rsa 1024"), pki.Spec("Mid", key="rsa 1024"), pki.LEAF),
    "SHA-1": pki.chain(pki.Spec(digest="SHA1"), pki.Spec("Mid", digest="SHA1"), pki.LEAF.but(digest="SHA1")),
    "SHA-1 in the middle": pki.chain(pki.Spec(), pki.Spec("Mid", digest="SHA1"), pki.LEAF),
}


@pytest.mark.parametrize("name", OLD)
def test_a_chain_of_old_times_is_taken_whole_and_presented_as_it_was_taken(name: str) -> None:
    made = OLD[name]
    found = read_identity(pem(made[0].key, *(one.certificate for one in made)), "", NOW)
    assert found.chain == pki.ders(made)
    assert tls.shown(found) == found.chain


def test_an_issuer_by_its_name_alone_is_none_however_old_the_digest() -> None:
    own, _ = pki.chain(pki.Spec(), pki.LEAF.but(digest="SHA1", identifiers="key"))
    other = pki.make(pki.Spec(key="another", identifiers="key"))
    stranger = pki.make(pki.Spec("Stranger"))
    found = read_identity(pem(own.key, own.certificate, stranger.certificate, other.certificate), "", NOW)
    assert found.chain == (own.der,)
