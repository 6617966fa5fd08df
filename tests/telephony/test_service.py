"""What the unit itself answers, where answers go, and what it does with peers that mean no good."""

from __future__ import annotations

import pytest

from firmware.telephony.flows import Flow
from firmware.telephony.settings import Limits
from tests.telephony.phones import DOMAIN, NOW, SERVER, Phone, World, service, settings
from tests.telephony.raw import PEER, Line, message


def test_options() -> None:
    """RFC 3261, 11.2."""
    answer = Line(service()).ask(message("OPTIONS", Contact="<sip:x@192.0.2.1>"))
    assert answer.code == 200
    assert answer.headers["Allow"] == "REGISTER, OPTIONS, INVITE, ACK, CANCEL, BYE"
    assert [str(one) for one in answer.accept or []] == ["application/sdp"]
    assert answer.supported == []
    assert answer.to_address.parameters["tag"]


@pytest.mark.parametrize(
    ("status", "method", "changes"),
    [
        (405, "INVITE", {}),
        (405, "SUBSCRIBE", {}),
        (501, "FLY", {}),
        (420, "OPTIONS", {"Require": "100rel"}),
        (404, "OPTIONS", {"uri": "sip:other.example.com"}),
        (404, "INVITE", {"uri": "sip:201@other.example.com"}),
        (416, "OPTIONS", {"uri": "tel:+441234"}),
        (407, "INVITE", {"uri": f"sip:201@{DOMAIN}"}),
        (407, "FLY", {"uri": f"sip:201@{DOMAIN}"}),
        (483, "INVITE", {"uri": f"sip:201@{DOMAIN}", "Max_Forwards": "0"}),
        (200, "OPTIONS", {"Max_Forwards": "0"}),
        (200, "OPTIONS", {"Max_Forwards": None}),
        (400, "OPTIONS", {"Max_Forwards": "many"}),
        (400, "OPTIONS", {"Max_Forwards": "256"}),
        (420, "INVITE", {"uri": f"sip:201@{DOMAIN}", "Proxy_Require": "x"}),
        (404, "INVITE", {"uri": f"sip:201@{DOMAIN}", "Route": "<sip:elsewhere.example.com;lr>"}),
        (400, "INVITE", {"uri": f"sip:201@{DOMAIN}", "Route": "<sip:;lr>"}),
        (407, "INVITE", {"uri": f"sip:201@{DOMAIN}", "Route": f"<sip:{SERVER[0]};lr>"}),
        (481, "CANCEL", {}),
        (400, "OPTIONS", {"CSeq": "4294967296 OPTIONS"}),
        (400, "OPTIONS", {"CSeq": "1 INVITE"}),
        (400, "OPTIONS", {"Call_ID": None}),
        (400, "OPTIONS", {"From": None}),
        (400, "OPTIONS", {"To": None}),
        (400, "OPTIONS", {"To": ["<sip:a@b>", "<sip:c@d>"]}),
        (400, "OPTIONS", {"From": '"x <sip:a@b>;tag=1'}),
    ],
)
def test_errors(status: int, method: str, changes: dict[str, str]) -> None:
    answer = Line(service()).ask(message(method, **{"uri": f"sip:{DOMAIN}", **changes}))
    assert answer.code == status
    assert (bool(answer.headers.get("Allow"))) == (status in (405, 501) or (status == 200))
    if status == 400:
        assert answer.phrase not in ("", "Bad Request")


def test_an_ack_is_never_answered() -> None:
    line = Line(service())
    for changes in ({}, {"To": None}, {"CSeq": "x"}, {"Via": "nonsense"}):
        assert line.raw(message("ACK", **changes)) == b""


def test_a_loop_is_seen() -> None:
    world = World()
    caller, callee = (Phone(world, str(201 + n), "TCP", 6000 + n) for n in range(2))
    caller.register()
    callee.register()
    caller.call("202")
    arrived = callee.requests[0]
    looped = bytes(arrived).replace(str(arrived.uri).encode(), f"sip:202@{DOMAIN}".encode(), 1)
    line = Line(world.service, number=99)
    assert line.send(looped)[-1].code == 482


