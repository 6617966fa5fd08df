"""The table of transactions, and its timers on datagrams (RFC 3261, 17; RFC 6026)."""

from __future__ import annotations

import pytest

from firmware.telephony.timers import Timers
from firmware.telephony.transactions import FIRST, STARTING, TABLE, WAITS, Kind, State
from tests.telephony.phones import Phone, World

_ACTIONS = {"send", "again", "ack", "pass", "silent", "lost", "late", "slow"}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_every_state_is_reached_and_left(kind: Kind) -> None:
    rows = {(state, event): target for (of, state, event), (target, _) in TABLE.items() if of is kind}
    reached = {FIRST[kind]}
    while more := {rows[key] for key in rows if key[0] in reached} - reached:
        reached |= more
    assert {state for state, _ in rows} | {State.TERMINATED} == reached
    assert not any(state is State.TERMINATED for state, _ in rows)
    ends = {State.TERMINATED}
    while more := {state for (state, _), target in rows.items() if target in ends} - ends:
        ends |= more
    assert ends == reached


def test_every_timer_that_is_set_is_waited_for() -> None:
    for (kind, _, _), (target, actions) in TABLE.items():
        for action in actions:
            assert action in _ACTIONS or (kind, target, action) in TABLE
    for kind, letters in STARTING.items():
        assert all((kind, FIRST[kind], letter) in TABLE for letter in letters)
    waited = {event for _, _, event in TABLE if len(event) == 1}
    assert waited == set(WAITS)


def test_timers() -> None:
    timers = Timers()
    assert timers.next() is None
    timers.set("a", 10)
    timers.set("b", 20)
    timers.set("a", 30)
    assert timers.next() == 20
    timers.clear("b")
    assert timers.next() == 30
    assert list(timers.pop(29)) == []
    assert list(timers.pop(30)) == ["a"]
    for number in range(1000):
        timers.set("again", number)
    assert len(timers._heap) < 100
    assert list(timers.pop(5000)) == ["again"]
    assert timers.next() is None


class Deaf(Phone):
    """Records what comes, and how late; answers nothing by itself."""

    def __init__(self, world: World, user: str, port: int) -> None:
        super().__init__(world, user, "UDP", port)
        self.heard: list[tuple[int, bytes]] = []
        self.listening = True

    def take(self, data: bytes) -> None:
        self.heard.append((self.world.now, data))
        if self.listening:
            super().take(data)

    def times(self, start: bytes, since: int) -> list[int]:
        return [when - since for when, data in self.heard if data.startswith(start)]


def pair() -> tuple[World, Deaf, Deaf]:
    world = World()
    caller, callee = Deaf(world, "201", 6000), Deaf(world, "202", 6001)
    caller.register()
    callee.register()
    return world, caller, callee


def test_an_invite_is_sent_again_until_it_is_given_up() -> None:
    """Timers A and B."""
    world, caller, callee = pair()
    callee.listening = False
    start = world.now
    call = caller.call("202")
    world.advance(40_000)
    assert callee.times(b"INVITE", start) == [0, 500, 1500, 3500, 7500, 15500, 31500]
    assert (call.state, call.status) == ("over", 408)


def test_a_failure_is_sent_again_until_it_is_acknowledged() -> None:
    """Timers G and H: T1, doubling up to T2."""
    world, caller, callee = pair()
    call = caller.call("202")
    caller.listening = False
    start = world.now
    callee.answer(callee.calls[call.call_id], 486, "Busy Here")
    world.advance(40_000)
    assert caller.times(b"SIP/2.0 486", start) == [0, 500, 1500, 3500, *range(7500, 32_000, 4000)]
    assert len(world.service._core.transactions) == 0


def test_an_acknowledged_failure_is_sent_once() -> None:
    """Timer I absorbs what comes late."""
    world, caller, callee = pair()
    call = caller.call("202")
    callee.answer(callee.calls[call.call_id], 486, "Busy Here")
    world.advance(4_000)
    assert [data.startswith(b"SIP/2.0 486") for _, data in caller.heard].count(True) == 1
    world.advance(40_000)
    assert len(world.service._core.transactions) == 0


def test_a_success_is_sent_again_by_the_phone_only() -> None:
    """RFC 6026: the 200 is the called phone's to repeat, and each repetition passes."""
    world, caller, callee = pair()
    call = caller.call("202")
    caller.listening, caller.heard = False, []
    start = world.now
    callee.answer(callee.calls[call.call_id])
    world.advance(8_000)
    assert caller.times(b"SIP/2.0 200 OK", start) == [0, 500, 1500, 3500, 7500]
    caller.listening = True
    world.advance(8_000)
    assert call.state == "confirmed"
    assert callee.calls[call.call_id].state == "confirmed"


def test_a_bye_is_sent_again_until_it_is_given_up_and_nobody_is_told() -> None:
    """Timers E and F; RFC 4320: no 408 to anything but an INVITE."""
    world, caller, callee = pair()
    call = caller.call("202")
    callee.answer(callee.calls[call.call_id])
    callee.listening = False
    caller.waits = False
    start = world.now
    caller.hang_up(call)
    world.advance(40_000)
    assert callee.times(b"BYE", start) == [0, 500, 1500, 3500, *range(7500, 32_000, 4000)]
    assert not any(when > start for when, _ in caller.heard)
    assert len(world.service._core.transactions) == 0


def test_what_comes_again_is_absorbed() -> None:
    """A repeated INVITE gets the last provisional response again and rings nobody twice."""
    world, caller, callee = pair()
    call = caller.call("202")
    sent = caller.sent[call.branch, "INVITE"]
    before = len(callee.heard)
    world.to_service(caller, sent)
    assert caller.heard[-1][1].startswith(b"SIP/2.0 180")
    assert len(callee.heard) == before
