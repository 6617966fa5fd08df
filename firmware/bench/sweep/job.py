"""What a search works on: one scenario's recording, made into scenes, first crash states, and the way from a state to
those that a further cut leaves. Everything here follows from its options, so every process makes the same."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from firmware.appliance import Appliance
from firmware.bench.hosting import network_of
from firmware.bench.sweep import places
from firmware.bench.sweep.around import apart
from firmware.bench.sweep.checkers import judge
from firmware.bench.sweep.crashes import AT_REST, FLIPS
from firmware.bench.sweep.cutting import Cutting, Strikes
from firmware.bench.sweep.facts import (
    DEFAULTED,
    FACTS,
    INSTALLED,
    NUMBER,
    OF_A_START,
    PROMISES,
    Facts,
    facts_of,
    has_lost,
    sealed_runs,
)
from firmware.bench.sweep.images import Flash, all_of, digest
from firmware.bench.sweep.nodes import Duties, Duty, Fault, Node, Trail
from firmware.bench.sweep.record import Act, ClockState, Recording, clock_state
from firmware.bench.sweep.rot import flipped, flips
from firmware.bench.sweep.start import Started, start, template_of
from firmware.bench.world import OFF
from firmware.errors import BadInput, Unmet
from firmware.peers.network import Network, Peers


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
    """What is around a unit's flash: which cards are in, the network, what its peers know, and the simulated
    ``moment`` at which every start begins. ``template`` is a unit to copy, ``flash`` how its parts are laid out,
    ``key`` is the same in every process."""

    cards: object
    moment: int
    template: Appliance
    flash: Flash
    key: int


class Job:
    """One search. ``faults`` are the names of the physical faults that strike, ``merged``: states are merged by their
    canonical form, else every image counts by itself. ``at`` says where the first cut strikes."""

    def __init__(self, recording: Recording, *, faults: frozenset[str], merged: bool, at: str = places.ALL) -> None:
        self.recording = recording
        self.faults = faults
        self.merged = merged
        self.struck = places.struck(recording.acts, at)
        self._is_everywhere = at == places.ALL
        self.duties = Duties()
        self.scenes: list[Scene] = []
        self._outcomes: dict[tuple[int, int, ClockState], Facts] = {}

    def scene(self, unit: Appliance, moment: int) -> int:
        """The number of the scene of a unit that is started next at some moment."""
        cards = tuple((slot.name, slot.card and (slot.card.kind, slot.card.feature_key, slot.card.failed))
                      for slot in unit.slots.values())  # fmt: skip
        return self._numbered(cards, moment, apart(unit.surroundings), unit)

    def among(self, scene: int, peers: Peers) -> int:
        """The number of the scene that is another one with these peers."""
        like = self.scenes[scene]
        network = replace(network_of(like.template), peers=peers)
        return self._numbered(like.cards, like.moment, network, like.template)

    def _numbered(self, cards: object, moment: int, network: Network, unit: Appliance) -> int:
        same = [scene for scene in self.scenes if scene.cards == cards]
        for scene in same:
            if scene.moment == moment and scene.template.surroundings == network:
                return self.scenes.index(scene)
        template = template_of(unit)
        template.platform, template.surroundings = self.recording.unit.platform, network
        flash = same[0].flash if same else Flash(template)
        self.scenes.append(Scene(cards, moment, template, flash, digest(cards, moment, network)))
        return len(self.scenes) - 1

    def roots(self, seen: set[int]) -> Iterator[tuple[list[Node], int]]:
        """The crash states of the scenario's own run that are new to ``seen``, and of how many, act by act; at last the
        scenario's end, and what may happen to the unit while it rests there."""
        for act, struck in zip(self.recording.acts, self.struck, strict=True):
            if struck:
                yield self._cut_act(act, seen, None if self._is_everywhere else _at(struck))
        if not self._is_everywhere:
            return
        last = self._at_the_end()
        ends = [last, *flips(self, last)]
        new = {node.key: node for node in reversed(ends) if node.key not in seen}
        yield list(reversed(new.values())), len(ends)

    def _cut_act(self, act: Act, seen: set[int], strikes: Strikes | None) -> tuple[list[Node], int]:
        moment = self.recording.restart_after(act)
        number, new = self.scene(act.unit, moment), self.outcome(act.after, moment)
        duty = replace(self._duty_of(act, moment, new), within=not has_lost(act.unit))
        cutting = Cutting(self, number, self.scenes[number].flash.changes(act.unit), act.clock, duty, None)
        return cutting.cut(act.trace, act.marks, new, seen, strikes, step=act.step, offset=act.operations)

    def _duty_of(self, act: Act, moment: int, new: Facts) -> Duty:
        said = {mark.event.kind for mark in act.marks}
        _require_kept(act, said, new)
        between = [self.outcome(_emptied(act.unit), moment)] if INSTALLED in said else []
        duty = Duty.of(self.outcome(act.before, moment), *between, new)
        return replace(duty, secrets=sealed_runs(act.unit)) if DEFAULTED in said else duty

    def _at_the_end(self) -> Node:
        last, moment = self.recording.last, self.recording.restart
        number, found = self.scene(last, moment), self.outcome(last, moment)
        duty = replace(Duty.of(found), within=not has_lost(last))
        changes = self.scenes[number].flash.changes(last)
        cutting = Cutting(self, number, changes, clock_state(last.clock), duty, None)
        return cutting.struck(Fault(len(self.recording.scenario.steps), 0, AT_REST, place="at rest"))

    def outcome(self, unit: Appliance, moment: int) -> Facts:
        """What a start at a moment finds when nothing strikes but a cut of power now."""
        number = self.scene(unit, moment)
        scene = self.scenes[number]
        changes, clock = scene.flash.changes(unit), clock_state(unit.clock)
        key = (number, all_of(scene.flash.keys(changes)), clock)
        if key not in self._outcomes:
            self._outcomes[key] = start(scene.template, scene.flash, changes, clock, moment).facts
        return self._outcomes[key]

    def expand(self, node: Node, seen: set[int], *, deeper: bool) -> Expansion:
        """Start from a state and judge what comes; unless it must not go deeper, cut that start at every operation.

        What has met a fault beyond the budget is started once, and not cut again."""
        run = self.start(node)
        wrong = judge(run, node.duty)
        finding = Finding(*wrong, node.trail, node.duty.within) if wrong else None
        fault = node.trail.fault if node.trail else None
        covered = (fault.place if fault else "", fault.form.moment.value if fault else "", branch_of(run))
        if finding is not None or not deeper or not node.duty.within:
            return Expansion(finding, [], 0, covered)
        cutting = self._cutting(node)
        children, transitions = cutting.cut(run.trace, run.marks, run.facts, seen)
        rest = cutting.finished(run.facts, clock_state(run.unit.clock))
        if rest.key not in seen:
            seen.add(rest.key)
            children.append(rest)
        return Expansion(finding, children, transitions + 1, covered)

    def start(self, node: Node) -> Started:
        """The start from a state, whole, with its log."""
        scene = self.scenes[node.scene]
        return start(scene.template, scene.flash, node.changes(), node.clock, scene.moment)

    def _cutting(self, node: Node) -> Cutting:
        return Cutting(self, node.scene, node.changes(), node.clock, node.duty, node.trail)

    def follow(self, faults: Sequence[Fault]) -> Node:
        """The state that a trail leads to. BadInput when it leads nowhere in this scenario."""
        node = self._first(faults[0])
        for before, fault in pairwise(faults):
            if fault.form not in FLIPS:
                node = self._next(node, fault)
            elif before.form is AT_REST:
                node = flipped(self, node, fault)
            else:
                raise BadInput("a bit flips only while the unit rests")
        return node

    def _next(self, node: Node, fault: Fault) -> Node:
        run, cutting = self.start(node), self._cutting(node)
        if fault.form is AT_REST:
            cutting.cut(run.trace, run.marks, run.facts, set())
            return cutting.finished(run.facts, clock_state(run.unit.clock))
        found, _ = cutting.cut(run.trace, run.marks, run.facts, set(), _as(fault))
        if not found:
            raise BadInput(f"the start has no flash operation {fault.operation} that could be cut like this")
        return found[0]

    def _first(self, fault: Fault) -> Node:
        if fault.form is AT_REST:
            return self._at_the_end()
        for act in self.recording.acts:
            if act.step == fault.step and act.operations < fault.operation:
                found, _ = self._cut_act(act, set(), _as(fault, act.operations))
                if found:
                    return found[0]
        raise BadInput(f"step {fault.step} has no flash operation {fault.operation} that could be cut like this")


