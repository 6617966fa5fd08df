"""A CA outside the units: a root with any number of intermediates, made from a seed and a name.

Pure: the same CA, asked for its n-th certificate at the same time, makes the same bytes. Who counts is its owner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from firmware.device.entropy import Entropy
from firmware.memo import memoise
from firmware.peers.profiles import THIRD_PARTY, AuthorityProfile, PeerProfile
from firmware.security import signing_requests
from firmware.security.certificates import Identity, Signer
from firmware.security.importing import LONGEST_CHAIN
from firmware.security.keys import KeyPair, derive
from firmware.security.profiles import Subject
from firmware.security.reading import dates, load
from firmware.security.signing_requests import Request
from firmware.times import DAY, LATEST, SECOND, parse_time, show_time, to_datetime

MADE = parse_time("2000-01-02")  # assumed: a CA is there before any unit; its certificate begins the day before
SERIAL_BITS = 127  # 16 bytes (assumed), the top bit clear (RFC 5280, 4.1.2.2)
MOST_ISSUED = 2**40
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class NotSigned(ValueError):
    """Why a CA does not sign, in a sentence."""


@dataclass(frozen=True, slots=True)
class PeerAuthority:
    """A CA, the issuing key and certificate first, its root last. ``entropy`` is its seed and its name."""

    entropy: Entropy
    profile: AuthorityProfile
    signers: tuple[Signer, ...]

    @property
    def signer(self) -> Signer:
        """Who issues."""
        return self.signers[0]

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The CA's certificates, the issuing one first, the root last."""
        return tuple(signer.der for signer in self.signers)

    @property
    def root(self) -> bytes:
        """What its clients put into their store."""
        return self.signers[-1].der


@memoise(64)
def establish(
    name: str,
    seed: int,
    profile: AuthorityProfile = THIRD_PARTY,
    intermediates: int = 0,
    made: int = MADE,
    renewals: int = 0,
) -> PeerAuthority:
    """The CA of this seed and name. ``renewals`` gives its certificates again over the same keys, dated ``made``."""
    if not 0 <= intermediates < LONGEST_CHAIN - 1:
        raise ValueError(f"a CA of {intermediates} intermediates; {LONGEST_CHAIN - 2} are the most")
    entropy = Entropy(seed, name)
    signers: tuple[Signer, ...] = ()
    for level in range(intermediates + 1):
        kind = profile.intermediate if level else profile.root
        assert kind.subject is not None  # a CA names itself
        subject = tuple((part, text.format(name=name, level=level)) for part, text in kind.subject.value)
        key = derive(entropy, "peer authority", level)
        begins = (made - kind.backdate.value) // SECOND * SECOND
        ends = begins + kind.lifetime.value * DAY
        serial = _serial(entropy, "authority", level << 32 | renewals)
        by = signers[0].key if signers else key
        der = _certificate(kind, subject, (), key.public_der, signers[:1], by, serial, (begins, ends))
        signers = (Signer(key, der), *signers)
    return PeerAuthority(entropy, profile, signers)


def sign(
    authority: PeerAuthority,
    request: Request,
    number: int,
    now: int,
    days: int | None = None,
    names: tuple[tuple[str, str], ...] | None = None,
) -> tuple[bytes, ...]:
    """The ``number``-th certificate that this CA issues, with the CA's own, the root last.

    Subject and names are the request's; ``names`` are what the CA makes of them. Nothing outlives its issuer (assumed).
    """
    if not 0 < number < MOST_ISSUED:
        raise NotSigned("the CA has no serial number left")
    kind = authority.profile.issued
    begins = (now - kind.backdate.value) // SECOND * SECOND
    since, until = dates(authority.signer.der)
    if not since <= now < until:
        raise NotSigned(
            f"the CA's certificate is not in date: it is valid from {show_time(since)} to {show_time(until)}"
        )
    ends = min(begins + (kind.lifetime.value if days is None else days) * DAY, until)
    if ends <= begins:
        raise NotSigned("a certificate of no lifetime")
    wanted = request.names if names is None else names
    serial = _serial(authority.entropy, "issued", number)
    der = _certificate(
        kind, request.subject, wanted, request.public, authority.signers[:1], authority.signer.key, serial,
        (max(begins, since), ends),
    )  # fmt: skip
    return der, *authority.chain


def identity(
    authority: PeerAuthority,
    subject: Subject,
    names: tuple[tuple[str, str], ...],
    number: int,
    now: int,
    days: int | None = None,
) -> Identity:
    """A ready identity, the key made by the CA: what an administrator gets as a file."""
    key = derive(authority.entropy, "peer identity", number)
    request = signing_requests.read(signing_requests.make(key, subject))
    return Identity(key, sign(authority, replace(request, names=names), number, now, days))


def p12(made: Identity, password: str, label: str = "identity") -> bytes:
    """An identity as PKCS#12 with its chain. Salt and IV are OpenSSL's chance."""
    locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    own, *others = (load(der) for der in made.chain)
    return pkcs12.serialize_key_and_certificates(label.encode(), made.key.private, own, others, locked)


def cross_sign(by: PeerAuthority, other: PeerAuthority, number: int) -> bytes:
    """The other CA's issuing name and key, under this one: a path for those who know this root only. Its dates are
    the overlap of both."""
    (since, until), (begins, ends) = dates(by.signer.der), dates(other.signer.der)
    own = load(other.signer.der)
    kind = other.profile.intermediate
    subject = signing_requests.subject_of(own.subject)
    serial = _serial(by.entropy, "issued", number)
    span = (max(since, begins), min(until, ends))
    return _certificate(kind, subject, (), other.signer.key.public_der, by.signers[:1], by.signer.key, serial, span)


def _serial(entropy: Entropy, purpose: str, number: int) -> int:
    return entropy.drbg(f"peer serial/{purpose}", number).integer(SERIAL_BITS) or 1


@memoise(1024)
def _certificate(
    kind: PeerProfile,
    subject: Subject,
    names: tuple[tuple[str, str], ...],
    public_der: bytes,
    issuer: tuple[Signer, ...],
    key: KeyPair,
    serial: int,
    span: tuple[int, int],
) -> bytes:
    """A certificate over ``public_der`` signed with ``key``, which is the issuer's or, with no issuer, its own."""
    public = serialization.load_der_public_key(public_der)
    assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)  # a request is over no other
    own = signing_requests.name_of(subject)
    builder = x509.CertificateBuilder(
        issuer_name=load(issuer[0].der).subject if issuer else own,
        subject_name=own,
        public_key=public,
        serial_number=serial,
        not_valid_before=to_datetime(span[0]),
        not_valid_after=to_datetime(min(span[1], LATEST)),
    )
    for extension, critical in _extensions(kind, names, public, issuer, bool(subject)):
        builder = builder.add_extension(extension, critical)
    private = key.private
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _extensions(
    kind: PeerProfile,
    names: tuple[tuple[str, str], ...],
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: tuple[Signer, ...],
    named: bool,
) -> list[tuple[x509.ExtensionType, bool]]:
    """The names are critical where there is no subject (RFC 5280, 4.2.1.6)."""
    rows: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(kind.ca.value, None), True)]
    usages = {usage: usage in kind.usages.value for usage in _USAGES}
    rows.append((x509.KeyUsage(**usages), True))
    if purposes := kind.purposes.value:
        rows.append((x509.ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, one) for one in purposes]), False))
    if names:
        rows.append((signing_requests.alternative_names_of(names), not named))
    rows.append((x509.SubjectKeyIdentifier.from_public_key(public), False))
    if issuer:
        identifier = load(issuer[0].der).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        rows.append((x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False))
    return rows
