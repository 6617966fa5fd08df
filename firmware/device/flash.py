"""A flash part: erase sets a block to ones, program only clears bits, and every fault is data."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from firmware.device import strikes
from firmware.device.blocks import Request, carried_out, erased, joined, programmed
from firmware.device.faults import (
    BadBlock,
    BitFlip,
    Defect,
    Moment,
    StuckBit,
    as_cells_hold,
    torn_erase,
    torn_program,
)
from firmware.device.metastable import Pages
from firmware.device.physics import NOR, DataSheet
from firmware.device.power import Operation, Rail, Strike
from firmware.errors import PowerCut, StorageError


class BlockFailed(StorageError):
    """A program or erase that the part reports as failed: the block has gone bad."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """``program_unit`` and ``block_size`` in bytes, ``blocks`` their number; ``sheet``: what such a part can do."""

    program_unit: int
    block_size: int
    blocks: int
    sheet: DataSheet = field(default=NOR, hash=False)  # it would double the cost of a hash

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
    may keep it in a file. ``unstable``, when there are any: the pages that read now as one thing, now as another;
    ``blocks`` holds the first of the two.
    """

    __slots__ = (
        "_bad", "_erased", "_stuck", "blocks", "geometry", "mirror", "name", "operations", "overprograms", "rail",
        "unstable", "wear",
    )  # fmt: skip

    def __init__(self, name: str, geometry: Geometry, rail: Rail, blocks: Iterable[bytes] | None = None) -> None:
        self.name = name
        self.geometry = geometry
        self.rail = rail
        self._erased = erased(geometry.block_size)
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
        self.unstable: Pages | None = None

    def image(self) -> tuple[bytes, ...]:
        """The whole content as one hashable value."""
        return tuple(self.blocks)

    def read(self, block: int, offset: int, size: int) -> bytes:
        if not self.rail.on:
            raise PowerCut(f"{self.name} has no power")
        if self.unstable is not None:
            return self.unstable.seen(block, self.blocks[block], offset, offset + size)
        return self.blocks[block][offset : offset + size]

    def read_each(self, first: int, count: int) -> tuple[bytes, ...]:
        """Whole blocks, each by itself."""
        if not self.rail.on:
            raise PowerCut(f"{self.name} has no power")
        if self.unstable is not None:
            return tuple([self.read(block, 0, self.geometry.block_size) for block in range(first, first + count)])
        return tuple(self.blocks[first : first + count])

    def read_blocks(self, first: int, count: int) -> bytes:
        """Whole blocks, one after the other."""
        return joined(self.read_each(first, count))

    def program(self, block: int, offset: int, data: bytes) -> None:
        """Clear bits: each byte becomes ``old & new``. Offset and length are whole program units.

        Raises BlockFailed on a bad block, PowerCut where the rail says so, ValueError for a misaligned request.
        """
        geometry, size = self.geometry, len(data)
        unit, end = geometry.program_unit, offset + size
        if offset % unit or size % unit or not size or end > geometry.block_size or offset < 0:
            raise ValueError(f"{self.name}: program of {size} bytes at {offset} is not in whole units of {unit}")
        strike, cut, asked = self._spend(block), None, block
        if strike is not None:
            cut, block = strike.cut, strikes.begin(self, strike.faults, block, offset, data)
        content = self.blocks[block]
        if block in self._bad:
            raise self._failed(strike, Operation(self.name, "program", block, offset, size, content))
        blank = as_cells_hold(block, self._erased, self._stuck) if self._stuck else self._erased
        done, is_over = programmed(content, offset, data, blank)
        self.overprograms += is_over and block == asked
        rail = self.rail
        if rail.trace is not None:
            rail.trace.append(Operation(self.name, "program", block, offset, size, done))
        if cut is None or cut.moment is Moment.AFTER:
            self.store(block, offset, done, size)
        elif cut.moment is Moment.INSIDE:
            torn = torn_program(content[offset:end], done[offset:end], cut.torn)
            self.store(block, offset, content[:offset] + torn + content[end:], size)
        else:
            self._store_nothing(block)
        if strike is not None:
            strikes.finish(self, strike, Operation(self.name, "program", block, offset, size, done), content)

    def erase(self, block: int) -> None:
        """Set every bit of a block. Raises BlockFailed on a bad block, PowerCut where the rail says so."""
        strike, cut = self._spend(block), None
        if strike is not None:
            cut, block = strike.cut, strikes.begin(self, strike.faults, block, 0, None)
        content, size = self.blocks[block], self.geometry.block_size
        if block in self._bad:
            raise self._failed(strike, Operation(self.name, "erase", block, 0, size, content))
        self._trace("erase", block, 0, size, self._erased)
        if cut is None or cut.moment is not Moment.BEFORE:
            self.wear[block] += 1
        if cut is None or cut.moment is Moment.AFTER:
            self.store(block, 0, self._erased, size)
        elif cut.moment is Moment.INSIDE:
            self.store(block, 0, torn_erase(content, self._erased, cut.torn), size)
        else:
            self._store_nothing(block)
        if strike is not None:
            strikes.finish(self, strike, Operation(self.name, "erase", block, 0, size, self._erased), content)

    def carry_out(self, requests: tuple[Request, ...], first: int, count: int) -> None:
        """Programs and erases, one after the other, in so many blocks from ``first`` on."""
        if self.is_sound:
            self.again(*carried_out(self.name, requests, first, tuple(self.blocks[first : first + count])))
            return
        for block, offset, data in requests:
            if data is None:
                self.erase(block)
            else:
                self.program(block, offset, data)

    def again(self, operations: tuple[Operation, ...], over: int) -> None:
        """On a sound part: operations of which it is known what they leave; ``over``: overprograms among them."""
        rail, blocks, wear, mirror = self.rail, self.blocks, self.wear, self.mirror
        for _, kind, block, offset, length, content in operations:
            if kind == "sync":
                continue
            rail.operations += 1
            self.operations += 1
            if kind == "erase":
                wear[block] += 1
            blocks[block] = content
            if mirror is not None:
                mirror(self, block, offset, content[offset : offset + length])
        self.overprograms += over
        if rail.trace is not None:
            rail.trace.extend(operations)

    def sync(self) -> None:
        """What was programmed and erased until now is done before anything that follows."""
        self._trace("sync", 0, 0, 0, b"")
        if self.rail.waiting is not None:
            self.rail.waiting.pop(self.name, None)

    def _spend(self, block: int) -> Strike | None:
        if not 0 <= block < self.geometry.blocks:
            raise ValueError(f"{self.name} has blocks 0 to {self.geometry.blocks - 1}, not {block}")
        strike = self.rail.spend(self.name)
        self.operations += 1
        return strike

    def _trace(self, kind: str, block: int, offset: int, length: int, content: bytes) -> None:
        if self.rail.trace is not None:
            self.rail.trace.append(Operation(self.name, kind, block, offset, length, content))

    def _failed(self, strike: Strike | None, operation: Operation) -> BlockFailed:
        """On a bad block: the caller raises what this returns."""
        self._trace(*operation[1:])
        self._store_nothing(operation.block)
        if strike is not None:
            strikes.finish(self, strike, operation, operation.content)
        what = {"program": "programmed", "erase": "erased"}[operation.kind]
        return BlockFailed(f"{self.name}: block {operation.block} cannot be {what}")

    def flip(self, fault: BitFlip) -> None:
        """A bit changes at rest: no operation, no power needed."""
        content, at = bytearray(self.blocks[fault.block]), fault.bit // 8
        content[at] ^= 1 << fault.bit % 8
        self.store(fault.block, at, bytes(content), 1)

    def overwrite(self, block: int, content: bytes) -> None:
        """Put content there from outside, as a card reader on a PC does: no flash rules, no power needed."""
        if len(content) != self.geometry.block_size:
            raise ValueError(f"{self.name}: a block has {self.geometry.block_size} bytes, not {len(content)}")
        self.store(block, 0, content, len(content))

    def add_defect(self, defect: Defect) -> None:
        """The part is broken from now on."""
        if isinstance(defect, BadBlock):
            self._bad |= {defect.block}
        else:
            self._stuck = (*self._stuck, defect)
            content = self.blocks[defect.block]
            self.store(defect.block, 0, content, len(content))

    @property
    def is_sound(self) -> bool:
        """Whether it has power, and every operation does just what it is to do."""
        rail = self.rail
        return rail.on and not (rail.expects or self._bad or self._stuck or self.unstable is not None)

    def is_bad(self, block: int) -> bool:
        """Whether its programs and erases fail."""
        return block in self._bad

    @property
    def defects(self) -> tuple[Defect, ...]:
        return (*(BadBlock(block) for block in sorted(self._bad)), *self._stuck)

    def store(self, block: int, offset: int, content: bytes, length: int) -> None:
        """Let the cells of a block hold this, as far as they can; ``offset`` and ``length`` say what of it is new."""
        if self._stuck:
            content = as_cells_hold(block, content, self._stuck)
            offset, length = 0, len(content)
        if self.unstable is not None and not self.unstable.written(block, offset, offset + length):
            self.unstable = None
        self.blocks[block] = self._erased if content == self._erased else content
        if self.mirror is not None:
            self.mirror(self, block, offset, content[offset : offset + length])

    def _store_nothing(self, block: int) -> None:
        """An operation that changed no cell counts all the same, in the mirror too."""
        if self.mirror is not None:
            self.mirror(self, block, 0, b"")

    def copy(self, rail: Rail) -> FlashPart:
        """The same part in the same state on another rail, without its mirror."""
        other = FlashPart.__new__(FlashPart)
        other.name, other.geometry, other.rail, other._erased = self.name, self.geometry, rail, self._erased
        other.blocks, other.wear = self.blocks.copy(), self.wear[:]
        other.operations, other.overprograms = self.operations, self.overprograms
        other._bad, other._stuck, other.mirror = self._bad, self._stuck, None
        other.unstable = self.unstable and self.unstable.copy()
        return other
