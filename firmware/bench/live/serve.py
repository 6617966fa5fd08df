"""A unit behind listeners: brought up, then met by browsers and phones, until somebody ends it."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import signal
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from uvicorn.server import ServerState

from firmware.appliance import Appliance
from firmware.bench import export, start
from firmware.bench.cli_options import say
from firmware.bench.live import phone_files
from firmware.bench.live.contexts import Contexts
from firmware.bench.live.front import Front
from firmware.bench.live.http import http
from firmware.bench.live.identities import Presented, telephony_identity
from firmware.bench.live.listeners import KINDS, Close, Place, serve_datagrams, serve_stream
from firmware.bench.live.pace import Pace
from firmware.bench.live.panel.eyes import Eyes
from firmware.bench.live.panel.hands import Hands, put_back
from firmware.bench.live.panel.web import Panel
from firmware.bench.live.panel.web import application as panel_application
from firmware.bench.live.sockets import allow_many, bound
from firmware.bench.live.telephony import MOST_CONNECTIONS, TRANSPORTS, Datagrams, Stream, Telephony
from firmware.bench.live.trace import Trace, Write, key_log
from firmware.bench.state import StateDirectory
from firmware.bench.world import OFF, World
from firmware.boot.running import RUNNING
from firmware.errors import BadInput, FirmwareError
from firmware.platform import operate
from firmware.security.certificates import Identity
from firmware.security.reading import alternative_names
from ignition.web import application

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ENDS = (signal.SIGINT, signal.SIGTERM)
_COMPLAINT = 10.0  # seconds between two lines about what went wrong


def bring_up(world: World, unit: Appliance) -> bool:
    """Switch on and wait, as fast as possible, for the wizard or for operation."""
    world.act(unit, partial(operate, unit, "power_on"))
    world.settle()
    return unit.state in unit.platform.rests_in


def set_telephony(world: World, unit: Appliance, lans: tuple[int, ...], asked: str | None) -> None:
    """Enable SIP over TLS on these LANs, or set what is asked of its clients; with the reboot that this needs. (S)"""
    assert unit.ram.configuration is not None
    before = unit.ram.configuration
    wanted = {f"lan{lan + 1}": True for lan in lans if not before.sip_tls[lan]}
    if wanted:
        world.act(unit, partial(operate, unit, "set_sip_tls", **wanted))
    if asked is not None and asked != before.client_certificates:
        world.act(unit, partial(operate, unit, "set_client_certificates", setting=asked))
    world.settle()
    if wanted:
        world.act(unit, partial(operate, unit, "reboot"))
        world.settle()


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for: addresses of LAN1 and LAN2, ports by service, files to write."""

    hosts: tuple[str, str]
    ports: dict[str, int]
    web: tuple[str, int]
    speed: float | None
    told: Path | None
    key_log: Path | None
    log: Path | None
    more_users: int = 0
    algorithms: tuple[str, ...] = ("MD5",)
    newest_tls: str = "1.3"
    panel: int | None = None


class Listener:
    """Where a unit listens, and how fast its time goes by. The port of its pages is taken before it is switched on."""

    def __init__(self, wishes: Wishes, *, has_pages: bool) -> None:
        self.wishes = wishes
        self._web = bound(*wishes.web) if has_pages else None
        self._panel = bound(LOOPBACK[0], wishes.panel) if wishes.panel is not None else None
        self.trace, self._keys = Trace(wishes.log), key_log(wishes.key_log)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_error: object) -> None:
        self.trace.close()
        for taken in (self._web, self._panel):
            if taken is not None:
                taken.close()

    def run(self, directory: StateDirectory, world: World, unit: Appliance) -> None:
        """Serve until SIGINT or SIGTERM, then shut the unit down as planned."""
        allow_many()
        try:
            asyncio.run(Session(self, self._web, self._panel, self._keys, directory, world, unit).serve())
        finally:
            self._end(directory, world, unit)

    def _end(self, directory: StateDirectory, world: World, unit: Appliance) -> None:
        for number in _ENDS:  # a second Ctrl-C does not keep the unit from being saved
            signal.signal(number, signal.SIG_IGN)
        world.settle()  # what was begun is finished: Apply cannot be shut down
        start.end(world, unit, pull_plug=False)
        for slot in put_back(world, unit):
            say(f"the card that was taken out is in {slot} again: it would be lost otherwise")
        directory.save(unit)


