"""What comes over one operation of a part: cells that break before it takes effect, and what is left afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.device.blocks import erased
from firmware.device.faults import (
    BadBlock,
    LiveFault,
    LiveKind,
    Moment,
    StuckBit,
    Torn,
    first_to_change,
    group_of,
    torn_erase,
    torn_program,
    without,
)
from firmware.device.metastable import Pages
from firmware.device.power import Operation, Strike

if TYPE_CHECKING:
    from firmware.device.flash import FlashPart


def begin(part: FlashPart, faults: tuple[LiveFault, ...], block: int, offset: int, data: bytes | None) -> int:
    """What breaks before an operation takes effect; ``data`` is None for an erase. Returns where it lands."""
    for fault in faults:
        if fault.kind is LiveKind.BAD_BLOCK:
            part.add_defect(BadBlock(block))
        elif fault.kind is LiveKind.STUCK_BIT:
            part.add_defect(first_to_change(block, part.blocks[block], offset, data))
        elif fault.kind is LiveKind.WORN_OUT:
            # A cell that no erase sets is one that always reads 0: programs cannot set it either.
            part.add_defect(StuckBit(block, 0, 0))
        elif fault.kind is LiveKind.MISDIRECTED:
            block = (block + 1) % part.geometry.blocks
    return block


def finish(part: FlashPart, strike: Strike, operation: Operation, before: bytes) -> None:
    """What is left to do after an operation that something came over. Raises PowerCut when that was a cut."""
    cut, block = strike.cut, operation.block
    if part.rail.waiting is not None:
        part.rail.waiting.setdefault(part.name, []).append((operation, before))
    if cut is not None and cut.lost:
        _lose(part, cut.lost)
    if cut is not None and cut.moment is Moment.INSIDE and cut.torn is Torn.GROUP:
        size = part.geometry.block_size
        for other in group_of(block, part.geometry.sheet.erase_group, part.geometry.blocks):
            if other != block:
                part.store(other, 0, erased(size), size)
    if any(fault.kind is LiveKind.METASTABLE for fault in strike.faults):
        _unsettle(part, operation, before)
    if cut is not None:
        raise part.rail.fail()


def _lose(part: FlashPart, count: int) -> None:
    """The ``count``-th operation before the last never reached the cells."""
    operations, lost, before = part.rail.to_lose(part.name, count, part.geometry.sheet)
    block, content = without(operations, lost, before)
    if operations[lost].kind == "erase" and not part.is_bad(block):
        part.wear[block] -= 1
    part.store(block, 0, content, len(content))


def _unsettle(part: FlashPart, operation: Operation, before: bytes) -> None:
    """What an operation wrote reads from now on as the cells are held to be and, in turn, as half or all of it."""
    block, start, end = operation.block, operation.offset, operation.offset + operation.length
    tear = torn_erase if operation.kind == "erase" else torn_program
    whole, held = operation.content[start:end], part.blocks[block][start:end]
    half = tear(before[start:end], whole, Torn.HALF)
    other = half if held == whole else whole
    if other != held and not part.is_bad(block) and held != before[start:end]:
        part.unstable = part.unstable or Pages()
        part.unstable.add(block, start, other)
