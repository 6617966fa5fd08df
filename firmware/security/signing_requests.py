"""Certificate signing requests: PKCS#10 (RFC 2986) made and read.

What comes in is decoded twice. asn1crypto reads what clients really send – strongSwan's attributes are not in DER's
order – and the signature is checked over those very bytes. Then the same values, put in order, go through the strict
decoder of ``cryptography``, so that nothing but well-formed names comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeVar

from asn1crypto import csr as asn1
from asn1crypto import pem as armour
from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AttributeOID

from firmware.security.importing import LARGEST_RSA, SMALLEST_RSA, NotAccepted
from firmware.security.keys import KeyPair
from firmware.security.profiles import Subject
from firmware.security.reading import ATTRIBUTES

LARGEST_REQUEST = 64 * 1024  # assumed: some thousand alternative names
_SHORT_NAMES = {oid: name for name, oid in ATTRIBUTES.items()}
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)

# The decoders raise what Python raises at what they did not expect; all of it means the same: it cannot be read.
UNDECODABLE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, UserWarning,
    InternalError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType,
)  # fmt: skip

Entry = x509.DNSName | x509.IPAddress | x509.RFC822Name | x509.UniformResourceIdentifier
_KINDS = {x509.DNSName: "DNS", x509.IPAddress: "IP", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "URI"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose signature holds. ``names`` are (kind, text), the kinds being DNS, IP, email and URI.

    ``public`` is SubjectPublicKeyInfo, ``subject`` in the encoded order, attributes without a short name as their
    object identifier. ``der`` is the request as it came.
    """

    der: bytes
    public: bytes
    subject: Subject
    names: tuple[tuple[str, str], ...]
    challenge: str

    def __repr__(self) -> str:
        return f"Request({self.title!r})"  # the challenge is a password

    @property
    def title(self) -> str:
        """The subject as :func:`firmware.security.reading.describe` writes it."""
        return ", ".join(f"{kind}={text}" for kind, text in self.subject)

    @property
    def dns(self) -> tuple[str, ...]:
        return tuple(text for kind, text in self.names if kind == "DNS")

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(text for kind, text in self.names if kind == "IP")


