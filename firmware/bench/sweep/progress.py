"""How far a search is, on one line of the terminal that is written again and again; elsewhere nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from firmware.bench.sweep.live import Strikes
from firmware.bench.sweep.search import Result

Told = Result | Strikes
ERASE = "\r\x1b[K"


def line(told: Told) -> str:
    """Of a search ``1,772 states  905/s  frontier 528  cuts 2  findings 0``; a level that is not done does not count as
    covered; of runs with failing flash ``120 of 485 runs  findings 0``."""
    if isinstance(told, Strikes):
        return f"{told.runs:,} of {told.all:,} runs  findings {len(told.findings)}"
    result = told
    return (f"{result.states:,} states  {result.states_per_second:,.0f}/s  frontier {result.frontier:,}  "
            f"cuts {result.cuts}  findings {len(result.findings)}")  # fmt: skip


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Callable[[Told], None]]:
    """What a search or the runs tell, on stderr when that is a terminal; the line is gone in the end."""
    out = stream or sys.stderr
    if not out.isatty():
        yield lambda _: None
        return

    def tell(told: Told) -> None:
        width = shutil.get_terminal_size().columns - 1
        out.write(ERASE + line(told)[:width])
        out.flush()

    try:
        yield tell
    finally:
        out.write(ERASE)
        out.flush()
