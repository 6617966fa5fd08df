"""What judging wants to know of one certificate, read once: a member of a chain, or of a store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.security.reading import dates, load

Canonical = tuple[frozenset[tuple[str, bytes]], ...]
E = TypeVar("E", bound=x509.ExtensionType)

RSA, EC, OTHER = "RSA", "EC", "other"
# Object identifiers of signature algorithms: PKCS#1 (RFC 8017), and ANSI X9.62 (RFC 5758).
_SIGNED_WITH = {"1.2.840.113549.1.1.": RSA, "1.2.840.10045.4.": EC}
BROKEN = ("md2", "md4", "md5", "sha1")
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One certificate. None: it has no such extension. ``label`` is what objections call it."""

    der: bytes
    label: str
    subject: Canonical
    issuer: Canonical
    issuer_label: str
    not_before: int
    not_after: int
    is_v1: bool
    serial: int
    key_kind: str
    key_bits: int
    signed_with: str
    is_ca: bool | None
    path_length: int | None
    usages: frozenset[str] | None
    purposes: frozenset[str] | None
    critical: tuple[str, ...]
    key_identifier: bytes | None
    authority: x509.AuthorityKeyIdentifier | None
    constraints: x509.NameConstraints | None
    common_names: tuple[str, ...]
    mailboxes: tuple[str, ...]
    alternatives: tuple[x509.GeneralName, ...]

    @property
    def is_self_issued(self) -> bool:
        return self.subject == self.issuer

    @property
    def is_self_signed(self) -> bool:
        """Whether it names itself as its issuer. As OpenSSL, which does not verify that signature: it adds nothing."""
        return may_have_issued(self, self)


@memoise(4096)
def member(der: bytes) -> Member:
    """Damaged when it is no certificate, or one with a part that cannot be read."""
    certificate = load(der)
    try:
        return _read(der, certificate)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Damaged(f"a certificate cannot be read: {error}") from None


def readable(ders: Iterable[bytes]) -> tuple[Member, ...]:
    """The members among these that are certificates; each once."""
    found = []
    for der in dict.fromkeys(ders):
        try:
            found.append(member(der))
        except Damaged:
            continue
    return tuple(found)


def _read(der: bytes, certificate: x509.Certificate) -> Member:
    basic = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    own = _extension(certificate, x509.SubjectKeyIdentifier)
    alternatives = _extension(certificate, x509.SubjectAlternativeName)
    kind, bits = _key(certificate)
    not_before, not_after = dates(der)
    return Member(
        der=der,
        label=_label(certificate.subject),
        subject=canonical(certificate.subject),
        issuer=canonical(certificate.issuer),
        issuer_label=_label(certificate.issuer),
        not_before=not_before,
        not_after=not_after,
        is_v1=certificate.version is x509.Version.v1,
        serial=certificate.serial_number,
        key_kind=kind,
        key_bits=bits,
        signed_with=_signed_with(certificate),
        is_ca=basic.ca if basic else None,
        path_length=basic.path_length if basic else None,
        usages=frozenset(name for name in _USAGES if getattr(usage, name)) if usage else None,
        purposes=frozenset(oid.dotted_string for oid in purposes) if purposes else None,
        critical=tuple(extension.oid.dotted_string for extension in certificate.extensions if extension.critical),
        key_identifier=own.digest if own else None,
        authority=_extension(certificate, x509.AuthorityKeyIdentifier),
        constraints=_extension(certificate, x509.NameConstraints),
        common_names=_attributes(certificate, NameOID.COMMON_NAME),
        mailboxes=_attributes(certificate, NameOID.EMAIL_ADDRESS),
        alternatives=tuple(alternatives) if alternatives else (),
    )


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _attributes(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(str(part.value) for part in certificate.subject.get_attributes_for_oid(oid))


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return RSA, key.key_size
    return (EC, key.key_size) if isinstance(key, ec.EllipticCurvePublicKey) else (OTHER, 0)


def _signed_with(certificate: x509.Certificate) -> str:
    oid = certificate.signature_algorithm_oid.dotted_string
    return next((kind for prefix, kind in _SIGNED_WITH.items() if oid.startswith(prefix)), OTHER)


def _label(name: x509.Name) -> str:
    """Its common name; the whole name where it has none."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string() or "a certificate without a name"


def canonical(name: x509.Name) -> Canonical:
    """A name as it is compared: neither the case of ASCII letters nor the number of spaces counts (RFC 5280, 7.1)."""
    return tuple(
        frozenset((part.oid.dotted_string, b" ".join(str(part.value).encode().lower().split())) for part in relative)
        for relative in name.rdns
    )


def may_have_issued(issuer: Member, subject: Member) -> bool:
    """Whether names, key identifiers and kind of key let one be the other's issuer (OpenSSL's X509_check_issued)."""
    return (
        subject.issuer == issuer.subject
        and subject.signed_with == issuer.key_kind
        and (subject.authority is None or _is_authority(subject.authority, issuer))
    )


def _is_authority(said: x509.AuthorityKeyIdentifier, issuer: Member) -> bool:
    """What the subject's authority key identifier and the issuer both say must agree (RFC 5280, 4.2.1.1)."""
    if None not in (said.key_identifier, issuer.key_identifier) and said.key_identifier != issuer.key_identifier:
        return False
    if said.authority_cert_serial_number not in (None, issuer.serial):
        return False
    names = [name.value for name in said.authority_cert_issuer or () if isinstance(name, x509.DirectoryName)]
    return not names or canonical(names[0]) == issuer.issuer


@memoise(16384)
def signature_fault(subject: bytes, issuer: bytes) -> str:
    """Why the one certificate does not count as signed by the other's key; empty when it does."""
    signed, by = member(subject), member(issuer)
    certificate, key = load(subject), load(issuer).public_key()
    try:
        digest = certificate.signature_hash_algorithm
        parameters = certificate.signature_algorithm_parameters
    except UnsupportedAlgorithm:
        digest, parameters = None, None
    if digest is None or signed.signed_with is OTHER:  # such as DSA
        return f"the signature of {signed.label} is of a kind that is not supported"
    if digest.name in BROKEN:
        return f"the signature of {signed.label} is made with {digest.name}, which is broken"
    if _verifies(certificate, key, parameters, digest):
        return ""
    return f"the signature of {signed.label} is not by {by.label}"


def _verifies(certificate: x509.Certificate, key: object, parameters: object, digest: hashes.HashAlgorithm) -> bool:
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, padding.PKCS1v15 | padding.PSS):
            key.verify(signature, signed, parameters, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
            key.verify(signature, signed, parameters)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
