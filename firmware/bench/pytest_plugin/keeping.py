"""What a failed test leaves: the timeline in its report, its units in a directory, the command that does it again."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from firmware.appliance import Appliance
from firmware.bench import replay, report, scenario
from firmware.bench.pytest_plugin.bench import Ran
from firmware.bench.recording.tape import recording
from firmware.bench.replay import Report
from firmware.bench.state import JOURNAL, StateDirectory
from firmware.errors import IpsimError

_MOST_LINES = 120  # of a timeline; all of it is in the directory
_LONGEST = 100


def sections(item: pytest.Item, ran: Sequence[Ran]) -> list[tuple[str, str]]:
    """The sections of a report: what happened, and the commands that go on from there."""
    ran = [each for each in ran if each.report.outcomes]
    if not ran:
        return []
    here, commands = item.config.invocation_params.dir, []
    try:
        place = _new_place(item)
        for number, each in enumerate(ran):
            commands += _keep(each, place / str(number) if number else place, here)
    except (OSError, IpsimError) as error:
        commands = [f"nothing is kept: {error}"]
    shown = [line for each in ran for line in _end_of(_timeline(each.report))]
    return [("ipsim timeline", "\n".join(shown)), ("ipsim kept", "\n".join(commands))]


def _timeline(ran: Report) -> list[str]:
    """The report without its verdict: pytest gives one."""
    return report.text(ran).splitlines()[: -len(report.verdict(ran))]


def _end_of(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST_LINES else ["...", *lines[-_MOST_LINES:]]


def _keep(ran: Ran, folder: Path, here: Path) -> list[str]:
    """Write it all down: the commands that do something with it, by paths as seen from ``here``."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, unit in ran.report.units.items():
        _keep_unit(unit, folder / name)
    _write(folder / "timeline.txt", "\n".join([*_timeline(ran.report), ""]))
    script, file = ran.script(), here / ran.report.scenario.file
    if script is not None:
        _write(file := folder / "scenario.yaml", script)
    commands = [f"again: ipsim run {_short(file, here)}{'' if ran.seed is None else f' --seed {ran.seed}'}"]
    if not ran.is_broken:
        record = folder / "record.jsonl"
        _record(file, ran.seed, record)
        commands.append(f"steps: ipsim replay {_short(record, here)} --back 3")
    return [*commands, *(f"look:  ipsim show --state {_short(folder / name, here)}" for name in ran.report.units)]


def _record(file: Path, seed: int | None, record: Path) -> None:
    """Only a test that fails pays for a recording: it is run again, to the same bytes."""
    loaded = scenario.load(file)
    with recording(record, loaded, seed, None) as tapes:
        replay.run(loaded, seed=seed, witnesses=tapes)


def _keep_unit(unit: Appliance, place: Path) -> None:
    """As it is now: the flash that a power cut would leave, and its whole journal."""
    with StateDirectory(place) as directory:
        directory.create(unit.copy())
    _write(place / JOURNAL, "".join(event.line() + "\n" for event in unit.journal.events))


def forget(item: pytest.Item) -> None:
    """Remove what the test left when it last failed."""
    place = _place(item)
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)


def _new_place(item: pytest.Item) -> Path:
    """An empty directory of this test's."""
    forget(item)
    place = _place(item) or Path(tempfile.mkdtemp(prefix="ipsim-"))
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _place(item: pytest.Item) -> Path | None:
    """Where a test's units are kept, by its name; None: pytest runs without a cache, and no directory is named."""
    name = re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")[-_LONGEST:]
    chosen: Path | None = item.config.getoption("--ipsim-keep")
    if chosen is not None:
        return item.config.invocation_params.dir / chosen / name
    cache: pytest.Cache | None = getattr(item.config, "cache", None)
    return None if cache is None else cache.mkdir("ipsim") / name


def _short(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path


def _write(path: Path, text: str) -> None:
    """For its owner only, as all that holds a unit."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(text)
