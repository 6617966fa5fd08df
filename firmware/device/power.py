"""One power rail a unit: when it goes, every part freezes together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from firmware.device.faults import Cut, LiveFault
from firmware.device.physics import DataSheet
from firmware.errors import BadInput, PowerCut


class Operation(NamedTuple):
    """One operation of a part: "program", "erase" or "sync". ``content`` is the whole block when it is done; a sync
    names none."""

    part: str
    kind: str
    block: int = 0
    offset: int = 0
    length: int = 0
    content: bytes = b""


class NothingToLose(BadInput, ValueError):
    """A cut was to lose an operation that was synced before it, or that was not asked for since it was ordered."""


class Strike(NamedTuple):
    """What comes over one operation. Neither: it is only to be remembered, for a cut that may lose it."""

    cut: Cut | None
    faults: tuple[LiveFault, ...]


class Rail:
    """Counts every program and erase of the parts it feeds, and fails where a :class:`Cut` says.

    ``trace``, when a list, receives each :class:`Operation` that the unit carries out, in order: the log by which two
    runs are compared, and from which a sweep makes every state that a power cut can leave.

    ``waiting``, while a cut that loses an operation is armed, holds by part what was not synced since: each operation,
    and what its block held before it.
    """

    __slots__ = ("_cut", "_expects", "_left", "_planned", "on", "operations", "trace", "waiting")

    def __init__(self) -> None:
        self.on = False
        self.operations = 0
        self.trace: list[Operation] | None = None
        self.waiting: dict[str, list[tuple[Operation, bytes]]] | None = None
        self._cut: Cut | None = None
        self._left = 0
        self._planned: tuple[tuple[LiveFault, int], ...] = ()  # and how many operations are left to each
        self._expects = False  # a cut or a fault: one test for each of the operations that nothing comes over

    @property
    def armed(self) -> Cut | None:
        """The cut that is still to come."""
        return self._cut

    def arm(self, cut: Cut | None) -> None:
        self._cut = cut
        self._left = cut.operation if cut else 0
        self.waiting = {} if cut and cut.lost else None
        self._expects = cut is not None or bool(self._planned)

    @property
    def expects(self) -> bool:
        """Whether a cut or a fault is still to come."""
        return self._expects

    @property
    def planned(self) -> tuple[LiveFault, ...]:
        """The faults that are still to come, in the order in which they were planned."""
        return tuple(fault for fault, _ in self._planned)

    def plan(self, fault: LiveFault | None) -> None:
        """One more fault is to come; None: none of them is. A power cut calls none off."""
        self._planned = (*self._planned, (fault, fault.operation)) if fault else ()
        self._expects = self._cut is not None or bool(self._planned)

    def spend(self, part: str) -> Strike | None:
        """Account for one operation. Returns what comes over this one; PowerCut when power is already gone."""
        if not self.on:
            raise PowerCut(f"{part} has no power")
        self.operations += 1
        return self._strike(part) if self._expects else None

    def _strike(self, part: str) -> Strike | None:
        cut = self._cut
        if cut is not None:
            if cut.part is None or cut.part == part:
                self._left -= 1
                cut = None if self._left else cut
            else:
                cut = None
        faults = self._faults(part) if self._planned else ()
        return Strike(cut, faults) if cut is not None or faults or self.waiting is not None else None

    def _faults(self, part: str) -> tuple[LiveFault, ...]:
        """The planned faults that come over this operation."""
        rows = [(fault, left - (fault.part in (None, part))) for fault, left in self._planned]
        self._planned = tuple(row for row in rows if row[1])
        self._expects = self._cut is not None or bool(self._planned)
        return tuple(fault for fault, left in rows if not left)

    def to_lose(self, part: str, count: int, sheet: DataSheet) -> tuple[list[Operation], int, bytes]:
        """What of a part was not yet synced, which of it is the ``count``-th before the last, and what its block held
        before that one. NothingToLose, and the cut is called off, when there are fewer."""
        rows = (self.waiting or {}).get(part, [])
        lost = len(rows) - 1 - count
        if "reordered" not in sheet.can:
            self.arm(None)
            raise NothingToLose(f"the power cut cannot lose an operation of {part}: {sheet.rules_out('reordered')}")
        if lost < 0:
            self.arm(None)
            raise NothingToLose(
                f"the power cut cannot lose operation {count} before its own: since it was ordered, only "
                f"{len(rows) - 1} operations of {part} were not yet synced"
            )
        return [operation for operation, _ in rows], lost, rows[lost][1]

    def fail(self) -> PowerCut:
        """Power goes now; the caller raises what this returns."""
        self.on = False
        self.arm(None)
        return PowerCut(f"power was cut at flash operation {self.operations}")

    @contextmanager
    def fed_by_bench(self) -> Iterator[None]:
        """Power from outside for the block. Operations count, though not as the unit's own: no trace shows them, and an
        armed cut or a planned fault neither strikes nor comes nearer."""
        kept = self.on, self.trace, self.waiting, self._expects
        self.on, self.trace, self.waiting, self._expects = True, None, None, False
        try:
            yield
        finally:
            self.on, self.trace, self.waiting, self._expects = kept

    @contextmanager
    def noting(self) -> Iterator[list[Operation]]:
        """The operations of the block, which enter the trace when it ends."""
        trace, self.trace = self.trace, []
        noted = self.trace
        try:
            yield noted
        finally:
            self.trace = trace
            if trace is not None:
                trace.extend(noted)

    def copy(self) -> Rail:
        other = Rail.__new__(Rail)
        other.on, other.operations = self.on, self.operations
        other._cut, other._left = self._cut, self._left
        other._planned, other._expects = self._planned, self._expects
        other.waiting = self.waiting and {part: list(rows) for part, rows in self.waiting.items()}
        other.trace = None
        return other
