"""Several units on one simulated clock, the cards on the shelf beside them, and the power plug."""

from __future__ import annotations

from collections.abc import Callable

from firmware.appliance import Appliance, Ram
from firmware.bench.values import END
from firmware.device.panel import Card
from firmware.errors import BadInput, PowerCut
from firmware.machine import ACTIVITY
from firmware.security.certificates import Identity

OFF = "off"
SHUT_DOWN = "shutdown.done"


class World:
    """``now`` is the simulated time up to which everything has happened.

    ``cut_at`` names, by unit, the state on whose entry its power is cut; ``shelf`` the cards that are in no slot;
    ``look_back`` the identity and the length of the journal at the last look at a unit.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.units: dict[str, Appliance] = {}
        self.shelf: dict[str, Card] = {}
        self.cut_at: dict[str, str] = {}
        self.look_back: dict[str, tuple[Identity | None, int]] = {}

    def add(self, unit: Appliance) -> None:
        self.units[unit.name] = unit

    def act(self, unit: Appliance, action: Callable[[], None]) -> None:
        """Do something to a unit now; a power cut that strikes meanwhile turns it off."""
        unit.clock.advance_to(self.now)
        _require_time(self.now)
        _require_time(unit.clock.read() or 0)
        before = unit.state
        try:
            action()
        except PowerCut as cut:
            self.cut_power(unit, str(cut))
        if unit.state != before and self.cut_at.get(unit.name) == unit.state:
            del self.cut_at[unit.name]
            self.cut_power(unit, f"power was cut on entering {unit.state}")

    def cut_power(self, unit: Appliance, why: str) -> None:
        """Pull the plug: what is in RAM is gone."""
        unit.rail.on = False
        unit.rail.arm(None)
        unit.clock.power_lost()
        unit.ram = Ram()
        unit.note("power.off" if unit.state == SHUT_DOWN else "power.cut", why=why, operations=unit.rail.operations)
        unit.platform.bring_up.fire(unit, "power_cut")

    def settle(self) -> None:
        """Let time pass until every unit rests."""
        while any(ACTIVITY in unit.timers for unit in self.units.values()):
            self._step(self._next())
        self._reach(max((unit.clock.now for unit in self.units.values()), default=self.now))

    def run_until(self, moment: int) -> None:
        """Let time pass up to a moment."""
        _require_time(moment)
        while (unit := self._next()) and min(unit.timers.values()) <= moment:
            self._step(unit)
        self._reach(moment)

    def run_to_state(self, unit: Appliance, state: str) -> bool:
        """Let time pass until a unit enters a state; False when it comes to rest without doing so."""
        while unit.state != state:
            if ACTIVITY not in unit.timers:
                return False
            self._step(self._next())
        self._reach(unit.clock.now)
        return True

    def _next(self) -> Appliance | None:
        due = [unit for unit in self.units.values() if unit.timers]
        return min(due, key=lambda unit: min(unit.timers.values()), default=None)

    def _step(self, unit: Appliance | None) -> None:
        assert unit is not None
        self.now = max(self.now, min(unit.timers.values()))
        self.act(unit, lambda: unit.platform.bring_up.step(unit))

    def _reach(self, moment: int) -> None:
        self.now = max(self.now, moment)
        for unit in self.units.values():
            unit.clock.advance_to(self.now)


def _require_time(moment: int) -> None:
    if not 0 <= moment < END:
        raise BadInput("simulated time and a unit's clock run from 1970 to the end of 9799; begin later or earlier")