@pytest.mark.parametrize(
    ("via", "expected", "port"),
    [
        ("SIP/2.0/UDP 192.0.2.100:7000;branch=z9hG4bKa", "SIP/2.0/UDP 192.0.2.100:7000;branch=z9hG4bKa", 7000),
        ("SIP/2.0/UDP 192.0.2.100;branch=z9hG4bKa", "SIP/2.0/UDP 192.0.2.100;branch=z9hG4bKa", 5060),
        (
            "SIP/2.0/UDP phone.local:7000;branch=z9hG4bKa",
            "SIP/2.0/UDP phone.local:7000;branch=z9hG4bKa;received=192.0.2.100",
            7000,
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa",
            "SIP/2.0/UDP 10.0.0.1;rport=6000;branch=z9hG4bKa;received=192.0.2.100",
            6000,
        ),
        (
            "SIP/2.0/UDP 192.0.2.100;maddr=198.51.100.1;branch=z9hG4bKa",
            "SIP/2.0/UDP 192.0.2.100;maddr=198.51.100.1;branch=z9hG4bKa",
            5060,
        ),
    ],
)
def test_where_answers_go(via: str, expected: str, port: int) -> None:
    """RFC 3261, 18.2; RFC 3581, 4: never to another host than the one that asked."""
    flow = Flow(1, "UDP", PEER, SERVER, 0)
    (out,) = service().received(flow, message("OPTIONS", Via=via), NOW)
    assert f"\r\nVia: {expected}\r\n".encode() in out.data
    assert out.flow.peer == (PEER[0], port)


def test_pings() -> None:
    """RFC 5626, 3.5.1."""
    line = Line(service())
    assert line.raw(b"\r\n\r\n") == b"\r\n"
    assert line.raw(b"\r\n") == b""
    assert line.raw(b"\r\n\r\n\r\n") == b"\r\n\r\n"
    assert line.raw(b"\r\n" + message("OPTIONS")).startswith(b"SIP/2.0 200")
    assert line.service.due() is None
    assert Line(service(), "UDP").raw(b"\r\n\r\n") == b""
    assert Line(service(), "UDP").raw(b"") == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", None),
        (message("OPTIONS", Content_Length=None), 400),
        (message("OPTIONS", Content_Length="-1"), 400),
        (message("OPTIONS", Content_Length=["0", "0"]), 400),
        (message("OPTIONS", Content_Length="65537"), 513),
        (message("OPTIONS", Content_Length="9" * 5000), 513),
        (message("OPTIONS", X="y" * 16_384), 513),
        (message("OPTIONS", Via=None), None),
        (message("OPTIONS").removesuffix(b"\r\n") + b"X: " + b"z" * 17_000, 513),
        (b"z" * 20_000, None),
    ],
    ids=range(11),
)
def test_nonsense_ends_a_connection(data: bytes, status: int | None) -> None:
    line = Line(service())
    answers = line.send(data)
    assert [answer.code for answer in answers] == ([] if status is None else [status])
    assert line.closed
    assert line.raw(message("OPTIONS")) == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (message("OPTIONS", X=["y"] * 200), 513),
        (message("OPTIONS").replace(b"Max-Forwards", b"Max Forwards"), 400),
        (message("OPTIONS").replace(b"Max-Forwards: 70", b"nothing"), 400),
        (message("OPTIONS").replace(b"Call-ID: ", b"Call-ID: a\rb"), 400),
        (message("OPTIONS").replace(b"Call-ID: ", b"Call-ID: a\nX: "), 400),
        (message("OPTIONS").replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), 505),
    ],
    ids=range(6),
)
def test_what_is_wrong_with_one_message_does_not_end_a_connection(data: bytes, status: int) -> None:
    line = Line(service())
    assert line.ask(data).code == status
    assert not line.closed
    assert line.ask(message("OPTIONS")).code == 200


def test_half_a_message_is_not_waited_for_for_ever() -> None:
    line = Line(service())
    line.raw(message("OPTIONS")[:50])
    assert line.service.due() == NOW + 32_000
    line.now += 31_000
    line.raw(message("OPTIONS")[50:60])
    (out,) = line.service.tick(NOW + 32_000)
    assert (out.close, out.data) == (True, b"")
    assert line.raw(message("OPTIONS")[60:]) == b""
    line.service.closed(line.flow, NOW)
    assert line.service.due() is None


def test_a_connection_may_be_idle_for_ever() -> None:
    line = Line(service())
    line.raw(message("OPTIONS")[:50])
    line.raw(message("OPTIONS")[50:] + b"\r\n")
    assert line.service.due() is None


def test_strangers_leave_no_trace() -> None:
    """However many requests without a password: no transaction, no nonce, no timer."""
    line = Line(service(), "UDP")
    for number in range(200):
        for method, uri in (
            ("REGISTER", f"sip:{DOMAIN}"),
            ("INVITE", f"sip:201@{DOMAIN}"),
            ("OPTIONS", f"sip:{DOMAIN}"),
        ):
            via = f"SIP/2.0/UDP 192.0.2.100;branch=z9hG4bK{number}{method}"
            assert line.raw(message(method, uri, Via=via, CSeq=f"{number} {method}"))
    assert len(line.service._core.transactions) == 0
    assert line.service._core.registrar.authenticator._nonces._used == {}
    assert line.service.due() is None


