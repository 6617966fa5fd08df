"""The heart: power cut at every flash operation of everything that writes, in every form – nothing is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import pytest

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.device.faults import BitFlip
from firmware.times import DAY, parse_time
from platforms.ip500v2_expansion import PLATFORM as EXPANSION
from tests.boot.cuts import (
    Action,
    allowed,
    check_recovery,
    crash_states,
)
from tests.boot.units import BINARY, START, do, fresh, put_file, shut_down, slot_start, start_again, wait


@cache
def _used(release: str) -> Appliance:
    """A unit that runs and has something to lose: a saved change, and one more in RAM."""
    unit = do(start_again(shut_down(release)), "change_at_phone", extension="201", name="Front desk")
    do(unit, "shutdown")
    start_again(unit)
    do(unit, "set_clock", reading=parse_time("2026-11-30T23:59:00Z"))
    return do(unit, "change_at_phone", extension="202", name="Later")


def _defaulted(release: str) -> Appliance:
    return do(_used(release).copy(), "default_security")


def _damaged(record: str, copy: int) -> Appliance:
    unit = shut_down()
    unit.internal.flip(BitFlip(slot_start(unit, record, copy)[0], 8 * 20))
    return unit


def _does(operation: str, **arguments: object) -> Action:
    return lambda unit: do(unit, operation, **arguments)


def _without_binary() -> Appliance:
    unit = shut_down()
    put_file(unit, BINARY, None)
    return unit


POWER_ON = _does("power_on")


@cache
def _expansion() -> Appliance:
    """An IP500 V2 that is to become a device of a Server Edition."""
    return do(new_unit(Order(EXPANSION), START), "power_on")


JOIN = _does("initial_configuration", primary="192.168.42.1", system_name="Annex", lan1="192.168.42.7/24")

SITUATIONS: dict[str, tuple[Callable[[], Appliance], Action]] = {
    "first start": (fresh, POWER_ON),
    "first start of 6.2": (lambda: fresh("6.2"), POWER_ON),
    "ordinary start": (shut_down, POWER_ON),
    "start from the NVM": (_without_binary, POWER_ON),
    "security default": (lambda: _used("12.3"), _does("default_security")),
    "security default at 6.2": (lambda: _used("6.2"), _does("default_security")),
    "another security default at 6.2": (lambda: _defaulted("6.2"), _does("default_security")),
    "security default by the boot loader": (shut_down, _does("power_on", holding="reset")),
    "delete certificate": (lambda: _used("12.3"), _does("delete_certificate")),
    "delete certificate at 6.2": (lambda: _defaulted("6.2"), _does("delete_certificate")),
    "service secured at 6.2": (lambda: _used("6.2"), _does("set_service", service="HTTP", level="Secure Low")),
    "configuration default": (lambda: _used("12.3"), _does("default_configuration")),
    "reset button, configuration": (lambda: _used("12.3"), _does("press", button="reset", held=15_000)),
    "set address": (lambda: _used("12.3"), _does("set_address", lan=0, interface="10.0.0.5/24")),
    "initial configuration": (lambda: _expansion(), JOIN),
    "initial configuration again": (
        lambda: do(_expansion().copy(), "initial_configuration", primary="10.0.0.1"),
        JOIN,
    ),
    "upgrade": (lambda: _used("12.0"), _does("upgrade", release="12.3")),
    "upgrade from 6.2": (lambda: _used("6.2"), _does("upgrade", release="12.3")),
    "nightly copy": (lambda: _used("12.3"), lambda unit: wait(unit, DAY)),
    "shutdown": (lambda: _used("12.3"), _does("shutdown")),
    "reboot": (lambda: _used("12.3"), _does("reboot")),
} | {
    f"start with a damaged copy of {record} {copy}": (partial(_damaged, record, copy), POWER_ON)
    for record in ("level", "network", "generation", "configuration", "firmware", "security")
    for copy in (0, 1)
}


SLOW = ("upgrade", "upgrade from 6.2", "delete certificate", "security default by the boot loader")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in SITUATIONS]
)
def test_a_power_cut_anywhere_loses_nothing(name: str) -> None:
    make, action = SITUATIONS[name]
    base = make()
    within = allowed(base, action)
    for cut, crashed in crash_states(base, action):
        check_recovery(crashed, within, cut)
