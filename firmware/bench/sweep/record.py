"""Run a scenario once, and keep of each thing that was done to a unit what a search needs: the unit before it, the
flash operations, what the journal said between them, and what the peers around it knew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.scenario import PlannedStep, Scenario
from firmware.bench.sweep.around import Trace, apart, trace_of
from firmware.bench.sweep.returned import copied
from firmware.bench.world import World
from firmware.device.clock import Clock
from firmware.device.power import Operation
from firmware.errors import BadInput, Unmet
from firmware.journal import Event
from firmware.times import DAY

AFTER = DAY
ClockState = tuple[int | None, int, bool, int]


def clock_state(clock: Clock) -> ClockState:
    """A clock apart from the simulated time: (difference, since, battery good, drift)."""
    return clock.kept()


class Mark(NamedTuple):
    """Something the journal said after ``position`` entries of the log, and the unit's clock then."""

    position: int
    event: Event
    clock: ClockState


@dataclass(slots=True)
class Act:
    """Something that was done to a unit, or that it did, at once, and that wrote on its flash.

    ``step`` is the number of the scenario's step, ``operations`` how many flash operations of the unit came before in
    that step, ``state`` the state of the bring-up that it began in, ``now`` the simulated time. ``unit`` is the unit
    before it, ``before`` and ``after`` as it rested last before it and as it rests first after it: what a cut leaves is
    judged by these. A start from a state in between is no measure: a firmware that goes wrong there would be measured
    by its own fault.
    """

    step: int
    planned: PlannedStep
    operations: int
    state: str
    now: int
    unit: Appliance
    before: Appliance
    after: Appliance
    trace: Trace
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
        self.first: Appliance | None = None
        self._number = 0
        self._planned: PlannedStep | None = None
        self._operations = 0  # of the unit, in this step
        self._present: Act | None = None
        self._rested: Appliance | None = None
        self._unrested: list[Act] = []

    def begins(self, planned: PlannedStep) -> None:
        """The next step of the scenario begins."""
        if self.first is None:
            self.first = self.units[self.swept].copy()
        self._number += 1
        self._planned, self._operations = planned, 0

    def hear(self, event: Event) -> None:
        act = self._present
        if act is not None and event.source == self.swept:
            act.marks.append(Mark(len(act.trace), event, clock_state(self.units[self.swept].clock)))

    def act(self, unit: Appliance, action: Callable[[], None]) -> None:
        if unit.name != self.swept or self._present is not None or self._planned is None:
            return super().act(unit, action)
        was = self._as_it_is(unit)
        trace = trace_of(unit)
        act = Act(self._number, self._planned, self._operations, was.state, self.now, was,
                  self._rested or was, was, trace)  # fmt: skip
        self._present, unit.rail.trace = act, trace
        try:
            super().act(unit, action)
        finally:
            self._present, unit.rail.trace = None, None
            trace.look()
            if operations := len_without_syncs(trace):
                self._operations += operations
                self.acts.append(act)
                self._unrested.append(act)
            if self._unrested:
                self._as_it_is(unit)
        return None

    def _as_it_is(self, unit: Appliance) -> Appliance:
        """A copy of the unit; when it rests, for what comes and what came."""
        now = unit.copy()
        now.surroundings = apart(unit.surroundings)
        if unit.platform.bring_up.rests(unit):
            self._rested = now
            for act in self._unrested:
                act.after = now
            self._unrested.clear()
        return now

    def end(self) -> Appliance:
        """The unit as the scenario leaves it. What has not come to rest since is judged by that."""
        last = self._as_it_is(self.units[self.swept])
        for act in self._unrested:
            act.after = last
        return last


def len_without_syncs(trace: list[Operation]) -> int:
    """How many programs and erases there are in a log."""
    return sum(operation.kind != "sync" for operation in trace)


@dataclass(slots=True)
class Recording:
    """A scenario's run: the unit that is swept at its beginning, what was done to it, and the unit at the ``end``."""

    scenario: Scenario
    name: str
    unit: Appliance
    acts: list[Act]
    last: Appliance
    end: int
    seed: int | None = None
    images: str | None = None

    @property
    def restart(self) -> int:
        """When every start begins that follows a cut at the scenario's end."""
        return self.end + AFTER

    def restart_after(self, act: Act) -> int:
        """When every start begins that follows a cut of an act: some time after the last act of the same day, so that
        the same states come of cuts at different times; not years later, when certificates have expired."""
        moment, later = self.restart, self.end
        for other in reversed(self.acts):
            if later - other.now > AFTER:
                moment = other.now + AFTER
            if other is act:
                break
            later = other.now
        return moment


def record(
    scenario: Scenario, *, seed: int | None = None, unit: str | None = None, images: str | None = None
) -> Recording:
    """Run a scenario to its end. Unmet when it fails by itself: then its power cuts would mean nothing. BadInput when
    its unit cannot be swept. The unit of a state directory, ``images``, begins as it is there."""
    name = _swept(scenario, unit)
    worlds: list[RecordingWorld] = []

    def make(now: int, chosen: int) -> World:
        worlds.append(RecordingWorld(now, chosen, name))
        return worlds[0]

    with copied(images) as state:
        report = replay.run(scenario, seed=seed, state=state, make_world=make,
                            before=lambda step: worlds[0].begins(step),
                            listener=lambda event: worlds[0].hear(event))  # fmt: skip
    world = worlds[0]
    failed = next((outcome for outcome in report.outcomes if outcome.objection), None)
    if failed is not None:
        raise Unmet(f"{failed.planned.where}: the scenario fails by itself: {failed.objection}")
    return Recording(scenario, name, world.first or world.units[name], world.acts, world.end(), world.now, seed, images)


def _swept(scenario: Scenario, unit: str | None) -> str:
    """Which unit: the one that is asked for, or the first."""
    if unit is not None and unit not in scenario.units:
        raise BadInput(f"{scenario.file}: has no unit {unit}; there are {', '.join(scenario.units)}")
    name = unit or next(iter(scenario.units))
    host = scenario.units[name][0].host
    if host is not None:
        raise BadInput(f"{scenario.file}: {name} sits in {host} and has its power from there; a sweep strikes one unit "
                       "by itself: sweep another one, or a scenario without the host")  # fmt: skip
    return name
