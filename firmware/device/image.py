"""The image file of a flash part: its blocks, then its wear, then a trailer that says what it is.

The blocks come first and bare, so that any littlefs tool opens a card's image as it lies on disk.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from array import array

from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import BadInput

MAGIC = b"IPSIMPRT"
VERSION = 1
_TRAILER = struct.Struct("<8sH14sIII")  # magic, version, part, program unit, block size, blocks; then CRC-32
_LONGEST_NAME = 14
_CRC = struct.Struct("<I")
_WEAR = struct.Struct("<I")
_OPERATIONS = struct.Struct("<Q")
TRAILER_SIZE = _TRAILER.size + _CRC.size


def file_size(geometry: Geometry) -> int:
    return geometry.size + geometry.blocks * _WEAR.size + _OPERATIONS.size + TRAILER_SIZE


def write(part: FlashPart) -> bytes:
    """The bytes of a part's image file."""
    geometry, name = part.geometry, part.name.encode()
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"the part's name {part.name!r} is longer than {_LONGEST_NAME} bytes")
    wear = b"".join(map(_WEAR.pack, part.wear))
    fields = _TRAILER.pack(MAGIC, VERSION, name, geometry.program_unit, geometry.block_size, geometry.blocks)
    return b"".join(part.blocks) + wear + _OPERATIONS.pack(part.operations) + fields + _CRC.pack(zlib.crc32(fields))


def check(data: bytes | mmap.mmap, name: str, geometry: Geometry, where: str) -> None:
    """BadInput when the file is no image of this part; its contents are the firmware's affair, not ours."""
    if len(data) < TRAILER_SIZE or data[-TRAILER_SIZE : -TRAILER_SIZE + len(MAGIC)] != MAGIC:
        raise BadInput(f"{where}: no flash image of ours (no {MAGIC.decode()} trailer at its end); nothing was changed")
    fields, crc = data[-TRAILER_SIZE : -_CRC.size], _CRC.unpack(data[-_CRC.size :])[0]
    _, version, part, unit, block_size, blocks = _TRAILER.unpack(fields)
    if version > VERSION:
        raise BadInput(f"{where}: image format {version} is newer than this ipsim, which knows {VERSION}; update ipsim")
    if zlib.crc32(fields) != crc:
        raise BadInput(
            f"{where}: the image's trailer is damaged (offset {len(data) - TRAILER_SIZE}); nothing was changed"
        )
    found = part.rstrip(b"\0").decode("ascii", "replace")
    if found != name or (unit, block_size, blocks) != (geometry.program_unit, geometry.block_size, geometry.blocks):
        held = f"{found!r} of {blocks} blocks of {block_size} bytes, programmed by {unit}"
        raise BadInput(f"{where}: holds the part {held}; this unit needs {name!r} of {geometry}")
    if len(data) != file_size(geometry):
        raise BadInput(f"{where}: {len(data)} bytes long, an image of {name} has {file_size(geometry)}")


def attach(data: mmap.mmap, name: str, geometry: Geometry, rail: Rail) -> FlashPart:
    """A part backed by a checked image: every later change is written through at once."""
    size = geometry.block_size
    part = FlashPart(name, geometry, rail, (data[start : start + size] for start in range(0, geometry.size, size)))
    wear = _WEAR.iter_unpack(data[geometry.size : geometry.size + geometry.blocks * _WEAR.size])
    part.wear = array("I", (count for (count,) in wear))
    part.operations = _OPERATIONS.unpack_from(data, geometry.size + geometry.blocks * _WEAR.size)[0]
    write_through(part, data)
    return part


def write_through(part: FlashPart, data: mmap.mmap) -> None:
    """From now on every change of the part is made in ``data`` too, which already holds its image."""
    geometry = part.geometry
    operations_at = geometry.size + geometry.blocks * _WEAR.size

    def mirror(part: FlashPart, block: int, offset: int, content: bytes) -> None:
        start = block * geometry.block_size + offset
        data[start : start + len(content)] = content
        _WEAR.pack_into(data, geometry.size + block * _WEAR.size, part.wear[block])
        _OPERATIONS.pack_into(data, operations_at, part.operations)

    part.mirror = mirror
