"""One start of one unit: plugged in, brought up, and unplugged again."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from firmware.appliance import Appliance
from firmware.bench.orders import DEFAULT_START, Order, new_unit
from firmware.bench.world import OFF, SHUT_DOWN, World
from firmware.errors import BadInput
from firmware.platform import operate
from firmware.times import SECOND, show_time

RUNNING = "running"
UNSET = "unset"


def new(order: Order, clock: int | str | None) -> Appliance:
    """A new unit whose clock shows a time, is not set, or (None) shows that of the wall."""
    if clock == UNSET:
        unit = new_unit(order, DEFAULT_START)
        unit.clock.lose()
        return unit
    return new_unit(order, int(time.time()) * SECOND if clock is None else int(clock))


def let_time_pass(unit: Appliance, clock: int | str | None, gone_by: int, state: Path) -> None:
    """Bring a unit that was kept to the time of its next start: the one given, or as much later as went by outside."""
    kept = unit.clock.now
    if clock is None:
        unit.clock.advance_to(kept + gone_by // SECOND * SECOND)
    elif clock == UNSET:
        if unit.clock.read() is not None:
            raise BadInput(f"{state}: this unit's clock is set; a scenario's set_clock {{battery: flat}} loses it")
    elif int(clock) < kept:
        asked, holds = show_time(int(clock)), f"{state}: holds a unit whose time is {show_time(kept)}"
        raise BadInput(f"{holds}; --clock {asked} lies before it: leave it out")
    else:
        unit.clock.advance_to(int(clock))


def start(world: World, unit: Appliance, *, pull_plug: bool) -> str:
    """Power on, wait until the unit rests, shut it down (or pull the plug). Returns the state it had come to."""
    world.act(unit, partial(operate, unit, "power_on"))
    world.settle()
    reached = unit.state
    end(world, unit, pull_plug=pull_plug)
    return reached


def end(world: World, unit: Appliance, *, pull_plug: bool) -> None:
    """Shut a unit down and unplug it; one that has not come up is unplugged as it is."""
    if unit.state == OFF:
        return
    if unit.state in SHUT_DOWN:
        world.cut_power(unit, "unplugged after the shutdown")
    elif unit.state not in unit.platform.rests_in:
        world.cut_power(unit, "pulled: the unit did not come up")
    elif pull_plug:
        world.cut_power(unit, "pulled by --pull-plug")
    else:
        world.act(unit, partial(operate, unit, "shutdown"))
        world.settle()
        world.cut_power(unit, "unplugged after the shutdown")
