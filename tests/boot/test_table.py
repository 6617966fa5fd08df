"""The boot table is complete: every name resolves, every state is reached, every light is the documented one."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.boot.table import BOOT, ROWS, STATES
from firmware.device.panel import Light
from firmware.machine import Row, State
from tests.boot.reading import fired, returned

NAMES = [state.name for state in STATES]
TRIGGERS = {row.trigger for row in ROWS}
FROM_OUTSIDE = {"power_on", "power_cut", "identity_wanted", "restart_at_once", "shutdown_requested"}


def _leaving(state: str) -> list[Row]:
    return [row for row in ROWS if state in BOOT.sources(row)]


def test_the_names_of_states_are_unique_and_every_row_joins_two_of_them() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {row.dest for row in ROWS} <= set(NAMES)
    assert {source for row in ROWS for source in BOOT.sources(row)} <= set(NAMES)


def test_no_trigger_leads_two_ways_from_one_state() -> None:
    for name in NAMES:
        triggers = [row.trigger for row in _leaving(name)]
        assert len(set(triggers)) == len(triggers), name


def test_every_state_is_reachable_from_off() -> None:
    reached, waiting = {BOOT.initial}, [BOOT.initial]
    while waiting:
        for row in _leaving(waiting.pop()):
            if row.dest not in reached:
                reached.add(row.dest)
                waiting.append(row.dest)
    assert reached == set(NAMES)


@pytest.mark.parametrize("state", STATES, ids=NAMES)
def test_every_outcome_has_a_row_and_every_row_an_outcome(state: State[Appliance]) -> None:
    outcomes = returned(state.activity) if state.activity else set()
    for timer in state.timers.values():
        outcomes |= returned(timer)
    assert outcomes == {row.trigger for row in _leaving(state.name)} - FROM_OUTSIDE | outcomes & FROM_OUTSIDE


def test_every_trigger_that_the_firmware_fires_exists() -> None:
    assert fired() <= TRIGGERS
    assert FROM_OUTSIDE <= TRIGGERS


def test_power_can_be_cut_in_every_state() -> None:
    assert Row("power_cut", "*", "off") in ROWS


@pytest.mark.parametrize("state", STATES, ids=NAMES)
def test_every_state_says_what_it_is_and_how_we_know(state: State[Appliance]) -> None:
    assert state.about
    assert isinstance(state.basis, Basis)
    assert state.source


DOCUMENTED_LIGHTS = {  # boot.md, Boot and "Other SD LED states"
    "power.starting": ("alternating red/green", "flashing red", "off"),
    "firmware.none": ("red", "green", "off"),
    "running": ("green", "green", "red once in 5 s"),
    "shutdown.done": ("fast flashing red", "off", "fast flashing red"),
    "off": ("off", "off", "off"),
}


@pytest.mark.parametrize(("name", "labels"), DOCUMENTED_LIGHTS.items(), ids=DOCUMENTED_LIGHTS)
def test_the_lights_are_the_documented_ones(name: str, labels: tuple[str, str, str]) -> None:
    lights = BOOT.by_name[name].lights
    assert (lights.cpu.label, lights.sd.label, lights.base.label) == labels


def test_the_patterns_of_the_lights_show_what_their_names_say() -> None:
    steps = {light: [colour for colour, _ in light.steps] for light in Light}
    assert steps[Light.ALTERNATING] == ["red", "green"]
    assert steps[Light.RED_EVERY_5_S] == ["red", "off"]
    assert sum(length for _, length in Light.RED_EVERY_5_S.steps) == 5000
    assert sum(ms for _, ms in Light.FAST_RED.steps) < sum(ms for _, ms in Light.FLASHING_RED.steps)


def test_the_diagram_holds_every_row() -> None:
    drawn = BOOT.mermaid().splitlines()
    assert drawn[:2] == ["stateDiagram-v2", "    [*] --> off"]
    for row in ROWS:
        for source in BOOT.sources(row):
            arrow = f"{source.replace('.', '_')} --> {row.dest.replace('.', '_')}: {row.trigger.replace('_', ' ')}"
            assert f"    {arrow}" in drawn
    assert {f"    {name.replace('.', '_')}: {name}" for name in NAMES} <= set(drawn)
