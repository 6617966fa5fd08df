"""Damage at rest within the fault budget: one copy of one record. Nothing is lost, and it is put right."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.device.faults import BitFlip
from tests.boot.units import (
    BINARY,
    CONFIGURATION,
    IP500V2,
    cut_power,
    do,
    kept_records,
    put_file,
    running,
    since_power_on,
    slot_start,
    start_again,
    unmended,
)

RECORDS = tuple(IP500V2.storage.layout)
HEADER = 16  # bytes: magic, sequence, length, CRC


@cache
def _full() -> Appliance:
    """A unit that is off, with something in every record: an alarm, a mark, a saved configuration."""
    unit = running()
    do(unit, "card_removed", slot="system-sd")
    do(unit, "default_configuration")
    do(unit, "change_at_phone", extension="201", name="Front desk")
    do(unit, "shutdown")
    unit = cut_power(unit)
    assert all(kept_records(unit).values())
    return unit


def _only_the_nvm_knows(unit: Appliance) -> Appliance:
    put_file(unit, CONFIGURATION, None)
    put_file(unit, BINARY, None)
    return unit


@pytest.mark.parametrize("bit", [0, 8 * 4, 8 * 12 + 3, 8 * HEADER, 8 * (HEADER + 1) + 7])
@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("record", RECORDS)
def test_one_damaged_copy_of_a_record_loses_nothing(record: str, copy: int, bit: int) -> None:
    unit = _only_the_nvm_knows(_full().copy())
    before = kept_records(unit)
    unit.internal.flip(BitFlip(slot_start(unit, record, copy)[0], bit))
    assert unmended(unit) == [record]
    start_again(unit)
    assert unit.state == "running"
    assert since_power_on(unit, "record.mended") == ([{"record": record}] if record != "alarms" else [])
    assert unmended(unit) == []
    after = kept_records(unit)
    assert {**after, "alarms": None} == {**before, "alarms": None}
    assert (after["alarms"] or b"").startswith(before["alarms"] or b"")


@settings(max_examples=100)
@given(
    block=st.integers(0, IP500V2.storage.geometry.blocks - 1),
    bit=st.integers(0, 8 * IP500V2.storage.geometry.block_size - 1),
)
def test_a_bit_that_flips_anywhere_in_the_nvm_loses_nothing(block: int, bit: int) -> None:
    unit = _full().copy()
    before = kept_records(unit)
    unit.internal.flip(BitFlip(block, bit))
    start_again(unit)
    assert unit.state == "running"
    do(unit, "shutdown")
    assert kept_records(unit) == before
    assert unmended(unit) == []


def test_damage_that_comes_again_and_again_loses_nothing_as_long_as_it_is_put_right_between() -> None:
    unit = _full().copy()
    before = kept_records(unit)
    for start in range(6):
        for record in RECORDS:
            unit.internal.flip(BitFlip(slot_start(unit, record, start % 2)[0], 8 * HEADER + start))
        start_again(unit)
        do(unit, "shutdown")
        cut_power(unit)
    assert kept_records(unit) == before


def test_looking_at_a_unit_from_outside_puts_nothing_right() -> None:
    unit = _full().copy()
    unit.internal.flip(BitFlip(slot_start(unit, "firmware", 0)[0], 0))
    put_file(unit, BINARY, None)
    image = unit.internal.image()
    with probe(unit):
        assert unit.platform.runs(unit) == "12.3"
        assert unit.platform.stored_configuration(unit) is not None
    assert unit.internal.image() == image
