"""Take in what comes from outside – a CA, an identity, certificates: every reason against it has its own sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.security.authority import IMPORTED, Authority
from firmware.security.certificates import Identity
from firmware.security.keys import KeyPair
from firmware.security.pkcs12_rounds import rounds
from firmware.security.reading import UNREADABLE, dates, load, public_key_of
from firmware.security.trust.members import BROKEN, may_have_issued, readable
from firmware.times import show_time

SMALLEST_RSA, LARGEST_RSA = 2048, 8192  # assumed: what the profiles use themselves, and four times that
LONGEST_CHAIN = 8
LARGEST_FILE = 256 * 1024  # assumed: a chain of the longest, and room to spare
MOST_ROUNDS = 5_000_000  # assumed: of deriving a key from a password, some seconds' work; nobody asks for more
_PEM_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_PKCS7_DATA = bytes.fromhex("06092a864886f70d010701")  # every PFX holds this object identifier (RFC 7292, 4)
_SECP = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class NotAccepted(ValueError):
    """Why a file is not taken, in a sentence for the person who gave it."""


def read_authority(data: bytes, password: str, now: int | None) -> Authority:
    """The CA in a PKCS#12 or PEM file. NotAccepted says why not; with no clock (None) dates are not judged."""
    pair, chain = _key_and_chain(data, password)
    for der in chain:
        _require_ca(der, "the certificate" if der == chain[0] else "a certificate that it chains to")
        _require_in_date(der, now)
    _require_path_length(chain)
    return Authority(pair, chain, IMPORTED)


def read_identity(data: bytes, password: str, now: int | None) -> Identity:
    """The identity in a PKCS#12 or PEM file, with its signing certificates. (R62, U)

    Key and certificate must match; one that is out of date is refused (assumed).
    """
    pair, chain = _key_and_chain(data, password)
    _require_in_date(chain[0], now)
    return Identity(pair, chain)


def _key_and_chain(data: bytes, password: str) -> tuple[KeyPair, tuple[bytes, ...]]:
    _require_size(data)
    if "\0" in password:  # the library's PKCS#12 reader dies of one
        raise NotAccepted("the password holds a character that no password can hold")
    secret = password.encode("utf-8", "replace") or None
    key, certificates = _from_pem(data, secret) if b"-----BEGIN " in data else from_pkcs12(data, secret)
    pair = _key_pair(key)
    own = next((der for der in certificates if public_key_of(der) == pair.public_der), None)
    if own is None:
        raise NotAccepted("the private key is not that of any certificate in the file")
    return pair, _chain(own, certificates)


def read_certificates(data: bytes) -> tuple[bytes, ...]:
    """Every certificate (DER) in a PEM file, or the one in a DER file."""
    _require_size(data)
    if b"-----BEGIN " in data:
        _, certificates = _from_pem(data, None, with_key=False)
    else:
        try:
            certificates = [_der(x509.load_der_x509_certificate(data))]
        except UNREADABLE:
            raise NotAccepted("this is neither a PEM nor a DER certificate") from None
    if not certificates:
        raise NotAccepted("the file holds no certificate")
    return tuple(certificates)


def read_answer(data: bytes, key: KeyPair, now: int | None) -> tuple[bytes, ...]:
    """The certificate issued for a request over ``key``, with its signing certificates as far as the file has them.

    Only what was made from a request of this same machine is accepted. (L)
    """
    certificates = list(read_certificates(data))
    own = next((der for der in certificates if public_key_of(der) == key.public_der), None)
    if own is None:
        raise NotAccepted("no certificate in the file was made from this machine's request: its key is another one")
    _require_in_date(own, now)
    return _chain(own, certificates)


def _require_size(data: bytes) -> None:
    if len(data) > LARGEST_FILE:
        raise NotAccepted(f"the file has {len(data)} bytes; {LARGEST_FILE} is the most")


def from_pkcs12(data: bytes, secret: bytes | None) -> tuple[object, list[bytes]]:
    try:
        asked = max(rounds(data), default=0)
        bag = pkcs12.load_pkcs12(data, secret) if asked <= MOST_ROUNDS else None
    except UNREADABLE:
        if data[:1] == b"\x30" and _PKCS7_DATA in data[:200]:
            raise NotAccepted("the password does not open the file, or the file is damaged") from None
        raise NotAccepted("this is neither a PKCS#12 nor a PEM file") from None
    if bag is None:
        raise NotAccepted("the file asks for too many rounds of deriving its key from the password")
    found = [entry.certificate for entry in (bag.cert, *bag.additional_certs) if entry is not None]
    return bag.key, [_der(certificate) for certificate in found]


