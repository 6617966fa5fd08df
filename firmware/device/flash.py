"""A flash part: erase sets a block to ones, program only clears bits, and every fault is data."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmware.device.faults import BadBlock, BitFlip, Cut, Defect, Moment, StuckBit, torn_erase, torn_program
from firmware.device.power import Operation, Rail
from firmware.errors import PowerCut, StorageError

ERASED = 0xFF


class BlockFailed(StorageError):
    """A program or erase that the part reports as failed: the block has gone bad."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """``program_unit`` and ``block_size`` in bytes, ``blocks`` their number."""

    program_unit: int
    block_size: int
    blocks: int

    def __post_init__(self) -> None:
        if self.program_unit < 1 or self.block_size < 1 or self.block_size % self.program_unit or self.blocks < 1:
            raise ValueError(f"{self} is no flash geometry: a block holds whole program units")

    @property
    def size(self) -> int:
        return self.block_size * self.blocks

    def __str__(self) -> str:
        return f"{self.blocks} blocks of {self.block_size} bytes, programmed by {self.program_unit}"


class FlashPart:
    """One flash device.

    The image is a list of immutable ``bytes``, a block each: copying a part copies references, and ``image()`` is a
    hashable key of its state. ``wear`` counts erases a block. ``overprograms`` counts programs over bytes that were
    not erased – a correct store leaves it at 0. ``mirror``, when set, is told every change (block, offset, bytes) and
    may keep it in a file.
    """

    __slots__ = (
        "_bad", "_erased", "_stuck", "blocks", "geometry", "mirror", "name", "operations", "overprograms", "rail",
        "wear",
    )  # fmt: skip

    def __init__(self, name: str, geometry: Geometry, rail: Rail, blocks: Iterable[bytes] | None = None) -> None:
        self.name = name
        self.geometry = geometry
        self.rail = rail
        self._erased = _erased_block(geometry.block_size)
        # One object for every erased block: a copy is cheap, and "is it erased?" is one identity test.
        self.blocks: list[bytes] = (
            [self._erased] * geometry.blocks
            if blocks is None
            else [self._erased if block == self._erased else block for block in blocks]
        )
        self.wear = array("I", bytes(array("I").itemsize * geometry.blocks))
        self.operations = 0
        self.overprograms = 0
        self.mirror: Callable[[FlashPart, int, int, bytes], None] | None = None
        self._bad: frozenset[int] = frozenset()
        self._stuck: tuple[StuckBit, ...] = ()

    def image(self) -> tuple[bytes, ...]:
        """The whole content as one hashable value."""
        return tuple(self.blocks)

    def read(self, block: int, offset: int, size: int) -> bytes:
        if not self.rail.on:
            raise PowerCut(f"{self.name} has no power")
        return self.blocks[block][offset : offset + size]

    def read_blocks(self, first: int, count: int) -> bytes:
        """Whole blocks, one after the other."""
        if not self.rail.on:
            raise PowerCut(f"{self.name} has no power")
        return b"".join(self.blocks[first : first + count])

    def program(self, block: int, offset: int, data: bytes) -> None:
        """Clear bits: each byte becomes ``old & new``. Offset and length are whole program units.

        Raises BlockFailed on a bad block, PowerCut where the rail says so, ValueError for a misaligned request.
        """
        unit, end = self.geometry.program_unit, offset + len(data)
        if offset % unit or len(data) % unit or not data or end > self.geometry.block_size or offset < 0:
            raise ValueError(f"{self.name}: program of {len(data)} bytes at {offset} is not in whole units of {unit}")
        cut = self._spend(block)
        content = self.blocks[block]
        if block in self._bad:
            self._trace("program", block, offset, len(data), content)
            raise self._failed(block, cut, "programmed")
        old = content[offset:end]
        erased = self._as_cells_hold(block, self._erased) if self._stuck else self._erased
        if old != erased[offset:end]:
            self.overprograms += 1
            anded = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            data = anded.to_bytes(len(data), "little")
        done = content[:offset] + data + content[end:]
        self._trace("program", block, offset, len(data), done)
        if cut is None or cut.moment is Moment.AFTER:
            self._store(block, offset, done, len(data))
        elif cut.moment is Moment.INSIDE:
            torn = torn_program(old, data, cut.torn)
            self._store(block, offset, content[:offset] + torn + content[end:], len(data))
        else:
            self._store_nothing(block)
        if cut is not None:
            raise self.rail.fail()

    def erase(self, block: int) -> None:
        """Set every bit of a block. Raises BlockFailed on a bad block, PowerCut where the rail says so."""
        cut = self._spend(block)
        is_bad = block in self._bad
        self._trace("erase", block, 0, self.geometry.block_size, self.blocks[block] if is_bad else self._erased)
        if is_bad:
            raise self._failed(block, cut, "erased")
        if cut is None or cut.moment is not Moment.BEFORE:
            self.wear[block] += 1
        if cut is None or cut.moment is Moment.AFTER:
            self._store(block, 0, self._erased, self.geometry.block_size)
        elif cut.moment is Moment.INSIDE:
            torn = torn_erase(self.blocks[block], self._erased, cut.torn)
            self._store(block, 0, torn, self.geometry.block_size)
        else:
            self._store_nothing(block)
        if cut is not None:
            raise self.rail.fail()

    def sync(self) -> None:
        """What was programmed and erased until now is done before anything that follows."""
        self._trace("sync", 0, 0, 0, b"")

    def _spend(self, block: int) -> Cut | None:
        if not 0 <= block < self.geometry.blocks:
            raise ValueError(f"{self.name} has blocks 0 to {self.geometry.blocks - 1}, not {block}")
        cut = self.rail.spend(self.name)
        self.operations += 1
        return cut

    def _trace(self, kind: str, block: int, offset: int, length: int, content: bytes) -> None:
        if self.rail.trace is not None:
            self.rail.trace.append(Operation(self.name, kind, block, offset, length, content))

    def _failed(self, block: int, cut: Cut | None, what: str) -> BlockFailed | PowerCut:
        """On a bad block: the caller raises what this returns."""
        self._store_nothing(block)
        return BlockFailed(f"{self.name}: block {block} cannot be {what}") if cut is None else self.rail.fail()

    def flip(self, fault: BitFlip) -> None:
        """A bit changes at rest: no operation, no power needed."""
        content = bytearray(self.blocks[fault.block])
        content[fault.bit // 8] ^= 1 << fault.bit % 8
        self._store(fault.block, 0, bytes(content), len(content))

    def overwrite(self, block: int, content: bytes) -> None:
        """Put content there from outside, as a card reader on a PC does: no flash rules, no power needed."""
        if len(content) != self.geometry.block_size:
            raise ValueError(f"{self.name}: a block has {self.geometry.block_size} bytes, not {len(content)}")
        self._store(block, 0, content, len(content))

    def add_defect(self, defect: Defect) -> None:
        """The part is broken from now on."""
        if isinstance(defect, BadBlock):
            self._bad |= {defect.block}
        else:
            self._stuck = (*self._stuck, defect)
            content = self.blocks[defect.block]
            self._store(defect.block, 0, content, len(content))

    @property
    def defects(self) -> tuple[Defect, ...]:
        return (*(BadBlock(block) for block in sorted(self._bad)), *self._stuck)

    def _store(self, block: int, offset: int, content: bytes, length: int) -> None:
        if self._stuck:
            content = self._as_cells_hold(block, content)
            offset, length = 0, len(content)
        self.blocks[block] = self._erased if content == self._erased else content
        if self.mirror is not None:
            self.mirror(self, block, offset, content[offset : offset + length])

    def _store_nothing(self, block: int) -> None:
        """An operation that changed no cell counts all the same, in the mirror too."""
        if self.mirror is not None:
            self.mirror(self, block, 0, b"")

    def _as_cells_hold(self, block: int, content: bytes) -> bytes:
        cells = bytearray(content)
        for stuck in self._stuck:
            if stuck.block == block:
                mask = 1 << stuck.bit % 8
                cells[stuck.bit // 8] = cells[stuck.bit // 8] | mask if stuck.value else cells[stuck.bit // 8] & ~mask
        return bytes(cells)

    def copy(self, rail: Rail) -> FlashPart:
        """The same part in the same state on another rail, without its mirror."""
        other = FlashPart.__new__(FlashPart)
        other.name, other.geometry, other.rail, other._erased = self.name, self.geometry, rail, self._erased
        other.blocks, other.wear = self.blocks.copy(), self.wear[:]
        other.operations, other.overprograms = self.operations, self.overprograms
        other._bad, other._stuck, other.mirror = self._bad, self._stuck, None
        return other


_ERASED_BLOCKS: dict[int, bytes] = {}


def _erased_block(size: int) -> bytes:
    return _ERASED_BLOCKS.setdefault(size, bytes([ERASED]) * size)
