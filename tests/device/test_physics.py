"""The table of physical faults: each row shows on a part, and what a data sheet rules out does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware.device.faults import BadBlock, BitFlip, Cut, LiveFault, LiveKind, Moment, StuckBit, Torn
from firmware.device.flash import BlockFailed, FlashPart, Geometry
from firmware.device.physics import BY_NAME, DISK, FAULTS, NOR, SD_CARD, DataSheet, Strikes
from firmware.device.power import NothingToLose, Rail
from firmware.errors import PowerCut

CARD = Geometry(program_unit=4, block_size=16, blocks=6, sheet=SD_CARD)
ZEROS, ERASED = b"\0" * 16, b"\xff" * 16


def written(geometry: Geometry = CARD) -> FlashPart:
    """A part of blocks full of zeros."""
    part = FlashPart("card", geometry, Rail(), [ZEROS] * geometry.blocks)
    part.rail.on = True
    return part


def cut(part: FlashPart, cut: Cut, *work: Callable[[FlashPart], None]) -> FlashPart:
    """Work until power goes; then power it again."""
    part.rail.arm(cut)
    *before, last = work
    for each in before:
        each(part)
    with pytest.raises(PowerCut):
        last(part)
    part.rail.on = True
    return part


def erase(block: int) -> Callable[[FlashPart], None]:
    return lambda part: part.erase(block)


def program(block: int, data: bytes, offset: int = 0) -> Callable[[FlashPart], None]:
    return lambda part: part.program(block, offset, data)


def breaking(kind: LiveKind, operation: int = 1) -> FlashPart:
    part = written()
    part.rail.plan(LiveFault(kind, operation))
    return part


def shows_cut() -> None:
    assert cut(written(), Cut(1, Moment.BEFORE), erase(0)).blocks[0] == ZEROS
    assert cut(written(), Cut(1, Moment.AFTER), erase(0)).blocks[0] == ERASED


def shows_torn_program() -> None:
    part = cut(written(), Cut(2, Moment.INSIDE, Torn.HALF), erase(0), program(0, b"abcd"))
    assert part.blocks[0] == b"ab" + b"\xff" * 14


def shows_half_erase() -> None:
    assert cut(written(), Cut(1, Moment.INSIDE, Torn.HALF), erase(0)).blocks[0] == b"\xff" * 8 + b"\0" * 8


def shows_reordered() -> None:
    part = written()
    part.erase(1)
    cut(part, Cut(2, Moment.AFTER, lost=1), program(1, b"abcd"), program(1, b"efgh", 4))
    assert part.blocks[1] == b"\xff" * 4 + b"efgh" + b"\xff" * 8
    part = cut(written(), Cut(3, Moment.AFTER, lost=2), erase(1), program(1, b"abcd"), erase(2))
    assert (part.blocks[1], part.blocks[2], list(part.wear)) == (ZEROS, ERASED, [0, 0, 1, 0, 0, 0])


def shows_group_erased() -> None:
    part = cut(written(), Cut(1, Moment.INSIDE, Torn.GROUP), erase(2))
    assert part.image() == (ERASED, ERASED, b"\xff" * 8 + b"\0" * 8, ERASED, ZEROS, ZEROS)
    part = cut(written(), Cut(1, Moment.INSIDE, Torn.GROUP), erase(5))  # the last group is not whole
    assert part.image() == (ZEROS,) * 4 + (ERASED, b"\xff" * 8 + b"\0" * 8)


def shows_rot() -> None:
    part = written()
    part.flip(BitFlip(3, 9))
    assert part.read(3, 0, 3) == b"\0\x02\0"


def shows_disturb() -> None:
    part = written()
    for neighbour in (1, 3):  # of block 2, which is read often
        part.flip(BitFlip(neighbour, 0))
    assert [block[0] for block in part.blocks] == [0, 1, 0, 1, 0, 0]


def shows_metastable() -> None:
    part = breaking(LiveKind.METASTABLE, 2)
    part.erase(0)
    part.program(0, 0, b"abcd")
    part.program(0, 4, b"efgh")
    reads = [part.read(0, 0, 4) for _ in range(4)]
    assert reads == [b"abcd", b"ab\xff\xff"] * 2
    assert [part.read(0, 4, 4) for _ in range(2)] == [b"efgh"] * 2  # and no other page is touched
    copy = part.copy(part.rail)
    assert [part.read_blocks(0, 1)[:8] for _ in range(2)] == [b"abcdefgh", b"ab\xff\xffefgh"]
    assert [copy.read(0, 0, 4) for _ in range(2)] == [b"abcd", b"ab\xff\xff"]
    part.erase(0)
    assert {part.read(0, 0, 16) for _ in range(4)} == {ERASED}
    assert (part.unstable, copy.unstable is None) == (None, False)


def shows_bad_block() -> None:
    part = breaking(LiveKind.BAD_BLOCK, 2)
    part.erase(0)
    with pytest.raises(BlockFailed, match="block 0 cannot be programmed"):
        part.program(0, 0, b"abcd")
    with pytest.raises(BlockFailed):
        part.erase(0)
    part.erase(1)
    assert (part.read(0, 0, 16), part.defects) == (ERASED, (BadBlock(0),))


def shows_stuck_bit() -> None:
    part = breaking(LiveKind.STUCK_BIT, 2)
    part.erase(0)
    part.program(0, 4, b"\xff\xf3\0\0")
    assert part.defects == (StuckBit(0, 8 * 5 + 2, 1),)
    assert part.read(0, 4, 4) == b"\xff\xf7\0\0"
    part = breaking(LiveKind.STUCK_BIT)
    part.erase(0)
    assert part.read(0, 0, 2) == b"\xfe\xff"


def shows_misdirected() -> None:
    part = breaking(LiveKind.MISDIRECTED, 3)
    part.erase(5)
    part.erase(0)
    part.program(5, 0, b"abcd")
    assert (part.read(5, 0, 4), part.read(0, 0, 4), part.overprograms) == (b"\xff" * 4, b"abcd", 0)
    part = breaking(LiveKind.MISDIRECTED)
    part.erase(3)
    assert (part.blocks[3], part.blocks[4], list(part.wear)) == (ZEROS, ERASED, [0, 0, 0, 0, 1, 0])


def shows_worn_out() -> None:
    part = breaking(LiveKind.WORN_OUT)
    for _ in range(2):
        part.erase(0)
        assert part.read(0, 0, 16) == b"\xfe" + b"\xff" * 15
    part.program(0, 0, b"\xf0" * 4)
    assert (part.read(0, 0, 4), part.overprograms) == (b"\xf0" * 4, 0)


@pytest.mark.parametrize("name", BY_NAME)
def test_each_fault_shows_on_a_part(name: str) -> None:
    globals()[f"shows_{name}"]()


def test_what_strikes_live_can_be_planned() -> None:
    assert {row.name for row in FAULTS if row.strikes is Strikes.LIVE} == {kind.value for kind in LiveKind}
    assert len(BY_NAME) == len(FAULTS)


@pytest.mark.parametrize(
    ("sheet", "cannot"), [(NOR, {"reordered", "group_erased"}), (DISK, {"group_erased"}), (SD_CARD, set())]
)
def test_a_data_sheet_rules_out_what_it_guarantees(sheet: DataSheet, cannot: set[str]) -> None:
    assert BY_NAME.keys() - sheet.can == cannot


def test_a_part_obeys_its_data_sheet() -> None:
    nor = written(replace(CARD, sheet=NOR))
    assert cut(nor, Cut(1, Moment.INSIDE, Torn.GROUP), erase(2)).image().count(ZEROS) == 5
    nor.rail.arm(Cut(2, Moment.AFTER, lost=1))
    nor.erase(0)
    with pytest.raises(NothingToLose, match="of card: it is NOR flash, and operations reach the cells at once"):
        nor.erase(1)


@pytest.mark.parametrize(("can", "group"), [({"nonsense"}, 1), ({"group_erased"}, 1), (set(), 2), (set(), 0)])
def test_a_data_sheet_that_contradicts_itself_is_refused(can: set[str], group: int) -> None:
    with pytest.raises(ValueError, match="odd: "):
        DataSheet("odd", frozenset(can), group)


def test_a_sheet_is_part_of_a_geometry_and_not_of_its_description() -> None:
    nor = replace(CARD, sheet=NOR)
    assert (nor == CARD, str(nor) == str(CARD), hash(CARD) == hash(replace(CARD))) == (False, True, True)


def test_what_was_synced_is_not_lost() -> None:
    part = written()
    part.rail.arm(Cut(4, Moment.AFTER, lost=2))
    part.erase(0)
    part.erase(1)
    part.sync()
    part.erase(2)
    with pytest.raises(NothingToLose, match="only 1 operations of card were not yet synced"):
        part.erase(3)
    assert (part.rail.on, part.rail.armed) == (True, None)


def test_the_other_of_two_contents_shows_after_a_cut_too() -> None:
    part = written()
    part.erase(0)
    part.rail.plan(LiveFault(LiveKind.METASTABLE, 1))
    cut(part, Cut(1, Moment.INSIDE, Torn.HALF), program(0, b"abcd"))
    assert [part.read(0, 0, 4) for _ in range(3)] == [b"ab\xff\xff", b"abcd", b"ab\xff\xff"]
