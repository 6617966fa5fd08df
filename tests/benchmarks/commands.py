"""The start-up of the commands, in wall time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.harness import Row, in_turns, seconds

IPSIM = str(Path(sys.executable).parent / "ipsim")


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def version() -> Row:
    """``ipsim --version`` against a bare Python that passes."""
    rounds = 15
    _call(IPSIM, "--version")
    one, other, ratio = in_turns(
        [lambda: _call(IPSIM, "--version")] * rounds, [lambda: _call(sys.executable, "-c", "pass")] * rounds
    )
    seen = f"{one * 1e3:.0f} ms, python -c pass {other * 1e3:.0f} ms: ratio {ratio:.1f}"
    return Row("ipsim --version", seen, "5 x", ratio <= 5)


def existing_unit() -> Row:
    """``ipsim boot`` of a unit that exists, from the shell's prompt back to it."""
    with tempfile.TemporaryDirectory() as directory:
        command = (IPSIM, "boot", "ip500v2", "--state", f"{directory}/unit")
        _call(*command)
        took = median(seconds(lambda: _call(*command)) for _ in range(11))
    return Row("ipsim boot of an existing unit", f"{took:.2f} s", "0.35 s", took <= 0.35)
