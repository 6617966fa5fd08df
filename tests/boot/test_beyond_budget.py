"""Beyond the fault budget: whatever is destroyed, the unit comes to rest, says what it met, shows no half identity."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.boot.cards import blank_card
from firmware.configuration import Configuration, Lan
from firmware.device.faults import BadBlock, BitFlip, StuckBit
from firmware.errors import FirmwareError
from tests.boot.cuts import crash_states
from tests.boot.units import (
    CONFIGURATION,
    IP500V2,
    RESTING,
    cut_power,
    do,
    fresh,
    identity_of,
    put_file,
    running,
    shut_down,
    since_power_on,
    slot_start,
    start_again,
    states,
)

RECORDS = tuple(IP500V2.storage.layout)
NVM, CARD = IP500V2.storage.geometry, IP500V2.card


def _settles(unit: Appliance) -> Appliance:
    """Start twice and use it; every refusal is one of the firmware's own errors."""
    for _ in range(2):
        start_again(unit)
        assert unit.state in RESTING
        _is_whole(unit)
    for name in ("default_security", "delete_certificate", "default_configuration", "reboot", "shutdown"):
        try:
            do(unit, name)
        except FirmwareError:
            assert unit.rail.on
        assert unit.state in RESTING
        _is_whole(unit)
    return start_again(unit)


def _is_whole(unit: Appliance) -> None:
    used = unit.ram.identity
    assert used is None or used.is_whole()
    with probe(unit):
        _, kept = unit.vault.peek()
    assert kept is None or kept.identity is None or kept.identity.is_whole()


@pytest.mark.parametrize("record", RECORDS)
def test_both_copies_of_a_record_damaged(record: str) -> None:
    unit = do(running(), "default_configuration")
    do(unit, "change_at_phone", extension="201", name="Front desk")
    do(unit, "shutdown")
    made = identity_of(unit)
    for copy in (0, 1):
        unit.internal.flip(BitFlip(slot_start(unit, record, copy)[0], 0))
    start_again(unit)
    assert unit.state == "running"
    if record == "security":
        assert identity_of(unit).key != made.key
        assert since_power_on(unit, "security.loaded") == [{"held": "damaged", "generation": 1}]
    else:
        assert identity_of(unit) == made
    alarms = since_power_on(unit, "alarm")
    if record not in ("configuration", "alarms"):  # the one is not needed yet, the other tells nobody
        lost = f"both copies of the NVM record {record} are damaged"
        assert [data["why"] for data in alarms] == ["damaged: treated as empty" if record == "security" else lost]
    start_again(unit)
    assert since_power_on(unit, "alarm") == []
    _settles(unit)


def test_a_power_cut_while_it_meets_another_units_memory() -> None:
    unit, other = shut_down(), do(fresh(mac="00e007000002"), "power_on")
    for block, content in enumerate(other.internal.image()):
        unit.internal.overwrite(block, content)
    for cut, crashed in crash_states(unit, lambda unit: do(unit, "power_on")):
        made = identity_of(start_again(crashed))
        assert made.is_whole(), cut
        assert made.key != identity_of(other).key, cut
        assert identity_of(start_again(crashed)) == made, cut


CONTENTS = (b"\x00", b"\x01", b"\x02", b"\xff" * 64, b"\x01" * 600, bytes(range(256)))


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content[:4].hex())
@pytest.mark.parametrize("record", RECORDS)
def test_a_record_of_wrong_content(record: str, content: bytes) -> None:
    unit = shut_down()
    with probe(unit):
        unit.records.replace(record, content)
    if record in ("configuration", "network"):
        put_file(unit, CONFIGURATION, None)
    assert start_again(unit).state == "running"
    assert identity_of(unit).is_whole()
    _settles(unit)


@pytest.mark.parametrize(
    "lans",
    [(), (Lan(),), (Lan(), Lan(), Lan()), (Lan(False, ""), Lan(False, ""))],
    ids=["no LAN", "one LAN", "three LANs", "no addresses"],
)
@pytest.mark.parametrize("to", ["card", "nvm"])
def test_a_configuration_of_another_unit(lans: tuple[Lan, ...], to: str) -> None:
    unit = fresh()
    data = Configuration("x", lans, (False,) * len(lans), (), ()).to_bytes()
    if to == "card":
        put_file(unit, CONFIGURATION, data)
    else:
        with probe(unit):
            unit.records.replace("configuration", data)
    do(unit, "power_on")
    assert unit.state == "running"
    assert identity_of(unit).is_whole()
    _settles(unit)