def _require_kept(act: Act, said: set[str], found: Facts) -> None:
    """A start without a fault finds what the unit had when it rested, of all that the journal has promised. Unmet: it
    does not, and what it finds is no measure of what a power cut loses. What was said with an alarm is no promise: a
    full card keeps the old configuration, and it counts."""
    if act.after.state == OFF or "alarm" in said:
        return
    promised = {NUMBER[name] for kind in said for name in PROMISES.get(kind, ())} - OF_A_START
    had = facts_of(act.after)
    if lost := [FACTS[n].name for n in sorted(promised) if had[n] != found[n]]:
        raise Unmet(f"{act.planned.where}: the unit says that it keeps {', '.join(lost)}, and its next start finds "
                    "something else")  # fmt: skip


def _emptied(unit: Appliance) -> Appliance:
    """The unit with nothing in its internal memory."""
    empty = unit.copy()
    geometry = empty.internal.geometry
    empty.internal.blocks = [b"\xff" * geometry.block_size] * geometry.blocks
    return empty


def _at(operations: Container[int]) -> Strikes:
    return lambda crash: crash.operation in operations


def _as(fault: Fault, offset: int = 0) -> Strikes:
    """The cut of a trail, after so many operations of its step."""
    wanted = (fault.operation - offset, fault.form, fault.lost)
    return lambda crash: (crash.operation, crash.form, crash.lost) == wanted


def branch_of(run: Started) -> str:
    """Which way a start took: every kind of event that its journal has."""
    return " ".join(sorted({mark.event.kind for mark in run.marks}))
