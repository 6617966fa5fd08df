"""A client in memory, and a System Manager to enrol with."""

from __future__ import annotations

from typing import Any

from firmware.device.entropy import Entropy
from firmware.peers.system_manager import Reply, SystemManager
from firmware.security import enrolment
from firmware.security.certificates import Identity
from firmware.security.enrolment import Issued, Pending, Refused, Transaction
from firmware.security.keys import KeyKind, KeyPair, derive
from firmware.security.signing_requests import make
from firmware.times import parse_time

NOW = parse_time("2026-03-01T12:00:00Z")
PASSWORD = "enrol me"
UNIT = Entropy(7, "00e00705918e")
SUBJECT = (("CN", "branch1.example.com"), ("O", "Example"))


def key(number: int, kind: KeyKind = KeyKind.RSA_2048) -> KeyPair:
    return derive(UNIT, "enrolment", number, kind)


def manager(**changes: Any) -> SystemManager:
    given: dict[str, Any] = {"name": "smgr", "seed": 1, "password": PASSWORD} | changes
    return SystemManager(**given)


def ask_for(
    who: SystemManager,
    number: int = 1,
    password: str = PASSWORD,
    present: Identity | None = None,
    subject: tuple[tuple[str, str], ...] = SUBJECT,
) -> Transaction:
    request = make(key(number), subject, ("branch1.example.com",), ("192.168.42.1",), password)
    reply = who.answer("GetCACert", b"", NOW)
    return Transaction(key(number), request, enrolment.read_authority(reply.content_type, reply.body), present)


def nonce(number: int = 1) -> bytes:
    return UNIT.drbg("scep", number).generate(16)


def send(who: SystemManager, message: bytes, now: int = NOW) -> Reply:
    return who.answer("PKIOperation", message, now)


def enrol(who: SystemManager, transaction: Transaction, now: int = NOW) -> Issued | Pending | Refused:
    reply = send(who, enrolment.request(transaction, nonce(), now), now)
    assert reply.status == 200, reply.body
    return enrolment.read_answer(transaction, nonce(), reply.body)


def poll(who: SystemManager, transaction: Transaction, now: int = NOW) -> Issued | Pending | Refused:
    reply = send(who, enrolment.poll(transaction, nonce(2), now), now)
    assert reply.status == 200, reply.body
    return enrolment.read_answer(transaction, nonce(2), reply.body)
