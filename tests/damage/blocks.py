"""Damage to the blocks of a part: what flash, a card reader or a stray write does, knowing nothing of contents."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random

from firmware.appliance import Appliance
from firmware.device import image
from firmware.device.faults import BitFlip
from firmware.device.flash import FlashPart
from firmware.errors import BadInput
from firmware.storage.nvm import HEADER
from tests.damage import bases
from tests.storage import forge

FORGED = (
    forge.FILE_NAME, forge.FOLDER_NAME, forge.FOLDER, forge.INLINE, forge.FILE, forge.SOFT_TAIL, forge.HARD_TAIL,
)  # fmt: skip
WORDS = (0, 1, 2, 3, 0xFF, 0x100, 0x3FF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def a_part(chance: Random, unit: Appliance) -> FlashPart:
    """Mostly the internal one: on it depends what the unit is."""
    parts = list(unit.parts().values())
    return parts[0] if chance.random() < 0.6 else chance.choice(parts)


def used(part: FlashPart) -> list[int]:
    """The blocks that hold something; the first one of a part that is blank."""
    erased = b"\xff" * part.geometry.block_size
    return [n for n, block in enumerate(part.blocks) if block is not erased and block != erased] or [0]


def a_block(chance: Random, part: FlashPart) -> int:
    return chance.choice(used(part)) if chance.random() < 0.9 else chance.randrange(part.geometry.blocks)


def noise(chance: Random, unit: Appliance, _name: str) -> str:
    """Random bytes in a block."""
    part = a_part(chance, unit)
    block, size = a_block(chance, part), part.geometry.block_size
    length = chance.choice((1, 4, 16, 256, size))
    at = chance.randrange(size - length + 1)
    return _put(part, block, at, chance.randbytes(length), "noise")


def flips(chance: Random, unit: Appliance, _name: str) -> str:
    """From 1 to 64 bits, in one block, mostly where something is written."""
    part = a_part(chance, unit)
    block = a_block(chance, part)
    reach = len(part.blocks[block].rstrip(b"\xff")) * 8 or part.geometry.block_size * 8
    bits = [chance.randrange(reach) for _ in range(chance.randint(1, 64))]
    for bit in bits:
        part.flip(BitFlip(block, bit))
    return f"{len(bits)} bits of {part.name} block {block} flipped"


def swapped(chance: Random, unit: Appliance, _name: str) -> str:
    part = a_part(chance, unit)
    one, other = a_block(chance, part), a_block(chance, part)
    contents = part.blocks[one], part.blocks[other]
    part.overwrite(one, contents[1])
    part.overwrite(other, contents[0])
    return f"{part.name} blocks {one} and {other} swapped"


def doubled(chance: Random, unit: Appliance, _name: str) -> str:
    part = a_part(chance, unit)
    one, other = a_block(chance, part), a_block(chance, part)
    part.overwrite(other, part.blocks[one])
    return f"{part.name} block {one} copied to {other}"


def filled(chance: Random, unit: Appliance, _name: str) -> str:
    """Some blocks in a row, from a place to the end, or a whole part: all ones, all zeros, or one byte."""
    part = a_part(chance, unit)
    first = a_block(chance, part)
    count = chance.choice((1, 1, 1, 2, 8, part.geometry.blocks))
    if chance.random() < 0.05:
        first, count = 0, part.geometry.blocks
    byte = chance.choice((0xFF, 0xFF, 0x00, chance.randrange(256)))
    last = min(first + count, part.geometry.blocks)
    for block in range(first, last):
        part.overwrite(block, bytes([byte]) * part.geometry.block_size)
    return f"{part.name} blocks {first} to {last - 1} filled with {byte:02x}"


def rolled(chance: Random, unit: Appliance, _name: str) -> str:
    """A region moved along by some bytes, as a lost or doubled transfer leaves it."""
    part = a_part(chance, unit)
    first, size = a_block(chance, part), part.geometry.block_size
    count = min(chance.choice((1, 2, 4, 16)), part.geometry.blocks - first)
    region = b"".join(part.blocks[first : first + count])
    by = chance.choice((1, 4, 16, 256, size // 2)) * chance.choice((1, -1))
    region = region[by:] + region[:by] if chance.random() < 0.5 else (region[by:] + b"\xff" * abs(by))[: len(region)]
    region = region.ljust(count * size, b"\x00")
    for n in range(count):
        part.overwrite(first + n, region[n * size : (n + 1) * size])
    return f"{part.name} blocks {first} to {first + count - 1} moved by {by}"


def stale(chance: Random, unit: Appliance, name: str) -> str:
    """Blocks, or a whole part, as they were at another time of this unit's life."""
    return _from(chance, unit, bases.base(chance.choice(bases.relatives(name))), "another time")


