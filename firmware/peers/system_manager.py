"""System Manager as the CA of an Enterprise Branch: a SCEP server (RFC 8894) that somebody else carries bytes for.

That it enrols IP Office systems is documented [SG]; protocol, limits and lifetimes are assumed.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from dataclasses import dataclass, field, replace
from enum import Enum
from urllib.parse import parse_qs

from firmware.device.entropy import Entropy
from firmware.errors import BadInput
from firmware.peers import authority
from firmware.peers.authority import MADE, NotSigned, PeerAuthority
from firmware.peers.profiles import SYSTEM_MANAGER, SYSTEM_MANAGER_LIFETIME
from firmware.security import cms, enrolment_server, scep
from firmware.security.cms import NotUnderstood
from firmware.security.enrolment_server import Message, Rejected, answer_failure, answer_pending, answer_success
from firmware.security.reading import dates, load, public_key_of
from firmware.security.scep import Fault, Header, Kind, issued_by
from firmware.security.signing_requests import Request, subject_of
from firmware.times import DAY

# RFC 8894, 3.5.2. SHA-384 is there for strongSwan (strongswan#1607).
CAPABILITIES = ("AES", "POSTPKIOperation", "Renewal", "SCEPStandard", "SHA-256", "SHA-384", "SHA-512")
MOST_PENDING = 100  # assumed
LONGEST_BOOK = 1000  # assumed: of transactions remembered; the oldest that is not pending is forgotten
CLOCKS_DIFFER = 1 * DAY  # assumed: by how much at most, where a message says when it was signed


class Approval(str, Enum):
    """Whether a person looks at each first request. A renewal is always granted (assumed)."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Decision(str, Enum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction in the book: what was asked, by whom (SubjectPublicKeyInfo), and what became of it.

    ``chain`` is empty until a certificate is issued.
    """

    transaction: str
    request: Request
    asker: bytes
    decision: Decision
    chain: tuple[bytes, ...] = ()


@dataclass(slots=True)
class SystemManager:
    """``seed`` and ``name`` make its CA, ``password`` is what a first request has to bring; empty: none is asked for.

    Everything it holds is plain: a copy is another System Manager that has lived the same life.
    """

    name: str
    seed: int
    password: str = field(repr=False)
    approval: Approval | str = Approval.AUTOMATIC
    lifetime_days: int = SYSTEM_MANAGER_LIFETIME.value
    intermediates: int = 0
    made: int = MADE
    issued: int = 0
    book: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.approval = Approval(self.approval)

    def __deepcopy__(self, memo: object) -> SystemManager:
        """Entries never change, so the book's pages can be shared."""
        return replace(self, book=dict(self.book))

    @property
    def authority(self) -> PeerAuthority:
        return authority.establish(self.name, self.seed, SYSTEM_MANAGER, self.intermediates, self.made)

    def answer(self, operation: str, message: bytes, now: int) -> Reply:
        """One HTTP request (RFC 8894, 4.1): ``message`` is the body of a POST, or what a GET has decoded of base64."""
        if operation == "GetCACaps":
            return Reply(200, "text/plain", "\n".join(CAPABILITIES).encode())
        if operation == "GetCACert":
            (own, *others) = self.authority.chain
            if not others:
                return Reply(200, scep.CA_CERTIFICATE, own)
            return Reply(200, scep.CA_CERTIFICATES, cms.certificates_only(self.authority.chain))
        if operation != "PKIOperation":
            return Reply(400, "text/plain", b"this operation is not served")
        try:
            return Reply(200, scep.MESSAGE, self._operate(message, now))
        except NotUnderstood as error:
            return Reply(400, "text/plain", str(error).encode())

    def serve(self, method: str, target: str, body: bytes, now: int) -> Reply:
        """The same for a whole HTTP request; any path leads here (RFC 8894, 4.1: the rest of the URL is the CA's)."""
        try:
            query = parse_qs(target.partition("?")[2], max_num_fields=8, errors="replace")
            operation, text = (query.get(name, [""])[-1] for name in ("operation", "message"))
            if method == "GET" and operation == "PKIOperation":
                body = b64decode(text.replace(" ", "+"), validate=True)  # a plus that was not escaped
        except ValueError:
            return Reply(400, "text/plain", b"the request is not understood, or its message is not base64")
        return self.answer(operation, body, now)

    def pending(self) -> tuple[Entry, ...]:
        """What waits for approval, the oldest first."""
        return tuple(entry for entry in self.book.values() if entry.decision is Decision.PENDING)

    def approve(self, transaction: str) -> None:
        """The certificate is made when the client asks for it. BadInput when nothing of this id waits."""
        self._decide(transaction, Decision.APPROVED)

    def reject(self, transaction: str) -> None:
        self._decide(transaction, Decision.REJECTED)

    def enrolled(self) -> dict[str, tuple[bytes, ...]]:
        """The latest chain of every subject that has enrolled."""
        return {entry.request.title: entry.chain for entry in self.book.values() if entry.chain}

    def _decide(self, transaction: str, decision: Decision) -> None:
        entry = self.book.get(transaction)
        if entry is None or entry.decision is not Decision.PENDING:
            raise BadInput(f"no transaction {transaction} waits for approval at {self.name}")
        self.book[transaction] = replace(entry, decision=decision)

    def _operate(self, data: bytes, now: int) -> bytes:
        try:
            message = enrolment_server.read_message(data)
        except Rejected as fault:
            return self._refuse(enrolment_server.header_of(fault.attributes), fault)
        nonce = self._nonce(message.header)
        try:
            entry = self._entry(message, now)
            if entry.decision is Decision.PENDING:
                return answer_pending(message, self.authority.signer, nonce)
            if entry.decision is Decision.REJECTED:
                raise Rejected(Fault.badRequest, "the administrator has rejected the request")
            return answer_success(message, self.authority.signer, self._issue(entry, now).chain, nonce)
        except Rejected as fault:
            return self._refuse(message.header, fault)

    def _refuse(self, header: Header, fault: Rejected) -> bytes:
        return answer_failure(header, self.authority.signer, fault.fault, str(fault), self._nonce(header))

    def _nonce(self, header: Header) -> bytes:
        drbg = Entropy(self.seed, self.name).drbg(f"scep nonce/{header.transaction}/{header.nonce.hex()}")
        return drbg.generate(scep.NONCE_SIZE)

    def _entry(self, message: Message, now: int) -> Entry:
        """The transaction that a message belongs to; a request that is all right begins one."""
        if message.signed_at is not None and abs(message.signed_at - now) > CLOCKS_DIFFER:
            raise Rejected(Fault.badTime, "the message was signed at another time than now")
        asker = public_key_of(message.signer)
        known = self.book.get(message.header.transaction)
        if message.kind is Kind.POLL:
            enrolment_server.open_poll(message, self.authority.signer)
            if known is None or known.asker != asker:
                raise Rejected(Fault.badCertId, "no such transaction")
            return known
        request = enrolment_server.open_request(message, self.authority.signer)
        if message.kind is Kind.RENEWAL:
            self._require_present(message.signer, request, now)
        elif not hmac.compare_digest(request.challenge.encode(), self.password.encode("utf-8", "surrogatepass")):
            raise Rejected(Fault.badRequest, "the enrolment password is wrong")
        if known and (known.asker, known.request.public) != (asker, request.public):
            raise Rejected(Fault.badRequest, "the transaction is another's")
        if known is None or not _serves(known, request, now):
            return self._begin(message, request, asker)
        return known

    def _require_present(self, der: bytes, request: Request, now: int) -> None:
        """A renewal is signed with a certificate of this CA, in date, of the same subject (RFC 8894, 3.3.1.2)."""
        if not issued_by(der, self.authority.signer.der):
            raise Rejected(Fault.badCertId, "the certificate to renew is another CA's")
        since, until = dates(der)
        if not since <= now <= until:
            raise Rejected(Fault.badRequest, "the certificate to renew is not in date")
        if subject_of(load(der).subject) != request.subject:
            raise Rejected(Fault.badRequest, "the certificate to renew is of another subject")

    def _begin(self, message: Message, request: Request, asker: bytes) -> Entry:
        waits = message.kind is Kind.REQUEST and self.approval is Approval.MANUAL
        if waits and len(self.pending()) >= MOST_PENDING:
            raise Rejected(Fault.badRequest, "too many requests wait for approval")
        entry = Entry(message.header.transaction, request, asker, Decision.PENDING if waits else Decision.APPROVED)
        self._write(entry)
        return entry

    def _issue(self, entry: Entry, now: int) -> Entry:
        """The certificate of a transaction, made once."""
        if entry.chain:
            return entry
        try:
            chain = authority.sign(self.authority, entry.request, self.issued + 1, now, self.lifetime_days)
        except NotSigned as error:
            raise Rejected(Fault.badRequest, str(error)) from None
        self.issued += 1
        done = replace(entry, chain=chain)
        self._write(done)
        return done

    def _write(self, entry: Entry) -> None:
        """The latest comes last."""
        self.book.pop(entry.transaction, None)
        self.book[entry.transaction] = entry
        if len(self.book) > LONGEST_BOOK:
            del self.book[next(key for key, old in self.book.items() if old.decision is not Decision.PENDING)]


def _serves(known: Entry, request: Request, now: int) -> bool:
    """Who asks again gets the same, as long as that is of use; after a rejection it is a new question.

    strongSwan's transaction is its key: the names have to be the same, too.
    """
    if known.decision is Decision.REJECTED or (known.request.subject, known.request.names) != (
        request.subject,
        request.names,
    ):
        return False
    return not known.chain or now <= dates(known.chain[0])[1]
