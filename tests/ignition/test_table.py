"""The tables of the Linux platforms are complete: every name resolves, every state is reached, no outcome is lost."""

from __future__ import annotations

import pytest

import ignition
from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.machine import BringUp, Row, State
from ignition import apply
from ignition.pages import PAGES, STEPS
from ignition.table import MODULE, SERVER, UP
from tests.boot.reading import fired, returned
from tests.boot.units import events
from tests.ignition.units import LINUX, ignited

TABLES = {"server": SERVER, "module": MODULE}
OPENS = {f"open_{page.name}" for page in STEPS}
FROM_OUTSIDE = OPENS | {
    "power_on", "power_cut", "apply", "reinstall", "shutdown_requested", "identity_wanted",
    "host_powers_up", "host_is_up", "host_shuts_down", "host_has_shut_down",
}  # fmt: skip
STATES = [(table, state) for table in TABLES.values() for state in table.states]
IDS = [f"{name}-{state.name}" for name, table in TABLES.items() for state in table.states]

Table = BringUp[Appliance]


def _leaving(table: Table, state: str) -> list[Row]:
    return [row for row in table.rows if state in table.sources(row)]


@pytest.mark.parametrize("name", TABLES)
def test_the_names_of_states_are_unique_and_every_row_joins_two_of_them(name: str) -> None:
    table = TABLES[name]
    names = [state.name for state in table.states]
    assert len(set(names)) == len(names)
    assert {row.dest for row in table.rows} <= set(names)
    assert all(table.sources(row) for row in table.rows)
    assert {source for row in table.rows for source in table.sources(row)} <= set(names)


@pytest.mark.parametrize("name", TABLES)
def test_no_trigger_leads_two_ways_from_one_state(name: str) -> None:
    table = TABLES[name]
    for state in table.states:
        triggers = [row.trigger for row in _leaving(table, state.name)]
        assert len(set(triggers)) == len(triggers), state.name


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reachable_from_off(name: str) -> None:
    table = TABLES[name]
    reached, waiting = {table.initial}, [table.initial]
    while waiting:
        for row in _leaving(table, waiting.pop()):
            if row.dest not in reached:
                reached.add(row.dest)
                waiting.append(row.dest)
    assert reached == {state.name for state in table.states}


@pytest.mark.parametrize(("table", "state"), STATES, ids=IDS)
def test_every_outcome_has_a_row_and_every_row_an_outcome(table: Table, state: State[Appliance]) -> None:
    outcomes = returned(state.activity) if state.activity else set()
    for timer in state.timers.values():
        outcomes |= returned(timer)
    leaving = {row.trigger for row in _leaving(table, state.name)}
    assert outcomes - FROM_OUTSIDE == leaving - FROM_OUTSIDE
    assert outcomes <= leaving


def test_every_trigger_that_is_fired_exists() -> None:
    triggers = {row.trigger for table in TABLES.values() for row in table.rows}
    assert fired(ignition) <= triggers
    assert triggers >= FROM_OUTSIDE


@pytest.mark.parametrize("name", TABLES)
def test_power_can_be_cut_and_the_software_installed_in_every_state(name: str) -> None:
    assert Row("power_cut", "*", "off") in TABLES[name].rows
    assert Row("reinstall", "*", "system.installing") in TABLES[name].rows


@pytest.mark.parametrize(("table", "state"), STATES, ids=IDS)
def test_every_state_says_what_it_is_and_how_we_know(table: Table, state: State[Appliance]) -> None:
    assert state.about
    assert isinstance(state.basis, Basis)
    assert state.source
    assert state.lights == table.by_name[state.name].lights


@pytest.mark.parametrize("name", TABLES)
def test_every_page_is_a_state_in_the_pages_order(name: str) -> None:
    states = [state.name for state in TABLES[name].states if state.name.startswith("ignition.")]
    assert states == [f"ignition.{page.name}" for page in PAGES if page.name != "apply"]
    assert set(states) | {"running"} == set(UP)


@pytest.mark.parametrize("name", TABLES)
def test_apply_begins_on_review_and_nowhere_else_and_ends_with_the_mark(name: str) -> None:
    table = TABLES[name]
    begins = [row.source for row in table.rows if row.trigger == "apply"]
    assert begins == ["ignition.review", "apply.failed"]
    assert [task.name for task in apply.TASKS][-1] == "done"
    assert not [row for row in table.rows if row.source.startswith("apply.") and row.dest.startswith("ignition.")]
    assert [row.source for row in table.rows if row.dest == "server.loading"] == ["apply.done", "server.addressing"]


@pytest.mark.parametrize("kind", LINUX)
def test_an_ignition_passes_through_every_task_in_order(kind: str) -> None:
    states = [data["state"] for data in events(ignited(kind), "state")]
    tasks = [f"apply.{task.name}" for task in apply.TASKS]
    assert [state for state in states if state in tasks] == tasks
    assert states[-2:] == ["server.loading", "running"]
