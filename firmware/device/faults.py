"""Flash faults as data: where, and what. Nothing here acts; :mod:`firmware.device.flash` obeys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Moment(str, Enum):
    """When, seen from the operation, power goes away."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


class Torn(str, Enum):
    """How much of an interrupted program or erase took effect.

    For a program, of the bits that had to be cleared: the first half of the bytes, none but one bit, all but one
    bit. For an erase: the first half of the block, its first byte only, all but its last byte.
    """

    HALF = "half"
    ONE_BIT = "one_bit"
    ALL_BUT_ONE_BIT = "all_but_one_bit"


@dataclass(frozen=True, slots=True)
class Cut:
    """Power is cut at the ``operation``-th program or erase from now (1 = the next), of any part or of one."""

    operation: int
    moment: Moment = Moment.INSIDE
    torn: Torn = Torn.HALF
    part: str | None = None

    def __post_init__(self) -> None:
        if self.operation < 1:
            raise ValueError(f"a power cut: the next operation is 1, there is no {self.operation}")


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
    if how is Torn.HALF:
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
    reach = {Torn.HALF: len(old) // 2, Torn.ONE_BIT: 1, Torn.ALL_BUT_ONE_BIT: len(old) - 1}[how]
    return erased[:reach] + old[reach:]
