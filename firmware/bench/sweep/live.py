"""Flash that breaks while it works: the whole scenario runs again with one such fault, at every operation, and the unit
is started once more. That is beyond the fault budget, so only promise 2 of the design holds: a named error or the
firmware's own recovery, and never a wrong identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.scenario import PlannedStep
from firmware.bench.sweep.around import trace_of
from firmware.bench.sweep.checkers import judge
from firmware.bench.sweep.crashes import LIVE, Form
from firmware.bench.sweep.facts import FACTS
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Duty, Fault, Trail
from firmware.bench.sweep.returned import copied, detach
from firmware.bench.sweep.start import Started, switch_on
from firmware.bench.world import OFF, World
from firmware.device.faults import LiveFault, LiveKind
from firmware.errors import BadInput, IpsimError, PowerCut

_ANYTHING = Duty(((),) * len(FACTS), within=False)


@dataclass(slots=True)
class Strikes:
    """``runs``: how often the scenario ran with one fault, of so many in ``all``; ``interrupted``: somebody pressed
    Ctrl-C before the end."""

    runs: int = 0
    all: int = 0
    findings: list[Finding] = field(default_factory=list)
    interrupted: bool = False


def strike(job: Job, tell: Callable[[Strikes], None] = lambda _: None, *, findings: int | None = None) -> Strikes:
    """Every live fault of the job at every operation at which a first cut may strike, to the so many-th finding. In
    this process: a run is all there is to do."""
    faults = [fault for form in LIVE if form.fault in job.faults for fault in _faults(job, form)]
    strikes = Strikes(all=len(faults))
    try:
        for fault in faults:
            if findings is not None and len(strikes.findings) >= findings:
                break
            finding = once(job, fault)
            strikes.runs += 1
            if finding is not None:
                strikes.findings.append(finding)
            tell(strikes)
    except KeyboardInterrupt:
        strikes.interrupted = True
    return strikes


def _faults(job: Job, form: Form) -> Iterator[Fault]:
    for act, struck in zip(job.recording.acts, job.struck, strict=True):
        operations = (entry for entry in act.trace if entry.kind != "sync")
        for number, operation in enumerate(operations, 1):
            if number in struck and form.fault in act.unit.parts()[operation.part].geometry.sheet.can:
                place = f"{operation.kind} {operation.part}"
                yield Fault(act.step, act.operations + number, form, place=place)


class _StrikingWorld(World):
    """A world in which one fault is to come in a unit's flash from some step on."""

    def __init__(self, now: int, seed: int, swept: str, fault: Fault) -> None:
        super().__init__(now, seed)
        self._swept, self._fault, self._number = swept, fault, 0

    def begins(self, _planned: PlannedStep) -> None:
        self._number += 1
        if self._number == self._fault.step:
            kind = LiveKind(self._fault.form.fault)
            self.units[self._swept].rail.plan(LiveFault(kind, self._fault.operation))


def once(job: Job, fault: Fault) -> Finding | None:
    """Run the scenario with a fault, then start its unit again, twice: the second reboot must work too."""
    recording = job.recording
    worlds: list[_StrikingWorld] = []

    def make(now: int, seed: int) -> World:
        worlds.append(_StrikingWorld(now, seed, recording.name, fault))
        return worlds[0]

    trail = Trail(None, fault)
    try:
        with copied(recording.images) as state:
            replay.run(recording.scenario, seed=recording.seed, state=state, make_world=make,
                       before=lambda planned: worlds[0].begins(planned))  # fmt: skip
    except IpsimError:
        pass  # a refusal that the scenario did not expect; what it left is looked at
    except (Exception, PowerCut) as error:  # the firmware's own, which is the finding
        return Finding("comes up", f"{type(error).__name__}: {error}", trail, within=False)
    unit = worlds[0].units[recording.name]
    detach(unit)
    for _ in range(2):
        if wrong := judge(run := _restarted(worlds[0], unit), _ANYTHING):
            return Finding(*wrong, trail, within=False)
        unit = run.unit
    return None


def _restarted(world: World, unit: Appliance) -> Started:
    if unit.state != OFF:
        world.cut_power(unit, "pulled")
    unit.rail.plan(None)
    return switch_on(Started(unit, trace_of(unit)))


def follow(job: Job, fault: Fault) -> Finding | None:
    """What comes of the fault of an id. BadInput: the scenario has no such operation."""
    named = next((f for f in _faults(job, fault.form) if (f.step, f.operation) == (fault.step, fault.operation)), None)
    if named is None:
        raise BadInput(f"step {fault.step} has no flash operation {fault.operation} that could fail like this")
    return once(job, named)
