"""Certificates of every kind, good and bad, over a small pool of keys; the same arguments give the same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID, ObjectIdentifier

from firmware.security.keys import KeyKind, derive, rsa_key
from firmware.times import DAY, parse_time, to_datetime
from tests.security.specimen import UNIT

NOW = parse_time("2026-01-05T09:00:00Z")
SERVER, CLIENT = ObjectIdentifier("1.3.6.1.5.5.7.3.1"), ObjectIdentifier("1.3.6.1.5.5.7.3.2")
MAIL, ANY = ObjectIdentifier("1.3.6.1.5.5.7.3.4"), ObjectIdentifier("2.5.29.37.0")
BOTH = (SERVER, CLIENT)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
_BITS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@cache
def key(name: str) -> Any:
    """``rsa 512`` to ``rsa 2048``, ``ed25519``, ``dsa``, a curve's name; anything else is some P-256 key."""
    if name.startswith("rsa "):
        return rsa_key(UNIT.drbg(f"trust/{name}", 1), int(name.split()[1]))
    if name == "dsa":
        return dsa.generate_private_key(2048)
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    if name == "p192":
        return ec.derive_private_key(12345, ec.SECP192R1())
    return derive(UNIT, f"trust/{name}", 1, KeyKind.P_256).private


@dataclass(frozen=True)
class Spec:
    """What a certificate is to hold; None: no such extension. Days count from :data:`NOW`. ``key`` names one of the
    pool, the subject's name if it is empty; ``signed_by`` one to sign with in place of the issuer's."""

    name: str = "Root"
    ca: bool | None = True
    path_length: int | None = None
    usages: tuple[str, ...] | None = ("key_cert_sign", "crl_sign")
    purposes: tuple[ObjectIdentifier, ...] | None = None
    alternatives: tuple[str, ...] | None = None
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    unknown: bool = False
    begins: float = -10
    ends: float = 1000
    serial: int = 1000
    identifiers: str = ""  # how it names its issuer's: "key", "serial"; "wrong" names another's
    is_v1: bool = False
    key: str = ""
    signed_by: str = ""
    digest: str = "SHA256"
    usual: tuple[x509.ExtensionType, ...] = ()  # more extensions, not critical
    critical: tuple[x509.ExtensionType, ...] = ()  # and critical ones
    mailbox: str = ""

    def but(self, **changes: Any) -> Spec:
        return replace(self, **changes)


LEAF = Spec(
    "pbx.example.com", ca=False, usages=("digital_signature", "key_encipherment"), purposes=BOTH,
    alternatives=("pbx.example.com", "10.0.0.1"),
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A certificate, and what it was made from."""

    spec: Spec
    der: bytes = field(repr=False)

    @property
    def key(self) -> Any:
        return key(self.spec.key or self.spec.name)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)


@cache
def make(spec: Spec, issuer: Made | None = None) -> Made:
    own = key(spec.key or spec.name)
    signer = key(spec.signed_by) if spec.signed_by else issuer.key if issuer else own
    subject = _name(spec)
    builder = x509.CertificateBuilder(
        _name(issuer.spec) if issuer else subject, subject, own.public_key(), spec.serial,
        to_datetime(NOW + int(spec.begins * DAY)), to_datetime(NOW + int(spec.ends * DAY)),
    )  # fmt: skip
    for extension, critical in _extensions(spec, own, issuer):
        builder = builder.add_extension(extension, critical)
    digests: dict[str, Any] = {"SHA224": hashes.SHA224()}
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digests.get(spec.digest, hashes.SHA256())
    options: dict[str, Any] = {}
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        options["ecdsa_deterministic"] = True
    if spec.digest == "PSS":
        options["rsa_padding"] = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    der = builder.sign(signer, digest, **options).public_bytes(Encoding.DER)
    is_old = (spec.is_v1 or spec.digest == "SHA1") and isinstance(signer, ec.EllipticCurvePrivateKey)
    return Made(spec, _of_old(der, signer, spec) if is_old else der)


def _of_old(der: bytes, signer: Any, spec: Spec) -> bytes:
    """Of version 1, or signed with SHA-1: the library makes no such certificates any more."""
    found = asn1.Certificate.load(der)
    body = found["tbs_certificate"]
    digest = hashes.SHA1() if spec.digest == "SHA1" else hashes.SHA256()  # noqa: S303
    body["signature"] = found["signature_algorithm"] = {"algorithm": f"{digest.name}_ecdsa"}
    if spec.is_v1:
        body["version"] = "v1"
        body["extensions"] = None
    found["signature_value"] = signer.sign(body.dump(force=True), ec.ECDSA(digest))
    return bytes(found.dump(force=True))


def chain(*specs: Spec) -> list[Made]:
    """The first is the root; each signs the next. In the order in which a server sends them: the last one first."""
    made: list[Made] = []
    for spec in specs:
        made.insert(0, make(spec, made[0] if made else None))
    return made


def ders(made: Sequence[Made]) -> tuple[bytes, ...]:
    return tuple(one.der for one in made)


def _name(spec: Spec) -> x509.Name:
    mailbox = [x509.NameAttribute(NameOID.EMAIL_ADDRESS, spec.mailbox)] if spec.mailbox else []
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, spec.name), *mailbox])


def entry(text: str) -> x509.GeneralName:
    """``10.0.0.1`` or ``10.0.0.0/8``, ``sip:example.com``, ``CN=...`` for a directory name, ``a@b``, or a host name."""
    if "/" in text:
        return x509.IPAddress(ip_network(text))
    if ":" in text:
        return x509.UniformResourceIdentifier(text)
    if "=" in text:
        return x509.DirectoryName(x509.Name.from_rfc4514_string(text))
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _extensions(spec: Spec, own: Any, issuer: Made | None) -> Iterator[tuple[Any, bool]]:
    if spec.ca is not None:
        yield x509.BasicConstraints(spec.ca, spec.path_length if spec.ca else None), True
    if spec.usages is not None:
        yield x509.KeyUsage(**{bit: bit in spec.usages for bit in _BITS}), True
    if spec.purposes is not None:
        yield x509.ExtendedKeyUsage(spec.purposes), False
    if spec.alternatives is not None:
        yield x509.SubjectAlternativeName([entry(text) for text in spec.alternatives]), False
    if spec.permitted or spec.excluded:
        permitted, excluded = ([entry(text) for text in texts] or None for texts in (spec.permitted, spec.excluded))
        yield x509.NameConstraints(permitted, excluded), True
    if spec.unknown:
        yield UNKNOWN, True
    if spec.identifiers:
        yield x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False
        yield _authority(spec, own, issuer), False
    yield from ((extension, False) for extension in spec.usual)
    yield from ((extension, True) for extension in spec.critical)


def _authority(spec: Spec, own: Any, issuer: Made | None) -> x509.AuthorityKeyIdentifier:
    if spec.identifiers == "serial":
        above = issuer.certificate if issuer else None
        name, serial = (above.issuer, above.serial_number) if above else (_name(spec), spec.serial)
        return x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(name)], serial)
    signer = key("a stranger") if spec.identifiers == "wrong" else issuer.key if issuer else own
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())


@contextmanager
def old_things() -> Iterator[None]:
    """The library warns of what it will read no longer; pytest makes errors of warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield
