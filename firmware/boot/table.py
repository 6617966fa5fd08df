"""The bring-up of an IP500 V2 as a table. Read it top to bottom: it is the boot sequence."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.boot import alarms, choose_configuration, choose_firmware, network, running
from firmware.credentials import daily, generation, identity, store
from firmware.device.panel import Light
from firmware.machine import ANY, BringUp, Lights, Row, State
from firmware.times import SECOND

_DOCUMENTED, _INFERRED, _ASSUMED = Basis.DOCUMENTED, Basis.INFERRED, Basis.ASSUMED

_STARTING = Lights(cpu=Light.ALTERNATING, sd=Light.FLASHING_RED)
_BOOTING = Lights(cpu=Light.ALTERNATING, sd=Light.FLASHING_GREEN)
_NO_SOFTWARE = Lights(cpu=Light.RED, sd=Light.GREEN)
_RUNNING = Lights(cpu=Light.GREEN, sd=Light.GREEN, base=Light.RED_EVERY_5_S)
_SUSPENDED = Lights(cpu=Light.FLASHING_GREEN, sd=Light.GREEN)


def generation_time(unit: Appliance) -> int:
    return unit.release.generation_time.value


def load_security(unit: Appliance) -> str:
    """As every start; with the reset button held at power-on, the boot loader's security default comes first."""
    outcome = identity.load_security(unit)
    if unit.ram.store_files:
        store.follow_folders(unit)
    if unit.ram.held_button == "reset":
        with alarms.alarm_on_failure(unit, "default of the security settings"):
            wanted = identity.default_security(unit, "bootloader")
            outcome = "identity_missing" if identity.is_due(unit, wanted) else "identity_not_needed"
    return outcome


def begin(unit: Appliance) -> None:
    running.begin(unit)
    daily.begin(unit)


STATES: tuple[State[Appliance], ...] = (
    State("off", "no power", Lights(), _DOCUMENTED, "KB"),
    State("power.starting", "power on: the cards initialise, expansion modules start first", _STARTING,
          _DOCUMENTED, "KB; its length is assumed", choose_firmware.start_up, 15 * SECOND,
          prepare=choose_firmware.reset),
    State("firmware.choosing", "looking for a valid binary in five places", _STARTING,
          _DOCUMENTED, "KB; its length is assumed", choose_firmware.choose_firmware, 5 * SECOND),
    State("firmware.bootp", "no binary: asking Manager by BOOTP", _NO_SOFTWARE,
          _DOCUMENTED, "KB; its length and LEDs are assumed", choose_firmware.ask_bootp, 10 * SECOND),
    State("firmware.none", "no software; BOOTP requests go on", _NO_SOFTWARE, _INFERRED, "BG; SD LED assumed",
          on_enter=choose_firmware.wait_for_bootp, timers={"bootp": choose_firmware.retry_bootp}),
    State("firmware.loading", "the binary starts; its copies are put right", _BOOTING,
          _DOCUMENTED, "KB; its length is assumed", choose_firmware.load_firmware, 20 * SECOND),
    State("level.fixing", "first ever boot: the original software level is fixed", _BOOTING, _DOCUMENTED, "KB",
          choose_firmware.fix_level),
    State("configuration.choosing", "choosing the configuration", _BOOTING,
          _DOCUMENTED, "KB; its length is assumed", choose_configuration.choose_configuration, 5 * SECOND),
    State("network.addressing", "addresses for LAN1 and LAN2", _BOOTING, _DOCUMENTED, "MAN",
          network.take_addresses, network.duration),
    State("security.loading", "loading the security settings", _BOOTING,
          _INFERRED, "A, MAN", load_security, 1 * SECOND),
    State("certificate.announcing", "an identity is due: its number and time are noted first", _SUSPENDED,
          _ASSUMED, "so that a power cut cannot make two", generation.announce),
    State("certificate.generating", "generating the identity certificate; operation is suspended", _SUSPENDED,
          _DOCUMENTED, "A, R62, K9; LEDs assumed", generation.generate, generation_time),
    State("running", "in operation", _RUNNING, _DOCUMENTED, "MAN; LEDs inferred BG", on_enter=begin,
          timers={running.NIGHTLY: running.nightly_copy, running.SNTP: running.ask_time,
                  running.REBOOT: running.timed_reboot, **daily.TIMERS}),
    State("shutdown.saving", "shutting down: RAM to the System SD and the NVM",
          Lights(cpu=Light.FLASHING_RED, sd=Light.FLASHING_GREEN), _DOCUMENTED, "KB; LEDs meanwhile assumed",
          running.shut_down, running.SAVING_TIME),
    State("shutdown.modules", "waiting for the modules to shut down",
          Lights(cpu=Light.FLASHING_RED, sd=Light.FLASHING_GREEN), _DOCUMENTED, "KB; LEDs meanwhile assumed",
          running.wait_no_longer, running.WAIT_FOR_MODULES),
    State("shutdown.done", "shut down: safe to unplug",
          Lights(cpu=Light.FAST_RED, base=Light.FAST_RED), _DOCUMENTED, "KB",
          on_enter=running.rest, timers={running.RESTART: running.restart}),
)  # fmt: skip

ROWS: tuple[Row, ...] = (
    Row("power_on", "off", "power.starting"),
    Row("initialised", "power.starting", "firmware.choosing"),
    Row("found", "firmware.choosing", "firmware.loading"),
    Row("not_found", "firmware.choosing", "firmware.bootp"),
    Row("answered", "firmware.bootp", "firmware.loading"),
    Row("unanswered", "firmware.bootp", "firmware.none"),
    Row("answered", "firmware.none", "firmware.loading"),
    Row("first_ever", "firmware.loading", "level.fixing"),
    Row("started_before", "firmware.loading", "configuration.choosing"),
    Row("fixed", "level.fixing", "configuration.choosing"),
    Row("chosen", "configuration.choosing", "network.addressing"),
    Row("addressed", "network.addressing", "security.loading"),
    Row("identity_held", "security.loading", "running"),
    Row("identity_not_needed", "security.loading", "running"),
    Row("identity_missing", "security.loading", "certificate.announcing"),
    Row("identity_wanted", "running", "certificate.announcing"),
    Row("announced", "certificate.announcing", "certificate.generating"),
    Row("generated", "certificate.generating", "running"),
    Row("generation_failed", "certificate.generating", "running"),
    Row("shutdown_requested", "running", "shutdown.saving"),
    Row("saved", "shutdown.saving", "shutdown.done"),
    Row("saved_for_restart", "shutdown.saving", "power.starting"),
    Row("modules_awaited", "shutdown.saving", "shutdown.modules"),
    Row("saved", "shutdown.modules", "shutdown.done"),
    Row("saved_for_restart", "shutdown.modules", "power.starting"),
    Row("restart_at_once", "running", "power.starting"),
    Row("restart_due", "shutdown.done", "power.starting"),
    Row("power_cut", ANY, "off"),
)

BOOT: BringUp[Appliance] = BringUp("IP500 V2 boot", "off", STATES, ROWS)
