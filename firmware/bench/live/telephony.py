"""The SIP service of a live unit: sockets to flows, and what happens into the journal.

While an identity is being made the unit is silent: bytes wait. A restart ends every connection and all that was
registered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, cast

from firmware.appliance import Appliance, Ram
from firmware.bench.live.trace import Heads, Trace
from firmware.boot.running import RUNNING
from firmware.configuration import sip_password
from firmware.telephony.flows import TCP, TLS, UDP, Flow, Outgoing
from firmware.telephony.service import Service
from firmware.telephony.settings import ALGORITHMS, Settings

MOST_CONNECTIONS = 5000  # a phone has one; the largest IP Office has 3,000 users
MOST_HELD = 64 * 1024  # bytes of a peer that wait while the unit is silent
MOST_REFUSALS = 10  # a minute, in the journal
SILENCE = 32.0  # seconds in which a connection says its first word
_MINUTE = 60.0
FIRST_EXTRA = 10_000  # of the extensions that --extensions adds


class Telephony:
    """One for all SIP listeners of a unit. ``now`` gives the service's time in ms."""

    def __init__(
        self,
        unit: Appliance,
        now: Callable[[], int],
        trace: Trace,
        names: tuple[str, ...],
        more_users: int = 0,
        algorithms: tuple[str, ...] = ALGORITHMS,
        catch_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._unit, self._now, self._trace, self._names = unit, now, trace, names
        self._more_users, self._algorithms, self._catch_up = more_users, algorithms, catch_up
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._service: tuple[Ram, Service] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._refusals: list[float] = []
        self.streams: dict[int, Stream] = {}
        self.datagrams: dict[tuple[str, int], asyncio.DatagramTransport] = {}

    def service(self) -> Service | None:
        """The service of the running unit; None while it is silent."""
        unit = self._unit
        if unit.state != RUNNING:
            return None
        if self._service is None or self._service[0] is not unit.ram:
            self._service = unit.ram, Service(self.settings(), unit.chance.drbg("sip", unit.clock.now))
        return self._service[1]

    def users(self) -> dict[str, str]:
        """Passwords by extension: the configuration's, and as many more as were asked for."""
        configuration, password = self._unit.ram.configuration, sip_password(self._unit.entropy)
        own = [extension for extension, _ in configuration.users] if configuration else []
        more = (str(number) for number in range(FIRST_EXTRA, FIRST_EXTRA + self._more_users))
        return dict.fromkeys((*own, *more), password)

    def settings(self) -> Settings:
        configuration = self._unit.ram.configuration
        assert configuration is not None
        own = (configuration.sip_domain, configuration.sip_fqdn, self._unit.ram.host_name,
               *(lan.address for lan in configuration.lans), *self._names)  # fmt: skip
        domains = tuple(dict.fromkeys(name for name in own if name))
        realm = configuration.sip_domain or "ipoffice"
        return Settings(domains, self.users(), realm=realm, algorithms=self._algorithms)

    def follow(self) -> None:
        """The unit has come to rest: a restarted one knows none of the connections, a silent one reads on."""
        if self._service is not None and self._service[0] is not self._unit.ram:
            self._service = None
            for stream in tuple(self.streams.values()):
                stream.transport.abort()
        for stream in tuple(self.streams.values()):
            stream.read_on()

    def next_number(self) -> int:
        return next(self._numbers)

    def opened(self, flow: Flow) -> None:
        service = self.service()
        if service is not None:
            service.opened(flow, self._now())

    def received(self, flow: Flow, data: bytes, heads: Heads) -> bool:
        """Give the service what came; False: the unit is silent, keep it."""
        service = self.service()
        if service is None:
            return False
        self._trace.messages("<-", _named(flow), heads, data)
        self._send(service, service.received(flow, data, self._now()))
        return True

    def closed(self, flow: Flow) -> None:
        if self._service is not None and self._service[0] is self._unit.ram:
            service = self._service[1]
            self._send(service, service.closed(flow, self._now()))

    def _tick(self) -> None:
        self._timer = None
        service = self.service()
        if service is not None:
            self._send(service, service.tick(self._now()))

    def _send(self, service: Service, outgoing: list[Outgoing]) -> None:
        for out in outgoing:
            if out.data:
                self._trace.head("->", _named(out.flow), out.data.partition(b"\r\n\r\n")[0])
            if out.flow.transport == UDP:
                if (socket := self.datagrams.get(out.flow.local)) is not None:
                    socket.sendto(out.data, out.flow.peer)
            elif (stream := self.streams.get(out.flow.id)) is not None and not stream.transport.is_closing():
                stream.transport.write(out.data)
                if out.close:
                    stream.transport.close()
        for event in service.events:
            self._note(event)
        service.events.clear()
        self._arrange(service)

    def may_note_refusal(self) -> bool:
        """Whether one more is to be written down: a stranger cannot fill the journal."""
        moment = self._loop.time()
        self._refusals = [at for at in self._refusals if moment - at < _MINUTE]
        if len(self._refusals) >= MOST_REFUSALS:
            return False
        self._refusals.append(moment)
        return True

    def _note(self, event: Any) -> None:
        if event.kind == "refused" and not self.may_note_refusal():
            return
        self._catch_up()
        self._unit.note(f"sip.{event.kind.replace('call.', 'call_')}", extension=event.extension,
                        contact=event.contact, detail=event.detail)  # fmt: skip

    def _arrange(self, service: Service) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = service.due()
        wait = None if due is None else max(due - self._now(), 0) / 1000
        self._timer = None if wait is None else self._loop.call_later(wait, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for stream in tuple(self.streams.values()):
            stream.transport.close()


def _named(flow: Flow) -> str:
    return f"{flow.transport} {flow.peer[0]}:{flow.peer[1]} on LAN{flow.lan + 1}"


class Stream(asyncio.Protocol):
    """One TCP or TLS connection of SIP."""

    transport: asyncio.Transport

    def __init__(self, telephony: Telephony, transport: str, lan: int) -> None:
        self._telephony, self._kind, self._lan = telephony, transport, lan
        self._held = b""
        self._heads = Heads()
        self._silent: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer, local = (transport.get_extra_info(name)[:2] for name in ("peername", "sockname"))
        self.flow = Flow(self._telephony.next_number(), self._kind, peer, local, self._lan)
        if self._telephony.service() is None or len(self._telephony.streams) >= MOST_CONNECTIONS:
            transport.abort()
            return
        self._telephony.streams[self.flow.id] = self
        self._telephony.opened(self.flow)
        self._silent = asyncio.get_running_loop().call_later(SILENCE, transport.abort)

    def data_received(self, data: bytes) -> None:
        self._speaks()
        if self._held or not self._telephony.received(self.flow, data, self._heads):
            self._held += data
            self.transport.pause_reading()
            if len(self._held) > MOST_HELD:
                self.transport.abort()

    def _speaks(self) -> None:
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None

    def pause_writing(self) -> None:
        """A peer that does not read is not listened to: its answers would fill the memory."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self._held and not self.transport.is_closing():
            self.transport.resume_reading()

    def read_on(self) -> None:
        """What came while the unit was silent."""
        if self._held:
            held, self._held = self._held, b""
            self.data_received(held)
            if not self._held:
                self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._speaks()
        if self._telephony.streams.pop(self.flow.id, None) is not None:
            self._telephony.closed(self.flow)


class Datagrams(asyncio.DatagramProtocol):
    """SIP over UDP on one LAN: what comes while the unit is silent is lost."""

    def __init__(self, telephony: Telephony, lan: int) -> None:
        self._telephony, self._lan = telephony, lan

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._local = transport.get_extra_info("sockname")[:2]
        # asyncio's own transport is none of its DatagramTransports.
        self._telephony.datagrams[self._local] = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        peer = (str(addr[0]), int(addr[1]))
        self._telephony.received(Flow(0, UDP, peer, self._local, self._lan), data, Heads())

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at a peer's port any more: UDP tells nothing that SIP's timers do not."""


TRANSPORTS = {"sip-tcp": TCP, "sip-tls": TLS}
