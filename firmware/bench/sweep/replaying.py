"""Carry a trail out for real: its first cut armed in a world in which the whole scenario runs, each further one in a
real start; and hold what the flash then contains, and what comes of it, against what the search says.

Each start begins at the search's moment, with the images and the clock of the unit that was really cut: so the images
after every cut are equal byte by byte, nested ones too. (In a scenario file that does the same, :mod:`export`, time
goes on while a start is cut short; there a certificate made later has later dates.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from firmware.appliance import Appliance
from firmware.bench import replay as scenarios
from firmware.bench import report as reports
from firmware.bench.expectations import Expect
from firmware.bench.replay import Outcome, Report
from firmware.bench.scenario import PlannedStep
from firmware.bench.steps.base import Step
from firmware.bench.steps.power import CutPower, PowerOn
from firmware.bench.steps.storage import Corrupt
from firmware.bench.sweep import trails
from firmware.bench.sweep.checkers import judge
from firmware.bench.sweep.crashes import AT_REST, FLIPS, UNSYNCED
from firmware.bench.sweep.images import Flash
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Fault, Node
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.record import ClockState, clock_state
from firmware.bench.sweep.returned import copied, detach
from firmware.bench.sweep.rot import struck
from firmware.bench.sweep.start import Started, start
from firmware.bench.timeline import Style, plain
from firmware.bench.world import OFF, World
from firmware.device.clock import Clock
from firmware.device.faults import BitFlip, Cut, Moment, unsynced
from firmware.device.power import Operation
from firmware.errors import BadInput

Images = dict[str, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Replay:
    """``finding`` is what really came of the trail, ``expected`` what the search says of it; ``differences`` is where
    a part or the clock was not as the search has it, cut by cut. ``report`` has the steps and the journal."""

    id: str
    report: Report
    finding: Finding | None
    expected: Finding | None
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the search told the truth."""
        return not self.differences and self.finding == self.expected

    def text(self, style: Style = plain) -> str:
        """The whole timeline, and the verdict; what the search says only where it says something else."""
        lines = [reports.text(self.report, style)]
        if not self.agrees:
            said = f"{self.expected.checker}: {self.expected.text}" if self.expected else "no finding"
            lines += ["the search says otherwise:", *(f"  {text}" for text in (*self.differences, said))]
        return "\n".join(lines)


def replay(plan: Plan, faults: Sequence[Fault]) -> Replay:
    """Go the way of a trail. BadInput when it leads nowhere in this scenario."""
    job, trail_id = plan.job(), trails.id_of(plan.name, tuple(faults))
    node = job.follow(faults[:1])
    unit, report = cut_for_real(job, faults[0], plan.seed)
    differences = _compare(job, node, unit, "cut 1")
    for number, fault in enumerate(faults[1:], 2):
        if fault.form in FLIPS:
            node, flash = job.follow(faults[:number]), job.scenes[node.scene].flash
            _flip(report, unit, flash, fault)
            differences += _compare(job, node, unit, f"fault {number}")
            continue
        _tell(report, unit, PowerOn.model_validate({}), {"power_on": None})
        run = _start(job, node, unit, fault)
        if fault.form is UNSYNCED:
            _lose_unsynced(run.unit, images_of(unit), done_of(run.trace, fault))
        elif fault.form is not AT_REST and run.unit.rail.on:
            raise BadInput(f"the start after cut {number - 1} has no flash operation {fault.operation}")
        _cut_row(report, unit, fault, after=len(report.events) + (len(run.marks) if fault.form is AT_REST else 0))
        report.events += [mark.event for mark in run.marks]
        run.unit.journal.listener = report.events.append
        run.unit.note("power.cut", why=f"cut {number} of the trail", operations=run.unit.rail.operations)
        node, unit = job.follow(faults[:number]), run.unit
        differences += _compare(job, node, unit, f"cut {number}")
    _tell(report, unit, PowerOn.model_validate({}), {"power_on": None})
    run = _start(job, node, unit, None)
    report.events += [mark.event for mark in run.marks]
    report.units = {**report.units, unit.name: run.unit}
    wrong = judge(run, node.duty)
    objection = f"{wrong[0]}: {wrong[1]}" if wrong else ""
    _tell(report, unit, Expect.model_validate({}), {"expect": "no finding"}, where=trail_id, objection=objection)
    finding = Finding(*wrong, node.trail, node.duty.within) if wrong else None
    return Replay(trail_id, report, finding, job.expand(node, set(), deeper=False).finding, tuple(differences))


