"""A flash part as the block device that littlefs drives.

It goes on where littlefs cannot be stopped: after a power cut on a scratch copy, after too many reads on nothing.
"""

from __future__ import annotations

from typing import Any

from littlefs import lfs

from firmware.device.flash import BlockFailed, FlashPart
from firmware.errors import BadInput, Damaged, PowerCut, StorageError

CORRUPT = -84  # LFS_ERR_CORRUPT: from littlefs, its structure is damaged; to littlefs, the block is bad
SMALLEST_BLOCK = 256  # in blocks of 128 bytes, where littlefs's own bounds lie, a bad one trips its assertions


class Driver:
    """What littlefs reads, programs and erases.

    A callback that raises does not stop littlefs: it takes the error for a bad block and goes on. So at a power cut
    the part keeps its image, littlefs finishes on a scratch copy, and the volume raises ``failure`` afterwards.

    Forged metadata can lead littlefs in a circle. Each turn reads the beginning of a block; when no visits are left
    everything reads as erased, which no metadata passes for, and the circle opens.

    ``touched``: the blocks in the order of their first use, and whether it was to find out what they hold.
    """

    __slots__ = ("blocks", "failure", "part", "touched", "visits_left")

    def __init__(self, part: FlashPart) -> None:
        self.part = part
        self.blocks = part.blocks
        self.failure: PowerCut | StorageError | BadInput | None = None
        self.visits_left = 0
        self.touched: dict[int, bool] = {}

    def read(self, _cfg: Any, block: int, offset: int, size: int) -> bytes:
        self.touched.setdefault(block, True)
        if not offset:
            self.visits_left -= 1
            if not self.visits_left:
                self._freeze(Damaged(f"{self.part.name}: its directories lead in a circle"))
                self.blocks = [self._erased()] * self.part.geometry.blocks
        unstable = self.part.unstable
        if unstable is not None and self.failure is None:
            return unstable.seen(block, self.blocks[block], offset, offset + size)
        return self.blocks[block][offset : offset + size]

    def prog(self, _cfg: Any, block: int, offset: int, data: bytes) -> int:
        self.touched.setdefault(block, True)
        if self.failure is None:
            try:
                self.part.program(block, offset, data)
                return 0
            except BlockFailed:
                return CORRUPT
            except (PowerCut, BadInput) as failure:
                self._freeze(failure)
        content = self.blocks[block]
        self.blocks[block] = content[:offset] + data + content[offset + len(data) :]
        return 0

    def erase(self, _cfg: Any, block: int) -> int:
        self.touched.setdefault(block, False)
        if self.failure is None:
            try:
                self.part.erase(block)
                return 0
            except BlockFailed:
                return CORRUPT
            except (PowerCut, BadInput) as failure:
                self._freeze(failure)
        self.blocks[block] = self._erased()
        return 0

    def sync(self, _cfg: Any) -> int:
        if self.failure is None:
            self.part.sync()
        return 0

    def _freeze(self, failure: PowerCut | StorageError | BadInput) -> None:
        self.failure, self.blocks = failure, self.part.blocks.copy()

    def _erased(self) -> bytes:
        return b"\xff" * self.part.geometry.block_size


def config(part: FlashPart, driver: Driver) -> lfs.LFSConfig:
    geometry = part.geometry
    if geometry.block_size < SMALLEST_BLOCK:
        raise ValueError(f"{part.name}: littlefs needs blocks of {SMALLEST_BLOCK} bytes at least, not {geometry}")
    # cache = program unit: with a larger cache a page torn out of order passes littlefs's own check.
    return lfs.LFSConfig(
        driver,
        block_size=geometry.block_size,
        block_count=geometry.blocks,
        read_size=geometry.program_unit,
        prog_size=geometry.program_unit,
        cache_size=geometry.program_unit,
        lookahead_size=-(-geometry.blocks // 64) * 8,
        block_cycles=-1,
    )
