"""The canonical form of a redundant NVM record: what :class:`firmware.storage.nvm.RecordStore` can ever read of it.

A search over power cuts keeps one image of each form. Of a slot the form holds

- a good copy: sequence and data, and what lies behind the copy unless that is blank;
- a damaged one: that it is, and how far its header is written – a torn erase can blank what is left of it;
- of each block, but for those of a good copy, how far it is written: the last byte that is not blank.

This is enough. ``replace`` and ``mend`` choose slot and sequence by the two copies. They erase a slot's first block
whatever it holds, so from then on the slot is blank or damaged, and no tear of that erase makes a copy good: it sets
bits only, and a good header needs clear ones in its first byte. The other blocks they erase when the new copy needs
them or they hold anything. A torn erase blanks a block's beginning: what it leaves is blank or not, and how far it
still reaches, according to where the last byte lies that was not blank. Programming starts when all is blank, so that
what it leaves does not depend on what was there.

Not in the form: what a slot without a good copy holds. Whoever looks for old secrets in free space finds them by how
far a block is written only, so a search does not merge while it looks for them. Operations lost or out of order, and
bit flips, are outside this: they bring back what the form leaves out.
"""

from __future__ import annotations

from collections.abc import Hashable

from firmware.memo import memoise
from firmware.storage.nvm import HEADER, CopyState, decode_copy

Slot = tuple[bytes, ...]


@memoise(1 << 16)
def record_form(name: str, slots: tuple[Slot, Slot]) -> Hashable:
    """The form of one record from the blocks of its two slots."""
    return _slot_form(name, slots[0]), _slot_form(name, slots[1])


def _slot_form(name: str, blocks: Slot) -> Hashable:
    whole, size = b"".join(blocks), len(blocks[0])
    # A copy that claims to be longer than its slot is damaged whether one reads its first block or all of them.
    copy = decode_copy(name, whole)
    if copy.state is CopyState.GOOD:
        return copy.sequence, copy.data, whole[HEADER.size + len(copy.data) :].rstrip(b"\xff")
    written = tuple(_written(block, size) for block in blocks)
    return copy.state.value, _written(whole[: HEADER.size], size), written


def _written(content: bytes, size: int) -> int:
    """How far a block is written: how many of the erases that did not end (:func:`firmware.device.faults.torn_erase`:
    none of the block, its first byte, half of it, all but its last byte) would leave something behind."""
    reach = len(content.rstrip(b"\xff"))
    return sum(reach > blanked for blanked in (0, 1, size // 2, size - 1))
