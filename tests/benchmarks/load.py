"""A live unit under load: what a handshake costs beside OpenSSL's server, and 2,000 phones at once."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

from firmware.bench.outside import identity_of
from firmware.bench.state import StateDirectory
from tests.benchmarks.harness import Row
from tests.live.serving import Served, served, wait_for

HANDSHAKES, PHONES, AT_ONCE = 300, 2000, 50
_TICK = os.sysconf("SC_CLK_TCK")


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _memory(process: int) -> float:
    """MB that a process holds."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[0]) / 1024


def _context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version is not None:
        context.maximum_version = version
    return context


def _shake(place: tuple[str, int], context: ssl.SSLContext, times: int) -> None:
    for _ in range(times):
        with closing(context.wrap_socket(socket.create_connection(place, timeout=30))):
            pass


def _cost(process: int, place: tuple[str, int], version: ssl.TLSVersion) -> float:
    """Server CPU of a handshake, in ms."""
    context = _context(version)
    _shake(place, context, 20)
    before = _cpu(process)
    _shake(place, context, HANDSHAKES)
    return (_cpu(process) - before) / HANDSHAKES * 1000


def handshakes() -> Row:
    """TLS 1.2 and 1.3, beside ``openssl s_server`` with the same key and certificate."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "unit"
        with served("ip500v2", state, "--enable-sip-tls", "lan1") as unit:
            unit.end()
        with StateDirectory(state, exclusive=False) as directory:
            identity = identity_of(directory.load())
        assert identity is not None
        pem = Path(folder) / "both.pem"
        pem.write_bytes(identity.pem() + _key_pem(identity.key.der))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pem), "-key", str(pem), "-quiet"]
        peer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with served("ip500v2", state) as unit:
                wait_for(lambda: _answers(("127.0.0.1", port)), "openssl does not listen")
                ratios, seen = [], []
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    ours = _cost(unit.process.pid, unit.place("sip-tls"), version)
                    theirs = _cost(peer.pid, ("127.0.0.1", port), version)
                    ratios.append(ours / theirs)
                    seen.append(f"{version.name}: {ours:.2f} ms, openssl s_server {theirs:.2f} ms, {ours / theirs:.2f}")
        finally:
            peer.kill()
            peer.wait()
    return Row("server CPU of a handshake", "; ".join(seen), "1.15 x", max(ratios) <= 1.15)


def _key_pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "PRIVATE KEY").encode()


def _answers(place: tuple[str, int]) -> bool:
    try:
        with closing(_context().wrap_socket(socket.create_connection(place, timeout=5))):
            return True
    except OSError:
        return False


class _Phone:
    """One registered phone over TLS."""

    def __init__(self, number: int, user: str, password: str) -> None:
        self.number, self.user, self.password, self.serial = number, user, password, 0

    async def connect(self, place: tuple[str, int], context: ssl.SSLContext) -> None:
        self.reader, self.writer = await asyncio.open_connection(*place, ssl=context)

    async def register(self) -> None:
        challenge = await self._ask("")
        assert challenge.startswith("SIP/2.0 401"), challenge[:80]
        realm, nonce = (re.findall(rf'{name}="([^"]*)"', challenge)[-1] for name in ("realm", "nonce"))
        first = hashlib.md5(f"{self.user}:{realm}:{self.password}".encode(), usedforsecurity=False).hexdigest()
        second = hashlib.md5(b"REGISTER:sip:127.0.0.1", usedforsecurity=False).hexdigest()
        response = hashlib.md5(f"{first}:{nonce}:00000001:c:auth:{second}".encode(), usedforsecurity=False).hexdigest()
        answer = await self._ask(
            f'Authorization: Digest username="{self.user}",realm="{realm}",nonce="{nonce}",uri="sip:127.0.0.1",'
            f'response="{response}",algorithm=MD5,cnonce="c",qop=auth,nc=00000001\r\n'
        )
        assert answer.startswith("SIP/2.0 200"), answer[:80]

    async def ping(self) -> None:
        self.writer.write(b"\r\n\r\n")
        assert await self.reader.readexactly(2) == b"\r\n"

    async def _ask(self, more: str) -> str:
        self.serial += 1
        own = f"<sip:{self.user}@127.0.0.1>"
        self.writer.write(
            "REGISTER sip:127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/TLS 127.0.0.9;branch=z9hG4bK{self.number}x{self.serial}\r\n"
            f"From: {own};tag={self.number}\r\nTo: {own}\r\nCall-ID: {self.number}\r\nCSeq: {self.serial} REGISTER\r\n"
            f"Contact: <sip:{self.user}@127.0.0.9:{10_000 + self.number};transport=tls>\r\nMax-Forwards: 70\r\n{more}"
            "Content-Length: 0\r\n\r\n".encode()
        )
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()


async def _wave(served_unit: Served, phones: list[_Phone]) -> float:
    """Everybody connects and registers, so many at a time. Seconds."""
    context, place, gate = _context(), served_unit.place("sip-tls"), asyncio.Semaphore(AT_ONCE)

    async def one(phone: _Phone) -> None:
        async with gate:
            await phone.connect(place, context)
            await phone.register()

    started = time.perf_counter()
    await asyncio.gather(*(one(phone) for phone in phones))
    return time.perf_counter() - started


async def _day(unit: Served) -> tuple[float, float, float]:
    """(seconds of the first wave, MB of the server with all registered, seconds of the wave after all were lost)."""
    users = list(unit.told["users"].items())[-PHONES:]
    phones = [_Phone(number, *user) for number, user in enumerate(users)]
    first = await _wave(unit, phones)
    for phone in phones:
        await phone.ping()
    memory = _memory(unit.process.pid)
    for phone in phones:
        phone.writer.transport.abort()
    again = await _wave(unit, phones)
    for phone in phones:
        phone.writer.transport.abort()
    return first, memory, again


def phones_at_once() -> Row:
    """2,000 phones, each an extension of its own, registered over TLS and kept alive; then all again."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served("ip500v2", Path(folder) / "unit", "--enable-sip-tls", "lan1", "--extensions", str(PHONES)) as unit,
    ):
        first, memory, again = asyncio.run(_day(unit))
    seen = f"{memory:.0f} MB; registered in {first:.1f} s ({PHONES / first:.0f}/s), after all were lost {again:.1f} s"
    return Row("2,000 phones over TLS", seen, "300 MB, no error", memory <= 300)
