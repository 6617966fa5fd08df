"""The TLS front by itself, in front of an echo: identities, alerts, limits, big answers."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from cryptography import x509
from OpenSSL import SSL

from firmware.bench.live.front import Front
from firmware.security.certificates import Identity
from ignition import starting
from tests.ignition.browsing import Bench

PATIENCE = 10.0
BIG = 3 * 1024 * 1024


class Echo(asyncio.Protocol):
    """Sends back what comes; ``big`` makes it a lot, ``end`` closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        assert transport.get_extra_info("sslcontext")
        assert transport.get_extra_info("sockname")[0] == "127.0.0.1"
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"x" * BIG if data == b"big" else data)
        if data == b"end":
            self.transport.close()
            assert self.transport.is_closing()


def identity(platform: str = "primary", seed: int = 7) -> Identity:
    return starting.temporary_identity(Bench(platform, seed).unit)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def insecure(minimum: ssl.TLSVersion | None = None, maximum: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context


def shown(writer: asyncio.StreamWriter) -> x509.Certificate:
    return x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


def against(front: Front, talk: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Run a conversation with a listener behind this front."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(front, "127.0.0.1", 0)
        async with server:
            await asyncio.wait_for(talk(server.sockets[0].getsockname()[1]), PATIENCE)
            front.close()
            while front.connections:
                await asyncio.sleep(0)

    asyncio.run(run())


def connect(port: int, context: ssl.SSLContext | None = None) -> Awaitable[Streams]:
    return asyncio.open_connection("127.0.0.1", port, ssl=context or insecure())


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def test_what_goes_in_comes_out() -> None:
    async def talk(port: int) -> None:
        reader, writer = await connect(port)
        for text in (b"hello", b"again"):
            writer.write(text)
            assert await reader.readexactly(len(text)) == text
        writer.write(b"big")
        assert await reader.readexactly(BIG) == b"x" * BIG
        await hang_up(writer)

    against(Front(identity, Echo), talk)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions(version: ssl.TLSVersion) -> None:
    async def talk(port: int) -> None:
        reader, writer = await connect(port, insecure(version, version))
        writer.write(b"end")
        assert await reader.read() == b"end", "closed with its close_notify: no error"
        await hang_up(writer)

    against(Front(identity, Echo), talk)


def test_a_connection_gets_the_identity_of_its_moment_and_keeps_it() -> None:
    present = [identity(seed=7)]
    other = identity(seed=8)

    async def talk(port: int) -> None:
        reader, writer = await connect(port)
        assert shown(writer) == present[0].certificate
        before, present[0] = present[0], other
        _, later = await connect(port)
        assert shown(later) == other.certificate != before.certificate
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        await hang_up(writer)
        await hang_up(later)

    against(Front(lambda: present[0], Echo), talk)


def test_the_whole_chain_is_sent() -> None:
    bench = Bench()
    bench.ignited()
    known, root = bench.unit.ram.identity, bench.unit.ram.authority
    assert known is not None
    assert root is not None
    chain = []

    async def talk(port: int) -> None:
        # The standard library of Python 3.11 does not show a chain: pyOpenSSL does.
        chain.extend(await asyncio.to_thread(chain_at, port))

    against(Front(lambda: known, Echo), talk)
    assert chain == [known.certificate, x509.load_der_x509_certificate(root.der)]


def chain_at(port: int) -> list[x509.Certificate]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
        plain.settimeout(None)
        connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), plain)
        connection.set_connect_state()
        connection.do_handshake()
        return connection.get_peer_cert_chain(as_cryptography=True) or []


def test_an_old_version_is_refused_with_an_alert() -> None:
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        hello = bytes.fromhex("0301") + bytes(32) + bytes.fromhex("00 0002 002f 01 00")  # TLS 1.0, one cipher
        handshake = b"\x01" + len(hello).to_bytes(3, "big") + hello
        writer.write(b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake)
        answer = await reader.read()
        assert (answer[0], answer[5:7]) == (21, b"\x02\x46"), "fatal alert protocol_version"
        await hang_up(writer)

    against(Front(identity, Echo), talk)


def test_a_peer_that_speaks_no_tls_is_refused() -> None:
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = await reader.read()
        assert b"HTTP" not in answer
        await hang_up(writer)

    against(Front(identity, Echo), talk)


def test_whoever_says_nothing_is_put_out() -> None:
    front = Front(identity, Echo)
    front.handshake_time = 0.05

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        await hang_up_quietly(writer)

    against(front, talk)


def test_and_whoever_says_nothing_more() -> None:
    front = Front(identity, Echo)
    front.idle_time = 0.05

    async def talk(port: int) -> None:
        reader, writer = await connect(port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError, ssl.SSLError)):
            await reader.readexactly(1)
        await hang_up_quietly(writer)

    against(front, talk)


class Mute(asyncio.Protocol):
    """A service for which a request is never whole."""


def test_and_whoever_never_comes_to_an_end() -> None:
    """A byte now and then keeps no connection: what counts is that a request is whole in time."""
    front = Front(identity, Mute)
    front.idle_time = 0.1

    async def trickle(writer: asyncio.StreamWriter) -> None:
        for _ in range(200):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def talk(port: int) -> None:
        _, writer = await connect(port)
        with pytest.raises((ConnectionResetError, BrokenPipeError, ssl.SSLError)):
            await trickle(writer)
        await hang_up_quietly(writer)

    against(front, talk)


async def hang_up_quietly(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionResetError, BrokenPipeError):
        await writer.wait_closed()


def test_no_more_connections_than_allowed() -> None:
    async def talk(port: int) -> None:
        reader, writer = await connect(port)
        with pytest.raises((ConnectionResetError, ssl.SSLError, BrokenPipeError)):
            await connect(port)
        writer.write(b"first")
        assert await reader.readexactly(5) == b"first"
        await hang_up(writer)

    against(Front(identity, Echo, most=1), talk)


def test_nobody_is_served_while_there_is_no_identity() -> None:
    async def talk(port: int) -> None:
        with pytest.raises((ConnectionResetError, ssl.SSLError)):
            await connect(port)

    against(Front(lambda: None, Echo), talk)


def test_http2_is_not_offered() -> None:
    async def talk(port: int) -> None:
        context = insecure()
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await connect(port, context)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        await hang_up(writer)

    against(Front(identity, Echo), talk)
