"""The SIP service of one unit: bytes from flows in, bytes to flows out. No I/O; time is an argument.

1. A connection's bytes are framed (framing); nonsense is answered if it can be, and the connection is closed.
2. A datagram of nonsense is answered if it has a Via, else dropped.
3. A connection is closed by us when it sends nonsense or half a message for too long, never for being idle.
4. Nothing a peer sends makes a method of this class raise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware.telephony.bindings import Binding, Registration
from firmware.telephony.core import Core
from firmware.telephony.flows import Chance, Event, Flow, Outgoing
from firmware.telephony.framing import Framed, Framer, datagram
from firmware.telephony.message import Request, Response
from firmware.telephony.settings import Settings
from firmware.telephony.syntax import legible
from firmware.telephony.timers import Timers
from firmware.telephony.transactions import Transaction

PONG = b"\r\n"


@dataclass(slots=True)
class Connection:
    flow: Flow
    framer: Framer
    closing: bool = False


class Service:
    """``events`` grows by one for each thing worth a line in a journal; whoever reads them may empty it."""

    __slots__ = ("_connections", "_core", "_now", "_out", "_timers", "events")

    def __init__(self, settings: Settings, chance: Chance) -> None:
        self.events: list[Event] = []
        self._out: list[Outgoing] = []
        self._connections: dict[int, Connection] = {}
        self._timers = Timers()
        self._now = 0
        self._core = Core(settings, chance, self._timers, self._send, self._is_open, self.events.append)

    @property
    def settings(self) -> Settings:
        return self._core.settings

    # What the outside calls

    def opened(self, flow: Flow, now: int) -> None:
        """A TCP or TLS connection is there."""
        self._now = now
        self._connections[flow.id] = Connection(flow, Framer(self.settings.limits))

    def closed(self, flow: Flow, now: int) -> list[Outgoing]:
        """A connection is gone, and with it the bindings that were reached over it (see bindings)."""
        self._now = now
        self._connections.pop(flow.id, None)
        self._timers.clear(("whole", flow.id))
        for extension in self._core.bindings.on_flow(flow):
            bindings = self._core.bindings.of(extension, -1)
            self._core.bindings.replace(extension, tuple(one for one in bindings if one.flow.key != flow.key))
            self._tell_all("unregistered", (one for one in bindings if one.flow.key == flow.key), now, "flow closed")
        self._core.proxy.flow_closed(flow, now)
        return self._take()

    def received(self, flow: Flow, data: bytes, now: int) -> list[Outgoing]:
        """Bytes of a connection, cut anywhere, or one datagram."""
        self._now = now
        if flow.datagrams:
            framed = datagram(data, self.settings.limits)
            if framed is not None:
                self._framed(flow, framed, now)
        elif (connection := self._connections.get(flow.id)) is not None:
            self._stream(connection, data, now)
        return self._take()

    def due(self) -> int | None:
        """When :meth:`tick` has something to do next."""
        return self._timers.next()

    def tick(self, now: int) -> list[Outgoing]:
        """Everything that is due until now: bindings, transactions, messages that never became whole."""
        self._now = now
        for name in self._timers.pop(now):
            match name:
                case (Transaction() as transaction, str(letter)):
                    self._core.transactions.happen(transaction, letter, now)
                case ("binding", str(extension)):
                    self._tell_all("expired", self._core.bindings.expire(extension, now), now, "")
                case ("whole", int(number)) if number in self._connections:
                    self._close(self._connections[number])
        return self._take()

    @property
    def registrations(self) -> tuple[Registration, ...]:
        return tuple(
            Registration(one.extension, one.contact, one.flow.id, one.expires, one.user_agent)
            for one in self._core.bindings
        )

    def reconfigure(self, settings: Settings) -> None:
        """Other users or names. An extension that is no more loses its bindings; a password counts from now on."""
        self._core.reconfigure(settings)
        for extension in self._core.bindings.extensions():
            if extension not in settings.users:
                gone = self._core.bindings.of(extension, -1)
                self._core.bindings.replace(extension, ())
                self._tell_all("unregistered", gone, self._now, "no such user any more")

    def _tell_all(self, kind: str, bindings: Iterable[Binding], now: int, why: str) -> None:
        for one in bindings:
            self.events.append(Event(now, kind, one.extension, legible(one.contact), one.flow.id, why))

    # Bytes

    def _take(self) -> list[Outgoing]:
        out, self._out = self._out, []
        return out

    def _send(self, flow: Flow, data: bytes) -> None:
        if flow.datagrams or self._is_open(flow):
            self._out.append(Outgoing(flow, data))

    def _is_open(self, flow: Flow) -> bool:
        connection = self._connections.get(flow.id)
        return connection is not None and not connection.closing

    def _close(self, connection: Connection) -> None:
        if not connection.closing:
            connection.closing = connection.framer.ended = True
            self._out.append(Outgoing(connection.flow, b"", close=True))

    def _stream(self, connection: Connection, data: bytes, now: int) -> None:
        framer, name = connection.framer, ("whole", connection.flow.id)
        waiting = framer.waiting
        found = framer.feed(data)
        for framed in found:
            self._framed(connection.flow, framed, now)
            if framed.last:
                self._close(connection)
        if framer.waiting and (found or not waiting):
            self._timers.set(name, now + self.settings.limits.whole)
        elif waiting and not framer.waiting:
            self._timers.clear(name)

    def _framed(self, flow: Flow, framed: Framed, now: int) -> None:
        if isinstance(framed.message, Request):
            self._core.request(flow, framed.message, now)
        elif isinstance(framed.message, Response):
            self._core.response(flow, framed.message, now)
        else:
            self._send(flow, PONG)
