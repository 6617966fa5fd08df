"""A certificate beside the profile that it is compared with, what a comparison says, how the parts are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from firmware.basis import Basis, Fact, assumed, documented
from firmware.release import Release
from firmware.security.profiles import BARE_SELF_SIGNED, CA_ISSUED, IP500V2_SELF_SIGNED, ROOT_CA, Profile
from firmware.security.reading import ATTRIBUTES

_NAMES = {oid: name for name, oid in ATTRIBUTES.items()} | {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
}
# What the vendor's page for a kind of certificate says of its form (certificates.md 2.1 to 2.3).
_PAGES = {
    IP500V2_SELF_SIGNED.name: "A",
    ROOT_CA.name: "B",
    CA_ISSUED.name: "B",
    BARE_SELF_SIGNED.name: "C",
}
_NOT_VISIBLE = {(CA_ISSUED.name, "signature_algorithm")}

LONGEST_SHOWN = 1000  # characters


@dataclass(frozen=True)
class Case:
    """``others`` came with the certificate; ``root`` is the profile of the root that issues this kind, None where it is
    self-signed; ``now`` is the time in ms of who asks."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    profile: Profile
    release: Release
    root: Profile | None
    now: int

    @cached_property
    def issuer(self) -> x509.Certificate | None:
        """Of those that bear the issuer's name the one that signed, or else the first."""
        named = [other for other in self.others if other.subject == self.certificate.issuer]
        return next((other for other in named if is_signed_by(self.certificate, other)), named[0] if named else None)

    def facts(self) -> dict[str, Fact[Any]]:
        """Everything that is to be compared: the profile's fields, and what every certificate of its kind has."""
        return {
            **self._form(),
            **dict(self.profile.facts()),
            "lifetime": self._lifetime(),
            "further_extensions": assumed((), "none is listed"),
        }

    def _form(self) -> dict[str, Fact[Any]]:
        values: dict[str, Any] = {
            "version": "v3",
            "signature_algorithm": "sha256WithRSAEncryption",
            "issuer": "the subject" if self.root is None else "the root CA",
            "signature": "valid, by its own key" if self.root is None else "valid, by the issuer's key",
            **({} if self.root is None else {"serial_after_root": 1}),
        }
        name = self.profile.name
        is_shown = {field: name in _PAGES and (name, field) not in _NOT_VISIBLE for field in values}
        return {
            field: documented(value, _PAGES[name]) if is_shown[field] else assumed(value, "as A")
            for field, value in values.items()
        }

    def _lifetime(self) -> Fact[int]:
        """The release's figure is of page A, an IP500 V2's; that it holds for the others is assumed (2.2, 2.3)."""
        if self.profile.lifetime is not None:
            return self.profile.lifetime
        figure = self.release.lifetime
        is_of_another_page = figure.basis is Basis.DOCUMENTED and figure.source != _PAGES.get(self.profile.name)
        return assumed(figure.value, f"as {figure.source}") if is_of_another_page else figure


class Seen(NamedTuple):
    """``fits`` None: a certificate cannot show it. Not ``certain``: a difference is one from our reading at most."""

    expected: str
    found: str
    fits: bool | None
    certain: bool = True


Comparison = Callable[[Case, Fact[Any]], Seen]


def equal(expected: str, found: str) -> Seen:
    return Seen(expected, found, expected == found)


def extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.Extension[Any] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def short_name(oid: x509.ObjectIdentifier) -> str:
    """The documents' name of it, the library's, or the number."""
    named = _NAMES.get(oid, oid._name)
    return oid.dotted_string if named == "Unknown OID" else named


def printable(text: str) -> str:
    """A stranger's certificate may hold anything; what is shown of it is a line of text, and no endless one."""
    cut = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)


def distinguished(name: x509.Name) -> str:
    """In the order of the encoding."""
    return ", ".join(f"{short_name(part.oid)}={part.value!s}" for part in name) or "empty"


def is_signed_by(certificate: x509.Certificate, signer: x509.Certificate) -> bool:
    """Whether the signer's key made the signature; names do not count."""
    key, scheme = signer.public_key(), None
    signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        scheme = certificate.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey) and isinstance(scheme, padding.PKCS1v15 | padding.PSS):
            assert certificate.signature_hash_algorithm
            key.verify(*signed, scheme, certificate.signature_hash_algorithm)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(scheme, ec.ECDSA):
            key.verify(*signed, scheme)
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False
