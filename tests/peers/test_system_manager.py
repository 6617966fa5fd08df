"""System Manager as a CA: approval, renewal, the same question again, limits, copies."""

from __future__ import annotations

import copy
import pickle
from base64 import b64encode
from itertools import pairwise
from urllib.parse import quote

import pytest

from firmware.errors import BadInput
from firmware.peers import system_manager
from firmware.peers.system_manager import MOST_PENDING, Decision, SystemManager
from firmware.security import cms, enrolment, scep
from firmware.security.certificates import Identity
from firmware.security.enrolment import Issued, Pending, Refused, Transaction
from firmware.security.reading import dates, load, public_key_of
from firmware.security.scep import issued_by
from firmware.times import DAY, parse_time
from tests.peers.support import NOW, PASSWORD, ask_for, enrol, key, manager, nonce, poll, send

TITLE = "CN=branch1.example.com, O=Example"


def issued(who: SystemManager, transaction: Transaction, now: int = NOW) -> tuple[bytes, ...]:
    found = enrol(who, transaction, now)
    assert isinstance(found, Issued)
    return found.chain


def test_automatic() -> None:
    who = manager()
    chain = issued(who, ask_for(who))
    assert who.enrolled() == {TITLE: chain}
    assert chain[1:] == who.authority.chain
    assert dates(chain[0]) == (NOW, NOW + 825 * DAY)
    assert who.pending() == ()


def test_capabilities() -> None:
    reply = manager().answer("GetCACaps", b"", NOW)
    assert (reply.status, reply.content_type) == (200, "text/plain")
    found = enrolment.read_capabilities(reply.body)
    assert found == {"AES", "POSTPKIOperation", "Renewal", "SCEPStandard", "SHA-256", "SHA-384", "SHA-512"}
    assert enrolment.read_capabilities(reply.body.replace(b"\n", b"\r\n") + b"\n") == found
    assert enrolment.read_capabilities(b"") == frozenset()
    assert len(enrolment.read_capabilities(b"\xff\0\n \n")) == 1


@pytest.mark.parametrize("levels", [0, 2])
def test_its_own_certificates(levels: int) -> None:
    who = manager(intermediates=levels)
    reply = who.answer("GetCACert", b"", NOW)
    assert reply.content_type == (scep.CA_CERTIFICATES if levels else scep.CA_CERTIFICATE)
    found = enrolment.read_authority(reply.content_type, reply.body)
    assert set(found) == set(who.authority.chain)
    assert reply == who.answer("GetCACert", b"", NOW)


def test_approved() -> None:
    who = manager(approval="manual")
    transaction = ask_for(who)
    assert enrol(who, transaction) == Pending()
    assert poll(who, transaction) == Pending()
    assert enrol(who, transaction) == Pending()
    (waiting,) = who.pending()
    assert (waiting.transaction, waiting.request.title) == (transaction.id, TITLE)
    assert who.enrolled() == {}
    who.approve(transaction.id)
    assert who.pending() == ()
    found = poll(who, transaction, NOW + DAY)
    assert isinstance(found, Issued)
    assert dates(found.chain[0])[0] == NOW + DAY
    assert poll(who, transaction, NOW + 2 * DAY) == found == enrol(who, transaction, NOW + 2 * DAY)
    assert who.issued == 1


def test_rejected() -> None:
    who = manager(approval="manual")
    transaction = ask_for(who)
    enrol(who, transaction)
    who.reject(transaction.id)
    assert poll(who, transaction) == Refused("badRequest", "the administrator has rejected the request")
    assert who.issued == 0
    assert enrol(who, transaction) == Pending(), "a new question"
    who.approve(transaction.id)
    assert isinstance(poll(who, transaction), Issued)


@pytest.mark.parametrize("decide", [SystemManager.approve, SystemManager.reject])
def test_only_what_waits_can_be_decided(decide: object) -> None:
    who = manager()
    transaction = ask_for(who)
    enrol(who, transaction)
    for one in (transaction.id, "no such"):
        with pytest.raises(BadInput, match=f"no transaction {one} waits for approval at smgr"):
            decide(who, one)  # type: ignore[operator]


