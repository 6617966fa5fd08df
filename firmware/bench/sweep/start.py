"""Start a unit from nothing but the bytes of its flash and its clock, in a fresh object graph, and see what it does."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.appliance import Appliance, Ram
from firmware.bench.hosting import network_of
from firmware.bench.sweep.around import Trace, apart, matter, trace_of
from firmware.bench.sweep.facts import UNREADABLE, Facts, facts_of
from firmware.bench.sweep.images import Changes, Flash
from firmware.bench.sweep.record import ClockState, Mark
from firmware.device.clock import Clock
from firmware.errors import PowerCut
from firmware.journal import Event, Journal

MOST_STEPS = 100  # of the bring-up in one start; the longest, an ignition resumed, takes 20


@dataclass(slots=True)
class Started:
    """One start: the unit when it rests, its log, what the journal said meanwhile, what is then found; ``failure`` is
    why it never came to rest."""

    unit: Appliance
    trace: Trace
    marks: list[Mark] = field(default_factory=list)
    failure: str = ""
    facts: Facts = ()


def template_of(unit: Appliance) -> Appliance:
    """A unit without power and without a past, to be copied and given other contents."""
    template = unit.copy()
    template.rail.on = False
    template.rail.arm(None)
    template.rail.plan(None)
    template.ram, template.journal, template.held_button = Ram(), Journal(), None
    template.modules_up = frozenset()
    template.timers.clear()
    template.state = template.platform.bring_up.initial
    return template


def start(template: Appliance, flash: Flash, changes: Changes, clock: ClockState, moment: int) -> Started:
    """Switch a unit on at a simulated moment and wait until it rests."""
    unit = template.copy()
    if matter(network_of(unit)):
        unit.surroundings = apart(unit.surroundings)
    flash.put(unit, changes)
    difference, since, battery, drift = clock
    unit.clock = Clock.restore(moment, difference, since, battery, drift)
    unit.clock.power_lost()
    return switch_on(Started(unit, trace_of(unit)))


def switch_on(run: Started) -> Started:
    """The start itself. What the firmware must never do - an error that reaches nobody, an endless start - is kept."""
    unit, trace, marks = run.unit, run.trace, run.marks

    def hear(event: Event) -> None:
        marks.append(Mark(len(trace), event, unit.clock.kept()))

    unit.journal.listener, unit.rail.trace = hear, trace
    try:
        unit.platform.operations["power_on"](unit)
        if not _rests(unit):
            run.failure = f"never comes to rest, and is in the state {unit.state}"
    except (Exception, PowerCut) as error:  # whatever it is: a finding, with its name
        run.failure = f"stops in the state {unit.state}: {type(error).__name__}: {error}"
    try:
        run.facts = facts_of(unit)
    except (Exception, PowerCut) as error:  # of a store that lies, most of all
        run.facts = UNREADABLE
        run.failure = run.failure or f"cannot be read when it rests: {type(error).__name__}: {error}"
    unit.journal.listener = None  # it leads back to the unit, which would wait for the garbage collector
    return run


def _rests(unit: Appliance) -> bool:
    bring_up = unit.platform.bring_up
    for _ in range(MOST_STEPS):
        if bring_up.rests(unit):
            return True
        bring_up.step(unit)
    return False
