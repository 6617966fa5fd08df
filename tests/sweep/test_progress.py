"""How far a search is: on a terminal one line, elsewhere nothing."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from firmware.bench.sweep import progress
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.search import Limits, Result, search
from tests.sweep.searches import POWER_ON

HALF_WAY = Result(2, states=1772, seconds=2.0, frontier=528, findings=[Finding("once", "twice", None, True)])


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """A pseudo-terminal: where one reads what is on the screen, and where it is written to."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        yield ours, stream
    os.close(ours)


def test_the_line() -> None:
    assert progress.line(HALF_WAY) == "1,772 states  886/s  frontier 528  cuts 2  findings 1"
    assert progress.line(Result()) == "0 states  0/s  frontier 0  cuts 0  findings 0"


def test_a_terminal_shows_it_and_is_clean_again(terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal
    with progress.shown(stream) as tell:
        result = search(POWER_ON.job(), Limits(1), tell)
    shown = ""
    while not shown.endswith(f"findings 0{progress.ERASE}"):
        shown += os.read(ours, 10_000).decode()
    lines = shown.split(progress.ERASE)
    assert f"{result.states} states" in lines[-2]
    assert lines[-2].endswith("frontier 0  cuts 1  findings 0")
    assert lines[0] == lines[-1] == ""
    assert "\n" not in shown


def test_an_interruption_leaves_it_clean_too(terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal

    def interrupted() -> None:
        with progress.shown(stream) as tell:
            tell(HALF_WAY)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.read(ours, 1000).decode().endswith(f"findings 1{progress.ERASE}")


def test_a_narrow_terminal_has_one_line_still(terminal: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch) -> None:
    ours, stream = terminal
    monkeypatch.setenv("COLUMNS", "20")
    with progress.shown(stream) as tell:
        tell(HALF_WAY)
    assert os.read(ours, 1000).decode() == f"{progress.ERASE}1,772 states  886/s{progress.ERASE}"


def test_elsewhere_there_is_nothing(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream, progress.shown(stream) as tell:
        tell(HALF_WAY)
    assert (tmp_path / "file").read_text() == ""
