"""Run a scenario once, and keep of each thing that was done to a unit what a search needs: the unit before it, the
flash operations, and what the journal said between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.scenario import PlannedStep, Scenario
from firmware.bench.world import World
from firmware.device.clock import Clock
from firmware.device.power import Operation
from firmware.errors import Unmet
from firmware.journal import Event

ClockState = tuple[int | None, int, bool, int]


def clock_state(clock: Clock) -> ClockState:
    """A clock apart from the simulated time: (difference, since, battery good, drift)."""
    state = clock.state()
    return state["difference"], state["since"] or 0, bool(state["battery_good"]), state["drift_ppm"] or 0


class Mark(NamedTuple):
    """Something the journal said after ``position`` entries of the log, and the unit's clock then."""

    position: int
    event: Event
    clock: ClockState


@dataclass(slots=True)
class Act:
    """Something that was done to a unit, or that it did, at once: the unit and the world before it, and what came.

    ``step`` is the number of the scenario's step, ``operations`` how many flash operations of the unit came before in
    that step, ``state`` the state of the bring-up that it began in.
    """

    step: int
    planned: PlannedStep
    operations: int
    state: str
    unit: Appliance
    trace: list[Operation] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def clock(self) -> ClockState:
        return clock_state(self.unit.clock)


class RecordingWorld(World):
    """A world that keeps what is done to one of its units."""

    def __init__(self, now: int, seed: int, swept: str) -> None:
        super().__init__(now, seed)
        self.swept = swept
        self.acts: list[Act] = []
        self.ends: list[Appliance] = []
        self.step = 0
        self.planned: PlannedStep | None = None
        self._present: Act | None = None

    def begins(self, planned: PlannedStep) -> None:
        """The next step of the scenario begins."""
        self.step += 1
        self.planned = planned

    def hear(self, event: Event) -> None:
        act = self._present
        if act is not None and event.source == self.swept:
            act.marks.append(Mark(len(act.trace), event, clock_state(self.units[self.swept].clock)))

    def act(self, unit: Appliance, action: Callable[[], None]) -> None:
        if unit.name != self.swept or self._present is not None or self.planned is None:
            return super().act(unit, action)
        before = sum(len_without_syncs(act.trace) for act in self.acts if act.step == self.step)
        act = self._present = Act(self.step, self.planned, before, unit.state, unit.copy())
        unit.rail.trace = act.trace
        try:
            super().act(unit, action)
        finally:
            self._present, unit.rail.trace = None, None
            self.acts.append(act)
            self.ends.append(unit.copy())
        return None


def len_without_syncs(trace: list[Operation]) -> int:
    """How many programs and erases there are in a log."""
    return sum(operation.kind != "sync" for operation in trace)


@dataclass(slots=True)
class Recording:
    """A scenario's run: the unit that is swept at its beginning, what was done to it, and the unit after each."""

    scenario: Scenario
    name: str
    unit: Appliance
    acts: list[Act]
    ends: list[Appliance]
    end: int


def record(scenario: Scenario, *, seed: int | None = None, unit: str | None = None) -> Recording:
    """Run a scenario to its end. Unmet when it fails by itself: then its power cuts would mean nothing."""
    name = unit or next(iter(scenario.units))
    worlds: list[RecordingWorld] = []
    first: list[Appliance] = []

    def make(now: int, chosen: int) -> World:
        worlds.append(RecordingWorld(now, chosen, name))
        return worlds[0]

    def begins(planned: PlannedStep) -> None:
        if not first:
            first.append(worlds[0].units[name].copy())
        worlds[0].begins(planned)

    report = replay.run(scenario, seed=seed, make_world=make, before=begins, listener=lambda e: worlds[0].hear(e))
    world = worlds[0]
    failed = next((outcome for outcome in report.outcomes if outcome.objection), None)
    if failed is not None:
        raise Unmet(f"{failed.planned.where}: the scenario fails by itself: {failed.objection}")
    return Recording(scenario, name, first[0], world.acts, world.ends, world.now)
