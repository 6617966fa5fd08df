"""Messages damaged anywhere, in both directions: a sentence or a FAILURE, never anything else, and nothing issued."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from firmware.peers.system_manager import SystemManager
from firmware.security import cms, enrolment, scep
from firmware.security.certificates import Identity
from firmware.security.cms import NotUnderstood
from firmware.security.enrolment import Issued, Pending, Transaction
from firmware.security.reading import public_key_of
from firmware.security.signing_requests import read
from tests.peers.support import NOW, ask_for, enrol, key, manager, nonce, poll, send


def _chain(who: SystemManager, transaction: Transaction) -> tuple[bytes, ...]:
    found = enrol(who, transaction)
    assert isinstance(found, Issued)
    return found.chain


@cache
def questions() -> tuple[bytes, ...]:
    who = manager()
    renewal = ask_for(who, 2, "", Identity(key(1), _chain(who, ask_for(who))))
    return (
        enrolment.request(ask_for(who), nonce(), NOW),
        enrolment.request(renewal, nonce(), NOW),
        enrolment.poll(ask_for(who), nonce(), NOW),
    )


@cache
def answers() -> tuple[bytes, ...]:
    who, slow = manager(), manager(approval="manual")
    asked = enrolment.request(ask_for(who), nonce(), NOW)
    refused = enrolment.request(ask_for(who, password="x"), nonce(), NOW)
    return tuple(send(one, data).body for one, data in ((who, asked), (slow, asked), (who, refused)))


def _damaged(good: bytes, data: st.DataObject) -> bytes:
    """Some bytes replaced, taken out, put in, or repeated; or an end missing."""
    start = data.draw(st.integers(0, len(good) - 1))
    junk = data.draw(st.binary(max_size=8) | st.integers(0, len(good) - 1).map(lambda at: good[at : at + 40]))
    whole = good[:start] + junk + good[start + data.draw(st.integers(0, 8)) :]
    return whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole


@given(st.integers(0, 2), st.data())
def test_a_damaged_question(which: int, data: st.DataObject) -> None:
    """What is outside the signature may change; what is issued is then still what was asked for."""
    who = manager()
    reply = send(who, _damaged(questions()[which], data))
    assert reply.status in (200, 400)
    if reply.status == 200:
        answer = cms.read_signed(reply.body)
        assert answer.attributes[scep.STATUS] in ("0", "2")
        assert (answer.attributes[scep.STATUS] == "0") == who.issued
    else:
        assert reply.body
        assert who.issued == 0
    for entry in who.book.values():
        assert entry.request.public in (key(1).public_der, key(2).public_der)
        assert public_key_of(entry.chain[0]) == entry.request.public == read(entry.request.der).public


@given(st.integers(0, 2), st.data())
def test_a_damaged_answer(which: int, data: st.DataObject) -> None:
    transaction = ask_for(manager())
    good = answers()[which]
    meaning = enrolment.read_answer(ask_for(manager(), password="x") if which == 2 else transaction, nonce(), good)
    try:
        found = enrolment.read_answer(transaction, nonce(), _damaged(good, data))
    except NotUnderstood as refusal:
        assert str(refusal)
    else:
        assert found == meaning


@given(st.binary(max_size=400).map(lambda tail: b"\x30" + tail) | st.binary(max_size=400))
def test_bytes_of_any_kind(data: bytes) -> None:
    who = manager()
    assert send(who, data).status == 400
    assert who.book == {}


@given(st.integers(0, 2), st.data())
def test_damage_inside_the_envelope(which: int, data: st.DataObject) -> None:
    """Signed as it should be, by a client that sends nonsense."""
    who = manager()
    transaction = ask_for(who)
    content = _damaged(transaction.request, data)
    attributes: dict[str, cms.Attribute] = {
        scep.MESSAGE_TYPE: ("19", "17", "20")[which], scep.TRANSACTION: "T", scep.SENDER_NONCE: nonce(),
    }  # fmt: skip
    sealed = cms.envelope(content or b"\0", who.authority.signer.der)
    whole = sealed if data.draw(st.booleans()) else _damaged(sealed, data)
    reply = send(who, cms.sign(whole, attributes, transaction.signer))
    assert reply.status == 200
    assert all(entry.request.public == transaction.key.public_der for entry in who.book.values())


@given(st.text(), st.binary(max_size=100))
def test_any_operation(operation: str, body: bytes) -> None:
    who = manager()
    assert who.answer(operation, body, NOW).status in (200, 400)
    assert who.book == {}


@given(st.sampled_from(["GET", "POST", "HEAD"]), st.text(), st.binary(max_size=100))
def test_any_http_request(method: str, target: str, body: bytes) -> None:
    who = manager()
    for one in (target, f"/x?{target}", f"/x?operation=PKIOperation&message={target}"):
        assert who.serve(method, one, body, NOW).status in (200, 400)
    assert who.book == {}


@given(st.lists(st.sampled_from(["ask", "poll", "approve", "reject"]), max_size=8))
def test_in_any_order_one_certificate_at_most(steps: list[str]) -> None:
    who = manager(approval="manual")
    transaction = ask_for(who)
    issued = set()
    for step in steps:
        waiting = who.pending()
        if step in ("approve", "reject") and waiting:
            (who.approve if step == "approve" else who.reject)(transaction.id)
        elif step in ("ask", "poll"):
            found = (enrol if step == "ask" else poll)(who, transaction)
            issued |= {found.chain} if isinstance(found, Issued) else set()
            assert isinstance(found, Pending) == bool(who.pending())
    assert len(issued) == who.issued <= 1
