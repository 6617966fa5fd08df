"""What blocks hold, as pure functions of their bytes. Their results are shared: the same bytes are one object."""

from __future__ import annotations

from functools import cache

from firmware.memo import memoise

ERASED = 0xFF


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
