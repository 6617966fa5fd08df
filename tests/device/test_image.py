"""Image files: what a part writes through is what its file holds; what is no image is refused and untouched."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.device import image
from firmware.device.faults import BadBlock, Cut, Moment, StuckBit, Torn
from firmware.device.flash import BlockFailed, FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import BadInput, PowerCut

GEOMETRY = Geometry(program_unit=16, block_size=64, blocks=8)


def fresh() -> FlashPart:
    rail = Rail()
    rail.on = True
    return FlashPart("nvm", GEOMETRY, rail)


def mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


def work(part: FlashPart) -> None:
    part.erase(3)
    part.program(3, 16, b"0123456789abcdef")
    part.erase(3)
    part.program(7, 48, b"fedcba9876543210")


def test_a_file_follows_its_part_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "nvm.img"
    path.write_bytes(image.write(fresh()))
    data = mapped(path)
    image.check(data, "nvm", GEOMETRY, str(path))
    in_file, in_memory = image.attach(data, "nvm", GEOMETRY, fresh().rail), fresh()
    work(in_file)
    work(in_memory)
    data.flush()
    assert path.read_bytes() == image.write(in_memory)
    again = image.attach(mapped(path), "nvm", GEOMETRY, fresh().rail)
    assert (again.image(), list(again.wear), again.operations) == (in_memory.image(), [0, 0, 0, 2, 0, 0, 0, 0], 4)


def cut_before(part: FlashPart) -> None:
    part.rail.arm(Cut(2, Moment.BEFORE))
    part.erase(3)
    with pytest.raises(PowerCut):
        part.program(3, 0, b"0123456789abcdef")


def torn(part: FlashPart) -> None:
    part.program(3, 0, b"0123456789abcdef")
    part.rail.arm(Cut(1, Moment.INSIDE, Torn.HALF))
    with pytest.raises(PowerCut):
        part.erase(3)


def failing(part: FlashPart) -> None:
    part.program(3, 0, b"0123456789abcdef")
    part.add_defect(BadBlock(3))
    part.add_defect(StuckBit(4, 100, 0))
    with pytest.raises(BlockFailed):
        part.erase(3)


@pytest.mark.parametrize("fault", [cut_before, torn, failing])
def test_a_file_follows_its_part_through_faults(fault: Callable[[FlashPart], None], tmp_path: Path) -> None:
    path = tmp_path / "nvm.img"
    path.write_bytes(image.write(fresh()))
    data = mapped(path)
    in_file = image.attach(data, "nvm", GEOMETRY, fresh().rail)
    fault(in_file)
    assert data[:] == image.write(in_file)


def test_a_name_longer_than_the_trailer_s_field_is_refused() -> None:
    with pytest.raises(ValueError, match="'a-card-in-a-slot' is longer than 14 bytes"):
        image.write(FlashPart("a-card-in-a-slot", GEOMETRY, Rail()))


def test_the_blocks_come_first_and_bare() -> None:
    part = fresh()
    work(part)
    assert image.write(part).startswith(b"".join(part.blocks))
    assert len(image.write(part)) == image.file_size(GEOMETRY)


def newer_version(good: bytes) -> bytes:
    fields = bytearray(good[-image.TRAILER_SIZE : -4])
    struct.pack_into("<H", fields, 8, image.VERSION + 1)
    return good[: -image.TRAILER_SIZE] + fields + struct.pack("<I", zlib.crc32(fields))


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut short": (lambda good: good[:-1], "no flash image of ours"),
    "a byte too many": (lambda good: good + b"\0", "no flash image of ours"),
    "a block too many": (lambda good: b"\xff" * 64 + good, "bytes long, an image of nvm has"),
    "something else": (lambda _good: b"\x89PNG\r\n\x1a\n" + b"\0" * 1000, "no flash image of ours"),
    "tiny": (lambda _good: b"x", "no flash image of ours"),
    "newer": (newer_version, r"image format 2 is newer than this ipsim, which knows 1; update ipsim"),
    "damaged trailer": (lambda good: good[:-10] + b"\xee" + good[-9:], "trailer is damaged"),
    "another part": (lambda _good: image.write(FlashPart("card", GEOMETRY, Rail())), "holds the part 'card'"),
    "another geometry": (
        lambda _good: image.write(FlashPart("nvm", Geometry(16, 128, 4), Rail())),
        "holds the part 'nvm' of 4 blocks of 128 bytes, programmed by 16; this unit needs 'nvm' of 8 blocks of 64",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_image_of_this_part_is_refused_and_untouched(kind: str, tmp_path: Path) -> None:
    spoil, message = BAD[kind]
    path = tmp_path / "nvm.img"
    path.write_bytes(spoil(image.write(fresh())))
    before = path.read_bytes()
    with pytest.raises(BadInput, match=message) as caught:
        image.check(mapped(path), "nvm", GEOMETRY, str(path))
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
