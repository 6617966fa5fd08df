"""What a search works on: one scenario's recording, made into scenes, first crash states, and the way from a state to
those that a further cut leaves. Everything here follows from its options, so every process makes the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from firmware.appliance import Appliance
from firmware.bench.sweep.checkers import judge
from firmware.bench.sweep.crashes import AT_REST
from firmware.bench.sweep.cutting import Cutting
from firmware.bench.sweep.facts import DEFAULTED, Facts, sealed_runs
from firmware.bench.sweep.images import Flash, all_of
from firmware.bench.sweep.nodes import Duties, Duty, Fault, Node, Trail
from firmware.bench.sweep.record import Act, ClockState, Recording, clock_state, len_without_syncs
from firmware.bench.sweep.start import Started, start, template_of
from firmware.errors import BadInput
from firmware.times import DAY

AFTER = DAY  # every start after a cut begins at the same simulated moment: this long after the scenario's end


@dataclass(frozen=True, slots=True)
class Finding:
    """A state from which the firmware does not do what it must: which checker says so, and what."""

    checker: str
    text: str
    trail: Trail | None
    within: bool


@dataclass(slots=True)
class Expansion:
    """What came of starting from one state: ``children`` are the crash states that a further cut leaves and that were
    not seen before, of ``transitions`` in all; ``covered`` says where it was cut and which way the recovery took."""

    finding: Finding | None
    children: list[Node]
    transitions: int
    covered: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Scene:
    """Which cards are in a unit: a unit to copy, and how its flash is laid out."""

    template: Appliance
    flash: Flash


class Job:
    """One search. ``faults`` are the names of the physical faults that strike, ``merged``: states are merged by their
    canonical form, else every image counts by itself."""

    def __init__(self, recording: Recording, *, faults: frozenset[str], merged: bool) -> None:
        self.recording = recording
        self.faults = faults
        self.merged = merged
        self.moment = recording.end + AFTER
        self.duties = Duties()
        self.scenes: list[Scene] = []
        self._scene_of: dict[object, int] = {}
        self._outcomes: dict[tuple[int, int, ClockState], Facts] = {}

    def scene(self, unit: Appliance) -> int:
        """The number of the scene that a unit's cards make."""
        cards = tuple((slot.name, slot.card and (slot.card.kind, slot.card.feature_key, slot.card.failed))
                      for slot in unit.slots.values())  # fmt: skip
        if cards not in self._scene_of:
            template = template_of(unit)
            template.platform = self.recording.unit.platform
            self._scene_of[cards] = len(self.scenes)
            self.scenes.append(Scene(template, Flash(template)))
        return self._scene_of[cards]

    def acts(self) -> Iterator[tuple[Act, Appliance, Appliance]]:
        """What was done to the unit and wrote on its flash, each with the unit at rest before it, and after it."""
        for act, before, after in at_rest(self.recording):
            if len_without_syncs(act.trace):
                yield act, before, after

    def roots(self, seen: set[int]) -> Iterator[tuple[list[Node], int]]:
        """The crash states of the scenario's own run that are new to ``seen``, and of how many, act by act; at last the
        scenario's end."""
        for act, before, after in self.acts():
            yield self._cut_act(act, before, after, seen)
        last = self._at_the_end()
        yield [last] if last.key not in seen else [], 1

    def _cut_act(
        self, act: Act, before: Appliance, after: Appliance, seen: set[int], only: Fault | None = None
    ) -> tuple[list[Node], int]:
        number, new = self.scene(act.unit), self.outcome(after)
        duty = Duty.of(self.outcome(before), new)
        if any(mark.event.kind == DEFAULTED for mark in act.marks):
            duty = replace(duty, secrets=sealed_runs(act.unit))
        cutting = Cutting(self, number, self.scenes[number].flash.changes(act.unit), act.clock, duty, None)
        return cutting.cut(act.trace, act.marks, new, seen, step=act.step, offset=act.operations, only=only)

    def _at_the_end(self) -> Node:
        last = self.recording.ends[-1]
        number = self.scene(last)
        changes = self.scenes[number].flash.changes(last)
        cutting = Cutting(self, number, changes, clock_state(last.clock), Duty.of(self.outcome(last)), None)
        return cutting.at_rest(len(self.recording.scenario.steps), 0)

    def outcome(self, unit: Appliance) -> Facts:
        """What a start finds when nothing strikes but a cut of power now."""
        number = self.scene(unit)
        flash = self.scenes[number].flash
        changes, clock = flash.changes(unit), clock_state(unit.clock)
        key = (number, all_of(flash.keys(changes)), clock)
        if key not in self._outcomes:
            self._outcomes[key] = start(self.scenes[number].template, flash, changes, clock, self.moment).facts()
        return self._outcomes[key]

    def expand(self, node: Node, seen: set[int], *, deeper: bool) -> Expansion:
        """Start from a state and judge what comes; unless it must not go deeper, cut that start at every operation."""
        run, facts = self._start(node)
        wrong = judge(run, facts, node.duty)
        finding = Finding(*wrong, node.trail, node.duty.within) if wrong else None
        fault = node.trail.fault if node.trail else None
        covered = (fault.place if fault else "", fault.form.moment.value if fault else "", branch_of(run))
        if finding is not None or not deeper:
            return Expansion(finding, [], 0, covered)
        children, transitions, rest = self._cut_all(node, run, facts, seen)
        if rest.key not in seen:
            seen.add(rest.key)
            children.append(rest)
        return Expansion(finding, children, transitions + 1, covered)

    def _start(self, node: Node) -> tuple[Started, Facts]:
        scene = self.scenes[node.scene]
        run = start(scene.template, scene.flash, node.changes(), node.clock, self.moment)
        return run, run.facts()

    def _cut_all(self, node: Node, run: Started, facts: Facts, seen: set[int]) -> tuple[list[Node], int, Node]:
        """The new states that a cut of this start leaves, of how many, and the state in which it comes to rest."""
        cutting = Cutting(self, node.scene, node.changes(), node.clock, node.duty, node.trail)
        children, transitions = cutting.cut(run.trace, run.marks, facts, seen)
        return children, transitions, cutting.finished(facts, clock_state(run.unit.clock))

    def follow(self, faults: Sequence[Fault]) -> Node:
        """The state that a trail leads to. BadInput when it leads nowhere in this scenario."""
        node = self._first(faults[0])
        for fault in faults[1:]:
            run, facts = self._start(node)
            if fault.form is AT_REST:
                node = self._cut_all(node, run, facts, set())[2]
                continue
            cutting = Cutting(self, node.scene, node.changes(), node.clock, node.duty, node.trail)
            found, _ = cutting.cut(run.trace, run.marks, facts, set(), only=fault)
            if not found:
                raise BadInput(f"the start has no flash operation {fault.operation} that could be cut like this")
            node = found[0]
        return node

    def _first(self, fault: Fault) -> Node:
        if fault.form is AT_REST:
            return self._at_the_end()
        for act, before, after in self.acts():
            if act.step == fault.step and act.operations < fault.operation:
                found, _ = self._cut_act(act, before, after, set(), only=fault)
                if found:
                    return found[0]
        raise BadInput(f"step {fault.step} has no flash operation {fault.operation} that could be cut like this")


def at_rest(recording: Recording) -> Iterator[tuple[Act, Appliance, Appliance]]:
    """Each act, with the unit as it rested last before it and as it rests first after it.

    What a cut leaves is judged by these two. A start from a state in between is no measure: a firmware that goes wrong
    there would be measured by its own fault.
    """
    befores: list[Appliance] = []
    for act in recording.acts:
        rests = act.unit.platform.bring_up.rests(act.unit)
        befores.append(act.unit if rests or not befores else befores[-1])
    afters: list[Appliance] = []
    for end in reversed(recording.ends):
        afters.append(end if end.platform.bring_up.rests(end) or not afters else afters[-1])
    return zip(recording.acts, befores, reversed(afters), strict=True)


def branch_of(run: Started) -> str:
    """Which way a start took: every kind of event that its journal has."""
    return " ".join(sorted({mark.event.kind for mark in run.marks}))
