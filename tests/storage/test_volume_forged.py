"""A volume whose checksums hold and whose structure lies, and one that met an error: an error of ours, never an abort.

littlefs trusts metadata whose CRC is right and has assertions where it does not hold; so each of these would end the
process, or never end, without its defence in volume.py or driver.py.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

import pytest

from firmware.device.faults import BadBlock, Cut, Moment
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import Damaged, Full, PowerCut, StorageError
from firmware.storage.volume import Volume, format_volume, mounted

GEOMETRY = Geometry(program_unit=64, block_size=256, blocks=48)
SOFT_TAIL, CTZ_FILE = 0x600, 0x202  # littlefs SPEC.md, "Metadata tags"


def powered(blocks: tuple[bytes, ...] | None = None) -> FlashPart:
    rail = Rail()
    rail.on = True
    return FlashPart("card", GEOMETRY, rail, blocks)


def volume_with(work: Callable[[Volume], object]) -> FlashPart:
    part = powered()
    format_volume(part)
    with mounted(part) as volume:
        work(volume)
    return part


def tags(block: bytes) -> Iterator[tuple[int, int, int]]:
    """(type, offset of the data, its size) of each tag of a metadata block (SPEC.md: tags are XORed with the last)."""
    at, last = 4, 0xFFFFFFFF
    while at + 4 <= len(block):
        tag = struct.unpack_from(">I", block, at)[0] ^ last
        if tag & 0x80000000:
            return
        kind, size = tag >> 20 & 0x7FF, 0 if tag & 0x3FF == 0x3FF else tag & 0x3FF
        yield kind, at + 4, size
        last = tag
        if kind & 0x700 == 0x500 and kind != 0x5FF:
            last ^= (kind & 1) << 31
        at += 4 + size


def forge(part: FlashPart, kind: int, data: bytes) -> FlashPart:
    """Overwrite the data of every tag of a kind, and make every checksum right again."""
    forged = 0
    for number, block in enumerate(part.blocks):
        lie = bytearray(block)
        start = 0
        for found, at, size in list(tags(block)):
            if found == kind and size == len(data):
                lie[at : at + size] = data
                forged += 1
            if found & 0x700 == 0x500 and found != 0x5FF:
                struct.pack_into("<I", lie, at, zlib.crc32(lie[start:at]) ^ 0xFFFFFFFF)
                start = at + size
        if forged and lie != block:
            part.overwrite(number, bytes(lie))
    assert forged
    return part


def test_directories_that_lead_in_a_circle_are_damage() -> None:
    part = volume_with(lambda volume: volume.make_directories("a/b"))
    forge(part, SOFT_TAIL, struct.pack("<II", 0, 1))
    image = part.image()
    with pytest.raises(Damaged):
        mounted(part)
    assert part.image() == image


def test_a_file_larger_than_the_part_is_damage() -> None:
    part = volume_with(lambda volume: volume.replace("file", b"x" * 600))
    head = next(
        struct.unpack_from("<I", block, at)[0]
        for block in part.blocks
        for kind, at, size in tags(block)
        if kind == CTZ_FILE
    )
    forge(part, CTZ_FILE, struct.pack("<II", head, 0x7FFFFFFF))
    with mounted(part) as volume, pytest.raises(Damaged, match="claims to be 2147483647 bytes long"):
        volume.read("file")


def test_a_volume_that_met_an_error_can_be_used_again() -> None:
    part = volume_with(lambda volume: volume.replace("file", b"x" * 600))
    with mounted(part) as volume:
        for block in range(2, GEOMETRY.blocks):
            part.add_defect(BadBlock(block))
        for _ in range(3):
            with pytest.raises(StorageError):
                volume.replace("file", b"y" * 700)
            assert volume.read("file") == b"x" * 600


def test_bad_blocks_are_no_room() -> None:
    part = volume_with(lambda volume: volume.replace("file", b"x"))
    with mounted(part) as volume:
        before = volume.room()
        for block in range(20, 30):
            part.add_defect(BadBlock(block))
        assert volume.room() == before - 10 * GEOMETRY.block_size


def test_a_deep_folder_on_a_full_volume_is_refused_and_nothing_is_made() -> None:
    part = volume_with(lambda volume: volume.replace("fill", b"x" * volume.room()))
    image = part.image()
    with mounted(part) as volume:
        with pytest.raises(Full):
            volume.replace("a/b/c/d/e/f/file", b"")
        with pytest.raises(Full):
            volume.make_directories("a/b/c/d/e/f")
    assert part.image() == image


def test_what_a_cut_left_of_a_large_file_makes_way() -> None:
    base = volume_with(lambda volume: volume.make_directories("folder"))
    whole = powered(base.image())
    with mounted(whole) as volume:
        size = volume.room() - 1024
        volume.replace("folder/file", b"x" * size)
    crowded = 0
    for operation in range(whole.rail.operations - 8, whole.rail.operations + 1):
        part = powered(base.image())
        part.rail.arm(Cut(operation, Moment.AFTER))
        with pytest.raises(PowerCut), mounted(part) as volume:
            volume.replace("folder/file", b"x" * size)
        again = powered(part.image())
        with mounted(again) as volume:
            if volume.read("folder/file") is None:
                crowded += volume.room() < size
                volume.replace("other", b"y" * size)
                assert volume.read("other") == b"y" * size
    assert crowded, "no cut left anything that takes room"
