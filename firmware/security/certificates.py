"""Make certificates: profile + names + key + times -> DER. Pure, so the same arguments give the same bytes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPublicKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import Release
from firmware.security.keys import KeyPair, PrivateKey
from firmware.security.profiles import Profile
from firmware.security.reading import ATTRIBUTES, fingerprint, load, pem, public_key_of
from firmware.times import DAY, LATEST, SECOND, from_datetime, show_time, to_datetime

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


class Digest(str, Enum):
    """What a signature is made over."""

    SHA256 = "SHA-256"
    SHA384 = "SHA-384"
    SHA512 = "SHA-512"


_DIGESTS: dict[Digest, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    Digest.SHA256: hashes.SHA256(),
    Digest.SHA384: hashes.SHA384(),
    Digest.SHA512: hashes.SHA512(),
}
_NONE = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Names:
    """Who a certificate is for: the LAN1 MAC as 12 lower-case hex digits, the LAN addresses at creation, the host name.

    An IP500 V2 is named after its MAC and has no ``host``. ``fqdn`` and ``sip_domain`` are the SIP registrar's, where
    they are set; ``given`` the names and addresses that a certificate for another machine was asked with.
    """

    mac: str = ""
    lan1: IPv4Address = _NONE
    lan2: IPv4Address = _NONE
    host: str = ""
    fqdn: str = ""
    sip_domain: str = ""
    given: tuple[str, ...] = ()

    def entries(self, profile: Profile) -> list[tuple[str, str]]:
        """(word of the profile, text) of each entry of the SAN; names that are not set, or there already, give none."""
        common_name = self.fill(dict(profile.subject.value)["CN"])
        texts = {
            "cn": (common_name,), "uri": (common_name,), "lan1": (str(self.lan1),), "lan2": (str(self.lan2),),
            "fqdn": (self.fqdn,), "sip_domain": (self.sip_domain,), "given": self.given,
        }  # fmt: skip
        found: dict[str, str] = {}
        for word in profile.san.value:
            for text in texts[word]:
                found.setdefault(text, word)
        found.pop("", None)
        return [(word, text) for text, word in found.items()]

    def fill(self, text: str) -> str:
        """A text of a profile, the names in it filled in."""
        return text.format(mac=self.mac, host=self.host)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a CA's key, and its certificate as DER."""

    key: KeyPair
    der: bytes


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
        return b"".join(pem(der) for der in self.chain)

    def is_whole(self) -> bool:
        """Whether the key is the certificate's."""
        return public_key_of(self.der) == self.key.public_der


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
    days = (profile.lifetime or release.lifetime).value
    return not_before, min(not_before + days * DAY, LATEST)


@memoise(4096)
def serial(entropy: Entropy, profile: Profile, number: int) -> int:
    """A random positive integer of at most ``serial_bytes`` bytes; the top bit stays clear (RFC 5280, 4.1.2.2)."""
    drbg = entropy.drbg(f"serial/{profile.name}", number)
    return drbg.integer(8 * profile.serial_bytes.value - 1) or 1


def outline(
    profile: Profile, names: Names, serial_number: int, not_before: int, not_after: int
) -> dict[str, str | list[str]]:
    """What :func:`describe` will say of a certificate yet to be made, without its fingerprint; nothing is parsed."""
    subject = [(kind, names.fill(text)) for kind, text in profile.subject.value]
    return {
        "subject": ", ".join(f"{kind}={text}" for kind, text in subject),
        "serial": f"{serial_number:x}",
        "not_before": show_time(not_before),
        "not_after": show_time(not_after),
        "key": f"{profile.key.value.value} bit",
        "names": [text for _, text in names.entries(profile)],
    }


def self_signed(
    profile: Profile, names: Names, key: KeyPair, serial_number: int, not_before: int, not_after: int
) -> Identity:
    """A self-signed identity by its profile; times in ms, written with a precision of seconds."""
    return Identity(key, (issue(profile, names, key, None, serial_number, not_before, not_after),))


@memoise(4096)
def issue(
    profile: Profile,
    names: Names,
    key: KeyPair,
    signer: Signer | None,
    serial_number: int,
    not_before: int,
    not_after: int,
    digest: Digest = Digest.SHA256,
) -> bytes:
    """A certificate (DER) over ``key`` by its profile, signed by a CA or, with no ``signer``, by itself.

    Times in ms, written with a precision of seconds.
    """
    subject = x509.Name(
        [x509.NameAttribute(ATTRIBUTES[kind], names.fill(text)) for kind, text in profile.subject.value]
    )
    builder = x509.CertificateBuilder(
        issuer_name=load(signer.der).subject if signer else subject,
        subject_name=subject,
        public_key=key.private.public_key(),
        serial_number=serial_number,
        not_valid_before=to_datetime(not_before),
        not_valid_after=to_datetime(not_after),
    )
    for extension, critical in _extensions(profile, names, key, signer):
        builder = builder.add_extension(extension, critical)
    return _signed(builder, (signer.key if signer else key).private, digest).public_bytes(serialization.Encoding.DER)


def _signed(builder: x509.CertificateBuilder, private: PrivateKey, digest: Digest) -> x509.Certificate:
    """Damaged: the key is one that passes for a key, and cannot sign."""
    try:
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return builder.sign(private, _DIGESTS[digest], ecdsa_deterministic=True)
        return builder.sign(private, _DIGESTS[digest])
    except ValueError as error:
        raise Damaged(f"a stored key cannot sign: {error}") from None


def _extensions(
    profile: Profile, names: Names, key: KeyPair, signer: Signer | None
) -> list[tuple[x509.ExtensionType, bool]]:
    rows: list[tuple[x509.ExtensionType, bool]] = []
    if entries := names.entries(profile):
        rows.append((x509.SubjectAlternativeName([_entry(*entry) for entry in entries]), False))
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
        rows.append((_authority_key_identifier(signer, public), False))
    return rows


def _authority_key_identifier(signer: Signer | None, own: CertificateIssuerPublicKeyTypes) -> x509.ExtensionType:
    """The signer's SKI copied, as [B] has it; of its key when its certificate has none."""
    if signer is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(own)
    try:
        identifier = load(signer.der).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.private.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _entry(word: str, text: str) -> x509.GeneralName:
    if word == "uri":
        return x509.UniformResourceIdentifier(text)
    return x509.IPAddress(IPv4Address(text)) if is_address(text) else x509.DNSName(text)


def is_address(name: str) -> bool:
    """Whether an alternative name is an IPv4 address, else it is a DNS name."""
    with suppress(ValueError):
        return bool(IPv4Address(name))
    return False


def _key_usage(usages: tuple[str, ...]) -> x509.KeyUsage:
    wanted = {_USAGES[usage] for usage in usages}
    bits = {name: name in wanted for name in _USAGES.values()}
    return x509.KeyUsage(**bits, encipher_only=False, decipher_only=False)
