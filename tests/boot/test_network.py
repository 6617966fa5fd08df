"""Boot step 5: addresses by DHCP, the documented fallback, and what they survive."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.peers.network import SILENT, Network
from firmware.times import SECOND
from tests.boot.units import (
    CONFIGURATION,
    cut_power,
    do,
    fresh,
    put_file,
    run_to,
    running,
    since_power_on,
    start_again,
)

BOTH = {0: "10.0.0.17/16", 1: "10.9.0.17/24"}


def _addresses(unit: Appliance) -> list[tuple[bool, str]]:
    assert unit.ram.configuration is not None
    return [(lan.dhcp, lan.interface) for lan in unit.ram.configuration.lans]


def _time_spent_addressing(unit: Appliance) -> int:
    unit.platform.operations["power_on"](unit)
    begun = run_to(unit, "network.addressing").clock.now
    return run_to(unit, "security.loading").clock.now - begun


@pytest.mark.parametrize(
    ("leases", "addresses", "waited"),
    [
        ({}, ["192.168.42.1/24", "192.168.43.1/24"], True),
        ({0: BOTH[0]}, [BOTH[0], "192.168.43.1/24"], True),
        ({1: BOTH[1]}, ["192.168.42.1/24", BOTH[1]], True),
        (BOTH, [BOTH[0], BOTH[1]], False),
    ],
)
def test_a_new_unit_asks_on_each_lan_for_10_s_and_stays_a_client(
    leases: dict[int, str], addresses: list[str], waited: bool
) -> None:
    unit = fresh(network=Network(leases=leases))
    spent = _time_spent_addressing(unit)
    assert spent == 10 * SECOND if waited else spent < 10 * SECOND
    assert _addresses(unit) == [(True, address) for address in addresses]


def test_where_each_address_came_from_is_in_the_journal() -> None:
    unit = do(fresh(network=Network(leases={1: BOTH[1]})), "power_on")
    assert since_power_on(unit, "network.address") == [
        {"lan": "LAN1", "address": "192.168.42.1/24", "how": "no DHCP answer"},
        {"lan": "LAN2", "address": BOTH[1], "how": "DHCP"},
    ]


def test_a_client_without_an_answer_keeps_the_address_it_had() -> None:
    unit = do(fresh(network=Network(leases=BOTH)), "power_on")
    do(unit, "shutdown")
    unit.surroundings = SILENT
    assert _addresses(start_again(unit)) == [(True, BOTH[0]), (True, BOTH[1])]


def test_a_new_lease_replaces_the_old_address() -> None:
    unit = do(fresh(network=Network(leases=BOTH)), "power_on")
    unit.surroundings = Network(leases={0: "10.0.0.18/16", 1: BOTH[1]})
    assert _addresses(start_again(unit)) == [(True, "10.0.0.18/16"), (True, BOTH[1])]


def test_fixed_addresses_need_no_wait() -> None:
    unit = running()
    do(unit, "set_address", lan=0, interface="10.0.0.5/24")
    do(unit, "set_address", lan=1, interface="10.1.0.5/24")
    cut_power(unit)
    assert _time_spent_addressing(unit) < 10 * SECOND
    assert _addresses(unit) == [(False, "10.0.0.5/24"), (False, "10.1.0.5/24")]


def _without_configuration(unit: Appliance) -> Appliance:
    put_file(cut_power(unit), CONFIGURATION, None)
    unit.rail.on = True
    unit.records.replace("configuration", b"")
    unit.rail.on = False
    return start_again(unit)


def test_address_and_mode_survive_a_missing_configuration() -> None:
    unit = do(running(), "set_address", lan=0, interface="10.0.0.5/24")
    _without_configuration(unit)
    assert since_power_on(unit, "configuration.chosen")[0]["chosen"] == "default"
    assert _addresses(unit) == [(False, "10.0.0.5/24"), (True, "192.168.43.1/24")]


def test_only_a_default_clears_them() -> None:
    unit = do(running(), "set_address", lan=0, interface="10.0.0.5/24")
    do(unit, "default_configuration")
    assert _addresses(unit) == [(True, "192.168.42.1/24"), (True, "192.168.43.1/24")]
    assert _addresses(_without_configuration(unit)) == [(True, "192.168.42.1/24"), (True, "192.168.43.1/24")]


def test_a_default_forgets_an_earlier_lease() -> None:
    unit = do(fresh(network=Network(leases=BOTH)), "power_on")
    unit.surroundings = SILENT
    do(unit, "default_configuration")
    assert _addresses(unit) == [(True, "192.168.42.1/24"), (True, "192.168.43.1/24")]


def test_a_lan_can_be_made_a_client_again() -> None:
    unit = do(running(), "set_address", lan=0, interface="10.0.0.5/24")
    do(unit, "set_address", lan=0, interface=None)
    unit.surroundings = Network(leases=BOTH)
    assert _addresses(start_again(unit)) == [(True, BOTH[0]), (True, BOTH[1])]
