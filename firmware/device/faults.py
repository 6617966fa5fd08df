"""Flash faults as data: where, and what. Nothing here acts; :mod:`firmware.device.flash` obeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.device.power import Operation


class Moment(str, Enum):
    """When, seen from the operation, power goes away."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


class Torn(str, Enum):
    """How much of an interrupted program or erase took effect.

    For a program, of the bits that had to be cleared: the first half of the bytes, none but one bit, all but one
    bit. For an erase: the first half of the block, its first byte only, all but its last byte. GROUP: as HALF, and the
    other blocks of the erase group read erased; as HALF alone where the part's data sheet knows no such group.
    """

    HALF = "half"
    ONE_BIT = "one_bit"
    ALL_BUT_ONE_BIT = "all_but_one_bit"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Cut:
    """Power is cut at the ``operation``-th program or erase from now (1 = the next), of any part or of one.

    ``lost``, after an operation only: the so many-th operation before it (1 = the one just before) of the same part,
    not synced since, never reached the cells. What was done before the cut was ordered cannot be lost.
    """

    operation: int
    moment: Moment = Moment.INSIDE
    torn: Torn = Torn.HALF
    part: str | None = None
    lost: int = 0

    def __post_init__(self) -> None:
        if self.operation < 1:
            raise ValueError(f"a power cut: the next operation is 1, there is no {self.operation}")
        if self.lost < 0 or (self.lost and self.moment is not Moment.AFTER):
            raise ValueError("a power cut: only one that comes after an operation can lose an earlier one")


class LiveKind(str, Enum):
    """What breaks while the part works; the rows of :mod:`firmware.device.physics` that strike live."""

    BAD_BLOCK = "bad_block"
    STUCK_BIT = "stuck_bit"
    MISDIRECTED = "misdirected"
    WORN_OUT = "worn_out"
    METASTABLE = "metastable"


@dataclass(frozen=True, slots=True)
class LiveFault:
    """Something breaks at the ``operation``-th program or erase from now (1 = the next), of any part or of one, where
    that operation is.

    bad_block: it fails, and so does every later one of its block. stuck_bit: the lowest bit that it was to change keeps
    its value for ever. misdirected: it lands in the next block, the last block's in the first. worn_out: it and every
    later erase leave the lowest bit of the block's first byte cleared. metastable: what it wrote reads alternately as
    it should and as half written, until it is programmed or erased again.
    """

    kind: LiveKind
    operation: int
    part: str | None = None

    def __post_init__(self) -> None:
        if self.operation < 1:
            raise ValueError(f"a flash fault: the next operation is 1, there is no {self.operation}")


@dataclass(frozen=True, slots=True)
class BitFlip:
    """One bit changes at rest. ``bit`` counts from the lowest bit of the block's first byte."""

    block: int
    bit: int


@dataclass(frozen=True, slots=True)
class BadBlock:
    """Programs and erases of this block fail from now on; what it holds can still be read."""

    block: int


@dataclass(frozen=True, slots=True)
class StuckBit:
    """A cell that always reads ``value``, whatever is programmed or erased."""

    block: int
    bit: int
    value: int


Defect = BadBlock | StuckBit


def torn_program(old: bytes, new: bytes, how: Torn) -> bytes:
    """What a page holds when programming ``new`` over ``old`` was interrupted. ``new`` is already ``old & new``."""
    if how in (Torn.HALF, Torn.GROUP):
        half = len(new) // 2
        return new[:half] + old[half:]
    to_clear = int.from_bytes(old, "little") & ~int.from_bytes(new, "little")
    if not to_clear:
        return new
    lowest = to_clear & -to_clear
    whole = int.from_bytes(old, "little")
    left = whole & ~lowest if how is Torn.ONE_BIT else whole & ~(to_clear & ~lowest)
    return left.to_bytes(len(old), "little")


def torn_erase(old: bytes, erased: bytes, how: Torn) -> bytes:
    """What a block holds when its erase was interrupted."""
    half = len(old) // 2
    reach = {Torn.HALF: half, Torn.GROUP: half, Torn.ONE_BIT: 1, Torn.ALL_BUT_ONE_BIT: len(old) - 1}[how]
    return erased[:reach] + old[reach:]


def as_cells_hold(block: int, content: bytes, stuck: Sequence[StuckBit]) -> bytes:
    """What a block really holds when ``content`` is written to it."""
    cells = bytearray(content)
    for cell in stuck:
        if cell.block == block:
            mask = 1 << cell.bit % 8
            cells[cell.bit // 8] = cells[cell.bit // 8] | mask if cell.value else cells[cell.bit // 8] & ~mask
    return bytes(cells)


def first_to_change(block: int, content: bytes, offset: int, data: bytes | None) -> StuckBit:
    """The lowest bit that programming ``data``, or with None an erase, is to change, stuck at its present value.

    When there is none to change: the first that it reaches.
    """
    size = len(content) if data is None else len(data)
    old = int.from_bytes(content[offset : offset + size], "little")
    change = (1 << 8 * size) - 1 - old if data is None else old & ~int.from_bytes(data, "little")
    bit = (change & -change).bit_length() - 1 if change else 0
    return StuckBit(block, 8 * offset + bit, old >> bit & 1)


def group_of(block: int, erase_group: int, blocks: int) -> range:
    """The blocks that a part of ``blocks`` blocks moves together with this one, itself among them."""
    first = block - block % erase_group
    return range(first, min(first + erase_group, blocks))


def unsynced(trace: Sequence[Operation], part: str) -> list[Operation]:
    """The operations of a part since its last sync in a trace: what a cut after the last of them can lose, but it."""
    found: list[Operation] = []
    for operation in reversed(trace):
        if operation.part == part:
            if operation.kind == "sync":
                break
            found.append(operation)
    return found[::-1]


def without(operations: Sequence[Operation], lost: int, before: bytes) -> tuple[int, bytes]:
    """The block of ``operations[lost]``, and what it holds when that one never reached the cells and the others did.

    The operations are of one part, in order, with no sync in between; the last is done. ``before`` is the block's
    content just before the lost one. No other block of the part holds anything else for the loss.
    """
    gone, cells = operations[lost], before
    for later in operations[lost + 1 :]:
        if later.block == gone.block:
            cells = _done_again(later, cells)
    return gone.block, cells


def _done_again(operation: Operation, cells: bytes) -> bytes:
    """An operation of a trace, on a block that may hold something else than it did then."""
    content, start, end = operation.content, operation.offset, operation.offset + operation.length
    if operation.kind == "erase":
        # A failing block's erase changed nothing, and its trace shows that.
        return content if content == b"\xff" * len(content) else cells
    anded = int.from_bytes(cells[start:end], "little") & int.from_bytes(content[start:end], "little")
    return cells[:start] + anded.to_bytes(end - start, "little") + cells[end:]
