"""Calling ``ipsim`` and looking at the directories that it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from firmware.bench import cli

ACCEPTANCE = "boot ip500v2 --seed 7 --mac 00e00705918e --release 12.0 --clock 2026-11-23T09:00:00Z"
COMMAND = (sys.executable, "-m", "firmware.bench.cli")
ROOT = Path(__file__).parents[2]


class Said(NamedTuple):
    """What a call of ``ipsim`` gave."""

    code: int
    out: str
    err: str


class Ipsim:
    """Calls ``ipsim`` as its entry point does: arguments, standard output, standard error, exit code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Said:
        self._monkeypatch.setattr(sys, "argv", ["ipsim", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    def well(self, *arguments: object) -> str:
        """The output of a call that must succeed and complain of nothing."""
        said = self(*arguments)
        assert (said.code, said.err) == (0, ""), said
        return said.out

    def refuses(self, *arguments: object, code: int = 2) -> str:
        """The one line with which a call is refused."""
        said = self(*arguments)
        assert said.code == code, said
        assert said.err.count("\n") == 1, said
        assert "Traceback" not in said.err
        assert said.err.startswith("ipsim")
        return said.err


def process(*arguments: object, **environment: str) -> Said:
    """``ipsim`` in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a directory, by its path in it."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }


def touched(directory: Path) -> dict[str, tuple[int, int]]:
    """Times of change and modes of everything in a directory, and of itself."""
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_mode) for path in (directory, *directory.rglob("*"))}
