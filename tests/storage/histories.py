"""Volumes with a past: random work on files and folders, cut anywhere, and the images that it leaves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from firmware.device.flash import FlashPart, Geometry
from firmware.errors import StorageError
from firmware.storage.volume import Volume, format_volume, mounted
from tests.storage.futures import Image, run

NAMES = ("a", "bb", "d1/x", "d1/yy", "d1/d2/z", "e")
FOLDERS = ("d1", "d3", "d1/d2", "d1/d4")
Work = Callable[[Volume], object]
SomeWork = Callable[[random.Random, Geometry], Work]


def mounting(*works: Work) -> Callable[[FlashPart], object]:
    """Several works in one mount; one that the volume refuses does not stop the next."""

    def all_of(part: FlashPart) -> object:
        found = []
        with mounted(part) as volume:
            for work in works:
                try:
                    found.append(work(volume))
                except StorageError as error:
                    found.append(type(error))
        return found

    return all_of


def replace(path: str, data: bytes) -> Work:
    return lambda volume: volume.replace(path, data)


def remove(path: str) -> Work:
    return lambda volume: volume.remove(path)


def make(path: str) -> Work:
    return lambda volume: volume.make_directories(path)


def read(volume: Volume) -> object:
    folders = [path for path, size in volume._tree("") if size is None]
    leftovers = [(folder, volume.read(f"{folder}/.new".lstrip("/"))) for folder in folders]
    return leftovers, [(path, volume.read(path)) for path, _ in volume.files()], volume.free_bytes()


@cache
def formatted(geometry: Geometry) -> Image:
    return run(geometry, None, format_volume).image


def holding(geometry: Geometry, *works: Work) -> Image:
    return run(geometry, formatted(geometry), mounting(*works)).image


def work_on_files(generator: random.Random, geometry: Geometry) -> Work:
    size = geometry.block_size
    sizes = [0, 3, 20, size // 8, size // 2, size, 2 * size + 5, generator.randrange(1, 3 * size)]
    content = generator.choice([b"A", b"B"]) * generator.choice(sizes)
    works = [replace(generator.choice(NAMES), content)] * 5
    return generator.choice([*works, remove(generator.choice(NAMES + FOLDERS)), make(generator.choice(FOLDERS))])


def work_on_folders(generator: random.Random, _geometry: Geometry) -> Work:
    """So many names in one folder that littlefs splits it and moves entries from pair to pair; folders come and go."""
    folder, name = generator.choice(["d1", "d1/d2", "d1/d2/d3", "d4", "d4/d5"]), generator.choice("abcdef") * 4
    content = b"x" * generator.choice([1, 15, 16])
    works = [make(folder), remove(folder)] * 2
    return generator.choice([*works, remove(name), replace(name, content)])


def out_of_order(before: list[Image], after: list[Image]) -> Iterator[Image]:
    """The second of two programs of one block done, the first not: its page is as it was before both."""
    start, middle, end = before[0], before[-1], after[-1]
    changed = [n for n, content in enumerate(start) if content != middle[n]]
    if changed == [n for n, content in enumerate(middle) if content != end[n]] and len(changed) == 1:
        old, first, second = (image[changed[0]] for image in (start, middle, end))
        content = bytes(o if f != o else s for o, f, s in zip(old, first, second, strict=True))
        yield (*start[: changed[0]], content, *start[changed[0] + 1 :])


def histories(geometry: Geometry, work: SomeWork, seed: int, count: int) -> list[Image]:
    """Images after cut work, and of it those in which a later page was programmed and an earlier one not."""
    generator = random.Random(seed)  # noqa: S311 - a test's choices, not secrets
    found: dict[Image, None] = {}
    while len(found) < count:
        image = formatted(geometry)
        for _ in range(generator.randrange(2, 20)):
            works = [work(generator, geometry) for _ in range(generator.choice([1, 1, 2, 3]))]
            ran = run(geometry, image, mounting(*works))
            left = list(dict.fromkeys(crash for _, crashes in ran.crashes for crash in crashes))
            pages = [crashes for kind, crashes in ran.crashes if kind == "program"]
            swapped = [crash for two in pairwise(pages) for crash in out_of_order(*two)]
            chosen = generator.sample(left, min(len(left), 25)) + generator.sample(swapped, min(len(swapped), 5))
            found.update(dict.fromkeys(chosen))
            image = generator.choice(chosen) if chosen and generator.random() < 0.6 else ran.image
    return list(found)
