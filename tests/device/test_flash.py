"""NOR semantics against a plain model, and every fault."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.faults import BadBlock, BitFlip, Cut, Moment, StuckBit, Torn
from firmware.device.flash import BlockFailed, FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import PowerCut

GEOMETRY = Geometry(program_unit=4, block_size=16, blocks=3)


def powered(name: str = "part", rail: Rail | None = None) -> FlashPart:
    rail = rail or Rail()
    rail.on = True
    return FlashPart(name, GEOMETRY, rail)


programs = st.tuples(st.integers(0, 2), st.sampled_from([0, 4, 8, 12]), st.binary(min_size=4, max_size=4))
erases = st.integers(0, 2)


@given(st.lists(programs | erases, max_size=40))
def test_programming_clears_bits_and_erasing_sets_them(work: list[tuple[int, int, bytes] | int]) -> None:
    part, model = powered(), [[0xFF] * 16 for _ in range(3)]
    wear, over = [0, 0, 0], 0
    for step in work:
        if isinstance(step, int):
            part.erase(step)
            model[step] = [0xFF] * 16
            wear[step] += 1
        else:
            block, at, data = step
            over += any(byte != 0xFF for byte in model[block][at : at + 4])
            part.program(block, at, data)
            model[block][at : at + 4] = [old & new for old, new in zip(model[block][at : at + 4], data, strict=True)]
    assert [list(part.read(block, 0, 16)) for block in range(3)] == model
    assert (list(part.wear), part.overprograms, part.operations, part.rail.operations) == (
        wear,
        over,
        len(work),
        len(work),
    )
    assert part.read_blocks(0, 3) == bytes(cell for block in model for cell in block)


@pytest.mark.parametrize(("offset", "size"), [(1, 4), (0, 3), (0, 0), (12, 8), (-4, 4)])
def test_only_whole_program_units_inside_a_block(offset: int, size: int) -> None:
    part = powered()
    with pytest.raises(ValueError, match="not in whole units of 4"):
        part.program(0, offset, b"\0" * size)
    assert part.operations == 0


@pytest.mark.parametrize("block", [-1, 3])
def test_only_blocks_of_the_part(block: int) -> None:
    part = powered()
    with pytest.raises(ValueError, match=f"part has blocks 0 to 2, not {block}"):
        part.program(block, 0, b"\0" * 4)
    with pytest.raises(ValueError, match=f"part has blocks 0 to 2, not {block}"):
        part.erase(block)
    assert (part.operations, part.rail.operations, part.image()) == (0, 0, powered().image())


@pytest.mark.parametrize("size", [15, 17])
def test_a_block_put_there_from_outside_is_a_whole_one(size: int) -> None:
    with pytest.raises(ValueError, match=f"a block has 16 bytes, not {size}"):
        powered().overwrite(0, b"\0" * size)


@pytest.mark.parametrize("fields", [(0, 16, 1), (4, 0, 1), (3, 16, 1), (4, 16, 0)])
def test_an_impossible_geometry_is_refused(fields: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is no flash geometry"):
        Geometry(*fields)


OLD, NEW = b"\xf0\xff\xff\xff", b"\x30\x0f\xff\x00"  # NEW only clears bits of OLD

TORN_PROGRAMS = {
    Torn.HALF: b"\x30\x0f\xff\xff",
    Torn.ONE_BIT: b"\xb0\xff\xff\xff",  # 0xf0 -> 0xb0: the lowest bit that had to be cleared, and no other
    Torn.ALL_BUT_ONE_BIT: b"\x70\x0f\xff\x00",
    Torn.GROUP: b"\x30\x0f\xff\xff",  # NOR knows no erase group
}


@pytest.mark.parametrize("torn", Torn)
def test_a_torn_program_leaves_what_its_form_says(torn: Torn) -> None:
    part = powered()
    part.program(1, 4, OLD)
    part.rail.arm(Cut(1, Moment.INSIDE, torn))
    with pytest.raises(PowerCut):
        part.program(1, 4, NEW)
    assert part.blocks[1][4:8] == TORN_PROGRAMS[torn]
    for old, left, new in zip(OLD, part.blocks[1][4:8], NEW, strict=True):
        assert new & ~left == 0
        assert left & ~old == 0


@pytest.mark.parametrize(
    ("torn", "erased"), [(Torn.HALF, 8), (Torn.ONE_BIT, 1), (Torn.ALL_BUT_ONE_BIT, 15), (Torn.GROUP, 8)]
)
def test_a_torn_erase_leaves_what_its_form_says(torn: Torn, erased: int) -> None:
    part = powered()
    for at in range(0, 16, 4):
        part.program(0, at, b"\0" * 4)
    part.rail.arm(Cut(1, Moment.INSIDE, torn))
    with pytest.raises(PowerCut):
        part.erase(0)
    assert part.blocks[0] == b"\xff" * erased + b"\0" * (16 - erased)


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_a_cut_before_or_after_an_operation(moment: Moment) -> None:
    part = powered()
    part.program(0, 0, b"\0" * 4)
    part.rail.arm(Cut(2, moment))
    part.program(0, 4, b"\0" * 4)
    with pytest.raises(PowerCut, match="flash operation 3"):
        part.erase(0)
    assert part.blocks[0] == (b"\0" * 8 + b"\xff" * 8 if moment is Moment.BEFORE else b"\xff" * 16)
    assert part.wear[0] == (moment is Moment.AFTER)


def test_all_parts_of_a_rail_freeze_together() -> None:
    rail = Rail()
    one, other = powered("one", rail), powered("other", rail)
    rail.arm(Cut(2, Moment.BEFORE, part="other"))
    one.program(0, 0, b"\0" * 4)
    other.program(0, 0, b"\0" * 4)
    one.erase(1)
    with pytest.raises(PowerCut):
        other.erase(1)
    images = one.image(), other.image()
    for part in (one, other):
        with pytest.raises(PowerCut):
            part.erase(0)
        with pytest.raises(PowerCut):
            part.program(0, 8, b"\0" * 4)
        with pytest.raises(PowerCut):
            part.read(0, 0, 4)
        with pytest.raises(PowerCut):
            part.read_blocks(0, 1)
    assert (one.image(), other.image()) == images
    assert rail.armed is None


def test_a_bad_block_fails_and_keeps_what_it_holds() -> None:
    part = powered()
    part.program(1, 0, b"kept")
    part.add_defect(BadBlock(1))
    with pytest.raises(BlockFailed, match="block 1 cannot be programmed"):
        part.program(1, 4, b"more")
    with pytest.raises(BlockFailed, match="block 1 cannot be erased"):
        part.erase(1)
    assert part.read(1, 0, 8) == b"kept\xff\xff\xff\xff"


@pytest.mark.parametrize("moment", Moment)
def test_power_goes_at_an_operation_on_a_bad_block_too(moment: Moment) -> None:
    part = powered()
    part.add_defect(BadBlock(1))
    part.rail.arm(Cut(2, moment))
    with pytest.raises(BlockFailed):
        part.erase(1)
    with pytest.raises(PowerCut, match="flash operation 2"):
        part.program(1, 0, b"\0" * 4)
    assert not part.rail.on
    assert part.blocks[1] == b"\xff" * 16


def test_programming_over_a_stuck_cell_is_no_fault_of_the_store() -> None:
    part = powered()
    part.add_defect(StuckBit(2, 0, 0))
    part.erase(2)
    part.program(2, 0, b"\xf0" * 4)
    assert (part.overprograms, part.read(2, 0, 2)) == (0, b"\xf0\xf0")
    part.program(2, 0, b"\0" * 4)
    assert part.overprograms == 1


@pytest.mark.parametrize(("value", "operation"), list(product([0, 1], ["erase", "program"])))
def test_a_stuck_bit_reads_its_value_whatever_is_done(value: int, operation: str) -> None:
    part = powered()
    part.add_defect(StuckBit(2, 9, value))
    if operation == "erase":
        part.erase(2)
    else:
        part.program(2, 0, b"\0" * 4)
    assert part.read(2, 1, 1)[0] >> 1 & 1 == value
    assert part.defects == (StuckBit(2, 9, value),)


def test_a_bit_flips_at_rest_without_power_or_operation() -> None:
    part = powered()
    part.rail.on = False
    part.flip(BitFlip(1, 17))
    assert part.blocks[1] == b"\xff\xff\xfd" + b"\xff" * 13
    assert part.operations == 0


def test_a_copy_goes_its_own_way() -> None:
    part = powered()
    part.program(0, 0, b"both")
    part.add_defect(BadBlock(2))
    rail = Rail()
    rail.on = True
    other = part.copy(rail)
    other.erase(0)
    assert part.read(0, 0, 4) == b"both"
    assert (part.wear[0], other.wear[0], other.defects, part.operations, other.operations) == (0, 1, part.defects, 1, 2)


def test_every_change_reaches_the_mirror() -> None:
    part = powered()
    image = bytearray(b"".join(part.blocks))

    def mirror(_part: FlashPart, block: int, offset: int, content: bytes) -> None:
        image[block * 16 + offset : block * 16 + offset + len(content)] = content

    part.mirror = mirror
    part.program(0, 4, b"abcd")
    part.erase(0)
    part.program(1, 8, b"efgh")
    part.add_defect(StuckBit(1, 0, 0))
    part.flip(BitFlip(2, 5))
    part.overwrite(2, b"0123456789abcdef")
    part.rail.arm(Cut(1, Moment.INSIDE, Torn.HALF))
    with pytest.raises(PowerCut):
        part.program(0, 0, b"wxyz")
    assert bytes(image) == b"".join(part.blocks)


def test_the_trace_is_the_operation_log() -> None:
    part = powered()
    part.rail.trace = []
    part.erase(1)
    part.program(1, 4, b"abcd")
    part.sync()
    with part.rail.fed_by_bench():
        part.erase(0)
    erased = b"\xff" * 16
    assert part.rail.trace == [
        ("part", "erase", 1, 0, 16, erased),
        ("part", "program", 1, 4, 4, erased[:4] + b"abcd" + erased[8:]),
        ("part", "sync", 0, 0, 0, b""),
    ]


def test_the_bench_s_own_power_neither_meets_nor_moves_a_cut() -> None:
    part = powered()
    part.rail.arm(Cut(3, Moment.BEFORE))
    part.erase(0)
    part.rail.on = False
    with part.rail.fed_by_bench():
        for _ in range(5):
            part.erase(1)
    assert not part.rail.on
    part.rail.on = True
    part.erase(2)
    with pytest.raises(PowerCut):
        part.erase(2)
