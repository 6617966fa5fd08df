"""A crowded volume: refused before littlefs runs out of blocks, and no file lost when blocks go bad as well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.faults import BadBlock, Cut, Moment
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import Full, PowerCut, StorageError
from firmware.storage.volume import Volume, format_volume, mounted

GEOMETRY = Geometry(program_unit=32, block_size=256, blocks=40)
DEEP = "a/b/c/d/e"


def formatted() -> FlashPart:
    rail = Rail()
    rail.on = True
    part = FlashPart("card", GEOMETRY, rail)
    format_volume(part)
    return part


@pytest.mark.parametrize(
    "work",
    [
        lambda volume: volume.replace("file", b"x" * 300),
        lambda volume: volume.replace(f"{DEEP}/file", b"x" * 300),
        lambda volume: volume.make_directories(DEEP),
    ],
    ids=["file", "deep file", "folders"],
)
def test_at_every_degree_of_fullness_it_is_done_whole_or_refused_unchanged(work: Callable[[Volume], None]) -> None:
    outcomes = []
    for taken in range(GEOMETRY.blocks):
        part = formatted()
        with mounted(part) as volume:
            volume.replace("taken", b"t" * min(taken * GEOMETRY.block_size, volume.room()))
            before = part.image()
            try:
                work(volume)
            except Full:
                assert part.image() == before
                outcomes.append("refused")
            else:
                outcomes.append("done")
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {"done", "refused"}


def test_full_says_what_would_fit() -> None:
    with mounted(formatted()) as volume:
        volume.replace("taken", b"t" * volume.room())
        with pytest.raises(Full, match=r"card is full: it takes a file of 0 bytes at most, not 5 and 2 new folders"):
            volume.replace("new/folder/file", b"12345")


def test_what_a_cut_left_behind_gives_its_room_back() -> None:
    part = formatted()
    with mounted(part) as volume:
        volume.make_directories("folder")
        size = volume.room()
        before = part.operations
        volume.replace("folder/file", b"x" * size)
        operations = part.operations - before
        assert volume.remove("folder/file")
    for path in ("folder/file", "elsewhere"):
        again = part.copy(Rail())
        again.rail.on = True
        again.rail.arm(Cut(operations, Moment.BEFORE))
        with pytest.raises(PowerCut), mounted(again) as volume:
            volume.replace("folder/file", b"x" * size)
        again.rail.on = True
        with mounted(again) as volume:
            assert volume.room() == 0
            volume.replace(path, b"y" * size)
            assert volume.read(path) == b"y" * size


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(lambda names: "/".join(names) + ".file")
sizes = st.sampled_from([0, 1, 20, 255, 256, 700, 2000, 9999])


@given(st.sets(st.integers(2, GEOMETRY.blocks - 1), max_size=12), st.lists(st.tuples(paths, sizes), max_size=40))
def test_bad_blocks_on_a_crowded_volume_cost_no_file(bad: set[int], writes: list[tuple[str, int]]) -> None:
    part, held = formatted(), dict[str, bytes]()
    for block in bad:
        part.add_defect(BadBlock(block))
    for number, (path, size) in enumerate(writes):
        with mounted(part) as volume:
            data = bytes([number]) * size
            try:
                volume.replace(path, data)
                held[path] = data
            except StorageError:
                if held:
                    gone = min(held)
                    assert volume.remove(gone)
                    del held[gone]
            assert {name: volume.read(name) for name, _ in volume.files()} == held
    assert part.overprograms == 0


def test_what_takes_no_more_writes_can_still_be_read_and_used_on() -> None:
    part = formatted()
    with mounted(part) as volume:
        volume.replace("folder/file", b"kept")
        for block in range(GEOMETRY.blocks):
            part.add_defect(BadBlock(block))
        for _ in range(3):
            for work in (
                lambda: volume.replace("folder/file", b"x"),
                lambda: volume.remove("folder/file"),
                lambda: volume.make_directories("x"),
            ):
                with pytest.raises(StorageError):
                    work()
            assert volume.read("folder/file") == b"kept"
            assert volume.entries("folder") == [("file", 4)]


def test_too_small_a_block_is_refused() -> None:
    rail = Rail()
    rail.on = True
    with pytest.raises(ValueError, match="card: littlefs needs blocks of 256 bytes at least"):
        format_volume(FlashPart("card", Geometry(16, 128, 64), rail))
