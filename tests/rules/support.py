"""Cells by name, checked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import platforms
from firmware.bench.rules import case, check, files, triggers
from firmware.bench.rules.case import Cell
from firmware.bench.rules.check import Result
from firmware.bench.rules.matrix import Expectations
from firmware.platform import Platform
from firmware.release import BY_VERSION


def cell(platform: str, trigger: str, release: str = "12.3") -> Cell:
    return Cell(platforms.load(platform), trigger, BY_VERSION[release])


def cells(platform: str | Platform, release: str = "12.3", names: Iterable[str] = ()) -> list[Cell]:
    """Every trigger's cell, or those of some, of one platform and release."""
    known = platforms.load(platform) if isinstance(platform, str) else platform
    return list(case.cells([known], [BY_VERSION[release]], list(names) or list(triggers.table().triggers)))


def checked(wanted: Iterable[Cell], folder: Path, own: Expectations | None = None) -> list[Result]:
    files.write(folder)
    return list(check.check(wanted, folder, own))