class Session:
    """One run of a live unit inside the event loop."""

    def __init__(
        self, listener: Listener, web: socket.socket | None, panel: socket.socket | None, keys: Write | None,
        directory: StateDirectory, world: World, unit: Appliance,
    ) -> None:  # fmt: skip
        self.wishes, self.trace, self.web, self.keys, self.panel = listener.wishes, listener.trace, web, keys, panel
        self.directory, self.world, self.unit = directory, world, unit
        self.presented = Presented(unit)
        self.fronts: list[Front] = []
        self.closing: list[Close] = []
        self._following = asyncio.Lock()
        self._told: dict[str, Any] = {}
        self._complained = -_COMPLAINT

    async def serve(self) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        for number in _ENDS:
            loop.add_signal_handler(number, over.set)
        loop.add_signal_handler(signal.SIGUSR1, self._default_security)
        loop.set_exception_handler(self._complain)
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # a peer that is gone is no line on our console
        self.state = ServerState()
        self.pace = pace = Pace(self.world, self.unit, self.wishes.speed, self._rested)
        self.telephony = Telephony(
            self.unit, pace.flowing, self.trace, self._own_names(), self.wishes.more_users,
            self.wishes.algorithms, pace.catch_up,
        )  # fmt: skip
        self.contexts = Contexts(self.unit, self.wishes.newest_tls, self.keys, self._refused)
        self.places = self._places()
        try:
            await self._open_pages()
            await self._open_panel()
            await self._follow()
            self.directory.save(self.unit)
            await over.wait()
        finally:
            pace.catch_up()
            pace.stop()
            self.telephony.stop()
            for close in (*self.closing, *(place.close for place in self.places), *(f.close for f in self.fronts)):
                close()
            for number in (*_ENDS, signal.SIGUSR1):
                loop.remove_signal_handler(number)

    def _complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What went wrong between two callbacks, such as no descriptor left: a line, and not too often."""
        if loop.time() - self._complained >= _COMPLAINT:
            self._complained = loop.time()
            error = context.get("exception")
            say(f"{context['message']}: {type(error).__name__}: {error}" if error else context["message"])

    def _own_names(self) -> tuple[str, ...]:
        """By what phones reach the unit here, beside its own names."""
        return (*self.wishes.hosts, "localhost")

    def _places(self) -> list[Place]:
        return [
            Place(kind, lan, host, self.wishes.ports[kind.service], partial(self._open, kind.service))
            for lan, host in enumerate(self.wishes.hosts)
            for kind in KINDS
        ]

    async def _open(self, service: str, taken: socket.socket, lan: int) -> Close:
        """Begin to serve on a socket."""
        loop = asyncio.get_running_loop()
        if service == "sip-udp":
            return await serve_datagrams(lambda: Datagrams(self.telephony, lan), taken)
        if service == "http":
            return await serve_stream(http(phone_files.application(self.unit, lan), self.state, loop), taken)
        if service == "https":
            inner = http(phone_files.application(self.unit, lan), self.state, loop)
            front = Front(self._of_running, inner, context=self.contexts.of_files(), say=self.trace.say)
        elif service == "sip-tls":
            front = Front(
                partial(telephony_identity, self.unit), partial(Stream, self.telephony, TRANSPORTS[service], lan),
                MOST_CONNECTIONS, context=self.contexts.of_registrar(), idle_time=None,
                say=self.trace.say,
            )  # fmt: skip
        else:
            return await serve_stream(partial(Stream, self.telephony, TRANSPORTS[service], lan), taken)
        self.fronts.append(front)
        return await serve_stream(front, taken)

    def _of_running(self) -> Identity | None:
        return self.presented() if self.unit.state == RUNNING else None

    def _refused(self, objections: list[str]) -> None:
        if self.telephony.may_note_refusal():
            self.pace.catch_up()
            self.unit.note("peer.refused", peer="a client", service="TLS", objections=objections)

    async def _open_pages(self) -> None:
        if self.web is None:
            return
        loop, host = asyncio.get_running_loop(), self.wishes.web[0].lower()
        hosts = {*LOOPBACK, host, f"[{host}]"}
        app = application(self.unit, self.pace.act, partial(secrets.token_urlsafe, 32), hosts)
        front = Front(self.presented, http(app, self.state, loop), say=self.trace.say)
        self.fronts.append(front)
        self.closing.append(await serve_stream(front, self.web))

    async def _open_panel(self) -> None:
        if self.panel is None:
            return
        hands = Hands(self.pace, self.world, self.unit, self._rested)
        panel = Panel(self.unit, hands, Eyes(self.world, self.unit), secrets.token_hex(8), self._url(self.web))
        app = http(panel_application(panel), self.state, asyncio.get_running_loop())
        self.closing += [await serve_stream(app, self.panel), hands.stop]

    def _url(self, taken: socket.socket | None, scheme: str = "https") -> str | None:
        if taken is None:
            return None
        host, port = taken.getsockname()[:2]
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"

    def _rested(self) -> None:
        """The unit has come to rest again: what it offers may be another now."""
        self.directory.save(self.unit)
        self.telephony.follow()
        self._task = asyncio.get_running_loop().create_task(self._follow_later())

    async def _follow(self) -> None:
        async with self._following:  # a port must not be taken twice
            for place in self.places:
                if self.unit.state == RUNNING:
                    await place.follow(self.unit)
                elif self.unit.state == OFF:
                    place.close()
            for front in self.fronts if self.unit.state == OFF else ():
                front.abort()
            self._tell()

    async def _follow_later(self) -> None:
        """A port that is taken by now stops no other service."""
        try:
            await self._follow()
        except BadInput as error:
            say(f"not served: {error}")

    def _default_security(self) -> None:
        """SIGUSR1: the shortest way to another identity, for tests with clients that know no other."""
        try:
            self.pace.act(partial(operate, self.unit, "default_security"))
        except FirmwareError as error:
            say(f"not now: {error}")

    def _tell(self) -> None:
        told: dict[str, Any] = {}
        open_places = [place.shown() for place in self.places if place.is_open]
        if self.web is not None:
            host, port = self.wishes.web[0], self.web.getsockname()[1]
            url = f"https://{f'[{host}]' if ':' in host else host}:{port}/"
            told = {"url": url, "port": port}
            open_places.append({"service": "web", "lan": 1, "host": host, "port": port})
        identity = self.unit.ram.identity
        told |= {
            "listeners": open_places,
            "names": list(alternative_names(identity.der)) if identity else [],
            "users": self.telephony.users(),
        }
        if self.panel is not None:
            told["panel"] = self._url(self.panel, "http")
        if told == self._told:
            return
        self._told = told
        if self.wishes.told is not None:
            export.write_private(self.wishes.told, json.dumps(told).encode() + b"\n")
        for row in open_places:
            say(f"{row['service']:<8} LAN{row['lan']}  {row['host']}:{row['port']}")
        for name in ("url", "panel"):
            if name in told:
                say(told[name])
