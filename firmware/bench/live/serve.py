"""A unit behind a listener: brought up, then driven by whoever comes with a browser, until somebody ends it."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firmware.appliance import Appliance, Ram
from firmware.bench import start
from firmware.bench.cli_options import say, write_file
from firmware.bench.live.front import Front
from firmware.bench.live.pace import Pace
from firmware.bench.state import StateDirectory
from firmware.bench.world import World
from firmware.credentials import preferences
from firmware.errors import BadInput
from firmware.security.certificates import Identity
from ignition import starting
from ignition.web import application

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
KEEP_ALIVE = 60  # seconds that a connection may rest between two requests
_ENDS = (signal.SIGINT, signal.SIGTERM)


class Presented:
    """The identity that a unit shows: before its ignition is done a temporary one, the same until the next start."""

    def __init__(self, unit: Appliance) -> None:
        self._unit = unit
        self._temporary: tuple[Ram, Identity] | None = None

    def __call__(self) -> Identity | None:
        unit = self._unit
        if unit.ram.identity is not None and not unit.state.startswith("apply."):
            assert unit.ram.settings is not None
            return preferences.presented(unit.ram.settings)
        if unit.ram.configuration is None:
            return None
        if self._temporary is None or self._temporary[0] is not unit.ram:
            self._temporary = unit.ram, starting.temporary_identity(unit)
        return self._temporary[1]


def bring_up(world: World, unit: Appliance) -> bool:
    """Switch on and wait, as fast as possible, for the wizard or for operation."""
    world.act(unit, lambda: unit.platform.operations["power_on"](unit))
    world.settle()
    return unit.state in unit.platform.rests_in


class Listener:
    """Where a unit listens, and how fast its time goes by. Its port is taken at once, before a unit is switched on."""

    def __init__(self, host: str, port: int, speed: float | None, told: Path | None) -> None:
        self.host, self.speed, self.told = host, speed, told
        self._socket = _bound(host, port)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def run(self, directory: StateDirectory, world: World, unit: Appliance) -> None:
        """Serve until SIGINT or SIGTERM, then shut the unit down as planned."""
        asyncio.run(self._serve(directory, world, unit))
        world.settle()  # what was begun is finished: Apply cannot be shut down
        start.end(world, unit, pull_plug=False)
        directory.save(unit)

    async def _serve(self, directory: StateDirectory, world: World, unit: Appliance) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        for number in _ENDS:
            loop.add_signal_handler(number, over.set)
        pace = Pace(world, unit, self.speed, partial(directory.save, unit))
        state = ServerState()
        hosts = {*LOOPBACK, self.host.lower(), f"[{self.host.lower()}]"}
        app = application(unit, pace.act, partial(secrets.token_urlsafe, 32), hosts)
        front = Front(Presented(unit), _http(app, state, loop))
        server = await loop.create_server(front, sock=self._socket)
        directory.save(unit)
        self._tell(server.sockets[0].getsockname()[1])
        try:
            await over.wait()
        finally:
            pace.stop()
            server.close()
            front.close()
            for number in _ENDS:
                loop.remove_signal_handler(number)

    def _tell(self, port: int) -> None:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        url = f"https://{shown}:{port}/"
        if self.told is not None:
            write_file(self.told, json.dumps({"url": url, "port": port}).encode() + b"\n")
        say(url)


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise BadInput(f"{host}, port {port}: {error.strerror}; give another --host or --port (0: any free)") from None
    return bound


def _http(app: object, state: ServerState, loop: asyncio.AbstractEventLoop) -> Callable[[], H11Protocol]:
    """uvicorn behind the front: no TLS, no socket, no log of its own but one line for a fault."""
    logging.getLogger("python_multipart").disabled = True  # what a peer sends is no line on our console
    logger = logging.getLogger("uvicorn.error")
    logger.handlers, logger.propagate = [_OneLine()], False
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application: Starlette and uvicorn describe it each in their own words
        http=H11Protocol, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False,
        server_header=False, timeout_keep_alive=KEEP_ALIVE,
    )  # fmt: skip
    config.load()
    logger.setLevel(logging.ERROR)
    return lambda: H11Protocol(config, state, {}, loop)


class _OneLine(logging.Handler):
    """A fault of ours in a request: one line, as at the command line; the person got a page that says no more."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = f"{type(error).__name__}: {error}" if error else record.getMessage()
        say(f"internal fault: {' '.join(text.split())}; please report it")
