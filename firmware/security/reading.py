"""Read certificates: every value that somebody wants of a DER, memoised by its bytes."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.times import from_datetime, show_time

ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "C": NameOID.COUNTRY_NAME,
    "E": NameOID.EMAIL_ADDRESS,
}
_SHORT_NAMES = {oid: name for name, oid in ATTRIBUTES.items()}

# What the library raises at a certificate, request or list that it cannot read: not all of it are ValueErrors.
UNREADABLE = (
    ValueError,
    TypeError,  # an attribute of a name that is a bit string
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@memoise(4096)
def load(der: bytes) -> x509.Certificate:
    """Damaged when it is no certificate, or one with a part that cannot be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        # The library parses these when first asked for. Asked for here, no later reader meets a surprise.
        _ = certificate.subject, certificate.issuer, certificate.public_key(), certificate.extensions
    except UNREADABLE as error:
        raise Damaged(f"a stored certificate cannot be read: {error}") from None
    return certificate


def pem(der: bytes) -> bytes:
    """The same certificate as PEM (RFC 7468)."""
    return load(der).public_bytes(serialization.Encoding.PEM)


@memoise(4096)
def public_key_of(der: bytes) -> bytes:
    """SubjectPublicKeyInfo of a certificate."""
    return (
        load(der).public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@memoise(4096)
def fingerprint(der: bytes) -> str:
    """SHA-256, as OpenSSL prints it."""
    return hashlib.sha256(der).digest().hex(":").upper()


@memoise(4096)
def dates(der: bytes) -> tuple[int, int]:
    """(notBefore, notAfter) in ms."""
    certificate = load(der)
    return from_datetime(certificate.not_valid_before_utc), from_datetime(certificate.not_valid_after_utc)


@memoise(4096)
def alternative_names(der: bytes) -> tuple[str, ...]:
    """The DNS names and addresses of the SAN, as text."""
    try:
        names = load(der).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _distinguished(name: x509.Name) -> str:
    """In the order of the encoding, as the documents and OpenSSL write it."""
    return ", ".join(f"{_SHORT_NAMES.get(part.oid, part.oid.dotted_string)}={part.value!s}" for part in name)


def _key_text(key: CertificatePublicKeyTypes) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size} bit"
    return f"EC {key.key_size} bit" if isinstance(key, ec.EllipticCurvePublicKey) else "of another kind"


@memoise(4096)
def describe(der: bytes) -> dict[str, str | list[str]]:
    """What a person wants to see of a certificate, as text. The result is shared: read it, never change it."""
    certificate = load(der)
    return {
        "subject": _distinguished(certificate.subject),
        "serial": f"{certificate.serial_number:x}",
        "not_before": show_time(from_datetime(certificate.not_valid_before_utc)),
        "not_after": show_time(from_datetime(certificate.not_valid_after_utc)),
        "key": _key_text(certificate.public_key()),
        "names": list(alternative_names(der)),
        "sha256": fingerprint(der),
    }


def issuer(der: bytes) -> str:
    """The issuer's name, as :func:`describe` writes the subject's."""
    return _distinguished(load(der).issuer)
