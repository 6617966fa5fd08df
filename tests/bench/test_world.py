"""Several units on one clock."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit, tee
from firmware.bench.values import END
from firmware.bench.world import World
from firmware.errors import BadInput
from firmware.journal import Event, Journal
from firmware.times import MINUTE, SECOND
from platforms.ip500v2 import PLATFORM


def world_of(*names: str, start: int = 0) -> tuple[World, list[Appliance]]:
    world = World(start)
    units = [new_unit(Order(PLATFORM, name=name, mac=f"00e0070000{n:02x}"), start) for n, name in enumerate(names)]
    for unit in units:
        world.add(unit)
    return world, units


def power_on(world: World, unit: Appliance) -> None:
    world.act(unit, lambda: PLATFORM.operations["power_on"](unit))


def test_time_is_the_same_for_all() -> None:
    world, (one, other) = world_of("one", "other")
    power_on(world, one)
    world.run_until(20 * SECOND)
    assert (one.clock.now, other.clock.now) == (20 * SECOND, 20 * SECOND)
    power_on(world, other)
    world.settle()
    assert one.state == other.state == "running"
    assert one.clock.now == other.clock.now == world.now


def test_events_of_all_come_in_the_order_of_time() -> None:
    world, units = world_of("one", "other", "third")
    heard: list[Event] = []
    for unit in units:
        tee(unit.journal, heard.append)
    for unit in units:
        power_on(world, unit)
        world.run_until(world.now + 7 * SECOND)
    world.settle()
    assert [event.time for event in heard] == sorted(event.time for event in heard)
    assert {event.source for event in heard} == {"one", "other", "third"}


def test_a_power_cut_strikes_the_unit_it_is_for() -> None:
    world, (one, other) = world_of("one", "other")
    world.cut_at["one"] = "security.loading"
    for unit in (one, other):
        power_on(world, unit)
    world.settle()
    assert (one.state, other.state) == ("off", "running")
    assert not one.rail.on
    assert not one.timers
    assert one.ram.settings is None
    assert world.cut_at == {}


def test_running_to_a_state() -> None:
    world, (unit,) = world_of("one")
    power_on(world, unit)
    assert world.run_to_state(unit, "network.addressing")
    before = world.now
    assert world.run_to_state(unit, "network.addressing")
    assert world.now == before
    assert not world.run_to_state(unit, "firmware.none")
    assert unit.state == "running"


def test_time_ends() -> None:
    world, (unit,) = world_of("one", start=END - MINUTE)
    with pytest.raises(BadInput, match="simulated time and a unit's clock run from 1970 to the end of 9799"):
        world.run_until(END)
    power_on(world, unit)
    with pytest.raises(BadInput, match="simulated time"):
        world.settle()


def test_every_listener_hears() -> None:
    first: list[Event] = []
    second: list[Event] = []
    journal = Journal()
    tee(journal, first.append)
    tee(journal, second.append)
    journal.add(0, "x", "y", {})
    assert first == second == journal.events