def test_too_many_transactions() -> None:
    world = World(settings(limits=Limits(transactions=3)))
    caller, callee = (Phone(world, str(201 + n), "TCP", 6000 + n) for n in range(2))
    caller.register()
    callee.register()
    assert caller.call("202").state == "ringing"
    assert caller.call("202").state == "ringing"
    assert caller.call("202").status == 503


def test_a_stranger_cannot_cancel_a_call_or_answer_it() -> None:
    world = World()
    caller, callee = (Phone(world, str(201 + n), "TCP", 6000 + n) for n in range(2))
    caller.register()
    callee.register()
    call = caller.call("202")
    stranger = Flow(99, "TCP", ("203.0.113.5", 1), SERVER, 0)
    world.service.opened(stranger, NOW)
    via = f"SIP/2.0/TCP {caller.local[0]}:{caller.local[1]};branch={call.branch}"
    out = world.service.received(stranger, message("CANCEL", call.request, Via=via, CSeq=f"{call.cseq} CANCEL"), NOW)
    assert out[0].data.startswith(b"SIP/2.0 481")
    invite = callee.requests[0]
    forged = "\r\n".join(
        ["SIP/2.0 200 OK", *(f"Via: {via}" for via in invite.headers.getlist("Via"))]
        + [f"{name}: {invite.headers[name]}" for name in ("From", "To", "Call-ID", "CSeq")]
        + ["Content-Length: 0", "", ""]
    )
    assert world.service.received(stranger, forged.encode(), NOW) == []
    assert call.state == "ringing"


def test_a_token_of_one_call_opens_no_other() -> None:
    world = World()
    caller, callee = (Phone(world, str(201 + n), "TCP", 6000 + n) for n in range(2))
    caller.register()
    callee.register()
    call = caller.call("202")
    callee.answer(callee.calls[call.call_id])
    line = Line(world.service, number=99)
    routes = ", ".join(call.routes)
    own = message("OPTIONS", call.target, Route=routes, Call_ID=call.call_id)
    other = message("OPTIONS", call.target, Route=routes, Call_ID="another")
    changed = message("OPTIONS", call.target, Route=routes.replace("sip:", "sip:A"), Call_ID=call.call_id)
    assert [line.service.received(line.flow, data, NOW)[0].data[:11] for data in (other, changed)] == [
        b"SIP/2.0 404"
    ] * 2
    assert line.service.received(line.flow, own, NOW)[0].flow == callee.flow


def test_a_strict_router_before_us() -> None:
    """16.4: the Request-URI is our Record-Route, the last Route is the target."""
    world = World()
    caller, callee = (Phone(world, str(201 + n), "TCP", 6000 + n) for n in range(2))
    caller.register()
    callee.register()
    call = caller.call("202")
    callee.answer(callee.calls[call.call_id])
    first, second = (route.strip("<>") for route in call.routes)
    line = Line(world.service, number=99)
    strict = message("OPTIONS", second, Route=f"<{call.target}>", Call_ID=call.call_id)
    (out,) = line.service.received(line.flow, strict, NOW)
    assert out.flow == callee.flow
    assert out.data.startswith(f"OPTIONS {call.target} SIP/2.0\r\n".encode())
    assert first != second


def test_a_call_to_sips_reaches_tls_only() -> None:
    world = World()
    caller, plain = Phone(world, "201", "TLS", 6000), Phone(world, "202", "TCP", 6001)
    caller.register()
    plain.register()
    call = caller.call("202")
    assert call.state == "ringing"
    caller.uri = lambda user: f"sips:{user}@{DOMAIN}"  # type: ignore[method-assign]  # this phone says sips
    assert caller.call("202").status == 480
    secure = Phone(world, "202", "TLS", 6002)
    secure.register()
    assert caller.call("202").state == "ringing"
    assert len(plain.calls) == 1
    assert str(secure.requests[0].record_route[0].uri).startswith("sips:")


def test_bytes_of_a_connection_that_nobody_opened() -> None:
    served = service()
    assert served.received(Flow(5, "TCP", PEER, SERVER, 0), message("OPTIONS"), NOW) == []
    assert served.closed(Flow(5, "TCP", PEER, SERVER, 0), NOW) == []


def test_tls_on_the_port_for_sip_in_clear_is_closed_at_once() -> None:
    here, flow = service(), Flow(7, "TCP", PEER, SERVER)
    here.opened(flow, NOW)
    assert [(out.data, out.close) for out in here.received(flow, b"\x16\x03\x01\x02\x00\x01", NOW)] == [(b"", True)]
