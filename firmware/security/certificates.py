"""Make certificates: profile + names + key + times -> DER. Pure, so the same arguments give the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import Release
from firmware.security.keys import KeyPair
from firmware.security.profiles import Profile
from firmware.times import DAY, LATEST, SECOND, from_datetime, show_time, to_datetime

_ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "C": NameOID.COUNTRY_NAME,
    "E": NameOID.EMAIL_ADDRESS,
}
_SHORT_NAMES = {oid: name for name, oid in _ATTRIBUTES.items()}
_PURPOSES = {"serverAuth": ExtendedKeyUsageOID.SERVER_AUTH, "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH}
_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Who a certificate is for: the LAN1 MAC as 12 lower-case hex digits, and the LAN addresses at creation."""

    mac: str
    lan1: IPv4Address
    lan2: IPv4Address


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and its certificate chain (DER, the identity certificate first). They are only ever stored together."""

    key: KeyPair
    chain: tuple[bytes, ...]

    @property
    def der(self) -> bytes:
        return self.chain[0]

    @property
    def certificate(self) -> x509.Certificate:
        return load(self.der)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.der)

    def pem(self) -> bytes:
        return b"".join(load(der).public_bytes(serialization.Encoding.PEM) for der in self.chain)

    def is_whole(self) -> bool:
        """Whether the key is the certificate's."""
        return public_key_of(self.der) == self.key.public_der


_UNREADABLE = (
    ValueError,
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
    except _UNREADABLE as error:
        raise Damaged(f"a stored certificate cannot be read: {error}") from None
    return certificate


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


def validity(profile: Profile, release: Release, clock: int | None) -> tuple[int, int]:
    """(notBefore, notAfter) in ms for a certificate made when the unit's clock reads ``clock`` (None: not set).

    Documented [A]: the creation time less 24 h; with no clock, 00:00:00 on 1 January of the year in which the
    software was released. No further 24 h off in that case is inferred. Nothing is valid past the last time that can
    be written (RFC 5280, 4.1.2.5).
    """
    if clock is None:
        not_before = from_datetime(datetime(release.dated.value.year, 1, 1, tzinfo=UTC))
    else:
        not_before = (clock - profile.backdate.value) // SECOND * SECOND
    return not_before, min(not_before + release.lifetime.value * DAY, LATEST)


def serial(entropy: Entropy, profile: Profile, number: int) -> int:
    """A random positive integer of at most ``serial_bytes`` bytes; the top bit stays clear (RFC 5280, 4.1.2.2)."""
    drbg = entropy.drbg(f"serial/{profile.name}", number)
    return drbg.integer(8 * profile.serial_bytes.value - 1) or 1


def outline(
    profile: Profile, names: Names, serial_number: int, not_before: int, not_after: int
) -> dict[str, str | list[str]]:
    """What :func:`describe` will say of a certificate yet to be made, without its fingerprint; nothing is parsed."""
    subject = [(kind, text.format(mac=names.mac)) for kind, text in profile.subject.value]
    entries = {"cn": dict(subject)["CN"], "lan1": str(names.lan1), "lan2": str(names.lan2)}
    return {
        "subject": ", ".join(f"{kind}={text}" for kind, text in subject),
        "serial": f"{serial_number:x}",
        "not_before": show_time(not_before),
        "not_after": show_time(not_after),
        "key": f"{profile.key.value.value} bit",
        "names": [entries[entry] for entry in profile.san.value],
    }


@memoise(4096)
def self_signed(
    profile: Profile, names: Names, key: KeyPair, serial_number: int, not_before: int, not_after: int
) -> Identity:
    """A self-signed identity by its profile; times in ms, written with a precision of seconds."""
    subject = _subject(profile, names)
    builder = x509.CertificateBuilder(
        issuer_name=subject,
        subject_name=subject,
        public_key=key.private.public_key(),
        serial_number=serial_number,
        not_valid_before=to_datetime(not_before),
        not_valid_after=to_datetime(not_after),
    )
    for extension, critical in _extensions(profile, names, key):
        builder = builder.add_extension(extension, critical)
    private = key.private
    if isinstance(private, ec.EllipticCurvePrivateKey):
        certificate = builder.sign(private, hashes.SHA256(), ecdsa_deterministic=True)
    else:
        certificate = builder.sign(private, hashes.SHA256())
    return Identity(key, (certificate.public_bytes(serialization.Encoding.DER),))


def _subject(profile: Profile, names: Names) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(_ATTRIBUTES[kind], text.format(mac=names.mac)) for kind, text in profile.subject.value]
    )


def _extensions(profile: Profile, names: Names, key: KeyPair) -> list[tuple[x509.ExtensionType, bool]]:
    rows: list[tuple[x509.ExtensionType, bool]] = []
    if profile.san.value:
        rows.append((_alternative_names(profile, names), False))
    if purposes := profile.extended_key_usage.value:
        usage = x509.ExtendedKeyUsage([_PURPOSES[purpose] for purpose in purposes])
        rows.append((usage, profile.extended_key_usage_critical.value))
    constraints = x509.BasicConstraints(profile.ca.value, profile.path_length.value)
    rows.append((constraints, profile.basic_constraints_critical.value))
    if profile.key_usage.value:
        rows.append((_key_usage(profile.key_usage.value), profile.key_usage_critical.value))
    public = key.private.public_key()
    if profile.subject_key_identifier.value:
        rows.append((x509.SubjectKeyIdentifier.from_public_key(public), False))
    if profile.authority_key_identifier.value:
        rows.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False))
    return rows


def _alternative_names(profile: Profile, names: Names) -> x509.SubjectAlternativeName:
    common_name = dict(profile.subject.value)["CN"].format(mac=names.mac)
    entries: dict[str, x509.GeneralName] = {
        "cn": x509.DNSName(common_name),
        "lan1": x509.IPAddress(names.lan1),
        "lan2": x509.IPAddress(names.lan2),
    }
    return x509.SubjectAlternativeName([entries[entry] for entry in profile.san.value])


def _key_usage(usages: tuple[str, ...]) -> x509.KeyUsage:
    wanted = {_USAGES[usage] for usage in usages}
    bits = {name: name in wanted for name in _USAGES.values()}
    return x509.KeyUsage(**bits, encipher_only=False, decipher_only=False)


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