def foreign(chance: Random, unit: Appliance, name: str) -> str:
    """Blocks, or a whole part, of another unit."""
    return _from(chance, unit, bases.stranger(name.partition(",")[0]), "another unit")


def _from(chance: Random, unit: Appliance, source: Appliance, whose: str) -> str:
    part = a_part(chance, unit)
    other = source.parts().get(part.name)
    if other is None:
        return f"{part.name}: {whose} has none"
    count = chance.choice((1, 1, 2, 16, 200, part.geometry.blocks))
    first = 0 if count == part.geometry.blocks else chance.choice(used(other))
    last = min(first + count, part.geometry.blocks)
    for block in range(first, last):
        part.overwrite(block, other.blocks[block])
    return f"{part.name} blocks {first} to {last - 1} as at {whose}"


def container(chance: Random, unit: Appliance, name: str) -> str:
    """The image file of a part cut short, too long, exchanged or with another trailer: refused, or as it was."""
    part = a_part(chance, unit)
    whole = image.write(part)
    file = chance.choice(_FILES)(chance, whole, unit, name)
    try:
        image.check(file, part.name, part.geometry, "FILE")
    except BadInput as error:
        return f"{part.name}: {error}"
    size = part.geometry.block_size
    assert len(file) == len(whole)
    for block in range(part.geometry.blocks):
        part.overwrite(block, file[block * size : (block + 1) * size])
    return f"{part.name}: another image of the same part"


def _cut_short(chance: Random, whole: bytes, _unit: Appliance, _name: str) -> bytes:
    return whole[: chance.randrange(len(whole))]


def _in_its_trailer(chance: Random, whole: bytes, _unit: Appliance, _name: str) -> bytes:
    at = len(whole) - 1 - chance.randrange(image.TRAILER_SIZE)
    return whole[:at] + chance.randbytes(1) + whole[at + 1 :]


def _exchanged(chance: Random, _whole: bytes, _unit: Appliance, _name: str) -> bytes:
    return image.write(chance.choice(list(bases.base(chance.choice(bases.NAMES)).parts().values())))


def _beginning_lost(chance: Random, whole: bytes, _unit: Appliance, _name: str) -> bytes:
    by = chance.choice((1, 256, 1024))
    return chance.choice((whole[by:], bytes(by) + whole, whole[by:] + bytes(by)))


_FILES: tuple[Callable[[Random, bytes, Appliance, str], bytes], ...] = (
    _cut_short, _in_its_trailer, _exchanged, _beginning_lost,
)  # fmt: skip


def header(chance: Random, unit: Appliance, _name: str) -> str:
    """A word at the beginning of a block: the magic, sequence number, length or CRC of a record or of metadata."""
    part = a_part(chance, unit)
    block = a_block(chance, part)
    at = chance.randrange(HEADER.size // 4) * 4
    return _put(part, block, at, chance.choice(WORDS).to_bytes(4, "little"), "a word of a header")


def metadata(chance: Random, unit: Appliance, _name: str) -> str:
    """A word of littlefs's metadata forged, under a checksum that holds."""
    part = a_part(chance, unit)
    places = [(n, entry) for n in used(part) for entry in _places(part.blocks[n])]
    if not places:
        return f"{part.name}: no metadata to forge"
    block, entry = chance.choice(places)
    offset = chance.randrange(0, entry.size, 4)
    word = chance.choice(WORDS) if chance.random() < 0.4 else chance.randrange(chance.choice((26, 600, 2**32)))
    data = word.to_bytes(4, "little")[: entry.size - offset]
    part.overwrite(block, forge.forged(part.blocks[block], entry, offset, data))
    return f"{part.name} block {block}: entry {entry.kind:03x} at {entry.start} has {data.hex()} at {offset}"


@lru_cache(4096)
def _places(block: bytes) -> list[forge.Entry]:
    return [entry for _, entry in forge.places((block,), *FORGED)]


def _put(part: FlashPart, block: int, at: int, data: bytes, what: str) -> str:
    content = part.blocks[block]
    part.overwrite(block, content[:at] + data + content[at + len(data) :])
    return f"{part.name} block {block}: {what}, {len(data)} bytes at {at}"
