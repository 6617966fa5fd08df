"""A power cut that loses what was not yet synced: worked out afterwards, from the log of the unit's operations."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.device.faults import unsynced, without
from firmware.device.power import Operation
from tests.boot.units import images


class Log:
    """What a unit's parts do from now on, until a power cut loses the ``lost``-th operation before the last of a part.

    The firmware must not see the loss coming, and the last operation must be known: so the cut comes first.
    """

    def __init__(self, unit: Appliance, lost: int) -> None:
        self.lost = lost
        self.begin(unit)

    def begin(self, unit: Appliance) -> None:
        """What was done before cannot be lost."""
        self.images = images(unit)
        self.trace: list[Operation] = []
        unit.rail.trace = self.trace

    def lose(self, unit: Appliance) -> bool:
        """Whether there was anything to lose, on a part that can lose it."""
        last = next((one for one in reversed(self.trace) if one.kind != "sync"), None)
        part = unit.parts().get(last.part) if last else None
        if part is None or "reordered" not in part.geometry.sheet.can:
            return False
        pending = unsynced(self.trace, part.name)
        at = len(pending) - 1 - self.lost
        if at < 0:
            return False
        block, content = without(pending, at, self._before(pending[at]))
        part.overwrite(block, content)
        return True

    def _before(self, lost: Operation) -> bytes:
        """What the block of an operation held before it."""
        found = self.images[lost.part][lost.block]
        for one in self.trace:
            if one is lost:
                break
            if (one.part, one.block) == (lost.part, lost.block) and one.kind != "sync":
                found = one.content
        return found
