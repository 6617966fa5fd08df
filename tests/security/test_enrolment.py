"""SCEP messages between our client and our server: every status, and every answer that a client must not believe."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1

from firmware.peers.system_manager import SystemManager
from firmware.security import cms, enrolment, enrolment_server, scep
from firmware.security.certificates import Identity, Signer
from firmware.security.cms import NotUnderstood
from firmware.security.enrolment import Issued, Pending, Refused, Transaction
from firmware.security.enrolment_server import Message, Rejected
from firmware.security.keys import KeyKind
from firmware.security.reading import load, public_key_of
from firmware.security.scep import Fault, Kind
from firmware.security.signing_requests import make, read
from tests.peers.support import NOW, PASSWORD, SUBJECT, ask_for, enrol, key, manager, nonce, send

SMGR = manager()
CA = SMGR.authority.signer
SERVER_NONCE = nonce(9)


def question(transaction: Transaction | None = None, number: int = 1) -> tuple[Transaction, Message]:
    asked = transaction or ask_for(SMGR)
    return asked, enrolment_server.read_message(enrolment.request(asked, nonce(number), NOW))


def chain_for(transaction: Transaction, who: SystemManager | None = None) -> tuple[bytes, ...]:
    found = enrol(who or manager(), transaction)
    assert isinstance(found, Issued)
    return found.chain


def identity(number: int = 1) -> Identity:
    return Identity(key(number), chain_for(ask_for(SMGR, number)))


def test_the_server_reads_what_the_client_asks() -> None:
    transaction, message = question()
    assert message.kind is Kind.REQUEST
    assert message.header == scep.Header(transaction.id, nonce())
    assert message.signed_at == NOW
    assert public_key_of(message.signer) == key(1).public_der
    assert load(message.signer).subject == load(message.signer).issuer
    assert enrolment_server.open_request(message, CA) == read(transaction.request)


def test_a_client_without_a_clock_says_no_time() -> None:
    message = enrolment_server.read_message(enrolment.request(ask_for(SMGR), nonce(), None))
    assert message.signed_at is None


@pytest.mark.parametrize("clock", [0, NOW + 999, 2524607999_000, 2524608000_000, 253402300799_000])
def test_any_time_can_be_said(clock: int) -> None:
    message = enrolment_server.read_message(enrolment.request(ask_for(SMGR), nonce(), clock))
    assert message.signed_at == clock // 1000 * 1000


def test_a_renewal_is_signed_with_the_identity() -> None:
    present = identity()
    transaction, message = question(ask_for(SMGR, 2, "", present))
    assert message.kind is Kind.RENEWAL
    assert message.signer == present.der
    assert enrolment_server.open_request(message, CA).public == key(2).public_der
    assert transaction.id != ask_for(SMGR, 2, "").id


def test_a_poll_names_the_ca() -> None:
    transaction = ask_for(SMGR)
    message = enrolment_server.read_message(enrolment.poll(transaction, nonce(), NOW))
    assert (message.kind, message.header.transaction) == (Kind.POLL, transaction.id)
    enrolment_server.open_poll(message, CA)


def test_a_transaction_begun_again_is_the_same() -> None:
    """After a loss of power: whatever was sent before, the answer to it can be opened."""
    first, again = ask_for(SMGR), ask_for(SMGR)
    assert (first.id, first.signer) == (again.id, again.signer)
    _, message = question(first)
    data = enrolment_server.answer_success(message, CA, chain_for(first), SERVER_NONCE)
    assert isinstance(enrolment.read_answer(again, nonce(), data), Issued)


def test_success() -> None:
    transaction, message = question()
    chain = chain_for(transaction)
    data = enrolment_server.answer_success(message, CA, chain, SERVER_NONCE)
    assert enrolment.read_answer(transaction, nonce(), data) == Issued(chain)


def test_pending() -> None:
    transaction, message = question()
    assert enrolment.read_answer(transaction, nonce(), enrolment_server.answer_pending(message, CA, SERVER_NONCE)) == (
        Pending()
    )


@pytest.mark.parametrize("fault", Fault)
def test_failure(fault: Fault) -> None:
    transaction, message = question()
    data = enrolment_server.answer_failure(message.header, CA, fault, "warum auch nicht: größer", SERVER_NONCE)
    found = enrolment.read_answer(transaction, nonce(), data)
    assert found == Refused(fault.name, "warum auch nicht: größer")
    assert fault.name in ("badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId")


def test_openssl_verifies_and_opens_what_we_send(tmp_path: Path) -> None:
    """Another decoder than ours: the signed message, then the envelope in it, give back the request."""
    transaction = ask_for(SMGR)
    (tmp_path / "message").write_bytes(enrolment.request(transaction, nonce(), NOW))
    (tmp_path / "ca.der").write_bytes(CA.der)
    (tmp_path / "key.der").write_bytes(CA.key.der)
    verify = ["cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "message", "-out", "envelope"]
    decrypt = ["cms", "-decrypt", "-binary", "-inform", "DER", "-in", "envelope", "-out", "request"]
    unlock = ["-inkey", "key.der", "-keyform", "DER", "-recip", "ca.der"]
    for arguments in (verify, [*decrypt, *unlock]):
        subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, timeout=20, check=True)
    assert (tmp_path / "request").read_bytes() == transaction.request


# What a client must not believe


def answer_to(transaction: Transaction, **changes: Any) -> bytes:
    _, message = question(transaction)
    given: dict[str, Any] = {"authority": CA, "chain": None, "nonce": SERVER_NONCE, "message": message} | changes
    chain = given["chain"] or chain_for(transaction)
    return enrolment_server.answer_success(given["message"], given["authority"], chain, given["nonce"])


def status_only(**attributes: str | bytes) -> bytes:
    """An answer of the CA with some attributes changed."""
    own: dict[str, Any] = {
        scep.MESSAGE_TYPE: "3", scep.STATUS: "3", scep.TRANSACTION: ask_for(SMGR).id,
        scep.SENDER_NONCE: SERVER_NONCE, scep.RECIPIENT_NONCE: nonce(),
    }  # fmt: skip
    own |= {getattr(scep, name): value for name, value in attributes.items()}
    return cms.sign(b"", {name: value for name, value in own.items() if value != ""}, CA)


def for_another_recipient() -> bytes:
    _, message = question()
    other = enrolment_server.read_message(enrolment.request(ask_for(SMGR, 2), nonce(), NOW))
    return answer_to(ask_for(SMGR), message=replace(message, signer=other.signer))


def by_another_ca() -> bytes:
    """A System Manager of the same name and subject, and another key."""
    other = manager(seed=2)
    return answer_to(ask_for(SMGR), authority=other.authority.signer)


def issued_by_another_ca() -> bytes:
    other = manager(seed=2)
    return answer_to(ask_for(SMGR), chain=chain_for(ask_for(other), other))


NOT_BELIEVED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another nonce": (lambda: status_only(RECIPIENT_NONCE=nonce(3)), "its nonce is not the one sent"),
    "no nonce": (lambda: status_only(RECIPIENT_NONCE=""), "its nonce is not the one sent"),
    "another transaction": (lambda: status_only(TRANSACTION="17"), "is of another transaction"),
    "no transaction": (lambda: status_only(TRANSACTION=""), "is of another transaction"),
    "no answer": (lambda: status_only(MESSAGE_TYPE="19"), "is no answer"),
    "no type": (lambda: status_only(MESSAGE_TYPE=""), "is no answer"),
    "a status that is none": (lambda: status_only(STATUS="1"), "a status that is none"),
    "no status": (lambda: status_only(STATUS=""), "a status that is none"),
    "a failure without a reason": (lambda: status_only(STATUS="2"), "a refusal without a reason"),
    "a failure of no reason": (lambda: status_only(STATUS="2", FAIL_INFO="9"), "a refusal without a reason"),
    "success without an envelope": (lambda: status_only(STATUS="0"), "holds no envelope"),
    "another recipient": (for_another_recipient, "not for this recipient"),
    "signed by another CA": (by_another_ca, "signed by another than the CA that was asked"),
    "issued by another CA": (issued_by_another_ca, "issued by another CA than the one that was asked"),
    "another's certificate": (
        lambda: answer_to(ask_for(SMGR), chain=chain_for(ask_for(SMGR, 2))), "no certificate over the key",
    ),
    "the CA alone": (lambda: answer_to(ask_for(SMGR), chain=(CA.der,)), "no certificate over the key that was sent"),
    "its own question": (lambda: enrolment.request(ask_for(SMGR), nonce(), NOW), "signed by another than the CA"),
    "certificates alone": (lambda: cms.certificates_only((CA.der,)), "has not exactly one signer"),
    "an envelope alone": (lambda: cms.envelope(b"x", CA.der), "is no signed data"),
    "nothing": (lambda: b"", "is no signed data, or it is damaged"),
    "a page of HTML": (lambda: b"<html><body>404</body></html>", "is no signed data, or it is damaged"),
    "too much": (lambda: bytes(cms.LARGEST_MESSAGE + 1), "is the most"),
    "cut short": (lambda: status_only()[:-1], "is no signed data, or it is damaged"),
    "something behind it": (lambda: status_only() + b"\0", "is no signed data, or it is damaged"),
    "a changed attribute": (lambda: status_only().replace(nonce(), nonce(2)), "signature of the message does not hold"),
    "a changed signature": (lambda: status_only()[:-1] + b"\0", "signature of the message does not hold"),
    "a changed content": (
        lambda: cms.sign(b"content", {}, CA).replace(b"content", b"c0ntent"), "is not that of its content",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_BELIEVED)
def test_what_a_client_does_not_believe(name: str) -> None:
    make_it, says = NOT_BELIEVED[name]
    with pytest.raises(NotUnderstood, match=says) as refusal:
        enrolment.read_answer(ask_for(SMGR), nonce(), make_it())
    assert refusal.value.__cause__ is None


# What GetCACert gives


@pytest.mark.parametrize("levels", [0, 1, 3])
def test_the_client_knows_whom_to_encrypt_to(levels: int) -> None:
    who = manager(intermediates=levels)
    transaction = ask_for(who)
    assert set(transaction.authority) == set(who.authority.chain)
    assert isinstance(enrol(who, transaction), Issued)


GIVEN = {
    "no certificate": (scep.CA_CERTIFICATE, b"x", "cannot be read"),
    "no certificates": (scep.CA_CERTIFICATES, b"x", "cannot be read"),
    "another type": ("text/html", CA.der, "holds no CA certificates"),
    "too much": (scep.CA_CERTIFICATE, bytes(cms.LARGEST_MESSAGE + 1), "is the most"),
    "too many": (
        scep.CA_CERTIFICATES,
        cms.certificates_only(tuple(manager(seed=n).authority.root for n in range(9))), "8 is the most",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_no_ca(name: str) -> None:
    content_type, body, says = GIVEN[name]
    with pytest.raises(NotUnderstood, match=says):
        enrolment.read_authority(content_type, body)


def test_a_ca_that_nothing_can_be_encrypted_to() -> None:
    """A third party's CA has no keyEncipherment."""
    from firmware.peers.authority import establish

    transaction = replace(ask_for(SMGR), authority=establish("Example", 1).chain)
    with pytest.raises(NotUnderstood, match="none of the CA's certificates is for encrypting"):
        enrolment.request(transaction, nonce(), NOW)


