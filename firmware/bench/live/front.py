"""One TLS front for every listener: each connection gets the identity that the unit presents at that moment.

asyncio's own TLS sends no alert to a peer that it refuses (cpython#98078) and has one context for all; this one is a
pyOpenSSL connection in memory between two protocols: the network's, and an inner one that sees plain bytes only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from OpenSSL import SSL

from firmware.security import tls
from firmware.security.certificates import Identity

HANDSHAKE_TIME = 10.0  # seconds
IDLE_TIME = 75.0  # without an answer to the peer: however slowly it sends, a request is whole by then
MOST_CONNECTIONS = 200
_CHUNK = 64 * 1024
_ALPN = (b"http/1.1",)

Inner = Callable[[], asyncio.Protocol]


class Front:
    """What all connections of a listener share. ``identity`` is asked at each; None: nobody is served now.

    ``context`` makes the TLS context of an identity, ``idle_time`` is in seconds (None: a connection may rest for ever,
    once its handshake is done), ``say`` hears of every handshake.
    """

    def __init__(
        self,
        identity: Callable[[], Identity | None],
        inner: Inner,
        most: int = MOST_CONNECTIONS,
        *,
        context: Callable[[Identity], SSL.Context] | None = None,
        idle_time: float | None = IDLE_TIME,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.identity = identity
        self.inner = inner
        self.most = most
        self.context = context or http_context
        self.handshake_time = HANDSHAKE_TIME
        self.idle_time = idle_time
        self.say = say
        self.connections: set[Connection] = set()

    def __call__(self) -> Connection:
        return Connection(self)

    def close(self) -> None:
        """Say goodbye on every connection."""
        for connection in tuple(self.connections):
            connection.close()

    def abort(self) -> None:
        """The power is gone."""
        for connection in tuple(self.connections):
            connection.abort()


@lru_cache(4)
def http_context(identity: Identity) -> SSL.Context:
    """As every server's of ours, for HTTP/1.1."""
    made = tls.server_context(identity)
    made.set_alpn_select_callback(_select)
    return made


def _why(error: SSL.Error) -> str:
    """OpenSSL's last word: for an alert that came, its name."""
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(reason[-1]) for reason in reasons) or type(error).__name__


def _select(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    return next((name for name in _ALPN if name in offered), SSL.NO_OVERLAPPING_PROTOCOLS)


class Connection(asyncio.Protocol):
    """One peer: encrypted bytes on the network's side, plain ones inside."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._inner: asyncio.Protocol | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.network = transport
        identity = self._front.identity()
        if identity is None or len(self._front.connections) >= self._front.most:
            self._closing = True
            transport.abort()
            return
        self._front.connections.add(self)
        self.context = self._front.context(identity)
        self.tls = SSL.Connection(self.context)
        self.tls.set_accept_state()
        self._expect(self._front.handshake_time)

    def _expect(self, seconds: float | None) -> None:
        """The connection ends unless the handshake, or a whole request, is there in time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self.abort)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self.tls.bio_write(data)
        try:
            if self._inner is None:
                self._shake_hands()
            if self._inner is not None:
                self._read(self._inner)
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self.close()
        except SSL.Error as error:
            self._flush()  # the alert that says why
            self._front.say(f"TLS with {self._peer()} ended: {_why(error)}")
            self._closing = True
            self.network.close()

    def _shake_hands(self) -> None:
        self.tls.do_handshake()
        self._flush()
        self._expect(self._front.idle_time)
        self._front.say(
            f"TLS with {self._peer()}: {self.tls.get_protocol_version_name()}, {self.tls.get_cipher_name()}"
        )
        self._inner = self._front.inner()
        self._inner.connection_made(Plain(self))

    def _peer(self) -> str:
        name = self.network.get_extra_info("peername") or ("somebody", 0)
        return f"{name[0]}:{name[1]}"

    def _read(self, inner: asyncio.Protocol) -> None:
        while not self._closing:
            inner.data_received(self.tls.recv(_CHUNK))

    def send(self, data: bytes) -> None:
        if self._closing or not data:
            return
        self._expect(self._front.idle_time)
        left = memoryview(data)
        while left:
            left = left[self.tls.send(bytes(left[:_CHUNK])) :]
        self._flush()

    def _flush(self) -> None:
        with suppress(SSL.WantReadError):
            while True:
                self.network.write(self.tls.bio_read(_CHUNK))

    def close(self) -> None:
        """Send what there is, then the alert that says that nothing follows."""
        if self._closing:
            return
        self._closing = True
        with suppress(SSL.Error):
            self.tls.shutdown()
        self._flush()
        self.network.close()

    @property
    def is_closing(self) -> bool:
        return self._closing or self.network.is_closing()

    def abort(self) -> None:
        self._closing = True
        self.network.abort()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self._front.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._inner is not None:
            self._inner.connection_lost(error)


class Plain(asyncio.Transport):
    """The transport that the inner protocol sees."""

    def __init__(self, connection: Connection) -> None:
        # The presence of "sslcontext" is how servers tell https from http.
        super().__init__({"sslcontext": connection.context})
        self._connection = connection

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        found = super().get_extra_info(name)
        return self._connection.network.get_extra_info(name, default) if found is None else found

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.send(bytes(data))

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._connection.abort()

    def is_closing(self) -> bool:
        return self._connection.is_closing

    def pause_reading(self) -> None:
        self._connection.network.pause_reading()

    def resume_reading(self) -> None:
        self._connection.network.resume_reading()

    def can_write_eof(self) -> bool:
        return False