BLOCKS = st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=32)), min_size=1, max_size=6)
PARTS = ("nvm", "system-sd")


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=60)
@given(blocks=BLOCKS)
def test_blocks_full_of_anything(part: str, blocks: list[tuple[int, bytes]]) -> None:
    unit = shut_down()
    flash = unit.parts()[part]
    for number, pattern in blocks:
        size = flash.geometry.block_size
        flash.overwrite(number % flash.geometry.blocks, (pattern * size)[:size])
    _settles(unit)


@settings(max_examples=100)
@given(flips=st.lists(st.tuples(st.sampled_from(PARTS), st.integers(0, 2**20)), min_size=1, max_size=40))
def test_bits_flipped_where_something_is_written(flips: list[tuple[str, int]]) -> None:
    unit = shut_down()
    for part, number in flips:
        flash = unit.parts()[part]
        erased = b"\xff" * flash.geometry.block_size
        written = [n for n, block in enumerate(flash.blocks) if block != erased]
        used = len(flash.blocks[written[number % len(written)]].rstrip(b"\xff")) * 8
        flash.flip(BitFlip(written[number % len(written)], number % used))
    _settles(unit)


def _no_card(unit: Appliance) -> None:
    unit.remove("system-sd")


def _blank(unit: Appliance) -> None:
    unit.remove("system-sd")
    unit.insert("system-sd", blank_card(CARD, "system-sd"))


def _failed(unit: Appliance) -> None:
    card = unit.slots["system-sd"].card
    assert card is not None
    card.failed = True


@pytest.mark.parametrize("harm", [_no_card, _blank, _failed])
@pytest.mark.parametrize("new", [True, False])
def test_no_card_that_serves(harm: Callable[[Appliance], None], new: bool) -> None:
    unit = fresh() if new else shut_down()
    harm(unit)
    do(unit, "power_on")
    assert unit.state == ("firmware.none" if new else "running")
    assert since_power_on(unit, "alarm")[0]["what"] in ("System SD", "feature key")
    _settles(unit)


def test_a_card_taken_out_at_every_stage_of_the_first_start() -> None:
    for state in states(running())[:-1]:
        unit = fresh()
        unit.platform.operations["power_on"](unit)
        while unit.state != state:
            unit.platform.bring_up.step(unit)
        unit.remove("system-sd")
        do(unit, "card_removed", slot="system-sd")
        assert unit.state in RESTING
        _settles(unit)


@pytest.mark.parametrize("part", PARTS)
def test_any_one_bad_block_from_the_beginning(part: str) -> None:
    blocks = NVM.blocks if part == "nvm" else CARD.blocks
    for block in (*range(40), *range(40, blocks, 1 if part == "nvm" else 16)):
        unit = fresh()
        unit.parts()[part].add_defect(BadBlock(block))
        do(unit, "power_on")
        assert unit.state == "running", block
        made = identity_of(unit)
        assert made.is_whole()
        assert identity_of(start_again(unit)) == made, block


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fails_altogether_while_the_unit_is_used(part: str) -> None:
    unit = running()
    flash = unit.parts()[part]
    for block in range(flash.geometry.blocks):
        flash.add_defect(BadBlock(block))
    _settles(unit)


def test_a_memory_that_fails_before_the_first_start_leaves_a_unit_without_identity_and_with_alarms() -> None:
    unit = fresh()
    for block in range(NVM.blocks):
        unit.internal.add_defect(BadBlock(block))
    do(unit, "power_on")
    assert (unit.state, unit.ram.identity) == ("running", None)
    assert "certificate" in [data["what"] for data in since_power_on(unit, "alarm")]


@pytest.mark.parametrize("via", ["manager", "bootloader"])
def test_a_security_default_that_cannot_be_written_changes_nothing(via: str) -> None:
    unit = running()
    made = identity_of(unit)
    first, blocks = slot_start(unit, "security", 0)
    for block in range(first, first + 2 * blocks):
        unit.internal.add_defect(BadBlock(block))
    if via == "bootloader":
        cut_power(unit)
        do(unit, "default_security", via=via)
        assert since_power_on(unit, "alarm")[-1]["what"] == "default of the security settings"
    else:
        with pytest.raises(FirmwareError, match="security"):
            do(unit, "default_security", via=via)
    assert (unit.state, unit.ram.identity) == ("running", made)
    assert identity_of(start_again(unit)) == made


@settings(max_examples=60)
@given(
    stuck=st.lists(
        st.tuples(st.sampled_from(PARTS), st.integers(0, 2**10), st.integers(0, 8 * 64), st.integers(0, 1)),
        min_size=1,
        max_size=8,
    )
)
def test_stuck_bits_from_the_beginning(stuck: list[tuple[str, int, int, int]]) -> None:
    unit = fresh()
    for part, block, bit, value in stuck:
        flash = unit.parts()[part]
        flash.add_defect(StuckBit(block % flash.geometry.blocks, bit, value))
    do(unit, "power_on")
    _is_whole(unit)
    _settles(unit)
