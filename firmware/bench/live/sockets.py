"""Taking addresses and ports, before a unit is switched on."""

from __future__ import annotations

import resource
import socket

from firmware.errors import BadInput

BACKLOG = 1024


MOST_OPEN = 65_536


def allow_many() -> None:
    """As many open connections as the system lets this process have."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = MOST_OPEN if most == resource.RLIM_INFINITY else min(most, MOST_OPEN)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def bound(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A socket at this address; port 0: any that is free. BadInput when it is taken, or no address of ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=kind)[0]
        taken = socket.socket(family, kind, protocol)
        try:
            if kind == socket.SOCK_STREAM:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.setblocking(False)
            taken.bind(address)
        except OSError:
            taken.close()
            raise
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is no host name"
        raise BadInput(f"{host}, port {port}: {why}; give another address or port (0: any free)") from None
    return taken
