"""A unit can be copied in any state; from there on the copies live apart."""

from __future__ import annotations

from dataclasses import fields

import pytest

from firmware.appliance import Appliance, Ram
from firmware.bench.world import World
from firmware.boot.table import STATES
from firmware.device.faults import BadBlock, BitFlip, Cut
from firmware.device.panel import Light
from firmware.peers.network import SILENT, Network
from tests.boot.units import act, cut_power, do, fresh, images, put_file, running, shut_down, start_again


def _in(state: str) -> Appliance:
    """A unit in this state, in the midst of what leads there."""
    unit = fresh()
    if state.startswith("firmware.b") or state == "firmware.none":
        put_file(unit, "system/primary/ip500v2.bin", None)
    if state == "off":
        return unit
    unit.platform.operations["power_on"](unit)
    while unit.state not in (state, "running", "firmware.none"):
        unit.platform.bring_up.step(unit)
    if state.startswith("shutdown"):
        unit.modules_up = frozenset({"module"} if state == "shutdown.modules" else ())
        unit.platform.operations["shutdown"](unit, off_for=60_000)
        while unit.state != state:
            unit.platform.bring_up.step(unit)
    assert unit.state == state
    return unit


def _live_on(unit: Appliance) -> tuple[object, ...]:
    """Let a unit go on for a day and tell all that can be seen of it."""
    begun = len(unit.journal.events)
    unit.rail.trace = []
    act(unit, lambda: None)
    world = World(unit.clock.now)
    world.add(unit)
    world.run_until(world.now + 24 * 3600_000)
    lines = [event.line() for event in unit.journal.events[begun:]]
    return lines, unit.rail.trace, images(unit), unit.state, unit.lights, unit.clock.read(), unit.ram, unit.timers


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_a_copy_in_any_state_goes_on_like_the_original(state: str) -> None:
    unit = _in(state)
    copy = unit.copy()
    assert _live_on(copy) == _live_on(unit)


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_what_happens_to_one_does_not_touch_the_other(state: str) -> None:
    unit = _in(state)
    before, events, timers, ram = images(unit), list(unit.journal.events), dict(unit.timers), unit.ram.copy()
    now, wear = unit.clock.now, {name: list(part.wear) for name, part in unit.parts().items()}
    _live_on(unit.copy())
    cut_power(start_again(unit.copy()))
    assert images(unit) == before
    assert unit.journal.events == events
    assert (unit.timers, unit.ram, unit.clock.now, unit.state) == (timers, ram, now, state)
    assert {name: list(part.wear) for name, part in unit.parts().items()} == wear


def test_everything_goes_along() -> None:
    unit = running()
    unit.name, unit.surroundings, unit.held_button = "copied", Network(leases={0: "10.0.0.1/24"}), "aux"
    unit.show_sd(Light.FAST_RED, "card full")
    unit.ram.alarms = ("a",)
    unit.internal.add_defect(BadBlock(3))
    unit.rail.arm(Cut(5))
    copy = unit.copy()
    shared = ("platform", "mac", "name", "entropy", "surroundings", "state", "lights", "held_button", "timers", "ram")
    assert [getattr(copy, name) for name in shared] == [getattr(unit, name) for name in shared]
    assert copy.clock.state() == unit.clock.state()
    assert copy.internal.defects == unit.internal.defects
    assert copy.rail.armed == Cut(5)
    assert (copy.rail.on, copy.rail.operations) == (True, unit.rail.operations)
    slots = [(slot.name, slot.card and (slot.card.kind, slot.card.feature_key)) for slot in copy.slots.values()]
    assert slots == [(slot.name, slot.card and (slot.card.kind, slot.card.feature_key)) for slot in unit.slots.values()]
    assert set(Appliance.__slots__) == {name for name in Appliance.__slots__ if hasattr(copy, name)}


def test_every_part_of_a_copy_hangs_on_its_own_rail() -> None:
    unit = running()
    copy = unit.copy()
    assert {id(part.rail) for part in copy.parts().values()} == {id(copy.rail)}
    assert copy.records.part is copy.internal
    cut_power(copy)
    assert unit.rail.on
    copy.internal.flip(BitFlip(0, 0))
    unit.ram.alarms = ("mine",)
    assert copy.internal.image() != unit.internal.image()
    assert copy.ram.alarms == ()


def test_a_listener_and_a_trace_stay_behind() -> None:
    unit = running()
    heard: list[object] = []
    unit.journal.listener, unit.rail.trace = heard.append, []
    copy = unit.copy()
    do(copy, "default_security")
    assert heard == []
    assert unit.rail.trace == []
    assert copy.rail.trace is None


def test_every_field_of_the_ram_is_copied_and_lost_with_the_power() -> None:
    ram = Ram()
    for index, field in enumerate(fields(Ram)):
        setattr(ram, field.name, [str(index)] if field.name == "alarms" else index)
    assert ram.copy() == ram
    unit = shut_down()
    unit.ram = ram
    unit.platform.operations["power_on"](unit)
    assert unit.ram == Ram()


def test_a_card_that_is_taken_out_has_no_power_and_no_mirror() -> None:
    unit = running()
    card = unit.remove("system-sd")
    assert card is not None
    assert not card.part.rail.on
    assert unit.remove("system-sd") is None
    assert set(unit.parts()) == {"nvm"}
    unit.insert("optional-sd", card)
    assert card.part.name == "optional-sd"
    assert card.part.rail is unit.rail


def test_the_journal_bears_the_units_name_and_time() -> None:
    unit = fresh(network=SILENT)
    unit.note("test", value=1)
    [event] = unit.journal.events
    assert (event.source, event.time, event.data) == ("unit", unit.clock.now, {"value": 1})
