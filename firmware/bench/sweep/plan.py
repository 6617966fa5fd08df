"""What a sweep was asked for, as plain values: from it every process makes the same job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmware.bench import scenario
from firmware.bench.sweep import trails
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.places import ALL
from firmware.bench.sweep.record import record
from firmware.bench.sweep.returned import digest_of
from firmware.device.physics import FAULTS

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
        """What the ids of its findings begin with. Another seed, another unit, other images give other ids."""
        images = digest_of(Path(self.images)) if self.images is not None else None
        own = {"seed": self.seed, "unit": self.unit, "images": images}
        told = "".join(f"{name}={value} " for name, value in own.items() if value is not None)
        return trails.name_of(self.file, told.encode() + self.text.encode())

    def job(self) -> Job:
        """Record the scenario. BadInput: it is none; Unmet: it fails by itself."""
        read = scenario.parse(self.text, self.file, Path(self.folder))
        recording = record(read, seed=self.seed, unit=self.unit, images=self.images)
        return Job(recording, faults=frozenset(self.faults), merged=self.merged, at=self.at)
