"""An IP500 V2 as a Server Edition expansion: boots like any other, has no users, joins a Primary, keeps its own."""

from __future__ import annotations

from functools import cache

import pytest

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.boot.table import BOOT
from firmware.errors import NotNow
from platforms import ip500v2
from platforms.ip500v2_expansion import PLATFORM
from tests.boot.units import START, do, events, fresh, held, images, start_again, states

PRIMARY = "192.168.42.1"


@cache
def _running() -> Appliance:
    return do(new_unit(Order(PLATFORM), START), "power_on")


def running() -> Appliance:
    return _running().copy()


def join(unit: Appliance) -> Appliance:
    return do(unit, "initial_configuration", primary=PRIMARY, system_name="Annex", lan1="192.168.42.7/24")


def test_it_boots_like_an_ip500v2() -> None:
    assert PLATFORM.bring_up is BOOT
    assert states(running()) == states(do(fresh(), "power_on"))
    assert running().state == "running"


def test_it_starts_with_no_users_and_an_ip500v2_with_some() -> None:
    configuration = running().ram.configuration
    assert configuration is not None
    assert (configuration.users, configuration.hunt_groups, configuration.primary) == ((), (), "")
    assert PLATFORM.users.cite() == "documented TB145"
    assert len(ip500v2.PLATFORM.users.value) == 8


def test_a_default_leaves_it_without_users_too() -> None:
    unit = do(join(running()), "default_configuration")
    configuration = unit.ram.configuration
    assert configuration is not None
    assert (configuration.users, configuration.primary, configuration.system_name) == ((), "", PLATFORM.default_mac)


def test_it_joins_a_primary_and_keeps_its_own_certificate() -> None:
    unit = running()
    before = held(unit)
    join(unit)
    assert held(unit) == before
    configuration = unit.ram.configuration
    assert configuration is not None
    assert (configuration.primary, configuration.system_name) == (PRIMARY, "Annex")
    assert configuration.lans[0].interface == "192.168.42.7/24"
    assert not configuration.lans[0].dhcp
    assert configuration.users == ()
    assert events(unit, "network.joined") == [{"primary": PRIMARY, "system_name": "Annex"}]
    assert list(events(unit, "certificate.unfit"))[-1] == {"objections": ["does not name LAN1 192.168.42.7"]}


def test_what_it_joined_survives_a_power_cut() -> None:
    unit = start_again(join(running()))
    configuration = unit.ram.configuration
    assert configuration is not None
    assert (configuration.primary, configuration.system_name) == (PRIMARY, "Annex")
    assert configuration.lans[0].interface == "192.168.42.7/24"


def test_what_is_not_said_stays_as_it_was() -> None:
    unit = join(running())
    do(unit, "initial_configuration", primary="10.0.0.1")
    configuration = unit.ram.configuration
    assert configuration is not None
    assert (configuration.primary, configuration.system_name) == ("10.0.0.1", "Annex")
    assert configuration.lans[0].interface == "192.168.42.7/24"


def test_joining_twice_writes_nothing() -> None:
    unit = join(running())
    before = images(unit)
    join(unit)
    assert images(unit) == before


@pytest.mark.parametrize("state", ["off", "shutdown.done"])
def test_it_joins_only_in_operation(state: str) -> None:
    unit = new_unit(Order(PLATFORM), START) if state == "off" else do(running(), "shutdown")
    with pytest.raises(NotNow, match="the Initial Configuration Utility cannot run"):
        join(unit)


def test_an_ordinary_ip500v2_joins_nobody() -> None:
    assert set(PLATFORM.operations) - set(ip500v2.PLATFORM.operations) == {"initial_configuration"}
