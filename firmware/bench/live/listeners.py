"""What a live unit listens on: a row a service, and whether the unit offers it now.

A port is open only while the unit offers the service: SIP over TLS is off until it is enabled and the unit restarted,
HTTP and HTTPS follow the service's level. (S)
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from firmware.appliance import Appliance
from firmware.bench.live.sockets import BACKLOG, bound
from firmware.credentials.telephony import sip_tls_in_force
from firmware.security.settings import DISABLED, UNSECURE_ONLY

HTTP = "HTTP"
Close = Callable[[], None]
Serve = Callable[[socket.socket, int], Awaitable[Close]]


@dataclass(frozen=True)
class Kind:
    """A service of each LAN; ``offered``: whether the unit has it on a LAN now."""

    service: str
    offered: Callable[[Appliance, int], bool]
    datagrams: bool = False


def _always(_unit: Appliance, _lan: int) -> bool:
    return True


def _sip_tls(unit: Appliance, lan: int) -> bool:
    return sip_tls_in_force(unit)[lan]


def http_level(unit: Appliance) -> str:
    return dict(unit.ram.settings.services).get(HTTP, DISABLED) if unit.ram.settings else DISABLED


def _in_clear(unit: Appliance, _lan: int) -> bool:
    return http_level(unit) in (UNSECURE_ONLY, "Unsecure + Secure")


def _secured(unit: Appliance, _lan: int) -> bool:
    return http_level(unit) not in (DISABLED, UNSECURE_ONLY)


# certificates.md, section 6.
KINDS: tuple[Kind, ...] = (
    Kind("sip-tls", _sip_tls),
    Kind("sip-tcp", _always),
    Kind("sip-udp", _always, datagrams=True),
    Kind("http", _in_clear),
    Kind("https", _secured),
)


class Place:
    """A service on a LAN, at an address of the machine. Its port is taken when it is first offered, and then stays its
    own: a phone finds it there again."""

    def __init__(self, kind: Kind, lan: int, host: str, port: int, serve: Serve) -> None:
        self.kind, self.lan, self.host, self.port = kind, lan, host, port
        self._serve = serve
        self._close: Close | None = None

    @property
    def is_open(self) -> bool:
        return self._close is not None

    async def follow(self, unit: Appliance) -> None:
        """Open or close it, as the unit offers it or not."""
        is_offered = self.kind.offered(unit, self.lan)
        if is_offered and self._close is None:
            taken = bound(self.host, self.port, socket.SOCK_DGRAM if self.kind.datagrams else socket.SOCK_STREAM)
            self.port = taken.getsockname()[1]
            self._close = await self._serve(taken, self.lan)
        elif not is_offered:
            self.close()

    def close(self) -> None:
        if self._close is not None:
            self._close()
            self._close = None

    def shown(self) -> dict[str, str | int]:
        return {"service": self.kind.service, "lan": self.lan + 1, "host": self.host, "port": self.port}


async def serve_stream(protocol: Callable[[], asyncio.BaseProtocol], taken: socket.socket) -> Close:
    server = await asyncio.get_running_loop().create_server(protocol, sock=taken, backlog=BACKLOG)
    return server.close


async def serve_datagrams(protocol: Callable[[], asyncio.DatagramProtocol], taken: socket.socket) -> Close:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(protocol, sock=taken)
    return transport.close
