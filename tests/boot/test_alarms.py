"""The alarm log: kept over starts, bounded, erased with the configuration."""

from __future__ import annotations

from firmware.boot.alarms import KEPT, raise_alarm
from firmware.device.faults import BadBlock, BitFlip
from tests.boot.units import do, events, running, since_power_on, slot_start, start_again


def test_an_alarm_is_told_each_time_and_kept_once() -> None:
    unit = running()
    unit.remove("system-sd")
    for _ in range(3):
        start_again(unit)
        assert [data["what"] for data in since_power_on(unit, "alarm")] == [
            "System SD",
            "boot",
            "restore of the binary",
        ]
    assert len(unit.ram.alarms) == len(set(unit.ram.alarms)) == 3


def test_the_log_keeps_the_latest_and_never_outgrows_its_record() -> None:
    unit = running()
    for number in range(3 * KEPT):
        raise_alarm(unit, "test", f"{number} {'x' * 300}")
    kept = start_again(unit).ram.alarms
    assert 0 < len(kept) <= KEPT
    assert [int(entry.split()[1]) for entry in kept] == list(range(3 * KEPT - len(kept), 3 * KEPT))


def test_twenty_ordinary_alarms_fit() -> None:
    unit = running()
    for number in range(KEPT):
        raise_alarm(unit, "restore of the binary", f"the card in the system-sd slot holds no volume of ours ({number})")
    assert len(start_again(unit).ram.alarms) == KEPT


def test_an_entry_that_fits_nowhere_is_cut() -> None:
    unit = running()
    raise_alarm(unit, "test", "é" * 100_000)
    [entry] = start_again(unit).ram.alarms
    assert entry.startswith("test: éééé")


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    unit = running()
    first, blocks = slot_start(unit, "alarms", 0)
    for block in range(first, first + 2 * blocks):
        unit.internal.add_defect(BadBlock(block))
    raise_alarm(unit, "test", "told all the same")
    assert events(unit, "alarm") == [{"what": "test", "why": "told all the same"}]
    assert start_again(unit).state == "running"


def test_a_log_that_is_lost_begins_anew() -> None:
    unit = running()
    raise_alarm(unit, "test", "lost")
    for copy in (0, 1):
        unit.internal.flip(BitFlip(slot_start(unit, "alarms", copy)[0], 0))
    assert start_again(unit).ram.alarms == ()
    raise_alarm(unit, "test", "anew")
    assert start_again(unit).ram.alarms == ("test: anew",)


def test_a_default_from_the_button_erases_it() -> None:
    unit = running()
    raise_alarm(unit, "test", "erased")
    do(unit, "press", button="reset", held=15_000)
    assert unit.ram.alarms == ()
