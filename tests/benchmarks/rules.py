"""The whole matrix of rules, checked on one core."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import platforms
from firmware.bench.rules import case, files, triggers
from firmware.bench.rules.check import Status, check
from firmware.release import RELEASES, Release
from firmware.security import tls
from tests.benchmarks.boots import new, start
from tests.benchmarks.harness import Row, seconds

LIMIT = 20


def matrix_checked() -> Row:
    """Every platform, trigger and release with the keys in the pool, against a handshake a cell."""
    held = 0

    def run(releases: list[Release], folder: Path) -> None:
        nonlocal held
        every = [platforms.load(name) for name in platforms.names()]
        cells = case.cells(every, releases, list(triggers.table().triggers))
        held = sum(result.status is Status.PASSED for result in check(cells, folder))

    identity = start(new(1)).ram.identity
    assert identity is not None
    with TemporaryDirectory() as name:
        files.write(folder := Path(name))
        run([RELEASES[0], RELEASES[-1]], folder)  # a unit has the same keys at any release
        took = seconds(lambda: run(list(RELEASES), folder))
    handshake = min(seconds(lambda: tls.shown(identity)) for _ in range(50))
    seen = f"{took:.1f} s for {held} cells, {took / held * 1e3:.1f} ms each; a handshake {handshake * 1e3:.1f} ms"
    return Row("ipsim rules --check, every cell", seen, f"{LIMIT} s", took <= LIMIT)
