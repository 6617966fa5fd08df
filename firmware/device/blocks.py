"""What blocks hold, as pure functions of their bytes. Their results are shared: the same bytes are one object."""

from __future__ import annotations

from functools import cache

from firmware.device.power import Operation
from firmware.memo import memoise

ERASED = 0xFF

Request = tuple[int, int, bytes | None]  # block, offset, what is programmed there; None: the block is erased


@cache
def erased(size: int) -> bytes:
    """An erased block."""
    return bytes([ERASED]) * size


@memoise(1 << 14)
def programmed(content: bytes, offset: int, data: bytes, blank: bytes) -> tuple[bytes, bool]:
    """A block when ``data`` is programmed into it, and whether that was over bytes not as in a ``blank`` one."""
    end = offset + len(data)
    old = content[offset:end]
    is_over = old != blank[offset:end]
    if is_over:
        anded = int.from_bytes(old, "little") & int.from_bytes(data, "little")
        data = anded.to_bytes(len(data), "little")
    return content[:offset] + data + content[end:], is_over


@memoise(4096)
def joined(blocks: tuple[bytes, ...]) -> bytes:
    """Blocks, one after the other."""
    return b"".join(blocks)


@memoise(1 << 14)
def carried_out(
    part: str, requests: tuple[Request, ...], first: int, blocks: tuple[bytes, ...]
) -> tuple[tuple[Operation, ...], int]:
    """What a sound part of this name does when it is asked for so much, all of it on ``blocks``, of which ``first`` is
    the number of the first; and how many programs are over bytes that are not erased."""
    now = dict(enumerate(blocks, first))
    done, over = [], 0
    for block, offset, data in requests:
        blank = erased(len(now[block]))
        if data is None:
            now[block] = blank
            done.append(Operation(part, "erase", block, 0, len(blank), blank))
        else:
            content, is_over = programmed(now[block], offset, data, blank)
            now[block], over = blank if content == blank else content, over + is_over
            done.append(Operation(part, "program", block, offset, len(data), now[block]))
    return tuple(done), over
