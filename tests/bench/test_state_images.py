"""The images of a state directory: what is none of ours is refused, untouched; contents are the firmware's affair."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.device.image import TRAILER_SIZE
from platforms.ip500v2 import PLATFORM
from tests.bench.support import Ipsim, contents, touched


def without_trailer(data: bytes) -> bytes:
    return data[:-TRAILER_SIZE]


def of_another_geometry(data: bytes) -> bytes:
    fields = struct.pack("<8sH14sIII", b"IPSIMPRT", 1, b"nvm", 1, 16, len(data) // 16)
    return data[:-TRAILER_SIZE] + fields + struct.pack("<I", zlib.crc32(fields))


def of_a_newer_format(data: bytes) -> bytes:
    fields = bytearray(data[-TRAILER_SIZE:-4])
    fields[8:10] = b"\x02\x00"
    return data[:-TRAILER_SIZE] + bytes(fields) + struct.pack("<I", zlib.crc32(bytes(fields)))


NO_IMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty, no flash image of ours; nothing was changed"),
    "a text": (lambda _: b"hello\n" * 100_000, "no flash image of ours (no IPSIMPRT trailer at its end)"),
    "cut off": (lambda data: data[: len(data) // 2], "no flash image of ours (no IPSIMPRT trailer at its end)"),
    "without trailer": (without_trailer, "no flash image of ours"),
    "a byte too many at its beginning": (lambda data: b"\xff" + data, "bytes long, an image of nvm has"),
    "a block too few": (lambda data: data[4096:], "bytes long, an image of nvm has"),
    "trailer damaged": (lambda data: data[:-6] + b"\x00\x01" + data[-4:], "the image's trailer is damaged (offset "),
    "another geometry": (of_another_geometry, "holds the part 'nvm'"),
    "newer": (of_a_newer_format, "image format 2 is newer than this ipsim, which knows 1; update ipsim"),
}


@pytest.mark.parametrize("kind", NO_IMAGES)
def test_what_is_no_image_is_refused_and_nothing_changes(ipsim: Ipsim, unit: Path, kind: str) -> None:
    spoil, says = NO_IMAGES[kind]
    path = unit / "nvm.img"
    path.write_bytes(spoil(path.read_bytes()))
    before = touched(unit), contents(unit)
    for command in (["boot", "ip500v2"], ["show"], ["fsck"], ["card", "ls"]):
        refusal = ipsim.refuses(*command, "--state", unit)
        assert refusal.startswith(f"ipsim: {path}: ")
        assert says in refusal
    assert (touched(unit), contents(unit)) == before


def test_the_image_of_another_part(ipsim: Ipsim, unit: Path) -> None:
    shutil.copy(unit / "system-sd.img", unit / "nvm.img")
    before = contents(unit)
    assert "nvm.img: holds the part 'system-sd'" in ipsim.refuses("boot", "ip500v2", "--state", unit)
    (unit / "nvm.img").unlink()
    assert "nvm.img: No such file or directory; check the" in ipsim.refuses("boot", "ip500v2", "--state", unit)
    (unit / "nvm.img").mkdir()
    assert "nvm.img: Is a directory; check the" in ipsim.refuses("boot", "ip500v2", "--state", unit)
    (unit / "nvm.img").rmdir()
    assert contents(unit) == {name: data for name, data in before.items() if name != "nvm.img"}


def test_damaged_contents_are_for_the_firmware_to_recover_from(ipsim: Ipsim, unit: Path) -> None:
    """Right in size and trailer, wrong in every block: the unit starts, and the journal says what it made of it."""
    for name, size in (("nvm.img", PLATFORM.storage.geometry.size), ("system-sd.img", PLATFORM.card.size)):
        data = (unit / name).read_bytes()
        (unit / name).write_bytes(b"\x5a" * size + data[size:])
    said = ipsim("boot", "ip500v2", "--state", unit)
    assert said.code == 1
    assert said.err.startswith(f"ipsim: {unit}: the unit stayed in firmware.none; ipsim fsck")
    kinds = {json.loads(line)["kind"] for line in (unit / "journal.jsonl").read_text("utf-8").splitlines()}
    assert {"firmware.rejected", "bootp.unanswered", "alarm"} <= kinds


def test_another_units_memory_is_foreign(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    ipsim.well("boot", "ip500v2", "--state", tmp_path / "other", "--mac", "00e007000002", "--clock", "2026-11-23")
    shutil.copy(tmp_path / "other" / "nvm.img", unit / "nvm.img")
    said = ipsim.well("boot", "ip500v2", "--state", unit)
    assert "ALARM security settings: foreign: treated as empty" in said
    assert "identity generated" in said
