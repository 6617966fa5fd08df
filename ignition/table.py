"""The bring-up of a Linux server and of a module, as a table: the wizard's states come from its pages, Apply's from its
tasks."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.credentials import daily, generation
from firmware.device.panel import Light
from firmware.machine import ANY, BringUp, Lights, Row, State
from firmware.times import MINUTE, SECOND
from ignition import apply, server, starting
from ignition.pages import LOGIN, PAGES, STEPS
from ignition.wizard import GROUP

_DOCUMENTED, _ASSUMED = Basis.DOCUMENTED, Basis.ASSUMED
_DARK = Lights()

GENERATION_TIME = 10 * SECOND  # assumed

# boot.md, UCM: (upper, lower). Documented, but for the lower LED while Linux boots and for both in operation.
MODULE_LIGHTS: Mapping[str, Lights] = {
    "off": _DARK,
    "host.powering": Lights(lower=Light.RED),
    "module.starting": Lights(upper=Light.AMBER, lower=Light.AMBER),
    "module.initialising": Lights(lower=Light.FLASHING_GREEN),
    "system.booting": Lights(upper=Light.FLASHING_GREEN),
    "shutdown.stopping": Lights(upper=Light.FLASHING_GREEN),
    "shutdown.done": _DARK,
    "host.shutting_down": Lights(lower=Light.RED),
    "host.shut_down": Lights(lower=Light.RED_AMBER),
}
_MODULE_UP = Lights(upper=Light.GREEN, lower=Light.GREEN)


def _dark(_state: str) -> Lights:
    return _DARK


def _module_lights(state: str) -> Lights:
    return MODULE_LIGHTS.get(state, _MODULE_UP)


def _common(of_module: bool) -> tuple[State[Appliance], ...]:
    lights = _module_lights if of_module else _dark

    def state(name: str, about: str, basis: Basis, source: str, *rest: object, **more: object) -> State[Appliance]:
        return State(name, about, lights(name), basis, source, *rest, **more)  # type: ignore[arg-type]  # as State's own

    return (
        state("system.none", "no system on the disk: install it", _ASSUMED, "an installation may be cut short"),
        state("system.installing", "installing the software on a formatted disk", _ASSUMED, "its length",
              starting.install, 15 * MINUTE),
        state("system.booting", "Linux boots; the disk says whether this server is set up",
              _DOCUMENTED if of_module else _ASSUMED, "boot.md; its length is assumed", starting.boot, 40 * SECOND),
        *(
            state(GROUP + page.name, f"the wizard, page {page.number}: {page.title}", page.basis, page.source)
            for page in PAGES
            if page in STEPS or page.name == LOGIN
        ),
        state("apply.preparing", "applying: the clock is set, the plan is fixed", _ASSUMED, "ignition.md, page 9",
              apply.prepare, 1 * SECOND),
        *apply.states(lights),
        state("apply.failed", "the settings could not be applied; Apply can be tried again", _ASSUMED, "ours"),
        state("server.addressing", "addresses for LAN1 and LAN2", _ASSUMED, "its length", starting.take_addresses,
              2 * SECOND),
        state("server.loading", "services start: settings, CA and identity are loaded", _ASSUMED, "its length",
              starting.load, 5 * SECOND),
        state("certificate.announcing", "an identity is due: its number and time are noted first", _ASSUMED,
              "so that a power cut cannot make two", generation.announce),
        state("certificate.generating", "generating the identity certificate", _ASSUMED, "its length",
              generation.generate, GENERATION_TIME),
        state("running", "in operation", _ASSUMED, "ignition.md", on_enter=server.begin,
              timers={"sntp": server.ask_time, **daily.TIMERS}),
        state("shutdown.stopping", "services stop", _DOCUMENTED if of_module else _ASSUMED,
              "boot.md; its length is assumed", server.shut_down, server.SAVING_TIME),
        state("shutdown.done", "shut down", _DOCUMENTED if of_module else _ASSUMED, "boot.md"),
    )  # fmt: skip


_SERVER_START: tuple[State[Appliance], ...] = (
    State("off", "no power", _DARK, _ASSUMED, "ours"),
    State("power.starting", "power on: the boot loader looks for a system", _DARK, _ASSUMED, "its length",
          starting.start_up, 20 * SECOND, prepare=starting.reset),
)  # fmt: skip

_MODULE_START: tuple[State[Appliance], ...] = (
    State("off", "no power: the host is off", _DARK, _DOCUMENTED, "boot.md, UCM"),
    State("host.powering", "the host is powering up", _module_lights("host.powering"), _DOCUMENTED, "boot.md, UCM",
          prepare=starting.reset),
    State("power.starting", "the module starts", _module_lights("module.starting"), _DOCUMENTED,
          "boot.md, UCM; its length is assumed", starting.start_up, 15 * SECOND, prepare=starting.reset),
    State("module.initialising", "the module initialises: its time comes from the host",
          _module_lights("module.initialising"), _DOCUMENTED, "boot.md, UCM; its length is assumed",
          starting.take_host_time, 10 * SECOND),
)  # fmt: skip

_MODULE_END: tuple[State[Appliance], ...] = (
    State("host.shutting_down", "shut down; the host is shutting down", _module_lights("host.shutting_down"),
          _DOCUMENTED, "boot.md, UCM"),
    State("host.shut_down", "shut down, and so is the host", _module_lights("host.shut_down"), _DOCUMENTED,
          "boot.md, UCM", prepare=starting.reset),
)  # fmt: skip


def _steps(names: tuple[str, ...], trigger: str, end: str) -> tuple[Row, ...]:
    """One trigger that leads from each state to the next, and from the last to ``end``."""
    return tuple(Row(trigger, here, there) for here, there in zip(names, (*names[1:], end), strict=True))


_TASKS = tuple(f"apply.{task.name}" for task in apply.TASKS)

_ROWS: tuple[Row, ...] = (
    Row("system_missing", "power.starting", "system.none"),
    Row("installed", "system.installing", "power.starting"),
    Row("installation_failed", "system.installing", "system.none"),
    Row("not_ignited", "system.booting", GROUP + LOGIN),
    Row("resumed", "system.booting", _TASKS[0]),
    Row("ignited", "system.booting", "server.addressing"),
    # Forward, back, by URL: where a page may be opened from is the wizard's to say, and it is said in wizard.py.
    *(Row(f"open_{page.name}", GROUP + ANY, GROUP + page.name) for page in STEPS),
    Row("apply", f"{GROUP}review", "apply.preparing"),
    Row("apply", "apply.failed", "apply.preparing"),
    Row("prepared", "apply.preparing", _TASKS[0]),
    *_steps(_TASKS, "applied", "server.loading"),
    *(Row("apply_failed", state, "apply.failed") for state in ("apply.preparing", *_TASKS)),
    Row("addressed", "server.addressing", "server.loading"),
    Row("identity_held", "server.loading", "running"),
    Row("identity_not_needed", "server.loading", "running"),
    Row("identity_missing", "server.loading", "certificate.announcing"),
    Row("identity_wanted", "running", "certificate.announcing"),
    Row("announced", "certificate.announcing", "certificate.generating"),
    Row("generated", "certificate.generating", "running"),
    Row("generation_failed", "certificate.generating", "running"),
    Row("shutdown_requested", "running", "shutdown.stopping"),
    Row("shutdown_requested", GROUP + ANY, "shutdown.stopping"),
    Row("shutdown_requested", "apply.failed", "shutdown.stopping"),
    Row("shutdown_requested", "system.none", "shutdown.stopping"),
    Row("stopped", "shutdown.stopping", "shutdown.done"),
    Row("stopped_for_restart", "shutdown.stopping", "power.starting"),
    Row("reinstall", ANY, "system.installing"),
    Row("power_cut", ANY, "off"),
)

SERVER: BringUp[Appliance] = BringUp(
    "Linux server",
    "off",
    (*_SERVER_START, *_common(of_module=False)),
    (
        Row("power_on", "off", "power.starting"),
        Row("power_on", "shutdown.done", "power.starting"),
        Row("system_found", "power.starting", "system.booting"),
        *_ROWS,
    ),
)

MODULE: BringUp[Appliance] = BringUp(
    "module in a host",
    "off",
    (*_MODULE_START, *_common(of_module=True), *_MODULE_END),
    (
        Row("power_on", "off", "power.starting"),
        Row("power_on", "shutdown.done", "power.starting"),
        # Also a host that is reset, or did not wait any longer: whatever the module was about, it starts with its host.
        Row("host_powers_up", ANY, "host.powering"),
        Row("host_is_up", "host.powering", "power.starting"),
        Row("system_found", "power.starting", "module.initialising"),
        Row("initialised", "module.initialising", "system.booting"),
        Row("host_shuts_down", "shutdown.done", "host.shutting_down"),
        Row("host_has_shut_down", ANY, "host.shut_down"),
        *_ROWS,
    ),
)

UP = ("running", *(GROUP + page.name for page in (PAGES[0], *STEPS)))  # the states in which a start has come to its end