def test_nobody_else_can_poll() -> None:
    who = manager(approval="manual")
    transaction = ask_for(who)
    enrol(who, transaction)
    who.approve(transaction.id)
    other = ask_for(who, 2)
    attributes: dict[str, cms.Attribute] = {
        scep.MESSAGE_TYPE: "20", scep.TRANSACTION: transaction.id, scep.SENDER_NONCE: nonce(),
    }  # fmt: skip
    content = cms.read_signed(enrolment.poll(other, nonce(), NOW)).content
    answer = cms.read_signed(send(who, cms.sign(content, attributes, other.signer)).body)
    assert (answer.attributes[scep.STATUS], answer.attributes[scep.FAIL_INFO]) == ("2", "4")


def test_a_transaction_cannot_be_taken_over() -> None:
    who = manager()
    transaction, other = ask_for(who), ask_for(who, 2)
    chain = issued(who, transaction)
    attributes: dict[str, cms.Attribute] = {
        scep.MESSAGE_TYPE: "19", scep.TRANSACTION: transaction.id, scep.SENDER_NONCE: nonce(),
    }  # fmt: skip
    content = cms.read_signed(enrolment.request(other, nonce(), NOW)).content
    answer = cms.read_signed(send(who, cms.sign(content, attributes, other.signer)).body)
    assert (answer.attributes[scep.STATUS], answer.attributes[scep.FAIL_INFO]) == ("2", "2")
    assert issued(who, transaction) == chain


@pytest.mark.parametrize("again", [1, 2, 7])
def test_power_lost_before_the_answer_was_stored(again: int) -> None:
    """The unit, started again, makes the same transaction of the same key: it gets the same certificate."""
    who = manager()
    first = issued(who, ask_for(who))
    for time in range(1, again + 1):
        assert issued(who, ask_for(who), NOW + time * DAY) == first
    assert who.issued == 1


def test_another_message_of_the_same_transaction_replayed() -> None:
    """Whoever replays a message gets what only the unit's key opens."""
    who = manager()
    message = enrolment.request(ask_for(who), nonce(), NOW)
    first, again = send(who, message), send(who, message)
    found = [enrolment.read_answer(ask_for(who), nonce(), reply.body) for reply in (first, again)]
    assert found[0] == found[1]
    assert who.issued == 1


def test_an_expired_certificate_is_no_answer() -> None:
    who = manager(lifetime_days=10)
    first = issued(who, ask_for(who))
    later = issued(who, ask_for(who), NOW + 11 * DAY)
    assert first != later
    assert dates(later[0])[0] == NOW + 11 * DAY


@pytest.mark.parametrize("number", [1, 2])
def test_renewal(number: int) -> None:
    """With a new key, or with the same: without a password, and without a person."""
    who = manager()
    present = Identity(key(1), issued(who, ask_for(who)))
    who.approval = system_manager.Approval.MANUAL
    renewal = ask_for(who, number, "", present)
    chain = issued(who, renewal, NOW + 800 * DAY)
    assert public_key_of(chain[0]) == key(number).public_der
    assert chain[0] != present.der
    assert dates(chain[0])[0] == NOW + 800 * DAY
    assert issued(who, ask_for(who, number, "", present), NOW + 801 * DAY) == chain
    assert who.issued == 2
    assert who.enrolled() == {TITLE: chain}
    again = issued(who, ask_for(who, 3, "", Identity(key(number), chain)), NOW + 1300 * DAY)
    assert public_key_of(again[0]) == key(3).public_der


@pytest.mark.parametrize(
    ("later", "reason"), [(825 * DAY, None), (825 * DAY + 1000, "badRequest"), (-DAY, "badRequest")]
)
def test_a_renewal_needs_a_certificate_in_date(later: int, reason: str | None) -> None:
    who = manager()
    present = Identity(key(1), issued(who, ask_for(who)))
    found = enrol(who, ask_for(who, 2, "", present), NOW + later)
    if reason is None:
        assert isinstance(found, Issued)
    else:
        assert found == Refused(reason, "the certificate to renew is not in date")


def test_another_system_manager_renews_nothing() -> None:
    """Put under a new System Manager, of the same name even, the old identity is worth nothing (certificates.md 3)."""
    old, new = manager(), manager(seed=2)
    present = Identity(key(1), issued(old, ask_for(old)))
    assert load(old.authority.root).subject == load(new.authority.root).subject
    found = enrol(new, ask_for(new, 2, "", present))
    assert found == Refused("badCertId", "the certificate to renew is another CA's")
    assert isinstance(enrol(new, ask_for(new, 2)), Issued)


