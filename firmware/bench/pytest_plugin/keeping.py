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

_MOST_LINES = 120  # of a timeline; all of it is in the directory
_LONGEST = 100


def sections(item: pytest.Item, ran: Sequence[Ran]) -> list[tuple[str, str]]:
    """The sections of a report."""
    ran = [each for each in ran if each.report.outcomes]
    if not ran:
        return []
    found, place = [], _new_place(item)
    for number, each in enumerate(ran):
        folder = place if len(ran) == 1 else place / str(number)
        lines = _timeline(each.report)
        shown = lines if len(lines) <= _MOST_LINES else ["...", *lines[-_MOST_LINES:]]
        found += [("ipsim timeline", "\n".join(shown)), ("ipsim kept", _keep(each, lines, folder))]
    return found


def _timeline(ran: Report) -> list[str]:
    """The report without its verdict: pytest gives one."""
    return report.text(ran).splitlines()[: -len(report.verdict(ran))]


def _keep(ran: Ran, timeline: list[str], folder: Path) -> str:
    """Write it all down; the text says what to do with it."""
    for name, unit in ran.report.units.items():
        _keep_unit(unit, folder / name)
    _write(folder / "timeline.txt", "\n".join([*timeline, ""]))
    script, file = ran.script(), Path(ran.report.scenario.file)
    if script is not None:
        file = _short(folder / "scenario.yaml")
        _write(file, script)
    record = _short(folder / "record.jsonl")
    _record(file, ran.seed, record)
    return "\n".join(
        [
            f"again: ipsim run {file}{'' if ran.seed is None else f' --seed {ran.seed}'}",
            f"steps: ipsim replay {record} --back 3",
            *(f"look:  ipsim show --state {_short(folder / name)}" for name in ran.report.units),
        ]
    )


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


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _write(path: Path, text: str) -> None:
    """For its owner only, as all that holds a unit."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(text)
