"""A real syslog receiver in the network around a unit that is served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from firmware.errors import BadInput
from firmware.peers.network import SILENT, Network


@dataclass(frozen=True)
class WithReceiver(Network):
    """A datagram for any destination goes to one real receiver. ``outlet`` is a connected socket."""

    outlet: socket.socket | None = None

    def syslog(self, destination: str, message: bytes) -> None:
        assert self.outlet is not None
        with suppress(OSError):  # nobody there, or no room: syslog over UDP never tells its sender
            self.outlet.send(message)


@contextmanager
def network_with(receiver: tuple[str, int] | None) -> Iterator[Network]:
    """A network in which nobody answers, but for a syslog receiver at this host and port."""
    if receiver is None:
        yield SILENT
        return
    with _outlet(*receiver) as outlet:
        yield WithReceiver(outlet=outlet)


def _outlet(host: str, port: int) -> socket.socket:
    """A UDP socket that sends there and never waits."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        outlet = socket.socket(family, kind, protocol)
        try:
            outlet.setblocking(False)
            outlet.connect(address)
        except OSError:
            outlet.close()
            raise
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is no host name"
        raise BadInput(f"syslog receiver {host}, port {port}: {why}") from None
    return outlet
