"""Faults reach a volume through the driver, which littlefs calls from C."""

from __future__ import annotations

import pytest

from firmware.device.faults import Cut, LiveFault, LiveKind, Moment
from firmware.device.flash import FlashPart, Geometry
from firmware.device.physics import SD_CARD
from firmware.device.power import NothingToLose, Rail
from firmware.errors import PowerCut
from firmware.storage.volume import format_volume, mounted

GEOMETRY = Geometry(program_unit=64, block_size=256, blocks=48, sheet=SD_CARD)
CONTENT = bytes(range(256)) * 3


def formatted() -> FlashPart:
    part = FlashPart("card", GEOMETRY, Rail())
    part.rail.on = True
    format_volume(part)
    return part


def replace(part: FlashPart, path: str, data: bytes) -> None:
    with mounted(part) as volume:
        volume.replace(path, data)


def read(part: FlashPart, path: str) -> bytes | None:
    with mounted(part) as volume:
        return volume.read(path)


def test_a_metastable_page_of_a_file_reads_otherwise_each_time() -> None:
    part = formatted()
    part.rail.plan(LiveFault(LiveKind.METASTABLE, 3))
    replace(part, "file", CONTENT)
    assert part.unstable is not None
    found = {read(part, "file") for _ in range(4)}
    assert len(found) == 2
    assert CONTENT in found


def test_a_write_that_is_lost_is_seen_once_the_unit_starts_again() -> None:
    part = formatted()
    replace(part, "file", b"old")
    part.rail.arm(Cut(8, Moment.AFTER, lost=2))
    with pytest.raises(PowerCut):
        replace(part, "file", CONTENT)
    part.rail.on = True
    assert read(part, "file") == b"old"
    assert part.overprograms == 0


def test_a_cut_with_nothing_to_lose_comes_to_light_through_littlefs() -> None:
    part = formatted()
    part.rail.arm(Cut(1, Moment.AFTER, lost=1))
    with pytest.raises(NothingToLose, match="only 0 operations of card were not yet synced"):
        replace(part, "file", CONTENT)


def test_a_block_that_goes_bad_is_gone_around() -> None:
    part = formatted()
    part.rail.plan(LiveFault(LiveKind.BAD_BLOCK, 2))
    replace(part, "file", CONTENT)
    assert (len(part.defects), read(part, "file")) == (1, CONTENT)
