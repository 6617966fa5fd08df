"""Simulated time beside the wall clock: what the unit does meanwhile is done from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from firmware.appliance import Appliance
from firmware.bench.world import OFF, Asking, World
from firmware.errors import NotNow
from firmware.machine import ACTIVITY

T = TypeVar("T")


class Pace:
    """``speed`` is simulated seconds per second; None as fast as possible: then only activities make time pass; 0: it
    stands still, and :meth:`step` lets the next thing happen.

    ``rested`` is called when the unit has come to rest again: the moment to save.
    """

    def __init__(self, world: World, unit: Appliance, speed: float | None, rested: Callable[[], None]) -> None:
        self._world, self._unit = world, unit
        self._speed, self._rested = speed, rested
        self._loop = asyncio.get_running_loop()
        self._began, self._base, self._flowed = self._loop.time(), world.now, world.now
        self._due: asyncio.Handle | None = None
        self._was_busy, self._was_off = False, unit.state == OFF
        self._arrange()

    @property
    def speed(self) -> float | None:
        return self._speed

    def now(self) -> int:
        """The simulated time of this moment."""
        if self._speed is None:
            return self._world.now
        return self._base + int((self._loop.time() - self._began) * 1000 * self._speed)

    def flowing(self) -> int:
        """As :meth:`now`, but where time goes by leaps or not at all it goes on, a second a second: for what answers
        peers."""
        return self._flowed + int((self._loop.time() - self._began) * 1000 * (self._speed or 1))

    def change_speed(self, speed: float | None) -> None:
        self.catch_up()
        self._begin_anew()
        self._speed = speed
        self._arrange()

    def step(self) -> None:
        """Let happen what is due next, whenever that is."""
        if self._unit.timers:
            self.do(lambda: self._world.run_until(max(min(self._unit.timers.values()), self._world.now)))

    def do(self, action: Callable[[], None]) -> None:
        """Do something now, after what was due before. Time that it took has gone by."""
        try:
            self.catch_up()
            action()
            if self._unit.clock.now > self._world.now:  # a button was held
                self._world.run_until(self._unit.clock.now)
            if self._world.now > self.now():
                self._begin_anew()
        finally:
            self._arrange()

    def act(self, action: Callable[[], T]) -> T:
        """Do something to the unit now. NotNow when its power went away meanwhile."""
        asking = Asking(action)
        self.do(lambda: self._world.act(self._unit, asking))
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

    def _begin_anew(self) -> None:
        """Count from this moment on."""
        self._flowed = max(self.flowing(), self._world.now)
        self._began, self._base = self._loop.time(), self._world.now

    def _arrange(self) -> None:
        """Be called when the unit's next timer is due; as fast as possible: at once, one activity at a time."""
        self.stop()
        busy, off = ACTIVITY in self._unit.timers, self._unit.state == OFF
        if not busy and (self._was_busy or (off and not self._was_off)):
            self._rested()
        self._was_busy, self._was_off = busy, off
        if self._speed is None:
            self._due = self._loop.call_soon(self._step) if busy else None
        elif self._unit.timers and self._speed:
            wait = (min(self._unit.timers.values()) - self.now()) / 1000 / self._speed
            self._due = self._loop.call_later(max(wait, 0), self._step)

    def _step(self) -> None:
        if self._speed is None:
            self._world.run_until(min(self._unit.timers.values()))
        else:
            self.catch_up()
        self._arrange()
