"""One block of littlefs metadata, read as littlefs 2.11 reads it (``lfs_dir_fetchmatch``, on-disk version 2.1).

A metadata block is a log: a revision count, then commits of tagged attributes. A commit counts when the CRC at its end
is right; the first that does not ends the log. A directory has two such blocks, and the newer one with a commit counts.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from firmware.memo import memoise

FOLDER, INLINE, CHAIN = 0x200, 0x201, 0x202  # kinds of an entry's structure
SUPERBLOCK = 0x0FF
NO_DELTA = bytes(12)
_NAME, _STRUCTURE, _ATTRIBUTE, _CRC, _TAIL = 0x000, 0x200, 0x300, 0x500, 0x600
_CREATE, _DELETE, _FORWARD_CRC, _MOVE_STATE = 0x401, 0x4FF, 0x5FF, 0x7FF
_DELETED = 0x3FF  # as a size: the attribute is gone
_NO_BLOCK = 0xFFFFFFFF
_TAG, _WORD, _PAIR = struct.Struct(">I"), struct.Struct("<I"), struct.Struct("<II")

Pair = tuple[int, int]


class Unreadable(Exception):
    """Not what littlefs writes, power cut or not: nobody here says what littlefs would make of it."""


class NoCommit(Unreadable):
    """Neither block of a pair holds anything that counts."""


class Entry(NamedTuple):
    """A file, a folder or the superblock."""

    kind: int
    name: bytes
    structure: int
    data: bytes
    attributes: tuple[tuple[int, bytes], ...]


class Log(NamedTuple):
    """What a block says. ``is_split``: its tail holds more of the same folder. ``delta``: what it adds (XOR) to
    littlefs's global state. ``end``: where its last commit ends; ``rest``: what lies behind, b"" when all of it is
    blank. ``crcs``: of its commits, from which littlefs seeds its search for free blocks."""

    entries: tuple[Entry, ...]
    tail: Pair | None
    is_split: bool
    delta: bytes
    end: int
    is_appendable: bool
    rest: bytes
    crcs: bytes


class _Attribute(NamedTuple):
    kind: int
    id: int
    data: bytes | None  # None: deleted


def newer(first: bytes, second: bytes, unit: int) -> tuple[Log, bool]:
    """The log that counts, and whether it is the first block's."""
    ahead = (_WORD.unpack_from(second)[0] - _WORD.unpack_from(first)[0]) % 2**32
    is_first = ahead == 0 or ahead >= 2**31
    log, other = read_log(first if is_first else second, unit), None
    if log is None or ahead in (0, 2**31):
        other = read_log(second if is_first else first, unit)
    if log is not None and other is not None:
        raise Unreadable("neither block of a pair is the newer one")
    if log is not None:
        return log, is_first
    if other is None:
        raise NoCommit("neither block of a pair holds a commit")
    return other, not is_first


@memoise(1 << 16)
def read_log(block: bytes, unit: int) -> Log | None:
    """None: no commit of it counts. Raises Unreadable for what a commit that counts never holds."""
    found: list[_Attribute] = []
    counted, begin, end, crcs = 0, 0, 0, b""
    forward = b""  # the last forward CRC, which holds for later commits that bring none too
    at, previous, is_blank = 4, 0xFFFFFFFF, False
    while at + 4 <= len(block):
        tag = _TAG.unpack_from(block, at)[0] ^ previous
        kind, size = tag >> 20, tag & 0x3FF
        if tag >> 31:  # not programmed yet: the log can go on here when a whole commit lies before it
            is_blank = at == end
            break
        after = at + 4 + (0 if size == _DELETED else size)
        if after > len(block):
            break
        previous = tag
        if kind & 0x780 == _CRC:
            crc = block[at + 4 : at + 8]
            if crc != _WORD.pack(zlib.crc32(block[begin : at + 4]) ^ 0xFFFFFFFF):
                break
            previous ^= (kind & 1) << 31  # which way round "not programmed yet" shows in what follows
            counted, crcs, begin, end = len(found), crcs + crc, after, after
        else:
            data = block[at + 4 : after]
            forward = data if kind == _FORWARD_CRC else forward
            found.append(_Attribute(kind, tag >> 10 & 0x3FF, None if size == _DELETED else data))
        at = after
    if not end:
        return None
    rest = block[end:]
    return Log(
        *_replayed(found[:counted]),
        end=end,
        is_appendable=is_blank and end % unit == 0 and _is_erased(rest, forward),
        rest=rest if rest.strip(b"\xff") else b"",
        crcs=crcs,
    )


def _is_erased(rest: bytes, forward: bytes) -> bool:
    """Whether what follows the last commit is still what that commit saw there."""
    if len(forward) != _PAIR.size:
        return False
    size, crc = _PAIR.unpack(forward)
    return bool(size <= len(rest) and zlib.crc32(rest[:size]) ^ 0xFFFFFFFF == crc)


def _replayed(log: list[_Attribute]) -> tuple[tuple[Entry, ...], Pair | None, bool, bytes]:
    """What the attributes, the later over the earlier, amount to: entries, tail, is_split, delta."""
    entries: list[dict[int, _Attribute]] = []
    tail, is_split, delta = None, False, NO_DELTA
    for attribute in log:
        kind, number, data = attribute
        group = kind & 0x700
        if kind == _CREATE and number <= len(entries):
            entries.insert(number, {})
        elif kind == _DELETE and number < len(entries):
            del entries[number]
        elif group in (_NAME, _STRUCTURE, _ATTRIBUTE) and number != 0x3FF:
            # A log begun anew has no creations, and its entries come in any order.
            entries += ({} for _ in range(number + 1 - len(entries)))
            entries[number][kind if group == _ATTRIBUTE else group] = attribute
        elif group == _TAIL and data is not None and len(data) == _PAIR.size:
            pair, is_split = _PAIR.unpack(data), bool(kind & 1)
            tail = None if _NO_BLOCK in pair else pair
        elif kind == _MOVE_STATE and data is not None and len(data) <= len(NO_DELTA):
            delta = data.ljust(len(NO_DELTA), b"\0")
        elif kind != _FORWARD_CRC:
            raise Unreadable(f"attribute {kind:#x} of entry {number}")
    return tuple(_entry(attributes) for attributes in entries), tail, is_split, delta


def _entry(attributes: dict[int, _Attribute]) -> Entry:
    name, structure = attributes.pop(_NAME, None), attributes.pop(_STRUCTURE, None)
    if name is None or name.data is None or structure is None or structure.data is None:
        raise Unreadable("an entry without a name or a structure")
    # The order in the log says nothing: what is written anew has it by the entries' numbers or not at all.
    others = sorted((a.kind, a.data) for a in attributes.values() if a.data is not None)
    return Entry(name.kind, name.data, structure.kind, structure.data, tuple(others))
