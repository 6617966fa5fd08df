"""The client of an enrolment by SCEP (RFC 8894): it asks for its identity, polls, reads the answer, renews."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from firmware.memo import memoise
from firmware.security import cms, signing_requests
from firmware.security.certificates import Identity, Signer
from firmware.security.cms import FAIL_TEXT, SIGNING_TIME, Attribute, NotUnderstood, Signed
from firmware.security.importing import LONGEST_CHAIN
from firmware.security.keys import KeyPair
from firmware.security.reading import public_key_of
from firmware.security.scep import (
    CA_CERTIFICATE,
    CA_CERTIFICATES,
    FAIL_INFO,
    MESSAGE_TYPE,
    RECIPIENT_NONCE,
    SENDER_NONCE,
    STATUS,
    TRANSACTION,
    Fault,
    Kind,
    Status,
    issued_by,
)
from firmware.times import LATEST, to_datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """The identity certificate, then each one's issuer as far as they are known (DER)."""

    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """A person has yet to approve: poll later."""


@dataclass(frozen=True, slots=True)
class Refused:
    """``reason`` as the RFC names it, and what the CA says of it."""

    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """The client's side: all that must be known from the question to the answer, and everything follows from it.

    ``request`` is PKCS#10 over ``key``, ``authority`` what the CA gave of itself and somebody has checked (RFC 8894,
    2.2), ``present`` the identity to renew. Made again after a loss of power it is the same transaction.
    """

    key: KeyPair
    request: bytes
    authority: tuple[bytes, ...]
    present: Identity | None = None

    @property
    def id(self) -> str:
        """The request's digest, so that the CA knows a question that it has answered (RFC 8894, 3.2.1.1)."""
        renewed = self.present.der if self.present else b""
        return hashlib.sha256(self.request + renewed).hexdigest()[:40].upper()

    @property
    def signer(self) -> Signer:
        """Who signs the question and opens the answer: the identity to renew, else a certificate made for this."""
        if self.present:
            return Signer(self.present.key, self.present.der)
        return Signer(self.key, _temporary(self.key, self.request))


@memoise(256)
def _temporary(key: KeyPair, request: bytes) -> bytes:
    """The self-signed certificate of a client that has none yet (RFC 8894, 2.3); it never depends on the clock."""
    name = signing_requests.name_of(signing_requests.read(request).subject)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.private.public_key(),
        serial_number=int.from_bytes(hashlib.sha256(request).digest()[:16], "big") | 1,
        not_valid_before=to_datetime(0),
        not_valid_after=to_datetime(LATEST),
    )
    return builder.sign(key.private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def read_authority(content_type: str, body: bytes) -> tuple[bytes, ...]:
    """What GetCACert answers: the CA's certificate, or several (RFC 8894, 4.2.1)."""
    if len(body) > cms.LARGEST_MESSAGE:
        raise NotUnderstood(f"the answer has {len(body)} bytes; {cms.LARGEST_MESSAGE} is the most")
    if content_type == CA_CERTIFICATE:
        cms.certificate(body)
        return (body,)
    if content_type != CA_CERTIFICATES:
        raise NotUnderstood("the answer is of a type that holds no CA certificates")
    return cms.read_certificates(body)


def read_capabilities(body: bytes) -> frozenset[str]:
    """What GetCACaps answers, a word a line; what is no word is none (RFC 8894, 3.5.2)."""
    words = body[: cms.LARGEST_MESSAGE].decode("ascii", "replace").split("\n")
    return frozenset(word.strip() for word in words if word.strip())


def request(transaction: Transaction, nonce: bytes, clock: int | None) -> bytes:
    """Ask for a certificate, or with an identity to renew for the next one; ``clock`` None: not set, says nothing."""
    kind = Kind.RENEWAL if transaction.present else Kind.REQUEST
    return _ask(transaction, kind, transaction.request, nonce, clock)


def poll(transaction: Transaction, nonce: bytes, clock: int | None) -> bytes:
    """Ask whether a pending certificate has been issued (RFC 8894, 3.3.3)."""
    issuer = asn1.Certificate.load(_recipient(transaction.authority)).subject
    subject = asn1.Certificate.load(transaction.signer.der).subject
    names = core.SequenceOf([issuer, subject], spec=asn1.Name).dump()
    return _ask(transaction, Kind.POLL, names, nonce, clock)


def _ask(transaction: Transaction, kind: Kind, content: bytes, nonce: bytes, clock: int | None) -> bytes:
    attributes: dict[str, Attribute] = {
        MESSAGE_TYPE: kind.value,
        TRANSACTION: transaction.id,
        SENDER_NONCE: nonce,
    }
    if clock is not None:
        attributes[SIGNING_TIME] = clock
    return cms.sign(cms.envelope(content, _recipient(transaction.authority)), attributes, transaction.signer)


def _recipient(authority: tuple[bytes, ...]) -> bytes:
    """Whom the request is for: a registration authority when there is one, else the CA that issued none of the rest."""
    others = [(der, [other for other in authority if other != der]) for der in authority]
    for der, rest in others:
        if not any(issued_by(other, der) for other in rest) and _may_receive(der):
            return der
    raise NotUnderstood("none of the CA's certificates is for encrypting to it")


def _may_receive(der: bytes) -> bool:
    extensions = cms.certificate(der).extensions
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment
    except x509.ExtensionNotFound:
        return True


def read_answer(transaction: Transaction, nonce: bytes, data: bytes) -> Issued | Pending | Refused:
    """What the CA says to the message that was sent with ``nonce``. NotUnderstood when it is not its answer to it."""
    signed = cms.read_signed(data)
    if signed.signer not in transaction.authority:
        raise NotUnderstood("the answer is signed by another than the CA that was asked")
    if signed.attributes.get(MESSAGE_TYPE) != Kind.ANSWER.value:
        raise NotUnderstood("the message is no answer")
    if signed.attributes.get(TRANSACTION) != transaction.id:
        raise NotUnderstood("the answer is of another transaction")
    if signed.attributes.get(RECIPIENT_NONCE) != nonce:
        raise NotUnderstood("the answer is to another message: its nonce is not the one sent")
    status = signed.attributes.get(STATUS)
    if status == Status.PENDING.value:
        return Pending()
    if status == Status.FAILURE.value:
        return _refused(signed)
    if status != Status.SUCCESS.value:
        raise NotUnderstood("the answer has a status that is none")
    certificates = cms.read_certificates(cms.open_envelope(signed.content, transaction.signer))
    return Issued(_chain(transaction, certificates))


def _refused(signed: Signed) -> Refused:
    known = {fault.value: fault.name for fault in Fault}
    reason = known.get(str(signed.attributes.get(FAIL_INFO)), "")
    if not reason:
        raise NotUnderstood("the answer is a refusal without a reason")
    return Refused(reason, str(signed.attributes.get(FAIL_TEXT, "")))


def _chain(transaction: Transaction, certificates: tuple[bytes, ...]) -> tuple[bytes, ...]:
    own = next((der for der in certificates if public_key_of(der) == transaction.key.public_der), None)
    if own is None:
        raise NotUnderstood("the answer holds no certificate over the key that was sent")
    chain = [own]
    known = dict.fromkeys((*certificates, *transaction.authority))
    while len(chain) < LONGEST_CHAIN:
        issuer = next((der for der in known if der not in chain and issued_by(chain[-1], der)), None)
        if issuer is None:
            break
        chain.append(issuer)
    if not set(chain[1:]) & set(transaction.authority):
        raise NotUnderstood("the certificate in the answer is issued by another CA than the one that was asked")
    return tuple(chain)
