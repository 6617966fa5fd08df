"""Boot step 7 and 8: what a running unit does by the clock, and how it shuts down."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.basis import documented
from firmware.boot import alarms
from firmware.boot.cards import SYSTEM
from firmware.boot.choose_configuration import save
from firmware.credentials import identity
from firmware.device.panel import Light
from firmware.errors import NotNow
from firmware.security.policy import Trigger
from firmware.times import DAY, HOUR, MINUTE, SECOND, show_duration, show_time

NIGHTLY_WINDOW = documented(30 * MINUTE, "KB: between 00:00 and 00:30")
SNTP_INTERVAL = documented(1 * HOUR, "MAN")
SAVING_TIME = 20 * SECOND  # assumed; KB: up to 1 min
MODULES_LIMIT = documented(3 * MINUTE, "KB: up to 3 min with a UCM")
WAIT_FOR_MODULES = MODULES_LIMIT.value - SAVING_TIME

SAFE_TO_TAKE_CARDS = ("off", "shutdown.done")
RUNNING = "running"
NIGHTLY, SNTP, REBOOT, RESTART = "nightly_copy", "sntp", "reboot", "restart"


def begin(unit: Appliance) -> None:
    """Operation begins, or resumes after a certificate was generated."""
    if not _follow_sntp(unit):
        plan(unit)
        identity.note_fitness(unit)


def ask_time(unit: Appliance) -> str | None:
    """SNTP at start, then hourly. With it what is planned by the clock is planned anew: the clock may drift."""
    if not _follow_sntp(unit):
        plan(unit)
    return None


def _follow_sntp(unit: Appliance) -> bool:
    """Ask for the time; whether the clock had to be set."""
    told = correction(unit)
    if told is None:
        return False
    set_clock(unit, told, "SNTP")
    return True


def correction(unit: Appliance) -> int | None:
    """Ask an NTP server, and see to it that it is asked again. What the clock is to be set to; None: it is right."""
    unit.timers[SNTP] = unit.clock.now + SNTP_INTERVAL.value
    told = unit.surroundings.time(unit.clock.now)
    before = unit.clock.read()
    return None if told is None or (before is not None and abs(told - before) < SECOND) else told


def set_clock(unit: Appliance, reading: int, how: str) -> None:
    """Set the unit's clock. What becomes of the certificate is the policy's, whatever its dates now mean."""
    put_clock(unit, reading, how)
    plan(unit)
    identity.note_fitness(unit)
    identity.follow(unit, Trigger.CLOCK_CORRECTED)


def put_clock(unit: Appliance, reading: int, how: str) -> None:
    """Set the unit's clock, and say so."""
    before = unit.clock.read()
    unit.clock.set(reading)
    unit.note("clock.set", to=show_time(reading), was="not set" if before is None else show_time(before), by=how)


def plan(unit: Appliance) -> None:
    """Set the timers of what is due by the clock: the nightly copy, and a reboot if one was ordered."""
    reading = unit.clock.read()
    if reading is not None:
        late = reading - unit.ram.nightly_at if unit.ram.nightly_at is not None else -1
        if not 0 <= late < NIGHTLY_WINDOW.value:  # a copy that is due or was just missed stays due
            unit.ram.nightly_at = _next_nightly(unit, reading)
    for timer, due in ((NIGHTLY, unit.ram.nightly_at), (REBOOT, unit.ram.reboot_at)):
        unit.timers.pop(timer, None)
        if due is not None and reading is not None:
            unit.timers[timer] = unit.clock.now + max(0, due - reading)


