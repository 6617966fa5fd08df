"""uvicorn behind a listener: HTTP for an ASGI application, with no socket, TLS or log of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firmware.bench.cli_options import say

KEEP_ALIVE = 60  # seconds that a connection may rest between two requests


def http(app: object, state: ServerState, loop: asyncio.AbstractEventLoop) -> Callable[[], H11Protocol]:
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