def make(
    key: KeyPair, subject: Subject, dns: tuple[str, ...] = (), addresses: tuple[str, ...] = (), challenge: str = ""
) -> bytes:
    """A request (DER). The same arguments give the same bytes: PKCS#1 v1.5 by nature, ECDSA by RFC 6979."""
    builder = x509.CertificateSigningRequestBuilder(name_of(subject))
    names = (*(("DNS", name) for name in dns), *(("IP", address) for address in addresses))
    if names:
        builder = builder.add_extension(alternative_names_of(names), critical=False)
    if challenge:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge.encode())
    private = key.private
    if isinstance(private, ec.EllipticCurvePrivateKey):
        signed = builder.sign(private, hashes.SHA256(), ecdsa_deterministic=True)
    else:
        signed = builder.sign(private, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def name_of(subject: Subject) -> x509.Name:
    """Short names, or object identifiers, as an X.509 name. ValueError when a text does not fit its attribute."""
    return x509.Name([x509.NameAttribute(ATTRIBUTES.get(k) or x509.ObjectIdentifier(k), text) for k, text in subject])


def alternative_names_of(names: tuple[tuple[str, str], ...]) -> x509.SubjectAlternativeName:
    makers: dict[str, Callable[[str], Entry]] = {
        "DNS": x509.DNSName,
        "IP": lambda text: x509.IPAddress(ip_address(text)),
        "email": x509.RFC822Name,
        "URI": x509.UniformResourceIdentifier,
    }
    return x509.SubjectAlternativeName([makers[kind](text) for kind, text in names])


def read(data: bytes, what: str = "request") -> Request:
    """A request in PEM or DER. NotAccepted says in a sentence why it is none, or none to sign."""
    if len(data) > LARGEST_REQUEST:
        raise NotAccepted(f"the {what} has {len(data)} bytes; {LARGEST_REQUEST} is the most")
    der = _unarmoured(data, what)
    signed, ordered = _decode(lambda: _reordered(der), f"the {what} is no PKCS#10, or it is damaged")
    request = _decode(lambda: x509.load_der_x509_csr(ordered), f"the {what} is no PKCS#10, or it is damaged")
    public = _decode(request.public_key, f"the public key in the {what} cannot be read")
    _require_key(public, what)
    _require_signature(request, public, signed, what)
    subject = _decode(lambda: subject_of(request.subject), f"the subject in the {what} cannot be read")
    names = _names(request, what)
    if not subject and not names:
        raise NotAccepted(f"the {what} names nobody: it has neither a subject nor alternative names")
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Request(der, spki, subject, names, _challenge(request, what))


def _decode(decode: Callable[[], T], refusal: str) -> T:
    try:
        return decode()
    except UNDECODABLE:
        raise NotAccepted(refusal) from None


def _unarmoured(data: bytes, what: str) -> bytes:
    if data[:1] == b"\x30":
        return data
    label, _, der = _decode(lambda: armour.unarmor(data), f"the {what} is neither PEM nor DER")
    if label not in ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"):
        raise NotAccepted(f"the {what} is a PEM file of another kind: {label}")
    return bytes(der)


def _reordered(der: bytes) -> tuple[bytes, bytes]:
    """(what was signed, as it came; the whole request with its attributes in DER's order: X.690, 11.6)."""
    request = asn1.CertificationRequest.load(der, strict=True)
    signed: bytes = request["certification_request_info"].dump()
    attributes = request["certification_request_info"]["attributes"]
    ordered = b"".join(sorted(attribute.dump() for attribute in attributes)) if attributes else b""
    # They are the last of what is signed, and as long in any order.
    return signed, der.replace(signed, signed[: len(signed) - len(ordered)] + ordered, 1)


def _require_key(public: object, what: str) -> None:
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < SMALLEST_RSA:
            raise NotAccepted(f"the RSA key in the {what} has {public.key_size} bits; {SMALLEST_RSA} is the least")
        if public.key_size > LARGEST_RSA:
            raise NotAccepted(f"the RSA key in the {what} has {public.key_size} bits; {LARGEST_RSA} is the most")
    elif not isinstance(public, ec.EllipticCurvePublicKey):
        raise NotAccepted(f"the key in the {what} is neither RSA nor elliptic-curve")
    elif not isinstance(public.curve, _CURVES):
        raise NotAccepted(f"the key in the {what} is on the curve {public.curve.name}; P-256, P-384 and P-521 serve")


def _require_signature(request: x509.CertificateSigningRequest, public: object, signed: bytes, what: str) -> None:
    try:
        digest = request.signature_hash_algorithm
        parameters = request.signature_algorithm_parameters
    except (ValueError, UnsupportedAlgorithm):
        digest = parameters = None
    if not isinstance(digest, _DIGESTS):
        raise NotAccepted(f"the {what} is signed with an algorithm that does not serve: SHA-256, 384 and 512 do")
    try:
        if isinstance(public, rsa.RSAPublicKey) and isinstance(parameters, padding.PKCS1v15 | padding.PSS):
            return public.verify(request.signature, signed, parameters, digest)
        if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
            return public.verify(request.signature, signed, parameters)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        pass
    raise NotAccepted(f"the {what} is not signed with the key in it")


def subject_of(name: x509.Name) -> Subject:
    """The inverse of :func:`name_of`. ValueError for what cannot be written again: that is not signed."""
    subject = tuple((_SHORT_NAMES.get(part.oid, part.oid.dotted_string), part.value) for part in name)
    texts = tuple((kind, text) for kind, text in subject if isinstance(text, str))
    if texts != subject:
        raise ValueError("an attribute is no text")
    name_of(texts)
    return texts


def _names(request: x509.CertificateSigningRequest, what: str) -> tuple[tuple[str, str], ...]:
    refusal = f"the extensions that the {what} asks for cannot be read"
    extensions = _decode(lambda: request.extensions, refusal)
    try:
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    if any(type(entry) not in _KINDS for entry in found):
        raise NotAccepted(f"an alternative name in the {what} is neither DNS, IP, email nor URI")
    if any(not isinstance(entry.value, str | IPv4Address | IPv6Address) for entry in found):
        raise NotAccepted(f"an alternative name in the {what} is a network, not an address")
    names = tuple((kind, str(entry.value)) for entry in found for of, kind in _KINDS.items() if type(entry) is of)
    _decode(lambda: alternative_names_of(names), refusal)
    return names


def _challenge(request: x509.CertificateSigningRequest, what: str) -> str:
    """The challenge password (RFC 2985, 5.4.1); empty when there is none."""
    refusal = f"the attributes of the {what} cannot be read"
    attributes = _decode(lambda: request.attributes, refusal)
    try:
        found = attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD)
    except x509.AttributeNotFound:
        return ""
    return _decode(lambda: found.value.decode(), refusal)