def _next_nightly(unit: Appliance, reading: int) -> int:
    """The daily copy falls between 00:00 and 00:30; which minute is assumed to depend on the MAC."""
    minute = int(unit.mac, 16) % (NIGHTLY_WINDOW.value // MINUTE) * MINUTE
    return reading + ((minute - reading) % DAY or DAY)


def _too_early(unit: Appliance, due: int | None) -> bool:
    """Whether a slow clock does not show yet what is due when its timer is; it is planned anew then."""
    reading = unit.clock.read()
    if reading is not None and due is not None and reading >= due:
        return False
    plan(unit)
    return True


def nightly_copy(unit: Appliance) -> str | None:
    """RAM -> System SD primary and NVM, unless a timed reboot past midnight cancelled this night's."""
    if _too_early(unit, unit.ram.nightly_at):
        return None
    if unit.ram.skip_nightly:
        unit.note("nightly.skipped", why="a timed reboot past midnight is due")
    else:
        save(unit, "nightly copy")
    unit.ram.nightly_at = None
    plan(unit)
    return None


def shut_down(unit: Appliance) -> str:
    """Planned: what is in RAM goes to the System SD and the NVM, then the cards are let go."""
    save(unit, "restart" if unit.ram.restart_after_saving else "shutdown")
    if unit.modules_up:
        unit.note("modules.awaited", modules=sorted(unit.modules_up))
        return "modules_awaited"
    return "saved_for_restart" if unit.ram.restart_after_saving else "saved"


def wait_no_longer(unit: Appliance) -> str:
    """A module that has not shut down within the limit does not hold its host up any longer."""
    unit.note("modules.overdue", modules=sorted(unit.modules_up), limit=show_duration(MODULES_LIMIT.value))
    return "saved_for_restart" if unit.ram.restart_after_saving else "saved"


def modules_down(unit: Appliance) -> None:
    """The last module has shut down: the shutdown goes on."""
    unit.platform.bring_up.fire(unit, "saved_for_restart" if unit.ram.restart_after_saving else "saved")


def rest(unit: Appliance) -> None:
    """Shut down. A timed shutdown restarts itself; an indefinite one needs a power cycle."""
    if unit.ram.off_for is not None:
        unit.timers[RESTART] = unit.clock.now + unit.ram.off_for


def restart(_unit: Appliance) -> str:
    return "restart_due"


def reboot(unit: Appliance) -> str:
    unit.ram.restart_after_saving = True
    unit.show_sd(Light.ORANGE, "reset imminent")
    return "shutdown_requested"


def timed_reboot(unit: Appliance) -> str | None:
    return None if _too_early(unit, unit.ram.reboot_at) else reboot(unit)


def order_reboot(unit: Appliance, when: int | None, why: str) -> None:
    """Reboot now (None: no call is ever in the way here), or when the clock next shows ``when`` ms past midnight."""
    if when is None:
        unit.note("reboot.ordered", why=why)
        unit.platform.bring_up.fire(unit, reboot(unit))
        return
    reading = unit.clock.read()
    if reading is None:
        alarms.raise_alarm(unit, "reboot", "a timed reboot needs a clock that is set")
        return
    due = reading + ((when - reading) % DAY or DAY)
    unit.ram.reboot_at = due
    # KB: a time past midnight cancels that night's copy.
    unit.ram.skip_nightly = due // DAY > reading // DAY
    unit.note("reboot.ordered", why=why, at=show_time(due))
    plan(unit)


def order_shutdown(unit: Appliance, off_for: int | None, why: str) -> None:
    """A planned shutdown; it restarts itself after ``off_for`` ms, or with None needs a power cycle."""
    unit.ram.restart_after_saving = False
    unit.ram.off_for = off_for
    how = "indefinite" if off_for is None else f"for {show_duration(off_for)}"
    unit.note("shutdown.ordered", why=why, how=how)
    unit.platform.bring_up.fire(unit, "shutdown_requested")


def card_removed(unit: Appliance, slot: str) -> None:
    """The card in a slot was taken out: while the unit is on, the System SD must always be present."""
    if slot == SYSTEM and unit.state not in SAFE_TO_TAKE_CARDS:
        unit.show_sd(Light.OFF, "no card")
        alarms.raise_alarm(unit, "System SD", "removed while running")


def require(unit: Appliance, what: str) -> None:
    """NotNow unless the unit is in operation."""
    if unit.state != RUNNING:
        raise NotNow(f"the unit is in the state {unit.state}: {what}")
