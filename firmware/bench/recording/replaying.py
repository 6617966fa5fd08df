"""A recording, run again up to a moment: what happens must be what was recorded; then the moment is looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.recording import as_scenario
from firmware.bench.recording.differing import Difference, unlike
from firmware.bench.recording.moments import Moment
from firmware.bench.recording.reading import Recording, parse
from firmware.bench.recording.tape import RunTape
from firmware.bench.scenario import PlannedStep
from firmware.bench.state import StateDirectory, holds_unit
from firmware.bench.world import World
from firmware.errors import BadInput
from firmware.journal import Event


@dataclass(frozen=True)
class Seen:
    """The units as they were at a moment, and the simulated time then; ``difference``: where the run parts from what
    was recorded, which makes the moment another one."""

    time: int
    units: dict[str, Appliance]
    difference: Difference | None


class _Look:
    """A witness who copies the units after so many events: a run is not stopped in the middle of what it does."""

    def __init__(self, moment: Moment) -> None:
        self._left = None if moment.is_end else moment.events
        self.world = World(0)
        self.found: tuple[int, dict[str, Appliance]] | None = None

    def meets(self, world: World) -> None:
        self.world = world

    def begins(self, _planned: PlannedStep) -> None:
        """It looks at events only."""

    def ends(self, _report: replay.Report) -> None:
        self.found = self.found or (self.world.now, self._copies())

    def hears(self, event: Event) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.found = event.time, self._copies()

    def _copies(self) -> dict[str, Appliance]:
        return {name: unit.copy() for name, unit in self.world.units.items()}


def go_to(recording: Recording, moment: Moment) -> Seen:
    """Run the recorded steps up to a moment. Nothing of what is kept anywhere is changed."""
    scenario = as_scenario.read_of(recording, moment.step)
    lines: list[str] = []
    tape = RunTape(lines.append, recording.head)
    look = _Look(moment)
    with _beginning(recording) as state:
        replay.run(scenario, seed=recording.head.seed, state=state, witnesses=(tape, look))
    again = parse("".join(lines).encode(), recording.file)
    assert look.found is not None
    return Seen(*look.found, unlike(recording, again, moment.step))


@contextmanager
def _beginning(recording: Recording) -> Iterator[Path | None]:
    """A copy of the state directory that the recording went on with, when there was one."""
    if not recording.head.continues:
        yield None
        return
    place = recording.beginning
    if not place.is_dir():
        raise BadInput(f"{recording.file}:1: its units were there before it, and {place}, which has them, is not there")
    with TemporaryDirectory() as folder:
        yield Path(shutil.copytree(place, Path(folder) / "state"))


def keep(seen: Seen, directory: Path) -> list[Path]:
    """Leave the units, their plugs pulled, in a state directory, several in one below it each."""
    places = {name: directory if len(seen.units) == 1 else directory / name for name in seen.units}
    for place in places.values():
        if holds_unit(place):
            raise BadInput(f"{place}: holds a unit already; give another --state")
    for name, place in places.items():
        unit = seen.units[name].copy()
        with StateDirectory(place) as state:
            state.create(unit)
            for event in seen.units[name].journal.events:
                assert unit.journal.listener is not None
                unit.journal.listener(event)
    return list(places.values())
