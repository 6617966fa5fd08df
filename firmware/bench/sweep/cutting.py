"""Cut a run at every operation in every form, and keep the states that were not seen before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from firmware.bench.sweep.crashes import AT_REST, Crash, Unfolding
from firmware.bench.sweep.facts import PROMISES, Facts
from firmware.bench.sweep.images import Changes, all_of, digest
from firmware.bench.sweep.nodes import Duty, Fault, Node, Trail
from firmware.bench.sweep.record import ClockState, Mark
from firmware.device.power import Operation

if TYPE_CHECKING:
    from firmware.bench.sweep.job import Job

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
        self._all = 0
        self._canonical: list[int] = []

    def cut(
        self, trace: Sequence[Operation], marks: Sequence[Mark], found: Facts, seen: set[int], *, step: int = 0,
        offset: int = 0, only: Fault | None = None,
    ) -> tuple[list[Node], int]:  # fmt: skip
        """The states that cuts leave and that are not in ``seen``, to which they are added; and how many cuts.

        ``step`` and ``offset`` (operations before, in that step) name the faults; ``only`` one of them is looked at.
        """
        unfolding = Unfolding(self._flash, self._changes, trace, self._job.faults)
        self._changes = unfolding.now
        context, position, at_mark = self._context(), -1, 0
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
            if only is not None and (crash.operation + offset, crash.form, crash.lost) != (
                only.operation, only.form, only.lost
            ):  # fmt: skip
                continue
            transitions += 1
            key = context ^ self._key(unfolding, crash)
            if key not in seen:
                seen.add(key)
                children.append(self._node(key, crash, trace[position], step, offset))
        self._follow_keys(unfolding)
        for mark in marks[at_mark:]:
            self._hear(mark, found)
        return children, transitions

    def at_rest(self, step: int, operation: int) -> Node:
        """Power is cut at rest, in the state that the run has come to."""
        keys = self._flash.keys(self._changes)
        key = all_of(self._canonical_of(keys) if self._job.merged else keys) ^ self._context()
        trail = Trail(self._trail, Fault(step, operation, AT_REST, place="at rest"))
        duty = self._job.duties.intern(self._duty)
        return Node(key, self._scene, tuple(self._changes), tuple(self._changes.values()), self._clock, duty, trail)

    def finished(self, found: Facts, clock: ClockState) -> Node:
        """As :meth:`at_rest`, when a start has come to its end: from now on nothing changes any more."""
        self._duty, self._clock = Duty.of(found, settled=True), clock
        return self.at_rest(0, 0)

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

    def _context(self) -> int:
        return self._job.duties.digest(self._duty) ^ digest(self._scene, self._clock)

    def _start_keys(self, unfolding: Unfolding) -> None:
        self._canonical = self._canonical_of(unfolding.keys) if self._job.merged else []
        self._all = all_of(self._canonical or unfolding.keys)
        self._known = unfolding.keys.copy()

    def _canonical_of(self, keys: list[int]) -> list[int]:
        return [self._flash.canonical(n, key, self._changes) for n, key in enumerate(keys)]

    def _follow_keys(self, unfolding: Unfolding) -> None:
        """The operation before the present one is done: one component has another key."""
        for n, key in enumerate(unfolding.keys):
            if key != self._known[n]:
                if self._job.merged:
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
            if self._job.merged:
                total ^= self._canonical[n] ^ flash.canonical(n, key, unfolding.now, crash.blocks)
            else:
                total ^= unfolding.keys[n] ^ key
        return total

    def _node(self, key: int, crash: Crash, operation: Operation, step: int, offset: int) -> Node:
        changes = {**self._changes, **dict(crash.blocks)} if crash.blocks else self._changes
        component = self._flash.components[self._flash.of_block[self._flash.first[operation.part] + operation.block]]
        fault = Fault(step, offset + crash.operation, crash.form, crash.lost, f"{operation.kind} {component.name}")
        duty = self._job.duties.intern(self._duty)
        trail = Trail(self._trail, fault)
        return Node(key, self._scene, tuple(changes), tuple(changes.values()), self._clock, duty, trail)
