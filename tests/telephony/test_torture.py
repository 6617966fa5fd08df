"""The torture messages of RFC 4475, all 49, each with the reaction that the RFC describes.

The messages lie in ``torture/*.dat``. The RFC's own bytes are in a base64 archive that could not be fetched; these
were written from quotations of the RFC's text in public test suites, and every Content-Length that the RFC means to
be right was checked against its body (multi01's is 154 for 152 bytes in all of them). The binary S/MIME part of
mpart01 is quoted nowhere: 342 other bytes of all values stand in its place.

They are sent as datagrams by somebody without a password, so a well-formed request to an extension is answered 407,
and a REGISTER 401. Below, the well-formed ones are sent again by those who have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.telephony.flows import Flow
from firmware.telephony.framing import datagram
from firmware.telephony.message import Request, Response, values_of
from firmware.telephony.service import Service
from firmware.telephony.settings import Limits
from firmware.telephony.uris import read_address, read_uri, read_via
from tests.telephony.phones import NOW, SERVER, answer_to, service, settings

DIRECTORY = Path(__file__).with_name("torture")
DOMAINS = (
    "example.com",
    "example.net",
    "example.org",
    "company.com",
    "registrar.example.com",
    "chair-dnrc.example.com",
    "services.example.com",
    "ift.client.example.net",
)
PEER = ("192.0.2.77", 5060)


@dataclass(frozen=True)
class Case:
    """``status`` of the answer, None for silence; ``section`` of the RFC; ``why`` where it leaves a choice."""

    name: str
    section: str
    status: int | None
    why: str = ""


CASES = [
    Case("wsinv", "3.1.1.1", 407),
    Case("intmeth", "3.1.1.2", 407),
    Case("esc01", "3.1.1.3", 407),
    Case("escnull", "3.1.1.4", 401),
    Case("esc02", "3.1.1.5", 501, "an unknown method: no escapes in a method"),
    Case("lwsdisp", "3.1.1.6", 407),
    Case("longreq", "3.1.1.7", 407),
    Case("dblreq", "3.1.1.8", 401, "what follows the REGISTER in the datagram is dropped"),
    Case("semiuri", "3.1.1.9", 407),
    Case("transports", "3.1.1.10", 407),
    Case("mpart01", "3.1.1.11", 404, "its Route names a host that is not ours, and we relay to nobody else"),
    Case("unreason", "3.1.1.12", None),
    Case("noreason", "3.1.1.13", None),
    Case("badinv01", "3.1.2.1", 400),
    Case("clerr", "3.1.2.2", 400),
    Case("ncl", "3.1.2.3", 400),
    Case("scalar02", "3.1.2.4", 400),
    Case("scalarlg", "3.1.2.5", None),
    Case("quotbal", "3.1.2.6", 400),
    Case("ltgtruri", "3.1.2.7", 400),
    Case("lwsruri", "3.1.2.8", 400),
    Case("lwsstart", "3.1.2.9", 400),
    Case("trws", "3.1.2.10", 400),
    Case("escruri", "3.1.2.11", 400),
    Case("baddate", "3.1.2.12", 407, "we do not use Date, so it may say what it likes"),
    Case("regbadct", "3.1.2.13", 401, "the Contact is read after the password: 400 below"),
    Case("badaspec", "3.1.2.14", 400),
    Case("baddn", "3.1.2.15", 400),
    Case("badvers", "3.1.2.16", 505),
    Case("mismatch01", "3.1.2.17", 400),
    Case("mismatch02", "3.1.2.18", 400, "400 or 501"),
    Case("bigcode", "3.1.2.19", None),
    Case("badbranch", "3.2.1", 407, "as if from RFC 2543: the transaction is known by its other headers"),
    Case("insuf", "3.3.1", 400),
    Case("unkscm", "3.3.2", 416),
    Case("novelsc", "3.3.3", 416),
    Case("unksm2", "3.3.4", 401, "404 below: no address of ours"),
    Case("bext01", "3.3.5", 420),
    Case("invut", "3.3.6", 407, "a body is the called phone's business"),
    Case("regaut01", "3.3.7", 401),
    Case("multi01", "3.3.8", 400),
    Case("mcl01", "3.3.9", 400),
    Case("bcast", "3.3.10", None),
    Case("zeromf", "3.3.11", 483),
    Case("cparam01", "3.3.12", 401),
    Case("cparam02", "3.3.13", 401),
    Case("regescrt", "3.3.14", 401),
    Case("sdp01", "3.3.15", 407, "a body is the called phone's business"),
    Case("inv2543", "3.3.16", 407),
]


def torture(name: str) -> bytes:
    return (DIRECTORY / f"{name}.dat").read_bytes()


def served(*users: str) -> Service:
    return service(settings(domains=DOMAINS, users=dict.fromkeys(users, "word")))


def udp(port: int = 5060) -> Flow:
    return Flow(port, "UDP", (PEER[0], port), SERVER, 0)


def status_of(data: bytes) -> int:
    return int(data.split()[1])


def read(data: bytes) -> Request | Response:
    framed = datagram(data, Limits())
    assert framed is not None
    assert framed.message is not None
    return framed.message


def test_all_of_them_are_here() -> None:
    assert sorted(case.name for case in CASES) == sorted(path.stem for path in DIRECTORY.glob("*.dat"))
    assert len(CASES) == 49


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reaction(case: Case) -> None:
    out = served("user").received(udp(), torture(case.name), NOW)
    assert [status_of(one.data) for one in out] == ([] if case.status is None else [case.status])
    for one in out:
        answer, asked = read(one.data), read(torture(case.name))
        assert isinstance(answer, Response)
        assert answer.first("Call-ID") == asked.first("Call-ID")
        assert len(values_of(answer, "Via")) == len(values_of(asked, "Via"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reaction_on_a_connection(case: Case) -> None:
    """The same answer; where the message says nothing of its length, 400 and the end of the connection."""
    taken = served("user")
    flow = Flow(1, "TCP", PEER, SERVER, 0)
    taken.opened(flow, NOW)
    out = taken.received(flow, torture(case.name), NOW)
    expected = {"inv2543": 400, "clerr": None, "multi01": None}.get(case.name, case.status)
    assert [status_of(one.data) for one in out if one.data][:1] == ([] if expected is None else [expected])
    if case.name in ("inv2543", "ncl", "mcl01"):
        assert out[-1].close


def authorised(data: bytes, user: str, challenge: str, header: str) -> bytes:
    request = read(data)
    assert isinstance(request, Request)
    given = f"{header}: {answer_to(challenge, request.method, request.uri, user, 'word')}\r\n"
    line, rest = data.split(b"\r\n", 1)
    return line + b"\r\n" + given.encode() + rest


def challenge_in(data: bytes) -> str:
    answer = read(data)
    return (answer.headers.get("WWW-Authenticate") or answer.headers["Proxy-Authenticate"])[0]


def register(taken: Service, data: bytes, user: str, flow: Flow) -> list[bytes]:
    asked = taken.received(flow, data, NOW)[0].data
    return [out.data for out in taken.received(flow, authorised(data, user, challenge_in(asked), "Authorization"), NOW)]


@pytest.mark.parametrize(
    ("name", "user", "status", "contacts"),
    [
        ("escnull", "null-\0-null", 200, ["sip:%00@host5.example.com", "sip:%00%00@host5.example.com"]),
        ("dblreq", "j.user", 200, ["sip:j.user@host.example.com"]),
        ("cparam01", "watson", 200, ["sip:+19725552222@gw1.example.net"]),
        ("cparam02", "watson", 200, ["sip:+19725552222@gw1.example.net;unknownparam"]),
        ("regescrt", "user", 200, ["sip:user@example.com?Route=%3Csip:sip.example.com%3E"]),
        ("regbadct", "user", 400, []),
        ("unksm2", "user", 404, []),
        ("regaut01", "j.user", 200, []),
    ],
)
def test_registering_with_a_password(name: str, user: str, status: int, contacts: list[str]) -> None:
    taken = served(user)
    (answer,) = register(taken, torture(name), user, udp())
    assert status_of(answer) == status
    assert [entry.contact for entry in taken.registrations] == contacts


CALLS = [
    ("wsinv", "jdrosen", "vivekg"),
    ("intmeth", "mundane", "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"),
    ("esc01", "I have spaces", "sips:user@example.com"),
    ("lwsdisp", "caller", "user"),
    ("longreq", "amazinglylongcallername" * 5, "user"),
    ("semiuri", "caller", "user;par=u@example.net"),
    ("transports", "caller", "user"),
    ("baddate", "caller", "user"),
    ("badbranch", "caller", "user"),
    ("invut", "caller", "user"),
    ("sdp01", "caller", "user"),
    ("inv2543", "+13035551111", "UserB"),
]


@pytest.mark.parametrize(("name", "caller", "callee"), CALLS, ids=[call[0] for call in CALLS])
def test_passing_on_with_a_password(name: str, caller: str, callee: str) -> None:
    """What a proxy may not touch arrives as it was sent: unknown headers, the body, the caller's Vias."""
    taken = served(caller, callee)
    for port, user in ((6001, caller), (6002, callee)):
        own = "".join(char if char.isalnum() else "".join(f"%{byte:02X}" for byte in char.encode()) for char in user)
        plain = torture("dblreq").split(b"\r\n\r\n")[0].replace(b"j.user", own.encode()) + b"\r\n\r\n"
        plain = plain.replace(b"kdjuw23492", str(port).encode())
        assert status_of(register(taken, plain, user, udp(port))[0]) == 200
    sent = torture(name)
    challenge = challenge_in(taken.received(udp(6001), sent, NOW)[0].data)
    out = taken.received(udp(6001), authorised(sent, caller, challenge, "Proxy-Authorization"), NOW)
    arrived, original = read(out[-1].data), read(sent)
    assert isinstance(arrived, Request)
    assert isinstance(original, Request)
    assert out[-1].flow == udp(6002)
    assert (arrived.method, arrived.body, arrived.defect) == (original.method, original.body, "")
    assert read_uri(arrived.uri).host == "host.example.com"
    ours = {"Via", "Max-Forwards", "Record-Route", "Route", "Content-Length"}
    untouched = {key: values for key, values in original.headers.items() if key not in ours}
    assert {key: arrived.headers[key] for key in untouched} == untouched
    assert len(values_of(arrived, "Via")) == len(values_of(original, "Via")) + 1


