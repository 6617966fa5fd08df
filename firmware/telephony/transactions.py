"""Transactions: RFC 3261, 17, with the corrections of RFC 6026 (Accepted) as one table.

1. A row is (kind, state, event) -> (next state, actions). What has no row is ignored.
2. Events: a letter is a timer; ``request`` a retransmission; ``ack``; ``1xx``, ``2xx``, ``failure`` a response, sent on
   the server side and received on the client side; ``gone``: the connection is closed.
3. Actions: a letter sets a timer; ``send`` and ``again`` send the response or what was sent last; ``ack`` sends one;
   ``pass`` gives the response to the proxy; ``silent`` tells it that none came, ``lost`` that none can come any more,
   ``late`` that timer C is due.
4. On a connection nothing is sent again, and what only waits for retransmissions ends at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from firmware.telephony.flows import Flow
from firmware.telephony.message import Request, Response, write
from firmware.telephony.timers import Timers
from firmware.times import SECOND

if TYPE_CHECKING:
    from firmware.telephony.branches import Context


class Kind(Enum):
    SERVER_INVITE = "INVITE server"
    SERVER = "server"
    CLIENT_INVITE = "INVITE client"
    CLIENT = "client"


class State(Enum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


_SI, _S, _CI, _C = Kind.SERVER_INVITE, Kind.SERVER, Kind.CLIENT_INVITE, Kind.CLIENT
_CALLING, _TRYING, _PROCEEDING, _COMPLETED = State.CALLING, State.TRYING, State.PROCEEDING, State.COMPLETED
_CONFIRMED, _ACCEPTED, _TERMINATED = State.CONFIRMED, State.ACCEPTED, State.TERMINATED

Rows = dict[tuple[Kind, State, str], tuple[State, tuple[str, ...]]]

TABLE: Rows = {
    # 17.2.1, figure 7; RFC 6026, figure 5
    (_SI, _PROCEEDING, "request"): (_PROCEEDING, ("again",)),
    (_SI, _PROCEEDING, "1xx"): (_PROCEEDING, ("send",)),
    (_SI, _PROCEEDING, "2xx"): (_ACCEPTED, ("send", "L")),
    (_SI, _PROCEEDING, "failure"): (_COMPLETED, ("send", "G", "H")),
    (_SI, _COMPLETED, "request"): (_COMPLETED, ("again",)),
    (_SI, _COMPLETED, "G"): (_COMPLETED, ("again", "G")),
    (_SI, _COMPLETED, "ack"): (_CONFIRMED, ("I",)),
    (_SI, _COMPLETED, "H"): (_TERMINATED, ()),
    (_SI, _CONFIRMED, "I"): (_TERMINATED, ()),
    (_SI, _ACCEPTED, "2xx"): (_ACCEPTED, ("send",)),
    (_SI, _ACCEPTED, "L"): (_TERMINATED, ()),
    # 17.2.2, figure 8
    (_S, _TRYING, "1xx"): (_PROCEEDING, ("send",)),
    (_S, _TRYING, "2xx"): (_COMPLETED, ("send", "J")),
    (_S, _TRYING, "failure"): (_COMPLETED, ("send", "J")),
    (_S, _PROCEEDING, "request"): (_PROCEEDING, ("again",)),
    (_S, _PROCEEDING, "1xx"): (_PROCEEDING, ("send",)),
    (_S, _PROCEEDING, "2xx"): (_COMPLETED, ("send", "J")),
    (_S, _PROCEEDING, "failure"): (_COMPLETED, ("send", "J")),
    (_S, _COMPLETED, "request"): (_COMPLETED, ("again",)),
    (_S, _COMPLETED, "J"): (_TERMINATED, ()),
    # 17.1.1, figure 5; RFC 6026, figure 3; timer C: 16.6, step 11
    (_CI, _CALLING, "A"): (_CALLING, ("again", "A")),
    (_CI, _CALLING, "B"): (_TERMINATED, ("silent",)),
    (_CI, _CALLING, "C"): (_CALLING, ("late",)),
    (_CI, _CALLING, "gone"): (_TERMINATED, ("lost",)),
    (_CI, _CALLING, "1xx"): (_PROCEEDING, ("C", "pass")),
    (_CI, _CALLING, "2xx"): (_ACCEPTED, ("M", "pass")),
    (_CI, _CALLING, "failure"): (_COMPLETED, ("ack", "pass", "D")),
    (_CI, _PROCEEDING, "C"): (_PROCEEDING, ("late",)),
    (_CI, _PROCEEDING, "gone"): (_TERMINATED, ("lost",)),
    (_CI, _PROCEEDING, "1xx"): (_PROCEEDING, ("C", "pass")),
    (_CI, _PROCEEDING, "2xx"): (_ACCEPTED, ("M", "pass")),
    (_CI, _PROCEEDING, "failure"): (_COMPLETED, ("ack", "pass", "D")),
    (_CI, _COMPLETED, "failure"): (_COMPLETED, ("ack",)),
    (_CI, _COMPLETED, "D"): (_TERMINATED, ()),
    (_CI, _ACCEPTED, "2xx"): (_ACCEPTED, ("pass",)),
    (_CI, _ACCEPTED, "M"): (_TERMINATED, ()),
    # 17.1.2, figure 6
    (_C, _TRYING, "E"): (_TRYING, ("again", "E")),
    (_C, _TRYING, "F"): (_TERMINATED, ("silent",)),
    (_C, _TRYING, "gone"): (_TERMINATED, ("lost",)),
    (_C, _TRYING, "1xx"): (_PROCEEDING, ("slow", "pass")),
    (_C, _TRYING, "2xx"): (_COMPLETED, ("pass", "K")),
    (_C, _TRYING, "failure"): (_COMPLETED, ("pass", "K")),
    (_C, _PROCEEDING, "E"): (_PROCEEDING, ("again", "E")),
    (_C, _PROCEEDING, "F"): (_TERMINATED, ("silent",)),
    (_C, _PROCEEDING, "gone"): (_TERMINATED, ("lost",)),
    (_C, _PROCEEDING, "1xx"): (_PROCEEDING, ("pass",)),
    (_C, _PROCEEDING, "2xx"): (_COMPLETED, ("pass", "K")),
    (_C, _PROCEEDING, "failure"): (_COMPLETED, ("pass", "K")),
    (_C, _COMPLETED, "K"): (_TERMINATED, ()),
}
FIRST = {_SI: _PROCEEDING, _S: _TRYING, _CI: _CALLING, _C: _TRYING}
STARTING = {_SI: (), _S: (), _CI: ("A", "B", "C"), _C: ("E", "F")}

T1, T2, T4 = SECOND // 2, 4 * SECOND, 5 * SECOND
TIMER_C = 181 * SECOND


@dataclass(frozen=True, slots=True)
class Wait:
    """How long on datagrams, and on a connection (None: never set); ``most``: it doubles, up to that."""

    datagrams: int
    connection: int | None
    most: int = 0


WAITS = {  # RFC 3261, table 4; RFC 6026, 8.11
    "A": Wait(T1, None, 64 * T1),
    "B": Wait(64 * T1, 64 * T1),
    "C": Wait(TIMER_C, TIMER_C),
    "D": Wait(32 * SECOND, 0),
    "E": Wait(T1, None, T2),
    "F": Wait(64 * T1, 64 * T1),
    "G": Wait(T1, None, T2),
    "H": Wait(64 * T1, 64 * T1),
    "I": Wait(T4, 0),
    "J": Wait(64 * T1, 0),
    "K": Wait(T4, 0),
    "L": Wait(64 * T1, 64 * T1),
    "M": Wait(64 * T1, 64 * T1),
}


@dataclass(slots=True, eq=False)
class Transaction:
    """One of them. ``flow`` is where it sends, ``sent`` what it sent last, ``request`` what it is about."""

    kind: Kind
    key: tuple[object, ...]
    flow: Flow
    request: Request
    context: Context | None = None
    state: State = State.TERMINATED
    sent: bytes = b""
    interval: int = T1

    @property
    def over(self) -> bool:
        """Whether a final response was sent or received."""
        return self.state not in (State.CALLING, State.TRYING, State.PROCEEDING)


class Owner(Protocol):
    """Who hears of a client transaction's end: the proxy."""

    def passed(self, client: Transaction, response: Response, now: int) -> None: ...
    def silent(self, client: Transaction, now: int) -> None: ...
    def lost(self, client: Transaction, now: int) -> None: ...
    def late(self, client: Transaction, now: int) -> None: ...
    def acknowledgement(self, client: Transaction, response: Response) -> bytes: ...


