"""The rail: it counts for all its parts, and fails where it was told to."""

from __future__ import annotations

import pytest

from firmware.device.faults import Cut, LiveFault, LiveKind, Moment
from firmware.device.power import Rail
from firmware.errors import PowerCut


def powered() -> Rail:
    rail = Rail()
    rail.on = True
    return rail


def test_without_power_nothing_is_spent() -> None:
    rail = Rail()
    with pytest.raises(PowerCut, match="nvm has no power"):
        rail.spend("nvm")
    assert rail.operations == 0


def test_a_cut_comes_at_its_operation_once() -> None:
    rail, cut = powered(), Cut(3, Moment.AFTER)
    rail.arm(cut)
    struck = [rail.spend("nvm") for n in range(3)]
    assert (struck, rail.armed) == ([None, None, (cut, ())], cut)
    rail.fail()
    assert (rail.on, rail.armed) == (False, None)
    rail.on = True
    assert rail.spend("nvm") is None


def test_a_cut_for_one_part_counts_that_part_only() -> None:
    rail, cut = powered(), Cut(2, part="card")
    rail.arm(cut)
    parts = ["nvm", "card", "nvm", "nvm", "card"]
    assert [rail.spend(part) for part in parts] == [None, None, None, None, (cut, ())]
    assert rail.operations == 5


def test_a_cut_can_be_called_off() -> None:
    rail = powered()
    rail.arm(Cut(1))
    rail.arm(None)
    assert rail.armed is None
    assert rail.spend("nvm") is None


@pytest.mark.parametrize("operation", [0, -1])
def test_a_cut_that_could_never_come_is_refused(operation: int) -> None:
    with pytest.raises(ValueError, match=f"the next operation is 1, there is no {operation}"):
        Cut(operation)


def test_a_copy_has_the_same_cut_still_to_come() -> None:
    rail, cut = powered(), Cut(2)
    rail.trace = []
    rail.arm(cut)
    rail.spend("nvm")
    copy = rail.copy()
    assert (copy.on, copy.operations, copy.trace, copy.armed) == (True, 1, None, cut)
    assert copy.spend("nvm") == (cut, ())
    copy.fail()
    assert rail.on
    assert rail.spend("nvm") == (cut, ())


BAD, STUCK = LiveFault(LiveKind.BAD_BLOCK, 2), LiveFault(LiveKind.STUCK_BIT, 1, "card")


def test_faults_come_at_their_operations_beside_a_cut() -> None:
    rail, cut = powered(), Cut(3)
    rail.plan(BAD)
    rail.plan(STUCK)
    rail.arm(cut)
    assert list(rail.planned) == [BAD, STUCK]
    assert [rail.spend("nvm"), rail.spend("card")] == [None, (None, (BAD, STUCK))]
    assert list(rail.planned) == []
    assert rail.spend("nvm") == (cut, ())


def test_a_power_cut_calls_no_fault_off() -> None:
    rail = powered()
    rail.plan(BAD)
    rail.arm(Cut(1))
    rail.spend("nvm")
    rail.fail()
    rail.on = True
    copy = rail.copy()
    for each in (rail, copy):
        assert each.planned == (BAD,)
        assert each.spend("nvm") == (None, (BAD,))
        assert each.spend("nvm") is None


def test_faults_can_be_called_off() -> None:
    rail = powered()
    rail.plan(LiveFault(LiveKind.WORN_OUT, 1))
    rail.plan(None)
    assert (rail.planned, rail.spend("nvm")) == ((), None)


@pytest.mark.parametrize("operation", [0, -1])
def test_a_fault_that_could_never_come_is_refused(operation: int) -> None:
    with pytest.raises(ValueError, match=f"the next operation is 1, there is no {operation}"):
        LiveFault(LiveKind.WORN_OUT, operation)


@pytest.mark.parametrize(("moment", "lost"), [(Moment.INSIDE, 1), (Moment.BEFORE, 2), (Moment.AFTER, -1)])
def test_only_a_cut_after_an_operation_loses_another(moment: Moment, lost: int) -> None:
    with pytest.raises(ValueError, match="only one that comes after an operation can lose an earlier one"):
        Cut(1, moment, lost=lost)