def test_what_the_valid_ones_mean() -> None:
    """3.1.1: how the RFC says that they are to be read."""
    wsinv = read(torture("wsinv"))
    assert read_address(wsinv.first("To")).tag == "1918181833n"
    assert [(via.transport, via.host, via.branch) for via in map(read_via, values_of(wsinv, "Via"))] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert wsinv.headers["UnknownHeaderWithUnusualValue"] == [";;,,;;,;"]
    assert wsinv.headers["NewFangledHeader"] == ["newfangled value continued newfangled value"]
    assert wsinv.headers["Subject"] == [""]
    contact = read_address(wsinv.first("Contact"))
    assert (contact.uri, contact.parameters) == (
        "sip:jdrosen@example.com",
        {"newparam": "newvalue", "secondparam": None, "q": "0.33"},
    )
    esc01 = read(torture("esc01"))
    assert read_uri(read_address(esc01.first("To")).uri).user == "user"
    contact_uri = read_uri(read_address(esc01.first("Contact")).uri)
    assert (contact_uri.user, contact_uri.parameters) == ("caller", {"lr": "", "name": "value%41"})
    semiuri = read(torture("semiuri"))
    assert isinstance(semiuri, Request)
    assert (read_uri(semiuri.uri).user, read_uri(semiuri.uri).parameters) == ("user;par=u@example.net", {})
    mpart = read(torture("mpart01"))
    assert (len(mpart.body), mpart.body.count(b"--7a9cbec02ceef655")) == (553, 3)
    unreason, noreason = read(torture("unreason")), read(torture("noreason"))
    assert isinstance(unreason, Response)
    assert isinstance(noreason, Response)
    assert unreason.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert (noreason.status, noreason.reason, noreason.defect) == (100, "", "")
    assert len(values_of(read(torture("longreq")), "Via")) == 34
