"""The wizard's pages in memory, and ``ipsim serve`` from its start to its first byte."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from firmware.security.keys import derive
from firmware.security.profiles import ROOT_CA
from tests.benchmarks.harness import Row, in_turns, seconds
from tests.ignition.browsing import Bench, Browser, answer, ask
from tests.live.serving import CLOCK, served


def page_answered() -> Row:
    """Each page looked at and each page sent, server time; beside it a bare response of the same framework.

    Keys are pooled; what Review takes when it has to search for the CA's key is printed beside.
    """
    took: dict[str, list[float]] = {}
    for seed in range(5):  # other salts each time: no memo answers for a password's hash
        bench = Bench(seed=seed)
        derive(bench.unit.chance, "authority", 1, ROOT_CA.key.value)
        _walk(bench.browser(), took)
    searching: dict[str, list[float]] = {}
    for seed in range(5, 10):
        _walk(Bench(seed=seed).browser(), searching)
    worst, dearest = max((median(times), name) for name, times in took.items())
    search = max(median(times) for times in searching.values())
    browser = Bench().at("network")
    bare = Starlette(routes=[Route("/", _nothing)])
    one, other, ratio = in_turns(
        [lambda: browser.open("/ignition/network")] * 50, [lambda: ask(bare, "GET", "/", [("host", "x")])] * 50
    )
    seen = (
        f"{one * 1e3:.1f} ms (network), dearest {worst * 1e3:.1f} ms ({dearest}); a bare response {other * 1e3:.2f} ms:"
        f" ratio {ratio:.0f}; Review with a new CA key {search * 1e3:.0f} ms"
    )
    return Row("a page answered", seen, "10 ms", worst <= 0.010)


def _walk(browser: Browser, took: dict[str, list[float]]) -> None:
    """Through all pages up to Review; the seconds of each, looked at and sent, to ``took``."""
    browser.log_in()
    while not (action := browser.page.form().action).endswith("/review"):
        took.setdefault(f"GET {action}", []).append(seconds(partial(browser.open, action)))
        took.setdefault(f"POST {action}", []).append(seconds(partial(answer, browser)))


async def _nothing(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("x")


def first_byte() -> Row:
    """From the call to the first byte of the first page of a new unit; beside it the start of Python alone."""
    rounds = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as directory:
            started = time.perf_counter()
            with served("primary", Path(directory) / "unit", "--clock", CLOCK) as server, server.connect() as page:
                page.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                page.recv(1)
                rounds.append(time.perf_counter() - started)
    bare = median(seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(9))
    took = median(rounds)
    seen = f"{took:.2f} s, python -c pass {bare * 1e3:.0f} ms: ratio {took / bare:.0f}"
    return Row("ipsim serve to its first byte", seen, "1 s", took <= 1)
