"""What a fuzzer is let loose on: each target takes bytes and must end in a result or in its one named error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random

from firmware.bench import inspection_target
from firmware.errors import BadInput, Damaged
from firmware.peers.system_manager import SystemManager
from firmware.security import enrolment, importing, signing_requests, trust
from firmware.security.cms import NotUnderstood
from firmware.security.enrolment import Transaction
from firmware.security.importing import NotAccepted
from firmware.security.keys import derive
from firmware.security.reading import describe
from firmware.times import parse_time
from tests.damage import images
from tests.damage.bases import NAMES
from tests.damage.drawn import Drawn
from tests.damage.judge import judge
from tests.security.specimen import UNIT

NOW = parse_time("2026-11-23T09:00:00Z")
KEY = derive(UNIT, "fuzz", 1)
MANAGER = SystemManager("smgr1", 7, "Enrol-me-1")
ASKED = Transaction(KEY, signing_requests.make(KEY, (("CN", "unit"),)), MANAGER.authority.chain)
NONCE = bytes(16)


def authority(data: bytes) -> None:
    with suppress(NotAccepted):
        importing.read_authority(data, "secret", NOW)


def identity(data: bytes) -> None:
    with suppress(NotAccepted):
        importing.read_identity(data, "secret", NOW)


def certificates(data: bytes) -> None:
    with suppress(NotAccepted, Damaged):
        found = importing.read_certificates(data)
        describe(found[0])
        trust.validate(found, found[-1:], NOW, names=("phone.example.com", "192.0.2.1"))


def request(data: bytes) -> None:
    with suppress(NotAccepted):
        signing_requests.read(data)


def question(data: bytes) -> None:
    assert MANAGER.answer("PKIOperation", data, NOW).status in (200, 400)


def answer(data: bytes) -> None:
    with suppress(NotUnderstood):
        enrolment.read_answer(ASKED, NONCE, data)


def inspected(data: bytes) -> None:
    with suppress(BadInput):
        inspection_target.certificates(data, "fuzz.pem", b"secret")


def start(data: bytes) -> None:
    """A unit on an image whose damage the bytes choose."""
    chance = Drawn(data)
    judge(images.made(chance.choice(NAMES), chance), chance)


TARGETS: Mapping[str, Callable[[bytes], object]] = {
    target.__name__: target
    for target in (authority, identity, certificates, request, question, answer, inspected, start)
}


def seeds() -> Mapping[str, list[bytes]]:
    """A valid input of each kind, for the fuzzer to begin with."""
    from firmware.peers import authority as third

    ca = third.establish("Acme", 1, intermediates=1)
    made = third.identity(ca, (("CN", "x.example.com"),), (("DNS", "x.example.com"),), 1, NOW)
    asked = enrolment.request(ASKED, NONCE, NOW)
    return {
        "authority": [third.p12(made, "secret"), third.p12(made, "")],
        "identity": [third.p12(made, "secret"), third.p12(made, "")],
        "certificates": list(made.chain),
        "inspected": [*made.chain, third.p12(made, "secret"), made.pem()],
        "request": [ASKED.request],
        "question": [asked, enrolment.poll(ASKED, NONCE, NOW)],
        "start": [Random(n).randbytes(400) for n in range(60)],  # noqa: S311
        "answer": [MANAGER.answer("PKIOperation", asked, NOW).body],
    }
