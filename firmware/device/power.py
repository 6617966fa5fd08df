"""One power rail a unit: when it goes, every part freezes together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from firmware.device.faults import Cut
from firmware.errors import PowerCut


class Operation(NamedTuple):
    """One operation of a part: "program", "erase" or "sync". ``content`` is the whole block when it is done; a sync
    names none."""

    part: str
    kind: str
    block: int = 0
    offset: int = 0
    length: int = 0
    content: bytes = b""


class Rail:
    """Counts every program and erase of the parts it feeds, and fails where a :class:`Cut` says.

    ``trace``, when a list, receives each :class:`Operation` that the unit carries out, in order: the log by which two
    runs are compared, and from which a sweep makes every state that a power cut can leave.
    """

    __slots__ = ("_cut", "_left", "on", "operations", "trace")

    def __init__(self) -> None:
        self.on = False
        self.operations = 0
        self.trace: list[Operation] | None = None
        self._cut: Cut | None = None
        self._left = 0

    @property
    def armed(self) -> Cut | None:
        """The cut that is still to come."""
        return self._cut

    def arm(self, cut: Cut | None) -> None:
        self._cut = cut
        self._left = cut.operation if cut else 0

    def spend(self, part: str) -> Cut | None:
        """Account for one operation. Returns the cut when it strikes this one; PowerCut when power is already gone."""
        if not self.on:
            raise PowerCut(f"{part} has no power")
        self.operations += 1
        cut = self._cut
        if cut is None or (cut.part is not None and cut.part != part):
            return None
        self._left -= 1
        return None if self._left else cut

    def fail(self) -> PowerCut:
        """Power goes now; the caller raises what this returns."""
        self.on = False
        self._cut = None
        return PowerCut(f"power was cut at flash operation {self.operations}")

    @contextmanager
    def fed_by_bench(self) -> Iterator[None]:
        """Power from outside for the block. Operations count, though not as the unit's own: no trace shows them, and an
        armed cut neither strikes nor comes nearer."""
        kept = self.on, self._cut, self._left, self.trace
        self.on, self._cut, self.trace = True, None, None
        try:
            yield
        finally:
            self.on, self._cut, self._left, self.trace = kept

    def copy(self) -> Rail:
        other = Rail.__new__(Rail)
        other.on, other.operations = self.on, self.operations
        other._cut, other._left = self._cut, self._left
        other.trace = None
        return other
