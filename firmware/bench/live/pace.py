"""Simulated time beside the wall clock: what the unit does meanwhile is done from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from firmware.appliance import Appliance
from firmware.bench.world import Asking, World
from firmware.errors import NotNow
from firmware.machine import ACTIVITY

T = TypeVar("T")


class Pace:
    """``speed`` is simulated seconds per second; None as fast as possible: then only activities make time pass.

    ``rested`` is called when the unit has come to rest again: the moment to save.
    """

    def __init__(self, world: World, unit: Appliance, speed: float | None, rested: Callable[[], None]) -> None:
        self._world, self._unit = world, unit
        self._speed, self._rested = speed, rested
        self._loop = asyncio.get_running_loop()
        self._began, self._base = self._loop.time(), world.now
        self._due: asyncio.Handle | None = None
        self._was_busy = False
        self._arrange()

    def now(self) -> int:
        """The simulated time of this moment."""
        if self._speed is None:
            return self._world.now
        return self._base + int((self._loop.time() - self._began) * 1000 * self._speed)

    def flowing(self) -> int:
        """As :meth:`now`, but also as fast as possible it goes on, a second a second: for what answers peers."""
        speed = 1 if self._speed is None else self._speed
        return self._base + int((self._loop.time() - self._began) * 1000 * speed)

    def act(self, action: Callable[[], T]) -> T:
        """Do something to the unit now, after what was due before. NotNow when its power went away meanwhile."""
        asking = Asking(action)
        try:
            self.catch_up()
            self._world.act(self._unit, asking)
        finally:
            self._arrange()
        if not asking.results:
            raise NotNow("the server has no power")
        return asking.results[0]

    def stop(self) -> None:
        if self._due is not None:
            self._due.cancel()

    def catch_up(self) -> None:
        """Let happen what was due until now."""
        if self._speed is not None:
            self._world.run_until(max(self.now(), self._world.now))

    def _arrange(self) -> None:
        """Be called when the unit's next timer is due; as fast as possible: at once, one activity at a time."""
        self.stop()
        busy = ACTIVITY in self._unit.timers
        if self._was_busy and not busy:
            self._rested()
        self._was_busy = busy
        if self._speed is None:
            self._due = self._loop.call_soon(self._step) if busy else None
        elif self._unit.timers:
            wait = (min(self._unit.timers.values()) - self.now()) / 1000 / self._speed
            self._due = self._loop.call_later(max(wait, 0), self._step)

    def _step(self) -> None:
        if self._speed is None:
            self._world.run_until(min(self._unit.timers.values()))
        else:
            self.catch_up()
        self._arrange()
