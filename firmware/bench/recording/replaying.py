"""A recording, run again up to a moment: what happens must be what was recorded; then the moment is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.recording import as_scenario
from firmware.bench.recording.differing import Difference, unlike
from firmware.bench.recording.moments import Moment
from firmware.bench.recording.reading import Recording, parse
from firmware.bench.recording.tape import RunTape
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
    """Copies the units after so many events: a run is not stopped in the middle of what it does."""

    def __init__(self, tape: RunTape, moment: Moment) -> None:
        self._tape = tape
        self._left = None if moment.is_end else moment.events
        self.world = World(0)
        self.found: tuple[int, dict[str, Appliance]] | None = None

    def make_world(self, now: int, seed: int) -> World:
        self.world = self._tape.make_world(now, seed)
        return self.world

    def hear(self, event: Event) -> None:
        self._tape.hear(event)
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.found = event.time, self._copies()

    def at_the_end(self) -> tuple[int, dict[str, Appliance]]:
        return self.found or (self.world.now, self._copies())

    def _copies(self) -> dict[str, Appliance]:
        return {name: unit.copy() for name, unit in self.world.units.items()}


def go_to(recording: Recording, moment: Moment) -> Seen:
    """Run the recorded steps up to a moment. Nothing of what is kept anywhere is changed."""
    scenario = as_scenario.read_of(recording, moment.step)
    lines: list[str] = []
    tape = RunTape(lines.append, recording.head)
    look = _Look(tape, moment)
    report = replay.run(
        scenario, seed=recording.head.seed, make_world=look.make_world, before=tape.before, listener=look.hear
    )
    tape.end(report)
    again = parse("".join(lines).encode(), recording.file)
    time, units = look.at_the_end()
    return Seen(time, units, unlike(recording, again))


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
