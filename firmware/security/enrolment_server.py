"""The CA of an enrolment by SCEP (RFC 8894): it reads a message and answers it; what it decides is for its owner."""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import core
from asn1crypto import x509 as asn1

from firmware.security import cms, signing_requests
from firmware.security.certificates import Signer
from firmware.security.cms import FAIL_TEXT, SIGNING_TIME, Attribute, NotUnderstood, Unsupported
from firmware.security.importing import NotAccepted
from firmware.security.reading import public_key_of
from firmware.security.scep import (
    FAIL_INFO,
    LONGEST_TRANSACTION,
    MESSAGE_TYPE,
    NONCE_SIZE,
    RECIPIENT_NONCE,
    SENDER_NONCE,
    STATUS,
    TRANSACTION,
    Fault,
    Header,
    Kind,
    Status,
)
from firmware.security.signing_requests import Request


@dataclass(frozen=True, slots=True)
class Message:
    """A client's message whose signature holds. ``signer`` is the certificate (DER) that it was checked with."""

    kind: Kind
    header: Header
    signer: bytes
    content: bytes
    signed_at: int | None


class Rejected(NotUnderstood):
    """What the CA answers with a FAILURE."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


def read_message(data: bytes) -> Message:
    """A client's message. NotUnderstood when it cannot be answered, Rejected when it can: see :func:`header_of`."""
    try:
        signed = cms.read_signed(data)
    except Unsupported as fault:
        raise _rejected(Fault.badAlg, fault) from None
    except cms.Forged as fault:
        raise _rejected(Fault.badMessageCheck, fault) from None
    header = header_of(signed.attributes)
    asked = signed.attributes.get(MESSAGE_TYPE)
    kind = next((kind for kind in Kind if kind.value == asked), None)
    moment = signed.attributes.get(SIGNING_TIME)
    if kind is None or kind is Kind.ANSWER:
        unknown = Rejected(Fault.badRequest, "this type of message is not served")
        unknown.attributes = signed.attributes
        raise unknown
    return Message(kind, header, signed.signer, signed.content, moment if isinstance(moment, int) else None)


def _rejected(fault: Fault, error: NotUnderstood) -> Rejected:
    rejected = Rejected(fault, str(error))
    rejected.attributes = error.attributes
    return rejected


def header_of(attributes: dict[str, Attribute] | None) -> Header:
    """NotUnderstood when a message does not say what an answer to it has to repeat."""
    transaction, nonce = (attributes or {}).get(TRANSACTION), (attributes or {}).get(SENDER_NONCE)
    if not isinstance(transaction, str) or not 0 < len(transaction) <= LONGEST_TRANSACTION:
        raise NotUnderstood("the message belongs to no transaction")
    if not (transaction.isascii() and transaction.isprintable()):  # it is repeated as a PrintableString
        raise NotUnderstood("the name of the message's transaction cannot be repeated")
    if not isinstance(nonce, bytes) or len(nonce) != NONCE_SIZE:
        raise NotUnderstood(f"the message has no nonce of {NONCE_SIZE} bytes")
    return Header(transaction, nonce)


def _opened(message: Message, authority: Signer) -> bytes:
    try:
        return cms.open_envelope(message.content, authority)
    except Unsupported as fault:
        raise _rejected(Fault.badAlg, fault) from None
    except NotUnderstood as fault:
        raise _rejected(Fault.badMessageCheck, fault) from None


def open_request(message: Message, authority: Signer) -> Request:
    """What is asked for, out of its envelope. A first request is signed with the key that it holds (RFC 8894, 2.3)."""
    try:
        found = signing_requests.read(_opened(message, authority))
    except NotAccepted as error:
        raise Rejected(Fault.badRequest, str(error)) from None
    if message.kind is Kind.REQUEST and public_key_of(message.signer) != found.public:
        raise Rejected(Fault.badRequest, "the message is not signed with the key in its request")
    return found


def open_poll(message: Message, authority: Signer) -> None:
    """Rejected unless it asks for something of this CA (issuerAndSubject, RFC 8894, 3.3.3)."""
    content = _opened(message, authority)
    try:
        names = cms.decode(lambda: list(core.SequenceOf.load(content, strict=True, spec=asn1.Name)), "")
        (issuer, _subject) = names
        is_own = cms.decode(lambda: bool(issuer == asn1.Certificate.load(authority.der).subject), "")
    except ValueError:
        raise Rejected(Fault.badRequest, "the message does not name issuer and subject") from None
    if not is_own:
        raise Rejected(Fault.badCertId, "the certificate asked for is another CA's")


def answer_success(message: Message, authority: Signer, chain: tuple[bytes, ...], nonce: bytes) -> bytes:
    """The certificates, encrypted to the certificate that signed the message (RFC 8894, 3.3.2.1)."""
    sealed = cms.envelope(cms.certificates_only(chain), message.signer)
    return _answer(message.header, authority, Status.SUCCESS, nonce, sealed)


def answer_pending(message: Message, authority: Signer, nonce: bytes) -> bytes:
    return _answer(message.header, authority, Status.PENDING, nonce)


def answer_failure(header: Header, authority: Signer, fault: Fault, text: str, nonce: bytes) -> bytes:
    return _answer(header, authority, Status.FAILURE, nonce, more={FAIL_INFO: fault.value, FAIL_TEXT: text})


def _answer(
    header: Header,
    authority: Signer,
    status: Status,
    nonce: bytes,
    content: bytes = b"",
    more: dict[str, Attribute] | None = None,
) -> bytes:
    attributes: dict[str, Attribute] = {
        MESSAGE_TYPE: Kind.ANSWER.value,
        STATUS: status.value,
        TRANSACTION: header.transaction,
        SENDER_NONCE: nonce,
        RECIPIENT_NONCE: header.nonce,
    }
    return cms.sign(content, attributes | (more or {}), authority)
