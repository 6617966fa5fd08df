"""littlefs on a simulated part: power cut at every operation, plain littlefs tools, a full and a failing part."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from littlefs import LittleFS, lfs
from littlefs.context import UserContext

from firmware.device.faults import BadBlock, Cut, Moment, Torn
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import Damaged, Full, PowerCut, StorageError
from firmware.storage.volume import Volume, format_volume, mounted

GEOMETRY = Geometry(program_unit=64, block_size=256, blocks=48)
PATH, OTHER = "system/primary/config.cfg", "system/backup/other"
FORMS = [(Moment.BEFORE, Torn.HALF), (Moment.AFTER, Torn.HALF), *((Moment.INSIDE, torn) for torn in Torn)]
OLD, NEW = b"the old contents " * 20, b"and the new, a little longer " * 20


def powered(blocks: tuple[bytes, ...] | None = None) -> FlashPart:
    rail = Rail()
    rail.on = True
    return FlashPart("card", GEOMETRY, rail, blocks)


def formatted() -> FlashPart:
    part = powered()
    format_volume(part)
    return part


def read(part: FlashPart, path: str) -> bytes | None:
    with mounted(part) as volume:
        return volume.read(path)


def crash_states(base: FlashPart, work: Callable[[Volume], object]) -> Iterator[tuple[str, FlashPart]]:
    """Every crash state of some work on a volume, powered again, with the name of the cut that made it."""
    whole = powered(base.image())
    with mounted(whole) as volume:
        work(volume)
    for operation, (moment, torn) in product(range(1, whole.rail.operations + 1), FORMS):
        part = powered(base.image())
        part.rail.arm(Cut(operation, moment, torn))
        with pytest.raises(PowerCut), mounted(part) as volume:
            work(volume)
        assert part.overprograms == 0
        yield f"{operation} {moment.value} {torn.value}", powered(part.image())


@pytest.mark.parametrize("before", [None, OLD])
def test_a_cut_in_a_replace_leaves_the_old_or_the_new_file_whole(before: bytes | None) -> None:
    base = formatted()
    with mounted(base) as volume:
        volume.replace(OTHER, b"left alone")
        if before is not None:
            volume.replace(PATH, before)
    seen = set()
    for cut, part in crash_states(base, lambda volume: volume.replace(PATH, NEW)):
        held = read(part, PATH)
        seen.add(held)
        assert held in (before, NEW), cut
        assert read(part, OTHER) == b"left alone", cut
        with mounted(part) as volume:  # and the volume is as good as ever
            volume.replace(PATH, b"third")
        assert read(part, PATH) == b"third", cut
        assert part.overprograms == 0, cut
    assert seen == {before, NEW}


def test_a_cut_in_the_next_write_too() -> None:
    base = formatted()
    with mounted(base) as volume:
        volume.replace(OTHER, b"left alone")
        volume.replace(PATH, OLD)
    crashes = {part.image(): part for _, part in crash_states(base, lambda volume: volume.replace(PATH, NEW))}
    assert len(crashes) > 50
    for part in crashes.values():
        held = read(part, PATH)
        for cut, again in crash_states(part, lambda volume: volume.replace(PATH, b"third" * 30)):
            assert read(again, PATH) in (held, b"third" * 30), cut
            assert read(again, OTHER) == b"left alone", cut


def test_a_cut_while_folders_are_made_harms_no_file() -> None:
    base = formatted()
    with mounted(base) as volume:
        volume.replace(PATH, OLD)
    for cut, part in crash_states(base, lambda volume: volume.make_directories("system/new/folder")):
        assert read(part, PATH) == OLD, cut
        with mounted(part) as volume:
            volume.make_directories("system/new/folder")
            assert volume.entries("system/new") == [("folder", None)], cut
        assert part.overprograms == 0, cut


def test_a_cut_in_a_remove_leaves_the_file_or_none() -> None:
    base = formatted()
    with mounted(base) as volume:
        volume.replace(PATH, OLD)
    assert {read(part, PATH) for _, part in crash_states(base, lambda volume: volume.remove(PATH))} == {OLD, None}


def test_a_part_cut_while_formatted_holds_a_volume_or_none() -> None:
    whole = formatted()
    for operation, (moment, torn) in product(range(1, whole.rail.operations + 1), FORMS):
        part = powered()
        part.rail.arm(Cut(operation, moment, torn))
        with pytest.raises(PowerCut):
            format_volume(part)
        again = powered(part.image())
        try:
            with mounted(again) as volume:
                assert volume.entries() == []
        except Damaged:
            format_volume(again)
        assert read(again, PATH) is None


def test_nothing_reaches_the_flash_after_the_cut() -> None:
    part = formatted()
    part.rail.arm(Cut(3, Moment.BEFORE))
    with pytest.raises(PowerCut), mounted(part) as volume:
        volume.replace(PATH, NEW)
    image = part.image()
    with pytest.raises(PowerCut):
        mounted(part)
    assert part.image() == image


def test_without_power_a_mounted_volume_gives_nothing() -> None:
    part = formatted()
    with mounted(part) as volume:
        volume.replace(PATH, OLD)
        part.rail.on = False
        for work in (lambda: volume.read(PATH), lambda: volume.entries(), lambda: volume.remove(PATH)):
            with pytest.raises(PowerCut, match="card has no power"):
                work()


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_mounts_leave_no_memory_behind() -> None:
    part, blank = formatted(), powered()
    with mounted(part) as volume:
        volume.replace(PATH, OLD)

    def mounts(number: int) -> None:
        for _ in range(number):
            read(part, PATH)
            with pytest.raises(Damaged):
                mounted(blank)

    mounts(500)
    before = resident()
    mounts(5000)
    assert resident() - before < 500_000  # a mount that is not undone leaks 576 bytes: 2,880,000


def littlefs(part: FlashPart, content: bytes) -> LittleFS:
    """The same image as littlefs-python itself sees it."""
    geometry = part.geometry
    return LittleFS(
        UserContext(buffer=bytearray(content)),
        mount=False,
        block_size=geometry.block_size,
        block_count=geometry.blocks,
        read_size=geometry.program_unit,
        prog_size=geometry.program_unit,
    )


def test_plain_littlefs_opens_a_volume_of_ours() -> None:
    part = formatted()
    with mounted(part) as volume:
        volume.replace(PATH, NEW)
        volume.replace(OTHER, b"")
    plain = littlefs(part, b"".join(part.blocks))
    plain.mount()
    with plain.open(PATH, "rb") as file:
        assert file.read() == NEW
    assert sorted(plain.listdir("system")) == ["backup", "primary"]


def test_a_volume_of_plain_littlefs_is_opened_by_us() -> None:
    part = powered()
    plain = littlefs(part, b"".join(part.blocks))
    plain.format()
    plain.mount()
    plain.mkdir("folder")
    with plain.open("folder/file", "wb") as file:
        file.write(NEW)
    content = bytes(plain.context.buffer)
    size = GEOMETRY.block_size
    ours = powered(tuple(content[at : at + size] for at in range(0, len(content), size)))
    assert read(ours, "folder/file") == NEW


def test_a_move_cut_between_its_two_commits_hides_no_other_file() -> None:
    """Made by a plain littlefs rename across folders: each crash state of it, read by us, shows every file."""
    base = formatted()
    with mounted(base) as volume:
        volume.make_directories("folder")
        volume.replace("moved", NEW)
        volume.replace("other", OLD)

    def move(volume: Volume) -> None:
        with volume._guard:
            lfs.rename(volume._fs, "moved", "folder/moved")

    for cut, part in crash_states(base, move):
        assert read(part, "other") == OLD, cut
        assert sorted([read(part, "moved") or b"", read(part, "folder/moved") or b""]) == [b"", NEW], cut
        assert part.overprograms == 0, cut


def test_a_move_that_can_no_longer_be_finished_is_no_reason_not_to_read() -> None:
    base = formatted()
    with mounted(base) as volume:
        volume.make_directories("folder")
        volume.replace("moved", NEW)

    def move(volume: Volume) -> None:
        with volume._guard:
            lfs.rename(volume._fs, "moved", "folder/moved")

    for cut, part in crash_states(base, move):
        for block in range(GEOMETRY.blocks):
            part.add_defect(BadBlock(block))
        assert NEW in (read(part, "moved"), read(part, "folder/moved")), cut


def test_a_folder_with_nothing_but_what_a_cut_left_can_be_removed() -> None:
    base = formatted()
    with mounted(base) as volume:
        volume.make_directories("folder")
    for cut, part in crash_states(base, lambda volume: volume.replace("folder/file", NEW)):
        with mounted(part) as volume:
            volume.remove("folder/file")
            assert volume.entries("folder") == [], cut
            assert volume.remove("folder"), cut
            assert volume.entries() == [], cut


def test_files_folders_and_what_is_not_there() -> None:
    part = formatted()
    with mounted(part) as volume:
        volume.make_directories("a/b")
        volume.replace("a/file", b"12345")
        assert volume.entries("a") == [("b", None), ("file", 5)]
        assert volume.entries() == [("a", None)]
        assert list(volume.files()) == [("a/file", 5)]
        assert volume.read("a") is None
        assert volume.read("a/none") is None
        assert volume.read("a/file/below") is None
        assert volume.entries("none") == []
        assert volume.remove("a/none") is False
        assert volume.remove("a/b") is True
        with pytest.raises(StorageError):
            volume.remove("a")


def test_a_full_volume_is_refused_and_unchanged() -> None:
    part = formatted()
    with mounted(part) as volume:
        volume.replace("fill", b"x" * volume.room())
        image = part.image()
        with pytest.raises(Full, match="card is full: it takes a file of"):
            volume.replace("more", b"y" * (volume.room() + 1))
        assert part.image() == image
        assert volume.read("fill") is not None


def test_the_largest_file_fits_and_the_volume_goes_on() -> None:
    part = formatted()
    with mounted(part) as volume:
        for _ in range(5):
            volume.replace("fill", b"x" * volume.room())
            volume.remove("fill")
    assert read(part, "fill") is None


@pytest.mark.parametrize("block", range(2, 20))
def test_a_block_that_goes_bad_costs_no_file(block: int) -> None:
    """littlefs moves on to another block; only its two superblocks cannot be replaced."""
    part = formatted()
    with mounted(part) as volume:
        volume.replace(PATH, OLD)
    part.add_defect(BadBlock(block))
    with mounted(part) as volume:
        volume.replace(PATH, NEW)
    assert read(part, PATH) == NEW


def test_a_part_of_bad_blocks_gives_an_error_not_an_abort() -> None:
    part = formatted()
    for block in range(GEOMETRY.blocks):
        part.add_defect(BadBlock(block))
    with mounted(part) as volume, pytest.raises(StorageError):
        volume.replace(PATH, NEW)
    assert read(part, PATH) is None


def test_what_is_no_volume_is_damaged_and_untouched() -> None:
    part = powered()
    part.program(0, 0, b"\x00" * 64)
    image = part.image()
    with pytest.raises(Damaged, match="card: littlefs finds its structure damaged"):
        mounted(part)
    assert part.image() == image
