"""Where bytes come from and go to, and what the service tells about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

UDP, TCP, TLS = "UDP", "TCP", "TLS"
DEFAULT_PORTS = {UDP: 5060, TCP: 5060, TLS: 5061}


class Chance(Protocol):
    """A generator of bytes, such as :class:`firmware.device.entropy.HmacDrbg`."""

    def generate(self, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Flow:
    """A connection, or the pair of addresses that datagrams run between (RFC 5626, 2). ``lan`` is 0 or 1.

    ``id`` is the caller's: one connection, one number, never used again. Datagrams of one peer may share one.
    """

    id: int
    transport: str
    peer: tuple[str, int]
    local: tuple[str, int]
    lan: int = 0

    @property
    def datagrams(self) -> bool:
        return self.transport == UDP

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for flows that reach the same place: a connection by its number, datagrams by their addresses."""
        return (UDP, self.peer, self.local) if self.transport == UDP else (self.transport, self.id)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes to send: on the connection ``flow.id``, or as one datagram from ``flow.local`` to ``flow.peer``.

    ``close``: when they are sent, close the connection. A datagram's ``flow.peer`` need not be where the request
    came from: a response goes where its Via says (RFC 3261, 18.2.2).
    """

    flow: Flow
    data: bytes
    close: bool = False


class Event(NamedTuple):
    """What happened, for a journal. No field ever holds a password, a digest or a nonce.

    ``kind`` is one of registered, refreshed, unregistered, expired, refused, call.ringing, call.answered, call.ended.
    ``contact`` of a call is the extension that is called; ``detail`` says why.
    """

    time: int
    kind: str
    extension: str
    contact: str
    flow: int
    detail: str
