"""littlefs metadata with a forged word and the checksum made right again (littlefs SPEC.md, "Metadata blocks").

Damage at rest never passes littlefs's CRC-32; a card that somebody prepared does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

_CRC, _FORWARD_CRC = 0x500, 0x5FF
FILE_NAME, FOLDER_NAME, FOLDER, INLINE, FILE, SOFT_TAIL, HARD_TAIL = 0x001, 0x002, 0x200, 0x201, 0x202, 0x600, 0x601


class Entry(NamedTuple):
    """Where an entry of a metadata block has its data."""

    kind: int
    start: int
    size: int


def entries(block: bytes) -> Iterator[Entry]:
    at, previous = 4, 0xFFFFFFFF
    while at + 4 <= len(block):
        tag = struct.unpack_from(">I", block, at)[0] ^ previous
        kind, size = tag >> 20 & 0x7FF, tag & 0x3FF
        size = 0 if size == 0x3FF else size
        if tag >> 31 or at + 4 + size > len(block):
            return
        yield Entry(kind, at + 4, size)
        previous = tag ^ ((kind & 1) << 31 if _is_crc(kind) else 0)
        at += 4 + size


def forged(block: bytes, entry: Entry, offset: int, data: bytes) -> bytes:
    """The block with ``data`` in an entry, under checksums that hold."""
    content, begin = bytearray(block), 0
    content[entry.start + offset : entry.start + offset + len(data)] = data
    for kind, start, size in list(entries(block)):
        if _is_crc(kind):
            struct.pack_into("<I", content, start, zlib.crc32(content[begin:start]) ^ 0xFFFFFFFF)
            begin = start + size
    return bytes(content)


def places(image: tuple[bytes, ...], *kinds: int) -> list[tuple[int, Entry]]:
    """Every entry of some kinds that lies under a checksum which holds, with its block."""
    return [
        (number, entry)
        for number, block in enumerate(image)
        for entry in _guarded(block)
        if entry.size and entry.kind in kinds
    ]


def _guarded(block: bytes) -> list[Entry]:
    found = list(entries(block))
    whole = any(_is_crc(entry.kind) for entry in found) and forged(block, found[0], 0, b"") == block
    return [entry for entry in found if not _is_crc(entry.kind)] if whole else []


def _is_crc(kind: int) -> bool:
    return kind & 0x700 == _CRC and kind != _FORWARD_CRC
