"""A volume beyond the fault budget: an error by name, never a traceback, a circle or an abort of the interpreter."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import Damaged, StorageError
from firmware.storage.volume import format_volume, mounted
from tests.storage import forge

GEOMETRY = Geometry(program_unit=16, block_size=256, blocks=32)
FILES = {"system/primary/bin": bytes(range(200)) * 2, "system/primary/cfg": b"c" * 30, "system/backup/cfg": b"d" * 256}


def powered(blocks: tuple[bytes, ...] | None = None) -> FlashPart:
    rail = Rail()
    rail.on = True
    return FlashPart("card", GEOMETRY, rail, blocks)


def history() -> list[tuple[bytes, ...]]:
    """Every state of the flash from its format on; the last one holds FILES."""
    part = powered()
    states = [part.image()]
    part.mirror = lambda part, _block, _offset, _content: states.append(part.image())
    format_volume(part)
    with mounted(part) as volume:
        volume.replace("system/primary/cfg", b"the first")
        for path, data in FILES.items():
            volume.replace(path, data)
        volume.replace("gone", b"gone")
        volume.remove("gone")
    return states


STATES = history()
GOOD = STATES[-1]


def with_block(image: tuple[bytes, ...], block: int, content: bytes) -> tuple[bytes, ...]:
    return (*image[:block], content, *image[block + 1 :])


def use(image: tuple[bytes, ...]) -> set[str]:
    """Do all that can be done with a volume. Each use may fail, by a name of ours; what the errors say."""
    part, said = powered(image), set()
    try:
        volume = mounted(part)
    except Damaged as error:
        return {str(error)}
    with volume:
        for work in (
            lambda: list(volume.files()),
            lambda: [volume.read(path) for path, _ in volume.files()],
            lambda: [volume.read(path) for path in FILES],
            lambda: volume.replace("system/primary/cfg", b"new" * 20),
            lambda: volume.replace("system/new/folder/file", b"n" * 600),
            lambda: volume.remove("system/backup/cfg"),
            lambda: volume.remove("system"),
            lambda: list(volume.files()),
        ):
            try:
                work()
            except StorageError as error:
                said.add(str(error))
    return said


blocks = st.integers(0, GEOMETRY.blocks - 1)
damage = st.lists(
    st.tuples(st.just("flip"), blocks, st.integers(0, 256 * 8 - 1))
    | st.tuples(st.just("stale"), blocks, st.integers(0, len(STATES) - 1))
    | st.tuples(st.just("copied"), blocks, blocks)
    | st.tuples(st.just("filled"), blocks, st.integers(0, 255)),
    min_size=1,
    max_size=8,
)


@given(damage)
def test_whatever_happened_to_its_blocks(happened: list[tuple[str, int, int]]) -> None:
    image = GOOD
    for how, block, what in happened:
        content = bytearray(image[block])
        content[what // 8 % 256] ^= 1 << what % 8
        done = {"flip": bytes(content), "stale": STATES[what % len(STATES)][block], "copied": image[what % 32]}
        image = with_block(image, block, done.get(how, bytes([what % 256]) * 256))
    use(image)


def test_the_good_one_is_all_there() -> None:
    with mounted(powered(GOOD)) as volume:
        assert {path: volume.read(path) for path, _ in volume.files()} == FILES
    assert forge.places(GOOD, forge.FOLDER_NAME)
    assert use(GOOD) == {"card: LittleFSError -39: LFS_ERR_NOTEMPTY"}


KINDS = (forge.FILE_NAME, forge.FOLDER_NAME, forge.FOLDER, forge.INLINE, forge.FILE, forge.SOFT_TAIL, forge.HARD_TAIL)
PLACES = forge.places(GOOD, *KINDS)
words = st.integers(0, 25) | st.sampled_from([2**31 - 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 1), words), min_size=1, max_size=3))
def test_whatever_was_forged_under_a_checksum_that_holds(
    forgeries: list[tuple[tuple[int, forge.Entry], int, int]],
) -> None:
    image = GOOD
    for (block, entry), position, word in forgeries:
        data = struct.pack("<I", word)[: max(0, entry.size - 4 * position)]
        image = with_block(image, block, forge.forged(image[block], entry, 4 * position, data))
    use(image)


def everywhere(kind: int, offset: int, data: bytes) -> tuple[bytes, ...]:
    image = GOOD
    for block, entry in forge.places(GOOD, kind):
        image = with_block(image, block, forge.forged(image[block], entry, offset, data))
    return image


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (everywhere(forge.FOLDER_NAME, 1, b"\xff"), "card: a name is not UTF-8"),
        (everywhere(forge.FILE, 4, struct.pack("<I", 2**31 - 1)), "claims to be 2147483647 bytes long, more than the"),
        (everywhere(forge.FOLDER, 0, struct.pack("<II", 0, 1)), "card: its directories lead in a circle"),
    ],
    ids=["name", "size", "circle"],
)
def test_what_is_forged_is_named(image: tuple[bytes, ...], text: str) -> None:
    assert any(text in said for said in use(image))
