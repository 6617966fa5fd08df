"""What a sweep was asked for, as plain values: from it every process makes the same job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmware.bench import scenario
from firmware.bench.sweep import trails
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.record import record

DEFAULT_FAULTS = ("cut", "torn")


@dataclass(frozen=True, slots=True)
class Plan:
    """``text`` is the scenario's, ``file`` what it is called; files it names are looked for in the ``folder``.

    ``merged``: states are merged by what the stores can ever read.
    """

    file: str
    text: str
    folder: str
    seed: int | None = None
    unit: str | None = None
    faults: tuple[str, ...] = DEFAULT_FAULTS
    merged: bool = False

    @property
    def name(self) -> str:
        """What the ids of its findings begin with."""
        return trails.name_of(self.file, self.text.encode())

    def job(self) -> Job:
        """Record the scenario. BadInput: it is none; Unmet: it fails by itself."""
        read = scenario.parse(self.text, self.file, Path(self.folder))
        return Job(record(read, seed=self.seed, unit=self.unit), faults=frozenset(self.faults), merged=self.merged)
