"""Boot step 7 and 8: what a running unit does by the clock, and how it shuts down."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.basis import documented
from firmware.boot import alarms, identity
from firmware.boot.cards import SYSTEM
from firmware.boot.choose_configuration import save
from firmware.device.panel import Light
from firmware.times import DAY, HOUR, MINUTE, SECOND, show_duration, show_time

NIGHTLY_WINDOW = documented(30 * MINUTE, "KB: between 00:00 and 00:30")
SNTP_INTERVAL = documented(1 * HOUR, "MAN")
SHUTDOWN_LIMIT = documented(1 * MINUTE, "KB: up to 1 min")
SAVING_TIME = 20 * SECOND  # assumed; below the documented limit

NIGHTLY, SNTP, REBOOT, RESTART = "nightly_copy", "sntp", "reboot", "restart"


def begin(unit: Appliance) -> None:
    """Operation begins, or resumes after a certificate was generated."""
    ask_time(unit)
    schedule_nightly(unit)
    identity.note_fitness(unit)


def ask_time(unit: Appliance) -> str | None:
    """SNTP at start, then hourly."""
    unit.timers[SNTP] = unit.clock.now + SNTP_INTERVAL.value
    told = unit.surroundings.time(unit.clock.now)
    before = unit.clock.read()
    if told is not None and (before is None or abs(told - before) >= SECOND):
        set_clock(unit, told, "SNTP")
    return None


def set_clock(unit: Appliance, reading: int, how: str) -> None:
    """Set the unit's clock. The certificate is kept, whatever its dates now mean."""
    before = unit.clock.read()
    unit.clock.set(reading)
    unit.note("clock.set", to=show_time(reading), was="not set" if before is None else show_time(before), by=how)
    schedule_nightly(unit)
    identity.note_fitness(unit)


def schedule_nightly(unit: Appliance) -> None:
    """The daily copy falls between 00:00 and 00:30; which minute is assumed to depend on the MAC."""
    unit.timers.pop(NIGHTLY, None)
    reading = unit.clock.read()
    if reading is None:
        return
    minute = int(unit.mac, 16) % (NIGHTLY_WINDOW.value // MINUTE) * MINUTE
    left = (minute - reading) % DAY or DAY
    unit.timers[NIGHTLY] = unit.clock.now + left


def nightly_copy(unit: Appliance) -> str | None:
    """RAM -> System SD primary and NVM, unless a timed reboot past midnight cancelled this night's."""
    if unit.ram.skip_nightly:
        unit.note("nightly.skipped", why="a timed reboot past midnight is due")
    else:
        save(unit, "nightly copy")
    schedule_nightly(unit)
    return None


def shut_down(unit: Appliance) -> str:
    """Planned: what is in RAM goes to the System SD and the NVM, then the cards are let go."""
    save(unit, "restart" if unit.ram.restart_after_saving else "shutdown")
    return "saved_for_restart" if unit.ram.restart_after_saving else "saved"


def rest(unit: Appliance) -> None:
    """Shut down. A timed shutdown restarts itself; an indefinite one needs a power cycle."""
    if unit.ram.off_for is not None:
        unit.timers[RESTART] = unit.clock.now + unit.ram.off_for


def restart(_unit: Appliance) -> str:
    return "restart_due"


def reboot(unit: Appliance) -> str:
    unit.ram.restart_after_saving = True
    return "shutdown_requested"


def order_reboot(unit: Appliance, when: int | None, why: str) -> None:
    """Reboot now (None: no call is ever in the way here), or when the clock next shows ``when`` ms past midnight."""
    if when is None:
        unit.note("reboot.ordered", why=why)
        unit.show_sd(Light.ORANGE, "reset imminent")
        unit.platform.bring_up.fire(unit, reboot(unit))
        return
    reading = unit.clock.read()
    if reading is None:
        alarms.raise_alarm(unit, "reboot", "a timed reboot needs a clock that is set")
        return
    left = (when - reading) % DAY or DAY
    unit.timers[REBOOT] = unit.clock.now + left
    # KB: a time past midnight cancels that night's copy.
    unit.ram.skip_nightly = (reading + left) // DAY > reading // DAY
    unit.note("reboot.ordered", why=why, at=show_time(reading + left))


def order_shutdown(unit: Appliance, off_for: int | None, why: str) -> None:
    """A planned shutdown; it restarts itself after ``off_for`` ms, or with None needs a power cycle."""
    unit.ram.restart_after_saving = False
    unit.ram.off_for = off_for
    how = "indefinite" if off_for is None else f"for {show_duration(off_for)}"
    unit.note("shutdown.ordered", why=why, how=how)
    unit.platform.bring_up.fire(unit, "shutdown_requested")


def card_removed(unit: Appliance, slot: str) -> None:
    """The card in a slot was taken out: the System SD must always be present."""
    if slot == SYSTEM and unit.state == "running":
        unit.show_sd(Light.OFF, "no card")
        alarms.raise_alarm(unit, "System SD", "removed while running")
