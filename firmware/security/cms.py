"""Cryptographic messages (CMS, RFC 5652) as SCEP needs them: one signer, one recipient, certificates alone.

Envelopes and bags of certificates are the work of ``cryptography``; it cannot write signed attributes of one's own,
so a signed message is put together, and taken apart, with asn1crypto.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from firmware.errors import Damaged
from firmware.security.certificates import Signer
from firmware.security.importing import LARGEST_RSA
from firmware.security.reading import load
from firmware.security.signing_requests import UNDECODABLE
from firmware.times import SECOND, from_datetime, to_datetime

LARGEST_MESSAGE = 64 * 1024  # assumed: a request of some kilobytes in two wrappers, and room to spare
MOST_CERTIFICATES = 8
SIGNING_TIME = "signing_time"
FAIL_TEXT = "1.3.6.1.5.5.7.24.1"  # failInfoText (RFC 8894, 3.2.1.5)
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CIPHERS = {"2.16.840.1.101.3.4.1.2": "AES-128-CBC", "2.16.840.1.101.3.4.1.42": "AES-256-CBC"}
_KEY_TRANSPORT = "1.2.840.113549.1.1.1"  # rsaEncryption, PKCS#1 v1.5 (RFC 3370, 4.2.1)

Attribute = str | bytes | int  # a string, an OCTET STRING; the signing time in ms
T = TypeVar("T")


class NotUnderstood(ValueError):
    """Why a message is none, in a sentence. ``attributes`` are what it says of itself, as far as that can be read and
    must not be believed: a refusal is addressed by them."""

    attributes: dict[str, Attribute] | None = None


class Forged(NotUnderstood):
    """The message was changed on its way, or is signed with another key than it says."""


class Unsupported(NotUnderstood):
    """The message uses an algorithm that is not offered."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed message that holds: its content (empty when absent), its signed attributes by name or object
    identifier, who signed it (DER), and every certificate it came with."""

    content: bytes
    attributes: dict[str, Attribute]
    signer: bytes
    certificates: tuple[bytes, ...]


def decode(action: Callable[[], T], refusal: str) -> T:
    """What an action on bytes from outside gives; NotUnderstood with this sentence when they are no good."""
    try:
        return action()
    except NotUnderstood:
        raise
    except (*UNDECODABLE, Damaged):
        raise NotUnderstood(refusal) from None


def certificate(der: bytes) -> x509.Certificate:
    """NotUnderstood when it is none."""
    return decode(lambda: load(der), "a certificate in the message cannot be read")


def rsa_key_of(der: bytes) -> rsa.RSAPublicKey:
    """SCEP transports keys by RSA alone (RFC 8894, 3.1). Unsupported for a certificate over another key."""
    public = certificate(der).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise Unsupported("the certificate is over a key that is not RSA: nothing can be encrypted to it")
    if public.key_size > LARGEST_RSA:
        raise Unsupported(f"the certificate's RSA key has {public.key_size} bits; {LARGEST_RSA} is the most")
    return public


# Certificates alone


def certificates_only(chain: tuple[bytes, ...]) -> bytes:
    """A degenerate signed message: certificates and nothing signed (RFC 8894, 3.4)."""
    return pkcs7.serialize_certificates([certificate(der) for der in chain], Encoding.DER)


def read_certificates(data: bytes) -> tuple[bytes, ...]:
    """The certificates of a degenerate signed message, in its order."""
    refusal = "what should hold certificates cannot be read"
    found = decode(lambda: pkcs7.load_der_pkcs7_certificates(data), refusal)
    if len(found) > MOST_CERTIFICATES:
        raise NotUnderstood(f"the message holds {len(found)} certificates; {MOST_CERTIFICATES} is the most")
    ders = tuple(entry.public_bytes(Encoding.DER) for entry in found)
    for der in ders:
        certificate(der)
    return ders


# Envelopes


def envelope(content: bytes, recipient: bytes) -> bytes:
    """Encrypted to a certificate: AES-128-CBC under a key that RSA transports. Its bytes are OpenSSL's chance."""
    rsa_key_of(recipient)
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(certificate(recipient))
    sealed = builder.set_content_encryption_algorithm(algorithms.AES128)
    return sealed.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def open_envelope(data: bytes, recipient: Signer) -> bytes:
    """Unsupported for another algorithm; NotUnderstood when the envelope is another's, or damaged."""
    refusal = "the envelope is not for this recipient, or it is damaged"
    cipher, transports = decode(lambda: _algorithms(data), "the message holds no envelope")
    if cipher not in _CIPHERS or transports != [_KEY_TRANSPORT]:
        raise Unsupported("the envelope is not encrypted with AES-CBC for one RSA key")
    private = recipient.key.private
    if not isinstance(private, rsa.RSAPrivateKey):
        raise Unsupported("the recipient's key is not RSA")
    return decode(lambda: pkcs7.pkcs7_decrypt_der(data, certificate(recipient.der), private, []), refusal)


def _algorithms(data: bytes) -> tuple[str, list[str]]:
    body = cms.ContentInfo.load(data, strict=True)["content"]
    cipher = body["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"].dotted
    return cipher, [one.chosen["key_encryption_algorithm"]["algorithm"].dotted for one in body["recipient_infos"]]


# Signed messages


