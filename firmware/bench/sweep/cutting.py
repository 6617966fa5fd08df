"""Cut a run at every operation in every form, and keep the states that were not seen before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from firmware.bench.sweep.around import Trace
from firmware.bench.sweep.crashes import AT_REST, GROUP, Crash, Unfolding
from firmware.bench.sweep.facts import NUMBER, PROMISES, Facts
from firmware.bench.sweep.images import Changes, all_of, digest
from firmware.bench.sweep.nodes import Duty, Fault, Node, Trail
from firmware.bench.sweep.record import ClockState, Mark
from firmware.device.power import Operation

if TYPE_CHECKING:
    from firmware.bench.sweep.job import Job

Strikes = Callable[[Crash], bool]
SOFTWARE = NUMBER["software"]
_OF_THE_CLOCK = ("clock.set", "clock.lost")


class Cutting:
    """One run that is cut: the state it began in, and what must be found after a cut at the present operation."""

    def __init__(
        self, job: Job, scene: int, changes: Changes, clock: ClockState, duty: Duty, trail: Trail | None
    ) -> None:
        self._job = job
        self._scene = scene
        self._flash = job.scenes[scene].flash
        self._trail = trail
        self._changes = changes
        self._clock = clock
        self._duty = duty
        # Old secrets lie where a form does not look; as long as they are looked for, every image counts by itself.
        self._merged = job.merged and not duty.secrets
        self._all = 0
        self._canonical: list[int] = []

    def cut(
        self, trace: Trace, marks: Sequence[Mark], found: Facts, seen: set[int], strikes: Strikes | None = None, *,
        step: int = 0, offset: int = 0,
    ) -> tuple[list[Node], int]:  # fmt: skip
        """The states that cuts leave and that are not in ``seen``, to which they are added; and how many cuts.

        ``step`` and ``offset`` (operations before, in that step) name the faults; ``strikes`` says which there are.
        """
        unfolding = Unfolding(self._flash, self._changes, trace, self._job.faults)
        self._changes = unfolding.now
        context, position, at_mark, at_change = self._context(), -1, 0, 1
        self._start_keys(unfolding)
        children: list[Node] = []
        transitions = 0
        for crash in unfolding.crashes():
            if unfolding.position != position:
                position = unfolding.position
                self._follow_keys(unfolding)
                while at_mark < len(marks) and marks[at_mark].position <= position:
                    if self._hear(marks[at_mark], found):
                        context = self._context()
                    at_mark += 1
                while at_change < len(trace.changes) and trace.changes[at_change][0] <= position:
                    self._scene = self._job.among(self._scene, trace.changes[at_change][1])
                    context = self._context()
                    at_change += 1
            if strikes is not None and not strikes(crash):
                continue
            transitions += 1
            key = context ^ self._key(unfolding, crash)
            if crash.form is GROUP:
                key ^= self._job.duties.digest(self._duty) ^ self._job.duties.digest(self._beyond())
            if key not in seen:
                seen.add(key)
                last = position == len(trace)
                children.append(self._node(key, crash, None if last else trace[position], step, offset))
        self._follow_keys(unfolding)
        for mark in marks[at_mark:]:
            self._hear(mark, found)
        if at_change < len(trace.changes):
            self._scene = self._job.among(self._scene, trace.changes[-1][1])
        return children, transitions

    def struck(self, fault: Fault) -> Node:
        """A fault strikes at rest, in the state that the run has come to."""
        keys = self._flash.keys(self._changes)
        key = all_of(self._canonical_of(keys) if self._merged else keys) ^ self._context()
        trail, duty = Trail(self._trail, fault), self._job.duties.intern(self._duty)
        return Node(key, self._scene, tuple(self._changes), tuple(self._changes.values()), self._clock, duty, trail)

    def finished(self, found: Facts, clock: ClockState) -> Node:
        """A start has come to its end, and power is cut: from now on nothing changes any more – but the place that the
        software comes from, when this start has put the first one right."""
        allowed = list(Duty.of(found).allowed)
        allowed[SOFTWARE] = tuple(dict.fromkeys((*allowed[SOFTWARE], *self._duty.allowed[SOFTWARE])))
        self._duty = replace(self._duty, allowed=tuple(allowed), settled=True, secrets=())
        self._clock, self._merged = clock, self._job.merged
        return self.struck(Fault(0, 0, AT_REST, place="at rest"))

    def _hear(self, mark: Mark, found: Facts) -> bool:
        """What the journal says changes what must be found, or the clock; whether it did."""
        kind = mark.event.kind
        if kind in PROMISES:
            before, self._duty = self._duty, self._duty.narrowed(kind, found)
            return self._duty is not before
        if kind in _OF_THE_CLOCK:
            self._clock = mark.clock
            return True
        return False

    def _beyond(self) -> Duty:
        return replace(self._duty, within=False)

    def _context(self) -> int:
        return self._job.duties.digest(self._duty) ^ digest(self._job.scenes[self._scene].key, self._clock)

    def _start_keys(self, unfolding: Unfolding) -> None:
        self._canonical = self._canonical_of(unfolding.keys) if self._merged else []
        self._all = all_of(self._canonical or unfolding.keys)
        self._known = unfolding.keys.copy()

    def _canonical_of(self, keys: list[int]) -> list[int]:
        return [self._flash.canonical(n, key, self._changes) for n, key in enumerate(keys)]

    def _follow_keys(self, unfolding: Unfolding) -> None:
        """The operation before the present one is done: one component has another key."""
        for n, key in enumerate(unfolding.keys):
            if key != self._known[n]:
                if self._merged:
                    now = self._flash.canonical(n, key, unfolding.now)
                    self._all ^= self._canonical[n] ^ now
                    self._canonical[n] = now
                else:
                    self._all ^= self._known[n] ^ key
                self._known[n] = key

    def _key(self, unfolding: Unfolding, crash: Crash) -> int:
        """The key of the flash after a cut."""
        total, flash = self._all, self._flash
        changed: dict[int, int] = {}
        for at, content in crash.blocks:
            n = flash.of_block[at]
            old = unfolding.now.get(at, flash.base[at])
            changed[n] = changed.get(n, unfolding.keys[n]) ^ flash.of_content(at, old) ^ flash.of_content(at, content)
        for n, key in changed.items():
            if self._merged:
                total ^= self._canonical[n] ^ flash.canonical(n, key, unfolding.now, crash.blocks)
            else:
                total ^= unfolding.keys[n] ^ key
        return total

    def _node(self, key: int, crash: Crash, operation: Operation | None, step: int, offset: int) -> Node:
        changes = {**self._changes, **dict(crash.blocks)} if crash.blocks else self._changes
        fault = Fault(step, offset + crash.operation, crash.form, crash.lost, self._place(operation))
        duty = self._beyond() if crash.form is GROUP else self._duty
        trail = Trail(self._trail, fault)
        return Node(key, self._scene, tuple(changes), tuple(changes.values()), self._clock,
                    self._job.duties.intern(duty), trail)  # fmt: skip

    def _place(self, operation: Operation | None) -> str:
        if operation is None:
            return "at rest"
        flash = self._flash
        component = flash.components[flash.of_block[flash.first[operation.part] + operation.block]]
        return f"{operation.kind} {component.name}"
