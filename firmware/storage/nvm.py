"""Redundant records on NOR flash: two slots a record, sequence number, CRC – as U-Boot's redundant environment.

A record is replaced by writing the slot that is *not* the present copy, whole, its first page last; then the other
slot the same way. So at every moment one good copy exists, and at rest two do: one damaged copy loses nothing.

Slot layout: magic ``NVMR``, sequence, length, CRC-32 (all little-endian 32 bit), then the data. The CRC covers the
record's name, sequence, length and data: a misplaced or half-written copy never passes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from firmware.device.blocks import Request, erased
from firmware.device.flash import FlashPart
from firmware.errors import Damaged, Full, StorageError
from firmware.memo import memoise

MAGIC = b"NVMR"
HEADER = struct.Struct("<4sIII")
_LENGTH, _LENGTH_AT = struct.Struct("<I"), 8
_BLANK_HEADER = b"\xff" * HEADER.size


class CopyState(str, Enum):
    BLANK = "blank"
    GOOD = "good"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Copy:
    """One slot, read back. ``sequence`` and ``data`` mean something only when it is good."""

    state: CopyState
    sequence: int = 0
    data: bytes = b""


_BLANK = Copy(CopyState.BLANK)
_DAMAGED = Copy(CopyState.DAMAGED)


class Lost(Damaged):
    """Both copies of a record are damaged: no power cut alone does that."""


def newer(a: int, b: int) -> bool:
    """Whether sequence ``a`` comes after ``b``, across the wrap at 2**32 (RFC 1982)."""
    return a != b and (a - b) % 2**32 < 2**31


class RecordStore:
    """The records of one NVM part. ``layout`` gives each record's blocks a slot, in the order they lie on the part."""

    __slots__ = ("_places", "part")

    def __init__(self, part: FlashPart, layout: Mapping[str, int]) -> None:
        self.part = part
        self._places = _places(tuple(layout.items()), part.geometry.blocks)

    def on(self, part: FlashPart) -> RecordStore:
        """The same layout on another part of the same geometry."""
        other = RecordStore.__new__(RecordStore)
        other.part, other._places = part, self._places
        return other

    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    def capacity(self, name: str) -> int:
        """Bytes that a record can hold."""
        return self._places[name][1] * self.part.geometry.block_size - HEADER.size

    def copies(self, name: str) -> tuple[Copy, Copy]:
        """Both slots as they are."""
        start, blocks = self._places[name]
        one, other = self._raw(start, blocks), self._raw(start + blocks, blocks)
        first = decode_copy(name, one)
        return first, first if other == one else decode_copy(name, other)

    def present(self, name: str) -> Copy | None:
        """The copy that counts, or None when the record was never completed. Lost when both are damaged."""
        return _present(name, *self.copies(name))

    def read(self, name: str) -> bytes | None:
        copy = self.present(name)
        return None if copy is None else copy.data

    def next_sequence(self, name: str) -> int:
        """The sequence number that :meth:`replace` will use: a sealed record binds itself to it."""
        return _next_sequence(*self.copies(name))

    def replace(self, name: str, data: bytes) -> None:
        """Make ``data`` the record, in both slots. After a power cut the record is the old or the new one, whole.

        Raises Full (nothing changed), StorageError when the flash fails and writing on would risk the only good copy.
        """
        if len(data) > self.capacity(name):
            raise Full(f"the NVM record {name} holds {self.capacity(name)} bytes, not {len(data)}")
        first, second = self.copies(name)
        sequence = _next_sequence(first, second)
        stale = 0 if _is_stale(first, second) else 1
        content = encode_copy(name, sequence, data)
        written = self._write_slot(name, stale, content)
        if not written and (first, second)[1 - stale].state is CopyState.GOOD:
            raise StorageError(f"the NVM record {name} keeps its old value: its free slot is on a failing block")
        if not self._write_slot(name, 1 - stale, content) and not written:
            raise StorageError(f"the NVM record {name} could not be written: both its slots are on failing blocks")

    def mend(self, name: str) -> tuple[Copy | None, bool]:
        """Read a record and give it its second good copy back when one slot is stale or damaged.

        Returns what :meth:`present` does, and whether a slot was rewritten.
        """
        first, second = self.copies(name)
        best = _present(name, first, second)
        if best is None or first is second or first == second:
            return best, False
        other = 1 if best is first else 0
        return best, self._write_slot(name, other, encode_copy(name, best.sequence, best.data))

    def slot_start(self, name: str, slot: int) -> tuple[int, int]:
        """The first block of a slot, and how many blocks it has."""
        first, blocks = self._places[name]
        return first + slot * blocks, blocks

    def _raw(self, start: int, blocks: int) -> bytes:
        """A slot's blocks, as far as its header says that it reaches."""
        size = self.part.geometry.block_size
        head = self.part.read(start, 0, size)
        if blocks == 1:
            return head
        needed = -(-(HEADER.size + _LENGTH.unpack_from(head, _LENGTH_AT)[0]) // size)
        if not 1 < needed <= blocks:
            return head
        return self.part.read_blocks(start, needed)

    def _write_slot(self, name: str, slot: int, content: bytes) -> bool:
        """Erase, program the pages after the first, then the first; read back. False when the flash failed us."""
        part, (start, blocks) = self.part, self.slot_start(name, slot)
        held = part.read_each(start, blocks)
        try:
            part.carry_out(_requests(start, held, content, part.geometry.program_unit), start, blocks)
        except StorageError:
            return False
        return part.read_blocks(start, -(-len(content) // part.geometry.block_size)).startswith(content)


@memoise(4096)
def _requests(start: int, held: tuple[bytes, ...], content: bytes, unit: int) -> tuple[Request, ...]:
    """What writing a slot that ``held`` something asks of the part: the page with the header comes last.

    Blocks beyond the new record are erased too when they hold anything: no old secret stays behind.
    """
    size = len(held[0])
    used = -(-len(content) // size)
    content += b"\xff" * (-len(content) % unit)
    erases = [start + n for n, block in enumerate(held) if n < used or block != erased(size)]
    pages = [*range(unit, len(content), unit), 0]
    return (
        *((block, 0, None) for block in erases),
        *((start + at // size, at % size, content[at : at + unit]) for at in pages),
    )


@cache
def _places(layout: tuple[tuple[str, int], ...], available: int) -> dict[str, tuple[int, int]]:
    """The first block and the blocks a slot of each record."""
    places, first = {}, 0
    for name, blocks in layout:
        places[name] = (first, blocks)
        first += 2 * blocks
    if first > available:
        raise ValueError(f"these records need {first} blocks, the part has {available}")
    return places


def _next_sequence(first: Copy, second: Copy) -> int:
    good = [copy.sequence for copy in (first, second) if copy.state is CopyState.GOOD]
    if not good:
        return 1
    latest = good[0] if len(good) == 1 or newer(good[0], good[1]) else good[1]
    return (latest + 1) % 2**32


def _is_stale(first: Copy, second: Copy) -> bool:
    """Whether the first slot is the one to overwrite first: never the only good copy, else the older one."""
    if first.state is CopyState.GOOD and second.state is CopyState.GOOD:
        return newer(second.sequence, first.sequence)
    return first.state is not CopyState.GOOD


def _present(name: str, first: Copy, second: Copy) -> Copy | None:
    if first.state is CopyState.GOOD and second.state is CopyState.GOOD:
        return second if newer(second.sequence, first.sequence) else first
    for copy in (first, second):
        if copy.state is CopyState.GOOD:
            return copy
    if first.state is CopyState.DAMAGED and second.state is CopyState.DAMAGED:
        raise Lost(f"both copies of the NVM record {name} are damaged")
    return None


def _crc(name: str, counts: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(counts, zlib.crc32(name.encode())))


@memoise(4096)
def encode_copy(name: str, sequence: int, data: bytes) -> bytes:
    """A record's header and data, as they lie in a slot or in a file."""
    crc = _crc(name, struct.pack("<II", sequence, len(data)), data)
    return HEADER.pack(MAGIC, sequence, len(data), crc) + data


@memoise(4096)
def decode_copy(name: str, raw: bytes) -> Copy:
    """What :func:`encode_copy` made, told apart from blank flash and from anything else."""
    if raw.startswith(_BLANK_HEADER):
        return _BLANK
    magic, sequence, length, crc = HEADER.unpack_from(raw)
    data = raw[HEADER.size : HEADER.size + length]
    if magic != MAGIC or len(data) != length or crc != _crc(name, raw[4:12], data):
        return _DAMAGED
    return Copy(CopyState.GOOD, sequence, data)
