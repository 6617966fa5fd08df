"""What a running unit does about its certificates at each start and once a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware.appliance import Appliance
from firmware.boot import alarms, running
from firmware.credentials import expiry, managed
from firmware.times import DAY

TIMER = "certificates"


def begin(unit: Appliance) -> None:
    """Operation begins, or goes on: look, and see to it that it is looked again."""
    if unit.state == running.RUNNING:  # else what has just been done has led on already
        look(unit)


def look(unit: Appliance) -> str | None:
    unit.timers[TIMER] = unit.clock.now + DAY
    with alarms.alarm_on_failure(unit, "managed certificate"):
        managed.watch(unit)
    expiry.look(unit)
    return None


# To be merged into the timers of a unit's running state.
TIMERS: Mapping[str, Callable[[Appliance], str | None]] = {TIMER: look, managed.TIMER: managed.poll}
