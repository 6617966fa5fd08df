"""CAs to import, good and bad, made by the library that everybody uses – and as the files that people have of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from firmware.security.keys import KeyKind, derive
from firmware.times import from_datetime
from tests.security.specimen import UNIT

SECRET = "secret"  # of files that tests make
NOW_UTC = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NOW = from_datetime(NOW_UTC)
_ALL_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def rsa_key(number: int) -> Any:
    return derive(UNIT, "imported", number).private


def p256_key(number: int) -> Any:
    return derive(UNIT, "imported", number, KeyKind.P_256).private


@dataclass(frozen=True)
class Spec:
    """What a certificate is to hold. ``usages`` None: no key usage; ``ca`` None: no basic constraints."""

    name: str = "Root"
    ca: bool | None = True
    path_length: int | None = None
    usages: tuple[str, ...] | None = ("key_cert_sign", "crl_sign")
    begins: timedelta = timedelta(days=-10)
    ends: timedelta = timedelta(days=1000)

    def but(self, **changes: Any) -> Spec:
        return replace(self, **changes)


def certificate(spec: Spec, key: Any, issuer: x509.Certificate | None = None, issuer_key: Any = None) -> Any:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, spec.name)])
    builder = x509.CertificateBuilder(
        issuer.subject if issuer else subject, subject, key.public_key(), 1000 + len(spec.name),
        NOW_UTC + spec.begins, NOW_UTC + spec.ends,
    )  # fmt: skip
    if spec.ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(spec.ca, spec.path_length), critical=True)
    if spec.usages is not None:
        usage = x509.KeyUsage(**{usage: usage in spec.usages for usage in _ALL_USAGES})
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key or key, hashes.SHA256())


def p12(
    key: Any, own: Any, *others: Any, password: str = SECRET, rounds: KeySerializationEncryption | None = None
) -> bytes:
    locked = rounds or (BestAvailableEncryption(password.encode()) if password else NoEncryption())
    return pkcs12.serialize_key_and_certificates(b"ca", key, own, list(others), locked)


def pem(*parts: Any, password: str = "") -> bytes:
    """Keys and certificates one after the other."""
    locked = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return b"".join(
        part.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
        if isinstance(part, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        else part.public_bytes(Encoding.PEM)
        for part in parts
    )


def der(found: Any) -> bytes:
    data: bytes = found.public_bytes(Encoding.DER)
    return data


ROOT_KEY, MIDDLE_KEY, ISSUING_KEY, OTHER_KEY = rsa_key(1), rsa_key(2), p256_key(3), rsa_key(4)
ROOT = certificate(Spec("Root"), ROOT_KEY)
MIDDLE = certificate(Spec("Middle"), MIDDLE_KEY, ROOT, ROOT_KEY)
ISSUING = certificate(Spec("Issuing", path_length=0), ISSUING_KEY, MIDDLE, MIDDLE_KEY)
