"""The wizard's pages in memory, and ``ipsim serve`` from its start to its first byte."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.benchmarks.harness import Row, in_turns, seconds
from tests.ignition.browsing import Bench, Browser, answer, ask
from tests.live.serving import CLOCK, served


def page_answered() -> Row:
    """Each page looked at and each page sent, server time; beside it a bare response of the same framework."""
    took: dict[str, list[float]] = {}
    for _ in range(5):
        browser = Bench().browser()
        browser.log_in()
        while not (action := browser.page.form().action).endswith("/review"):
            took.setdefault(f"GET {action}", []).append(seconds(lambda: browser.open(action)))  # noqa: B023  # used at once
            took.setdefault(f"POST {action}", []).append(_sent(browser))
    dearest = max(took, key=lambda name: median(took[name]))
    bench = Bench().at("network")
    bare = Starlette(routes=[Route("/", lambda _request: PlainTextResponse("x"))])
    one, other, ratio = in_turns(
        [lambda: bench.open("/ignition/network")] * 50, [lambda: ask(bare, "GET", "/", [("host", "x")])] * 50
    )
    worst = median(took[dearest])
    seen = (
        f"{one * 1e3:.1f} ms (network), dearest {worst * 1e3:.1f} ms ({dearest}); "
        f"a bare response {other * 1e3:.2f} ms: ratio {ratio:.0f}"
    )
    return Row("a page answered", seen, "10 ms", worst <= 0.010)


def _sent(browser: Browser) -> float:
    """Seconds from sending a page to the next one, shown."""
    return seconds(lambda: answer(browser))


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