def sign(content: bytes, attributes: dict[str, Attribute], signer: Signer, others: tuple[bytes, ...] = ()) -> bytes:
    """A message (DER) over ``content`` – absent when empty – and signed attributes, with the signer's certificate."""
    private = signer.key.private
    if not isinstance(private, rsa.RSAPrivateKey):
        raise Unsupported("a message is signed with an RSA key only")
    own_attributes: dict[str, Attribute] = {
        "content_type": "data",
        "message_digest": hashlib.sha256(content).digest(),
    }
    signed = cms.CMSAttributes([_attribute(*row) for row in (own_attributes | attributes).items()])
    own = asn1.Certificate.load(signer.der)
    information = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": own.issuer, "serial_number": own.serial_number}
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": signed,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": private.sign(signed.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
    )
    body = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data"} | ({"content": content} if content else {}),
        "certificates": [asn1.Certificate.load(der) for der in (signer.der, *others)],
        "signer_infos": [information],
    }
    message: bytes = cms.ContentInfo({"content_type": "signed_data", "content": body}).dump()
    return message


_UTC_TIME_ENDS = from_datetime(datetime.fromisoformat("2050-01-01T00:00:00Z"))  # RFC 5652, 11.3


def _attribute(name: str, value: Attribute) -> Any:
    found: Any = value  # of a type that the attribute gives it
    if isinstance(value, int):
        kind = "utc_time" if value < _UTC_TIME_ENDS else "generalized_time"
        found = cms.Time({kind: to_datetime(value // SECOND * SECOND)})
    elif name == FAIL_TEXT:
        found = core.Any(core.UTF8String(value))
    elif name not in ("content_type", "message_digest"):
        found = core.Any(core.PrintableString(value) if isinstance(value, str) else core.OctetString(value))
    return cms.CMSAttribute({"type": name, "values": [found]})


def read_signed(data: bytes) -> Signed:
    """A message of one signer, checked with the certificate that it brings (RFC 5652, 5.4 and 5.6).

    Whose certificate that is, is for the caller to judge. Forged when digest or signature do not hold.
    """
    if len(data) > LARGEST_MESSAGE:
        raise NotUnderstood(f"the message has {len(data)} bytes; {LARGEST_MESSAGE} is the most")
    return decode(lambda: _read_signed(data), "the message is no signed data, or it is damaged")


def _read_signed(data: bytes) -> Signed:
    outer = cms.ContentInfo.load(data, strict=True)
    if outer["content_type"].native != "signed_data":
        raise NotUnderstood("the message is no signed data")
    body = outer["content"]
    if len(body["signer_infos"]) != 1:
        raise NotUnderstood("the message has not exactly one signer")
    if not 0 < len(body["certificates"]) <= MOST_CERTIFICATES:
        raise NotUnderstood(f"the message brings no certificate, or more than {MOST_CERTIFICATES}")
    (information,) = body["signer_infos"]
    content = body["encap_content_info"]["content"].native or b""
    if not isinstance(content, bytes):
        raise NotUnderstood("the content of the message is of another type")
    signer = _signer(information["sid"], [entry.chosen for entry in body["certificates"]])
    attributes = _attributes(information["signed_attrs"])
    try:
        _check(information, content, attributes, signer)
    except NotUnderstood as fault:
        fault.attributes = attributes
        raise
    return Signed(content, attributes, signer, tuple(entry.chosen.dump() for entry in body["certificates"]))


def _signer(identifier: Any, certificates: list[Any]) -> bytes:
    for entry in certificates:
        if identifier.name == "issuer_and_serial_number":
            wanted = identifier.chosen
            if entry.serial_number == wanted["serial_number"].native and entry.issuer == wanted["issuer"]:
                return bytes(entry.dump())
        elif entry.key_identifier == identifier.chosen.native:
            return bytes(entry.dump())
    raise NotUnderstood("the message does not bring its signer's certificate")


def _attributes(rows: Any) -> dict[str, Attribute]:
    """Attributes of one value, of the types that SCEP has; others are none of ours and left out."""
    found: dict[str, Attribute] = {}
    for row in rows:
        name = row["type"].native
        if name in found:
            raise NotUnderstood("a signed attribute appears twice")
        value = row["values"][0].native if len(row["values"]) == 1 else None
        if isinstance(value, datetime):
            value = from_datetime(value)
        if isinstance(value, str | bytes | int):
            found[name] = value
    return found


def _check(information: Any, content: bytes, attributes: dict[str, Attribute], signer: bytes) -> None:
    name = information["digest_algorithm"]["algorithm"].native
    if name not in _DIGESTS:
        raise Unsupported("the message is signed with an algorithm that does not serve: SHA-256, 384 and 512 do")
    if attributes.get("message_digest") != hashlib.new(name, content).digest():
        raise Forged("the digest of the message is not that of its content")
    if attributes.get("content_type") != "data":
        raise NotUnderstood("the content of the message is of another type")
    # As they came, but as the SET that was signed (RFC 5652, 5.4): strongSwan's are not in DER's order.
    signed = b"\x31" + information["signed_attrs"].dump()[1:]
    padded = _padding(information["signature_algorithm"], name)
    try:
        rsa_key_of(signer).verify(information["signature"].native, signed, padded, _DIGESTS[name])
    except (InvalidSignature, UnsupportedAlgorithm):
        raise Forged("the signature of the message does not hold") from None


def _padding(algorithm: algos.SignedDigestAlgorithm, digest: str) -> padding.PKCS1v15 | padding.PSS:
    kind = algorithm["algorithm"].native
    if kind in ("rsassa_pkcs1v15", f"{digest}_rsa"):
        return padding.PKCS1v15()
    if kind != "rsassa_pss":
        raise Unsupported("the message is not signed with RSA")
    if algorithm.hash_algo != digest or algorithm["parameters"]["mask_gen_algorithm"]["parameters"].native != {
        "algorithm": digest,
        "parameters": None,
    }:
        raise Unsupported("the message is signed with RSA-PSS over two different digests")
    return padding.PSS(padding.MGF1(_DIGESTS[digest]), algorithm["parameters"]["salt_length"].native)
