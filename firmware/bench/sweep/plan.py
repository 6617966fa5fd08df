"""What a sweep was asked for, as plain values: from it every process makes the same job."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from firmware.bench import scenario
from firmware.bench.state import LOCK, StateDirectory, holds_unit
from firmware.bench.sweep import trails
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.places import ALL
from firmware.bench.sweep.record import record
from firmware.device.physics import FAULTS
from firmware.errors import BadInput

DEFAULT_FAULTS = tuple(fault.name for fault in FAULTS if fault.in_budget)


@dataclass(frozen=True, slots=True)
class Plan:
    """``text`` is the scenario's, ``file`` what it is called; files it names are looked for in the ``folder``.

    ``merged``: states are merged by what the stores can ever read. ``at``: where the first cut strikes
    (:mod:`firmware.bench.sweep.places`). ``images``: a state directory that the unit is taken from; it stays as it is.
    """

    file: str
    text: str
    folder: str
    seed: int | None = None
    unit: str | None = None
    faults: tuple[str, ...] = DEFAULT_FAULTS
    merged: bool = False
    at: str = ALL
    images: str | None = None

    @property
    def name(self) -> str:
        """What the ids of its findings begin with."""
        return trails.name_of(self.file, self.text.encode())

    def job(self) -> Job:
        """Record the scenario. BadInput: it is none; Unmet: it fails by itself."""
        read = scenario.parse(self.text, self.file, Path(self.folder))
        with _copied(self.images) as state:
            recording = record(read, seed=self.seed, unit=self.unit, state=state)
        return Job(recording, faults=frozenset(self.faults), merged=self.merged, at=self.at)


@contextmanager
def _copied(images: str | None) -> Iterator[Path | None]:
    """A state directory's files elsewhere, for a while. BadInput: there is no unit in it, or it is in use."""
    if images is None:
        yield None
        return
    directory = Path(images)
    if not holds_unit(directory):
        raise BadInput(f"{directory}: holds no unit; give a state directory")
    with StateDirectory(directory, exclusive=False), TemporaryDirectory() as place:
        copy = Path(place) / "unit"
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns(LOCK))
        try:
            yield copy
        except BadInput as error:
            raise BadInput(str(error).replace(str(copy), str(directory))) from None