def test_the_ca_has_expired() -> None:
    who = manager()
    late = parse_time("2049-12-31")
    found = enrol(who, ask_for(who), late)
    assert isinstance(found, Refused)
    assert "the CA's certificate is not in date" in found.text
    assert who.issued == 0


def test_no_password_at_all() -> None:
    who = manager(password="")
    assert isinstance(enrol(who, ask_for(who, password="")), Issued)
    assert isinstance(enrol(who, ask_for(who, 2, password="x")), Refused)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_manager, "MOST_PENDING", 2)
    monkeypatch.setattr(system_manager, "LONGEST_BOOK", 3)
    assert MOST_PENDING == 100
    who = manager(approval="manual")
    for number in (1, 2):
        assert enrol(who, ask_for(who, number)) == Pending()
    assert enrol(who, ask_for(who, 3)) == Refused("badRequest", "too many requests wait for approval")
    who.approval = system_manager.Approval.AUTOMATIC
    for number in (3, 4, 5):
        assert isinstance(enrol(who, ask_for(who, number)), Issued)
    assert len(who.book) == 3
    assert [entry.decision for entry in who.book.values()] == [Decision.PENDING, Decision.PENDING, Decision.APPROVED]


def test_a_unit_from_enrolment_to_renewal_losing_power_at_every_step() -> None:
    """Whatever is lost, the unit makes its transaction again of what it has stored: key number, request, identity."""
    who = manager(approval="manual", intermediates=1)
    assert enrol(who, ask_for(who)) == Pending()
    assert enrol(who, ask_for(who)) == Pending(), "power was lost before it knew that it had asked"
    assert [entry.transaction for entry in who.pending()] == [ask_for(who).id]
    who.approve(ask_for(who).id)
    lost, kept = poll(who, ask_for(who)), poll(who, ask_for(who), NOW + DAY)
    assert isinstance(kept, Issued)
    assert lost == kept == enrol(who, ask_for(who), NOW + DAY)
    identity = Identity(key(1), kept.chain)
    later = NOW + 780 * DAY
    lost, kept = (enrol(who, ask_for(who, 2, "", identity), later + day * DAY) for day in (0, 1))
    assert isinstance(kept, Issued)
    assert lost == kept
    assert Identity(key(2), kept.chain).is_whole()
    assert who.issued == 2


def test_copies_live_apart() -> None:
    who = manager(approval="manual")
    enrol(who, ask_for(who))
    for other in (copy.deepcopy(who), pickle.loads(pickle.dumps(who))):  # noqa: S301  # our own
        assert other == who
        other.approve(ask_for(who).id)
        assert isinstance(poll(other, ask_for(who)), Issued)
        assert len(who.pending()) == 1
        assert who.issued == 0
    one, two = copy.deepcopy(who), copy.deepcopy(who)
    chains = []
    for other in (one, two):
        other.approve(ask_for(who).id)
        chains.append(issued(other, ask_for(who)))
    assert chains[0] == chains[1]


def test_http() -> None:
    who = manager()
    message = enrolment.request(ask_for(who), nonce(), NOW)
    path = "/ejbca/publicweb/apply/scep/pkiclient.exe"
    get = f"{path}?operation=PKIOperation&message={quote(b64encode(message).decode(), safe='')}"
    unescaped = f"{path}?operation=PKIOperation&message={b64encode(message).decode()}"
    for reply in (
        who.serve("POST", f"{path}?operation=PKIOperation", message, NOW),
        who.serve("GET", get, b"", NOW),
        who.serve("GET", unescaped, b"", NOW),
    ):
        assert isinstance(enrolment.read_answer(ask_for(who), nonce(), reply.body), Issued)
    assert who.issued == 1
    assert who.serve("GET", f"{path}?operation=GetCACert&message=smgr", b"", NOW).status == 200
    assert who.serve("GET", f"{path}?operation=PKIOperation&message=!", b"", NOW).status == 400
    assert who.serve("GET", path, b"", NOW).status == 400
    assert who.serve("GET", path + "?" + "a=1&" * 50, b"", NOW).status == 400


def test_a_stranger_among_intermediates() -> None:
    who = manager(intermediates=2)
    chain = issued(who, ask_for(who))
    assert all(issued_by(der, by) for der, by in pairwise(chain))
    assert len(chain) == 4


def test_an_approval_that_is_none() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        manager(approval="sometimes")
    assert PASSWORD not in repr(manager())
