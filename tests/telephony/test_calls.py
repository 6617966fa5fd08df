"""Two phones call each other through the service (RFC 3665, 3.2, 3.7, 3.8, 3.9; RFC 3261, 24)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telephony.phones import Call, Phone, World

every_transport = pytest.mark.parametrize(
    "transports", [("TCP", "TCP"), ("UDP", "UDP"), ("TLS", "UDP"), ("UDP", "TLS")]
)


def registered(world: World, *transports: str) -> list[Phone]:
    phones = [Phone(world, str(201 + n), transport, 6000 + n) for n, transport in enumerate(transports)]
    for phone in phones:
        phone.register()
    assert [entry.extension for entry in world.service.registrations] == [phone.user for phone in phones]
    return phones


def ringing(caller: Phone, callee: Phone) -> tuple[Call, Call]:
    call = caller.call(callee.user)
    assert call.state == "ringing"
    return call, callee.calls[call.call_id]


@every_transport
def test_ring_answer_and_the_caller_hangs_up(transports: tuple[str, str]) -> None:
    world = World()
    caller, callee = registered(world, *transports)
    here, there = ringing(caller, callee)
    callee.answer(there)
    assert (here.state, there.state) == ("confirmed", "confirmed")
    caller.hang_up(here)
    assert there.state == "over"
    assert caller.responses[-1].code == 200
    assert world.kinds() == ["registered", "registered", "call.ringing", "call.answered", "call.ended"]
    assert world.service.events[-1][2:4] == (caller.user, callee.user)


@every_transport
def test_the_called_phone_hangs_up(transports: tuple[str, str]) -> None:
    world = World()
    caller, callee = registered(world, *transports)
    here, there = ringing(caller, callee)
    callee.answer(there)
    callee.hang_up(there)
    assert here.state == "over"
    assert callee.responses[-1].code == 200


@every_transport
def test_a_call_is_changed_from_both_sides(transports: tuple[str, str]) -> None:
    world = World()
    caller, callee = registered(world, *transports)
    here, there = ringing(caller, callee)
    callee.answer(there)
    caller.reinvite(here)
    assert callee.requests[-1].method == "ACK"
    callee.reinvite(there)
    assert caller.requests[-1].method == "ACK"
    assert {here.state, there.state} == {"confirmed"}


@every_transport
def test_cancel_while_ringing(transports: tuple[str, str]) -> None:
    world = World()
    caller, callee = registered(world, *transports)
    here, there = ringing(caller, callee)
    caller.cancel(here)
    assert (here.state, here.status, there.state) == ("over", 487, "over")
    assert [request.method for request in callee.requests] == ["INVITE", "CANCEL", "ACK"]
    assert world.kinds()[-1] == "call.ended"


@every_transport
def test_busy_is_passed_on(transports: tuple[str, str]) -> None:
    world = World()
    caller, callee = registered(world, *transports)
    here, there = ringing(caller, callee)
    callee.answer(there, 486, "Busy Here")
    assert (here.state, here.status) == ("over", 486)
    assert callee.requests[-1].method == "ACK"
    world.advance(60_000)
    assert [response.code for response in caller.responses].count(486) == 1


@pytest.mark.parametrize(("user", "status"), [("203", 480), ("999", 404)])
def test_nobody_there(user: str, status: int) -> None:
    world = World()
    (caller,) = registered(world, "TCP")
    assert caller.call(user).status == status


def test_who_is_not_registered_calls_nobody() -> None:
    world = World()
    registered(world, "TCP")
    assert Phone(world, "202", "TCP", 6001).call("201").status == 403


def test_the_wrong_password_calls_nobody() -> None:
    world = World()
    caller, callee = registered(world, "TCP", "TCP")
    caller.password = "guessed"
    caller.call("202")
    assert caller.responses[-1].code == 407
    assert callee.requests == []
    assert world.service.events[-1].kind == "refused"


def test_nobody_answers_and_timer_c_ends_it() -> None:
    world = World()
    caller, callee = registered(world, "TCP", "TCP")
    here, _ = ringing(caller, callee)
    world.advance(182_000, 1000)
    assert (here.state, here.status) == ("over", 487)
    assert [request.method for request in callee.requests] == ["INVITE", "CANCEL", "ACK"]


class Off(Phone):
    """A phone that hears nothing any more."""

    def take(self, data: bytes) -> None:
        """Nothing comes of it."""


def test_a_phone_that_says_nothing() -> None:
    world = World()
    caller, callee = registered(world, "UDP", "UDP")
    world.phones.remove(callee)
    Off(world, "202", "UDP", 6001)
    call = caller.call("202")
    world.advance(33_000)
    assert (call.state, call.status) == ("over", 408)


def test_a_phone_that_loses_its_connection_while_ringing() -> None:
    world = World()
    caller, callee = registered(world, "TCP", "TCP")
    here, _ = ringing(caller, callee)
    world.deliver(world.service.closed(callee.flow, world.now))
    assert (here.state, here.status) == ("over", 500)
    assert [entry.extension for entry in world.service.registrations] == ["201"]


def test_a_caller_that_loses_its_connection_rings_no_longer() -> None:
    world = World()
    caller, callee = registered(world, "TCP", "TCP")
    _, there = ringing(caller, callee)
    world.deliver(world.service.closed(caller.flow, world.now))
    assert there.state == "over"


def test_the_next_request_of_a_call_whose_connection_is_gone() -> None:
    world = World()
    caller, callee = registered(world, "TCP", "TCP")
    here, there = ringing(caller, callee)
    callee.answer(there)
    world.deliver(world.service.closed(callee.flow, world.now))
    caller.hang_up(here)
    assert caller.responses[-1].code == 430


def test_two_phones_of_one_extension_ring_and_one_answers() -> None:
    world = World()
    caller, desk = registered(world, "TCP", "TCP")
    soft = Phone(world, "202", "UDP", 6009)
    soft.register()
    call = caller.call("202")
    assert [desk.calls[call.call_id].state, soft.calls[call.call_id].state] == ["ringing", "ringing"]
    soft.answer(soft.calls[call.call_id])
    assert call.state == "confirmed"
    assert desk.calls[call.call_id].state == "over"
    assert [request.method for request in desk.requests] == ["INVITE", "CANCEL", "ACK"]


def test_the_less_preferred_phone_rings_when_the_other_is_busy() -> None:
    world = World()
    caller, desk = registered(world, "TCP", "TCP")
    soft = Phone(world, "202", "UDP", 6009)
    soft.register(contact=f"<{soft.contact}>;q=0.5")
    call = caller.call("202")
    assert soft.calls == {}
    desk.answer(desk.calls[call.call_id], 486, "Busy Here")
    soft.answer(soft.calls[call.call_id])
    assert call.state == "confirmed"


def test_a_phone_that_declines_for_all() -> None:
    world = World()
    caller, desk = registered(world, "TCP", "TCP")
    soft = Phone(world, "202", "TCP", 6009)
    soft.register()
    call = caller.call("202")
    desk.answer(desk.calls[call.call_id], 603, "Decline")
    assert (call.status, soft.calls[call.call_id].state) == (603, "over")


def test_options_reach_a_registered_phone() -> None:
    world = World()
    caller, callee = registered(world, "TCP", "UDP")
    own = f"<{caller.uri('201')}>"
    headers = {"From": f"{own};tag=1", "To": f"<{caller.uri('202')}>", "Call-ID": "o1", "CSeq": "1 OPTIONS"}
    caller.request("OPTIONS", caller.uri("202"), headers)
    assert [request.method for request in callee.requests] == ["OPTIONS"]
    assert caller.responses[-1].code == 200


def test_what_the_called_phone_sees_of_the_caller() -> None:
    world = World()
    caller, callee = registered(world, "TLS", "UDP")
    ringing(caller, callee)
    invite = callee.requests[0]
    assert invite.max_forwards == 69
    assert [via.transport for via in invite.via] == ["UDP", "TLS"]
    assert invite.proxy_authorization is None
    assert str(invite.uri) == callee.contact
    assert ["transport=tls" in str(route.uri) for route in invite.record_route] == [False, True]


@given(st.integers(0, 2**32), st.integers(0, 15))
def test_calls_survive_lost_datagrams(seed: int, percent: int) -> None:
    """Ten tries over two hops each: with 15 % lost, a message fails to arrive once in 400,000."""
    chance = Random(seed)  # noqa: S311 - which datagrams are lost is no secret
    world = World(drop=lambda _number: chance.randrange(100) < percent)
    caller, callee = (Phone(world, str(201 + n), "UDP", 6000 + n) for n in range(2))
    for phone in (caller, callee):
        phone.register()
    world.advance(32_000)
    assert len(world.service.registrations) == 2
    call = caller.call("202")
    world.advance(32_000)
    if call.call_id in callee.calls:  # the caller may not know: a 180 is sent once
        callee.answer(callee.calls[call.call_id])
        world.advance(40_000)
        assert call.state == "confirmed"
        assert world.kinds().count("call.answered") == 1
        caller.hang_up(call)
        world.advance(40_000)
        assert world.kinds().count("call.ended") == 1
        assert len(world.service._core.transactions) == 0


def test_a_call_leaves_nothing_behind() -> None:
    world = World()
    caller, callee = registered(world, "UDP", "UDP")
    here, there = ringing(caller, callee)
    callee.answer(there)
    caller.hang_up(here)
    world.advance(40_000)
    assert len(world.service._core.transactions) == 0
    assert len(world.service._timers._at) == 2  # the two bindings