def _from_pem(data: bytes, secret: bytes | None, *, with_key: bool = True) -> tuple[object, list[bytes]]:
    key: object = None
    certificates = []
    for kind, text in _pem_blocks(data):
        if kind == "CERTIFICATE":
            try:
                certificates.append(_der(x509.load_pem_x509_certificate(text)))
            except UNREADABLE:
                raise NotAccepted("a certificate in the file cannot be read") from None
        elif with_key and kind.endswith("PRIVATE KEY"):
            key = _pem_key(text, secret, "ENCRYPTED" in text[:120].decode("ascii", "replace"))
    return key, certificates


def _pem_blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(label, block) of each; what stands between them is for people."""
    at = 0
    while begin := _PEM_BEGIN.search(data, at):
        last = b"-----END " + begin[1] + b"-----"
        end = data.find(last, begin.end())
        if end < 0:
            raise NotAccepted("the file is cut short: a block in it has no end")
        at = end + len(last)
        yield begin[1].decode(), data[begin.start() : at]


def _pem_key(text: bytes, secret: bytes | None, is_encrypted: bool) -> object:
    if is_encrypted and secret is None:
        raise NotAccepted("the private key is encrypted: give its password")
    try:
        return serialization.load_pem_private_key(text, secret if is_encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = "the password does not open the private key" if is_encrypted else "the private key cannot be read"
        raise NotAccepted(why) from None


def _der(certificate: x509.Certificate) -> bytes:
    der = certificate.public_bytes(serialization.Encoding.DER)
    try:
        load(der)
    except Damaged:
        raise NotAccepted("a certificate in the file cannot be read") from None
    return der


def _key_pair(key: object) -> KeyPair:
    if key is None:
        raise NotAccepted("the file holds no private key")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise NotAccepted("the private key is neither RSA nor elliptic-curve")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < SMALLEST_RSA:
        raise NotAccepted(f"the RSA key has {key.key_size} bits; {SMALLEST_RSA} is the least")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > LARGEST_RSA:
        raise NotAccepted(f"the RSA key has {key.key_size} bits; {LARGEST_RSA} is the most")
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, _SECP):
        raise NotAccepted(f"the key is on the curve {key.curve.name}; P-256, P-384 and P-521 can be used")
    return KeyPair(
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _chain(own: bytes, certificates: list[bytes]) -> tuple[bytes, ...]:
    """From the CA's own certificate on: each the issuer of the one before, as far as the file has them."""
    chain = [own]
    while len(chain) < LONGEST_CHAIN:
        last = load(chain[-1])
        issuer = next((der for der in certificates if der not in chain and issued(last, load(der))), None)
        if issuer is None:
            break
        chain.append(issuer)
    return tuple(chain)


@memoise(4096)
def issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    """By name and signature. A signature that the library cannot check, as of SHA-1 and MD5, is taken unchecked where
    names, key identifiers and kind of key fit: such CAs are real, and whoever validates the chain judges it."""
    try:
        certificate.verify_directly_issued_by(by)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):  # so it says that the names differ, too
        return _has_old_digest(certificate) and _may_have_issued(by, certificate)
    return True


def _has_old_digest(certificate: x509.Certificate) -> bool:
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    return digest is not None and digest.name in BROKEN


def _may_have_issued(by: x509.Certificate, certificate: x509.Certificate) -> bool:
    found = readable(one.public_bytes(serialization.Encoding.DER) for one in (by, certificate))
    return len(found) == 2 and may_have_issued(*found)


def _require_ca(der: bytes, which: str) -> None:
    extensions = load(der).extensions
    try:
        is_ca = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if not is_ca:
        raise NotAccepted(f"{which} is not a CA's: its basic constraints do not say CA:TRUE")
    try:
        may_sign = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        may_sign = True
    if not may_sign:
        raise NotAccepted(f"{which} may not sign others: its key usage lacks keyCertSign")


def _require_in_date(der: bytes, now: int | None) -> None:
    not_before, not_after = dates(der)
    name = load(der).subject.rfc4514_string()
    if now is not None and now > not_after:
        raise NotAccepted(f"expired: {name} was valid until {show_time(not_after)}")
    if now is not None and now < not_before:
        raise NotAccepted(f"not valid yet: {name} begins {show_time(not_before)}")


def _require_path_length(chain: tuple[bytes, ...]) -> None:
    """A CA's pathLen is how many CAs may follow it, self-issued ones not counted (RFC 5280, 4.2.1.9)."""
    below = 0
    for der in chain:
        certificate = load(der)
        allowed = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        if allowed is not None and below > allowed:
            name = certificate.subject.rfc4514_string()
            raise NotAccepted(f"the path length of {name} is exhausted: it allows {allowed} CAs below it, not {below}")
        below += certificate.subject != certificate.issuer