def test_scep_needs_an_rsa_key() -> None:
    private = key(1, KeyKind.P_256)
    transaction = Transaction(private, make(private, SUBJECT), SMGR.authority.chain)
    with pytest.raises(NotUnderstood, match="RSA key only"):
        enrolment.request(transaction, nonce(), NOW)


# What a server refuses


def sent(content: bytes, signer: Signer, **attributes: str | bytes) -> bytes:
    own: dict[str, Any] = {scep.MESSAGE_TYPE: "19", scep.TRANSACTION: "T1", scep.SENDER_NONCE: nonce()}
    own |= {getattr(scep, name): value for name, value in attributes.items()}
    return cms.sign(content, {name: value for name, value in own.items() if value != ""}, signer)


MINE = ask_for(SMGR)
SEALED = cms.envelope(MINE.request, CA.der)
UNANSWERED = {
    "nothing": (b"", "is no signed data"),
    "no transaction": (sent(SEALED, MINE.signer, TRANSACTION=""), "belongs to no transaction"),
    "a long transaction": (sent(SEALED, MINE.signer, TRANSACTION="x" * 256), "belongs to no transaction"),
    "a transaction over two lines": (sent(SEALED, MINE.signer, TRANSACTION="a\nb"), "cannot be repeated"),
    "no nonce": (sent(SEALED, MINE.signer, SENDER_NONCE=""), "has no nonce of 16 bytes"),
    "a short nonce": (sent(SEALED, MINE.signer, SENDER_NONCE=b"x"), "has no nonce of 16 bytes"),
    "two signers": (cms.certificates_only((CA.der,)), "has not exactly one signer"),
    "too much": (bytes(cms.LARGEST_MESSAGE + 1), "is the most"),
}


