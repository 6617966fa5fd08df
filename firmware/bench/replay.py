"""Run a scenario -> Report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from firmware.appliance import Appliance
from firmware.bench.orders import DEFAULT_SEED, new_unit, open_unit, tee
from firmware.bench.scenario import PlannedStep, Scenario, UnitSpec
from firmware.bench.state import StateDirectory
from firmware.bench.steps.power import CutPower
from firmware.bench.world import OFF, World
from firmware.errors import BadInput, FirmwareError, Unmet
from firmware.journal import Event


@dataclass(frozen=True)
class Outcome:
    """One step: ``objection`` is empty when it held; ``after`` is how many events of the run came before it."""

    planned: PlannedStep
    after: int
    objection: str = ""


@dataclass
class Report:
    """What a run gave: the steps in order, every event in order, the units as they were left."""

    scenario: Scenario
    outcomes: list[Outcome] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    units: dict[str, Appliance] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not any(outcome.objection for outcome in self.outcomes)


class Witness(Protocol):
    """Somebody who looks on while a scenario runs: meets the world, hears of each step before it is done and of each
    event, and sees how it ends."""

    def meets(self, world: World) -> None: ...

    def begins(self, planned: PlannedStep) -> None: ...

    def hears(self, event: Event) -> None: ...

    def ends(self, report: Report) -> None: ...


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    state: Path | None = None,
    listener: Callable[[Event], None] | None = None,
    make_world: Callable[[int, int], World] = World,
    before: Callable[[PlannedStep], None] = lambda _: None,
    witnesses: Sequence[Witness] = (),
) -> Report:
    """Run every step until one fails; the rest of a run that went wrong would say nothing.

    ``seed`` goes before the scenario's own. With ``state`` a single unit lives in that directory, several in one
    below it each. ``before`` is told each step, as the ``witnesses`` are. Raises BadInput when a step asks for what is
    not there.
    """
    report = Report(scenario)
    world = make_world(scenario.head.clock, _seed(scenario, seed))
    with ExitStack() as stack:
        opened: list[tuple[StateDirectory, Appliance]] = []

        def hear(event: Event) -> None:
            report.events.append(event)
            if listener is not None:
                listener(event)
            for witness in witnesses:
                witness.hears(event)

        for name in scenario.units:
            place = None if state is None else state if len(scenario.units) == 1 else state / name
            unit, directory = _unit(scenario, name, seed, place, hear, world)
            if directory is not None:
                stack.callback(directory.close)
                opened.append((directory, unit))
            world.add(unit)
        for name, (spec, _) in scenario.units.items():
            if spec.host is not None:
                world.seat(world.units[name], world.units[spec.host])
        world.run_until(max([world.now, *(unit.clock.now for unit in world.units.values())]))
        report.units = world.units
        for witness in witnesses:
            witness.meets(world)
        _carry_out(world, report, opened, (before, *(witness.begins for witness in witnesses)))
        for witness in witnesses:
            witness.ends(report)
    return report


def _carry_out(
    world: World, report: Report, opened: list[tuple[StateDirectory, Appliance]],
    told: Sequence[Callable[[PlannedStep], None]],
) -> None:  # fmt: skip
    """Every step, until one fails; ``told`` hear of it before."""
    for planned in report.scenario.steps:
        for tell in told:
            tell(planned)
        outcome = perform(world, planned, len(report.events))
        report.outcomes.append(outcome)
        for directory, unit in opened:
            directory.save(unit)
        if outcome.objection:
            return
    check_cuts(world, report.scenario, report)


def _seed(scenario: Scenario, seed: int | None) -> int:
    """What the peers of the units are made from."""
    chosen = scenario.head.seed if seed is None else seed
    return DEFAULT_SEED if chosen is None else chosen


def _unit(
    scenario: Scenario, name: str, seed: int | None, place: Path | None, hear: Callable[[Event], None], world: World
) -> tuple[Appliance, StateDirectory | None]:
    spec, order = scenario.units[name]
    order = replace(order, seed=order.seed if seed is None else seed)
    network = (spec.environment or scenario.head.environment).network(world)

    def make() -> Appliance:
        unit = new_unit(order, scenario.head.clock, network)
        _set_clock(unit, spec)
        return unit

    if place is None:
        unit = make()
        tee(unit.journal, hear)
        return unit, None
    # A MAC that was chosen for a new unit says nothing of one that is there.
    directory, unit, _ = open_unit(replace(order, mac=spec.mac), place, make, hear)
    unit.surroundings, unit.name = network, name
    return unit, directory


def _set_clock(unit: Appliance, spec: UnitSpec) -> None:
    unit.clock.battery_good = spec.battery == "good"
    unit.clock.drift_ppm = spec.drift_ppm
    if "clock" in spec.model_fields_set:
        if spec.clock is None:
            unit.clock.lose()
        else:
            unit.clock.set(spec.clock)


def perform(world: World, planned: PlannedStep, after: int) -> Outcome:
    """Do one step. Raises BadInput when it asks for what is not there."""
    unit = world.units[planned.unit]
    unit.clock.advance_to(world.now)
    wanted = planned.step.refusal
    try:
        planned.step.run(world, unit)
    except (FirmwareError, BadInput) as error:
        if wanted is not None and wanted in str(error):
            return Outcome(planned, after)
        if isinstance(error, BadInput):
            raise BadInput(f"{planned.where}: {error}") from None
        return Outcome(planned, after, str(error))
    except Unmet as error:
        return Outcome(planned, after, str(error))
    return Outcome(planned, after, "" if wanted is None else f"expected to be refused with {wanted!r}, and was done")


def check_cuts(world: World, scenario: Scenario, report: Report) -> None:
    """A power cut that was ordered and never came would make what follows it meaningless."""
    for name, unit in world.units.items():
        still = world.cut_at.get(name) or unit.rail.armed
        if still:
            ordered = [p for p in scenario.steps if p.unit == name and isinstance(p.step, CutPower)][-1]
            objection = f"the power cut at {still} never came; {_reached(unit)}"
            report.outcomes.append(Outcome(ordered, len(report.events), objection))
        for fault in unit.rail.planned:
            ordered = [p for p in scenario.steps if p.unit == name and getattr(p.step, "fault", None) == fault][-1]
            objection = f"the flash fault at {fault} never came; {_reached(unit)}"
            report.outcomes.append(Outcome(ordered, len(report.events), objection))


def _reached(unit: Appliance) -> str:
    return f"{unit.name} is {'off' if unit.state == OFF else unit.state} after {unit.rail.operations} flash operations"
