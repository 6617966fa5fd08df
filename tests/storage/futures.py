"""What can become of a flash image: a run of some work on it, and every image that a power cut in that run leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from firmware.device.faults import Torn, torn_erase, torn_program
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Operation, Rail
from firmware.errors import StorageError

Image = tuple[bytes, ...]
TEARS = (Torn.HALF, Torn.ONE_BIT, Torn.ALL_BUT_ONE_BIT)


def powered(geometry: Geometry, image: Image | None = None) -> FlashPart:
    rail = Rail()
    rail.on, rail.trace = True, []
    return FlashPart("part", geometry, rail, image)


class Run(NamedTuple):
    """``crashes``: for each operation, its kind and the images that a cut before, inside and after it leaves."""

    outcome: object
    crashes: list[tuple[str, list[Image]]]
    image: Image
    overprograms: int


def run(geometry: Geometry, image: Image | None, work: Callable[[FlashPart], object]) -> Run:
    part = powered(geometry, image)
    before = part.image()
    try:
        outcome = work(part)
    except StorageError as error:
        outcome = type(error)
    assert part.rail.trace is not None
    return Run(outcome, list(_crashes(before, part.rail.trace)), part.image(), part.overprograms)


def _crashes(image: Image, trace: list[Operation]) -> Iterator[tuple[str, list[Image]]]:
    for operation in trace:
        if operation.kind == "sync":
            continue
        block, old, new = operation.block, image[operation.block], operation.content
        contents = [old, *(_torn(operation, old, how) for how in TEARS), new]
        yield operation.kind, [(*image[:block], content, *image[block + 1 :]) for content in contents]
        image = (*image[:block], new, *image[block + 1 :])


def _torn(operation: Operation, old: bytes, how: Torn) -> bytes:
    if operation.kind == "erase":
        return torn_erase(old, operation.content, how)
    start, end = operation.offset, operation.offset + operation.length
    return old[:start] + torn_program(old[start:end], operation.content[start:end], how) + old[end:]