def cut_of(fault: Fault) -> Cut:
    """What to arm a rail with. A cut at rest is none."""
    return Cut(fault.operation, fault.form.moment, fault.form.torn, None, fault.lost)


def cut_row(fault: Fault, **more: Any) -> dict[str, Any]:
    """A cut as a step of a scenario, with what else the step says."""
    if fault.form is AT_REST:
        return {"cut_power": more or None}
    fields: dict[str, Any] = {"operation": fault.operation, "moment": fault.form.moment.value}
    if fault.form.moment is Moment.INSIDE:
        fields["torn"] = fault.form.torn.value
    if fault.lost:
        fields["lost"] = fault.lost
    return {"cut_power": {**fields, **more}}


def flip_rows(flash: Flash, fault: Fault, **more: Any) -> list[dict[str, Any]]:
    """Bits that flip at rest as steps of a scenario, with what else each step says."""
    places = [flash.place(at) for at in struck(flash, fault)]
    return [{"corrupt": {"part": part, "block": block, "bit": fault.lost, **more}} for part, block in places]


def _flip(report: Report, unit: Appliance, flash: Flash, fault: Fault) -> None:
    for row in flip_rows(flash, fault):
        fields = row["corrupt"]
        unit.parts()[fields["part"]].flip(BitFlip(fields["block"], fields["bit"]))
        _tell(report, unit, Corrupt.model_validate(fields), row)


class _Struck(BaseException):
    """Power has gone; what the scenario would do next is no part of the trail."""


class CutWorld(World):
    """A world in which a unit's power is cut as a fault says; there it ends."""

    def __init__(self, now: int, seed: int, swept: str, fault: Fault, report: Report) -> None:
        super().__init__(now, seed)
        self.swept, self.fault, self.report = swept, fault, report
        self.step = 0
        self.images: Images = {}
        self.trace: list[Operation] = []
        self._began_at = 0

    def begins(self, planned: PlannedStep) -> None:
        self.step += 1
        unit = self.units[self.swept]
        if self.step == self.fault.step and self.fault.form is not AT_REST:
            unit.rail.arm(cut_of(self.fault))
            self._began_at = unit.rail.operations
            self.images, unit.rail.trace = images_of(unit), self.trace
            _cut_row(self.report, unit, self.fault)
        self.report.outcomes.append(Outcome(planned, len(self.report.events)))

    def act(self, unit: Appliance, action: Callable[[], None]) -> None:
        """What was not synced is lost also when nothing more is done: power goes at the end of the act."""
        super().act(unit, action)
        if unit.name == self.swept and self.step == self.fault.step and self.fault.form is UNSYNCED:
            done = unit.rail.operations - self._began_at
            if done == self.fault.operation - 1 and any(unsynced(self.trace, name) for name in unit.parts()):
                self.pull(unit)
                raise _Struck

    def pull(self, unit: Appliance) -> None:
        """Power is cut at rest."""
        unit.rail.arm(None)
        if unit.state != OFF:
            super().cut_power(unit, "pulled")

    def cut_power(self, unit: Appliance, why: str) -> None:
        """A cut that the step itself makes (a power cycle's) does not call off the one that is to come."""
        is_ours = unit.name == self.swept and self.step == self.fault.step and self.fault.form is not AT_REST
        still = is_ours and unit.rail.armed is not None
        super().cut_power(unit, why)
        if still:
            done = unit.rail.operations - self._began_at
            unit.rail.arm(Cut(self.fault.operation - done, self.fault.form.moment, self.fault.form.torn, None,
                              self.fault.lost))  # fmt: skip
        elif is_ours:
            raise _Struck