@pytest.mark.parametrize("name", UNANSWERED)
def test_what_cannot_be_answered(name: str) -> None:
    data, says = UNANSWERED[name]
    with pytest.raises(NotUnderstood, match=says) as refusal:
        enrolment_server.read_message(data)
    assert not isinstance(refusal.value, Rejected)
    who = manager()
    reply = send(who, data)
    assert (reply.status, reply.content_type) == (400, "text/plain")
    assert says in reply.body.decode()
    assert (who.issued, who.book) == (0, {})


def test_a_transaction_whose_name_cannot_be_repeated() -> None:
    """In Greek, as a UTF8String, and the signature does not hold either."""
    data = sent(SEALED, MINE.signer, TRANSACTION="TTTT").replace(b"\x13\x04TTTT", b"\x0c\x04\xce\xb1\xce\xb2")
    reply = send(manager(), data)
    assert reply.status == 400
    assert b"cannot be repeated" in reply.body


def changed(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def sha1(data: bytes) -> bytes:
    """The digest algorithm renamed, wherever it stands."""
    return data.replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040204"))  # to SHA-224


def poll_of_another_ca() -> bytes:
    """Encrypted to this CA, but it names another as the issuer, of a transaction that there is."""
    names = core.SequenceOf([asn1.Name.build({"common_name": name}) for name in "ab"], spec=asn1.Name).dump()
    return sent(cms.envelope(names, CA.der), MINE.signer, MESSAGE_TYPE="20")


def test_a_poll_that_names_another_ca_gets_nothing() -> None:
    message = enrolment_server.read_message(poll_of_another_ca())
    with pytest.raises(Rejected, match="is another CA's"):
        enrolment_server.open_poll(message, CA)


FAILURES: dict[str, tuple[Callable[[], bytes], Fault]] = {
    "signature changed": (lambda: changed(sent(SEALED, MINE.signer)), Fault.badMessageCheck),
    "another digest": (lambda: sha1(sent(SEALED, MINE.signer)), Fault.badAlg),
    "an answer": (lambda: sent(SEALED, MINE.signer, MESSAGE_TYPE="3"), Fault.badRequest),
    "GetCRL": (lambda: sent(SEALED, MINE.signer, MESSAGE_TYPE="22"), Fault.badRequest),
    "no type": (lambda: sent(SEALED, MINE.signer, MESSAGE_TYPE=""), Fault.badRequest),
    "no envelope": (lambda: sent(MINE.request, MINE.signer), Fault.badMessageCheck),
    "no content": (lambda: sent(b"", MINE.signer), Fault.badMessageCheck),
    "an envelope for another": (
        lambda: sent(cms.envelope(MINE.request, MINE.signer.der), MINE.signer), Fault.badMessageCheck,
    ),
    "an envelope cut short": (lambda: sent(SEALED[:-1], MINE.signer), Fault.badMessageCheck),
    "another cipher": (
        lambda: sent(SEALED.replace(bytes.fromhex("0609608648016503040102"), bytes.fromhex("0609608648016503040116")),
                     MINE.signer), Fault.badAlg,
    ),
    "no request in it": (lambda: sent(cms.envelope(b"x", CA.der), MINE.signer), Fault.badRequest),
    "another's key": (lambda: sent(SEALED, ask_for(SMGR, 2).signer), Fault.badRequest),
    "wrong password": (
        lambda: enrolment.request(ask_for(SMGR, password="wrong"), nonce(), NOW), Fault.badRequest,
    ),
    "no password": (lambda: enrolment.request(ask_for(SMGR, password=""), nonce(), NOW), Fault.badRequest),
    "a day late": (lambda: enrolment.request(MINE, nonce(), NOW - 86_401_000), Fault.badTime),
    "a day early": (lambda: enrolment.request(MINE, nonce(), NOW + 86_401_000), Fault.badTime),
    "a poll for nothing": (lambda: enrolment.poll(MINE, nonce(), NOW), Fault.badCertId),
    "a poll that names nobody": (
        lambda: sent(cms.envelope(b"x", CA.der), MINE.signer, MESSAGE_TYPE="20"), Fault.badRequest,
    ),
    "a poll that names another CA": (poll_of_another_ca, Fault.badCertId),
    "a renewal with no identity": (lambda: sent(SEALED, MINE.signer, MESSAGE_TYPE="17"), Fault.badCertId),
    "a renewal of another subject": (
        lambda: enrolment.request(ask_for(SMGR, 2, "", identity(), (("CN", "other"),)), nonce(), NOW), Fault.badRequest,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_answered_with_a_failure(name: str) -> None:
    make_it, fault = FAILURES[name]
    who = manager()
    reply = send(who, make_it())
    assert (reply.status, reply.content_type) == (200, scep.MESSAGE)
    answer = cms.read_signed(reply.body)
    assert answer.signer == CA.der
    assert answer.content == b""
    assert (answer.attributes[scep.STATUS], answer.attributes[scep.FAIL_INFO]) == ("2", fault.value)
    assert answer.attributes[scep.RECIPIENT_NONCE] == nonce()
    assert len(str(answer.attributes[cms.FAIL_TEXT])) > 10
    assert (who.issued, who.book, who.enrolled()) == (0, {}, {})


def test_no_password_is_told() -> None:
    who = manager()
    assert PASSWORD not in repr(who)
    reply = send(who, enrolment.request(ask_for(SMGR, password="wrong"), nonce(), NOW))
    assert PASSWORD.encode() not in reply.body
    enrol(who, ask_for(who))
    assert PASSWORD not in repr(who)
