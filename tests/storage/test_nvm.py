"""Redundant records without power cuts: places, sequence numbers, damage at rest, failing flash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.faults import BadBlock, BitFlip, StuckBit
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import Full, StorageError
from firmware.storage import nvm
from firmware.storage.nvm import HEADER, CopyState, Lost, RecordStore, newer

GEOMETRY = Geometry(program_unit=16, block_size=64, blocks=16)
LAYOUT = {"one": 2, "two": 2}


def store() -> RecordStore:
    rail = Rail()
    rail.on = True
    return RecordStore(FlashPart("nvm", GEOMETRY, rail), LAYOUT)


def test_a_record_is_read_back_and_lies_in_both_slots() -> None:
    records = store()
    assert records.read("one") is None
    records.replace("one", b"value")
    first, second = records.copies("one")
    assert first == second
    assert (first.state, first.sequence, first.data) == (CopyState.GOOD, 1, b"value")
    assert records.read("two") is None


def test_too_long_a_value_changes_nothing() -> None:
    records = store()
    records.replace("one", b"x" * records.capacity("one"))
    image = records.part.image()
    with pytest.raises(Full, match="the NVM record one holds 112 bytes, not 113"):
        records.replace("one", b"x" * 113)
    assert records.part.image() == image


def test_a_layout_larger_than_the_part_is_refused() -> None:
    with pytest.raises(ValueError, match="these records need 18 blocks, the part has 16"):
        RecordStore(store().part, {"one": 9})


@given(bit=st.integers(0, 2 * 64 * 8 - 1), slot=st.sampled_from([0, 1]), value=st.binary(max_size=112))
def test_any_one_flipped_bit_loses_nothing_and_is_mended(bit: int, slot: int, value: bytes) -> None:
    records = store()
    records.replace("one", b"an older value")
    records.replace("one", value)
    start, _ = records.slot_start("one", slot)
    records.part.flip(BitFlip(start + bit // 512, bit % 512))
    assert records.read("one") == value
    copy, _ = records.mend("one")
    assert copy is not None
    assert copy.data == value
    first, second = records.copies("one")
    assert first == second


@given(bits=st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(0, 64 * 8 - 1)), max_size=6))
def test_any_damage_gives_the_value_or_an_error_never_another_value(bits: list[tuple[int, int]]) -> None:
    records = store()
    records.replace("one", b"v" * 40)
    for slot, bit in bits:
        records.part.flip(BitFlip(records.slot_start("one", slot)[0], bit))
    try:
        assert records.read("one") in (b"v" * 40, None)
    except Lost as error:
        assert "both copies of the NVM record one" in str(error)


def test_a_lost_record_can_be_written_again() -> None:
    records = store()
    records.replace("one", b"value")
    for slot in (0, 1):
        records.part.flip(BitFlip(records.slot_start("one", slot)[0], 8 * 20))
    with pytest.raises(Lost):
        records.read("one")
    records.replace("one", b"again")
    assert records.read("one") == b"again"


def test_a_copy_written_to_another_record_s_place_is_not_taken_for_it() -> None:
    records = store()
    records.replace("one", b"value")
    source, target = records.slot_start("one", 0)[0], records.slot_start("two", 0)[0]
    records.part.overwrite(target, records.part.blocks[source])
    assert records.read("two") is None


@pytest.mark.parametrize("at", range(4, HEADER.size))
def test_sequence_length_and_checksum_are_covered(at: int) -> None:
    records = store()
    records.replace("one", b"\xff" * 60)
    records.part.flip(BitFlip(records.slot_start("one", 0)[0], 8 * at))
    assert records.copies("one")[0].state is CopyState.DAMAGED


def test_the_sequence_goes_on_across_its_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    records = store()
    with monkeypatch.context() as patch:
        patch.setattr(nvm, "_next_sequence", lambda *_copies: 2**32 - 1)
        records.replace("one", b"last")
    records.replace("one", b"first again")
    assert records.copies("one")[0].sequence == 0
    assert records.read("one") == b"first again"
    assert newer(0, 2**32 - 1)
    assert not newer(2**32 - 1, 0)
    assert not newer(5, 5)


def test_after_a_wrap_a_cut_still_finds_the_newer_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    records = store()
    with monkeypatch.context() as patch:
        patch.setattr(nvm, "_next_sequence", lambda *_copies: 2**32 - 1)
        records.replace("one", b"older")
    older = records.part.blocks[records.slot_start("one", 0)[0]]
    records.replace("one", b"newer")
    for slot in (0, 1):
        mixed = RecordStore(records.part.copy(records.part.rail), LAYOUT)
        mixed.part.overwrite(mixed.slot_start("one", slot)[0], older)
        assert mixed.read("one") == b"newer"


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("block", [0, 1])
def test_a_bad_block_never_costs_the_only_good_copy(slot: int, block: int) -> None:
    records = store()
    records.replace("one", b"first value, over two blocks " * 3)
    records.part.add_defect(BadBlock(records.slot_start("one", slot)[0] + block))
    refused = 0
    for value in (b"second value, over two blocks " * 3, b"third value, over two blocks " * 3):
        held = records.read("one")
        try:
            records.replace("one", value)
        except StorageError as error:
            assert "keeps its old value" in str(error)
            assert records.read("one") == held
            refused += 1
        else:
            assert records.read("one") == value
    assert refused, "a slot on a bad block was passed over and the only good copy overwritten"


def test_failing_blocks_in_both_slots_are_reported() -> None:
    records = store()
    for slot in (0, 1):
        records.part.add_defect(BadBlock(records.slot_start("one", slot)[0]))
    with pytest.raises(StorageError, match="both its slots are on failing blocks"):
        records.replace("one", b"value")
    assert records.read("one") is None


def test_a_stuck_bit_is_seen_when_the_copy_is_read_back() -> None:
    records = store()
    for slot in (0, 1):
        records.part.add_defect(StuckBit(records.slot_start("one", slot)[0], 8 * 40, 1))
    with pytest.raises(StorageError, match="failing blocks"):
        records.replace("one", b"\x00" * 48)