Send = Callable[[Flow, bytes], None]


class Transactions:
    """All transactions by key; the interpreter of the table."""

    __slots__ = ("_by_key", "_send", "_timers", "owner")

    def __init__(self, timers: Timers, send: Send) -> None:
        self._timers, self._send = timers, send
        self._by_key: dict[tuple[object, ...], Transaction] = {}
        self.owner: Owner | None = None

    def __len__(self) -> int:
        return len(self._by_key)

    def find(self, key: tuple[object, ...]) -> Transaction | None:
        return self._by_key.get(key)

    def on_flow(self, flow: Flow) -> list[Transaction]:
        return [found for found in self._by_key.values() if found.flow.key == flow.key]

    def start(self, transaction: Transaction, now: int) -> None:
        """Begin; a client sends its request."""
        transaction.state = FIRST[transaction.kind]
        self._by_key[transaction.key] = transaction
        if transaction.sent:
            self._send(transaction.flow, transaction.sent)
        for letter in STARTING[transaction.kind]:
            self._set(transaction, letter, now)

    def happen(self, transaction: Transaction, event: str, now: int, response: Response | None = None) -> None:
        row = TABLE.get((transaction.kind, transaction.state, event))
        if row is None:
            return
        if len(event) == 1 and WAITS[event].most:
            transaction.interval = min(2 * transaction.interval, WAITS[event].most)
        transaction.state, actions = row
        for action in actions:
            self._act(transaction, action, now, response)
        if transaction.state is State.TERMINATED:
            self._end(transaction)

    def respond(self, transaction: Transaction, response: Response, now: int) -> None:
        """Send a response on a server transaction, or take one on a client transaction."""
        self.happen(transaction, event_of(response), now, response)

    def drop(self, transaction: Transaction) -> None:
        transaction.state = State.TERMINATED
        self._end(transaction)

    def postpone(self, transaction: Transaction, letter: str, when: int) -> None:
        self._timers.set((transaction, letter), when)

    def _end(self, transaction: Transaction) -> None:
        if self._by_key.get(transaction.key) is transaction:
            del self._by_key[transaction.key]
        for letter in WAITS:
            self._timers.clear((transaction, letter))

    def _act(self, transaction: Transaction, action: str, now: int, response: Response | None) -> None:
        if action in WAITS:
            self._set(transaction, action, now)
        elif action == "again":
            self._again(transaction)
        elif action == "slow":
            transaction.interval = T2
        elif self.owner is not None and action == "silent":
            self.owner.silent(transaction, now)
        elif self.owner is not None and action == "lost":
            self.owner.lost(transaction, now)
        elif self.owner is not None and action == "late":
            self.owner.late(transaction, now)
        elif self.owner is not None and response is not None:
            self._act_on(self.owner, transaction, action, now, response)

    def _act_on(self, owner: Owner, transaction: Transaction, action: str, now: int, response: Response) -> None:
        if action == "send":
            transaction.sent = write(response)
            self._send(transaction.flow, transaction.sent)
        elif action == "ack":
            self._send(transaction.flow, owner.acknowledgement(transaction, response))
        else:
            owner.passed(transaction, response, now)

    def _again(self, transaction: Transaction) -> None:
        if transaction.sent:
            self._send(transaction.flow, transaction.sent)

    def _set(self, transaction: Transaction, letter: str, now: int) -> None:
        wait = WAITS[letter]
        length = wait.datagrams if transaction.flow.datagrams else wait.connection
        if length is None:
            return
        if length == 0:
            self.happen(transaction, letter, now)
            return
        self._timers.set((transaction, letter), now + (transaction.interval if wait.most else length))


def event_of(response: Response) -> str:
    return "1xx" if response.status < 200 else "2xx" if response.status < 300 else "failure"