def cut_for_real(job: Job, fault: Fault, seed: int | None) -> tuple[Appliance, Report]:
    """Run the scenario with its first cut armed: the unit when power has gone, and what happened until then."""
    recording = job.recording
    report = Report(recording.scenario)
    worlds: list[CutWorld] = []

    def make(now: int, chosen: int) -> World:
        worlds.append(CutWorld(now, chosen, recording.name, fault, report))
        return worlds[0]

    struck = False
    try:
        with copied(recording.images) as state:
            scenarios.run(recording.scenario, seed=seed, state=state, make_world=make,
                          before=lambda planned: worlds[0].begins(planned), listener=report.events.append)  # fmt: skip
    except _Struck:
        struck = True
    world, unit = worlds[0], worlds[0].units[recording.name]
    report.units = world.units
    detach(unit, report.events.append)
    if fault.form is AT_REST:
        _cut_row(report, unit, fault)
        world.pull(unit)
    elif not struck:
        raise BadInput(f"step {fault.step} has no flash operation {fault.operation}: power was never cut")
    if fault.form is UNSYNCED:
        _lose_unsynced(unit, world.images, done_of(world.trace, fault))
    return unit, report


def images_of(unit: Appliance) -> Images:
    return {name: part.image() for name, part in unit.parts().items()}


def done_of(trace: Sequence[Operation], fault: Fault) -> Sequence[Operation]:
    """What was done before a fault's operation; a log also has the one that power was cut before."""
    numbers = [at for at, operation in enumerate(trace) if operation.kind != "sync"]
    return trace[: numbers[fault.operation - 1]] if len(numbers) >= fault.operation else trace


def _lose_unsynced(unit: Appliance, images: Images, trace: Sequence[Operation]) -> None:
    """Put back what the parts held at their last sync; ``images`` are those before the trace."""
    for name, part in unit.parts().items():
        if "reordered" not in part.geometry.sheet.can:
            continue
        lost = unsynced(trace, name)
        kept = [operation for operation in trace if operation.part == name and operation.kind != "sync"]
        held = dict(enumerate(images[name]))
        held.update({operation.block: operation.content for operation in kept[: len(kept) - len(lost)]})
        for operation in lost:
            part.overwrite(operation.block, held[operation.block])


def _start(job: Job, node: Node, unit: Appliance, fault: Fault | None) -> Started:
    """The next start of a unit that was really cut, with its images and its clock, and with the next cut armed."""
    scene = job.scenes[node.scene]
    template = scene.template.copy()
    template.rail.arm(cut_of(fault) if fault is not None and fault.form is not AT_REST else None)
    return start(template, scene.flash, scene.flash.changes(unit), clock_state(unit.clock), scene.moment)


def _compare(job: Job, node: Node, unit: Appliance, when: str) -> list[str]:
    """Where a unit that was really cut differs from the state that the search has in its place."""
    scene, overlay = job.scenes[node.scene], node.changes()
    flash = scene.flash
    real = flash.changes(unit)
    found = []
    for at in sorted(real.keys() | overlay.keys()):
        if real.get(at, flash.base[at]) != overlay.get(at, flash.base[at]):
            part, block = flash.place(at)
            found.append(f"{when}: block {block} of {part} is not as the search has it")
    if _without_power(node.clock, scene.moment) != _without_power(clock_state(unit.clock), scene.moment):
        found.append(f"{when}: the clock is not as the search has it")
    return found


def _without_power(state: ClockState, moment: int) -> ClockState:
    """What a clock is after a power cut, a flat battery's too."""
    difference, since, battery, drift = state
    clock = Clock.restore(moment, difference, since, battery, drift)
    clock.power_lost()
    return clock_state(clock)


def _cut_row(report: Report, unit: Appliance, fault: Fault, *, after: int | None = None) -> None:
    _tell(report, unit, CutPower.model_validate({}), cut_row(fault), after=after)


def _tell(
    report: Report, unit: Appliance, step: Step, row: Any, *, where: str = "", objection: str = "",
    after: int | None = None,
) -> None:  # fmt: skip
    """One more step in the report, which no scenario file has."""
    planned = PlannedStep(step, unit.name, where, row)
    report.outcomes.append(Outcome(planned, len(report.events) if after is None else after, objection))
