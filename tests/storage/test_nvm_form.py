"""The canonical form of NVM records: images of one form have one future, and what tells futures apart is in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from itertools import product
from typing import Any

import pytest

from firmware.device.faults import Cut, Moment
from firmware.device.flash import FlashPart, Geometry
from firmware.errors import PowerCut
from firmware.storage.nvm import RecordStore, encode_copy
from firmware.storage.nvm_form import record_form
from tests.storage.futures import TEARS, Image, powered, run

pytestmark = pytest.mark.slow

GEOMETRY = Geometry(program_unit=16, block_size=64, blocks=6)
LAYOUT = {"record": 3}
VALUES = (b"old", b"new one" * 9, bytes(range(1, 170)), b"\xff" * 100, b"")
NEXT = (b"third" * 20, b"4th", b"fifth and last " * 11)
Form = Callable[[Image], Hashable]


def form(image: Image) -> Hashable:
    return record_form("record", (image[:3], image[3:]))


def replace(value: bytes) -> Callable[[FlashPart], object]:
    return lambda part: RecordStore(part, LAYOUT).replace("record", value)


def mend(part: FlashPart) -> object:
    return RecordStore(part, LAYOUT).mend("record")


def read(part: FlashPart) -> object:
    store = RecordStore(part, LAYOUT)
    return store.copies("record"), store.next_sequence("record")


def future(image: Image, form_of: Form) -> object:
    """What every work does with an image, and the forms of what a cut at each of its operations leaves."""
    found = []
    for work in (read, mend, *map(replace, NEXT)):
        ran = run(GEOMETRY, image, work)
        steps = [(kind, [form_of(crash) for crash in crashes]) for kind, crashes in ran.crashes]
        found.append((ran.outcome, steps, form_of(ran.image), ran.overprograms))
    return found


def histories(seed: int, count: int) -> list[Image]:
    """Images after cut writes and cut recoveries."""
    generator = random.Random(seed)  # noqa: S311 - a test's choices, not secrets
    found: dict[Image, None] = {}
    while len(found) < count:
        image: Image = (b"\xff" * 64,) * 6
        for _ in range(generator.randrange(1, 7)):
            ran = run(GEOMETRY, image, generator.choice([mend, *map(replace, VALUES)]))
            left = [crash for _, crashes in ran.crashes for crash in crashes]
            found.update(dict.fromkeys(generator.sample(left, min(len(left), 20))))
            image = generator.choice(left) if left and generator.random() < 0.7 else ran.image
    return list(found)


def different_futures(images: list[Image], form_of: Form) -> tuple[int, int]:
    """Pairs of images with one form; and how many of them have different futures."""
    first: dict[Hashable, Image] = {}
    futures: dict[Hashable, object] = {}
    pairs = different = 0
    for image in images:
        key = form_of(image)
        if first.setdefault(key, image) is image:
            continue
        if key not in futures:
            futures[key] = future(first[key], form_of)
        pairs += 1
        different += future(image, form_of) != futures[key]
    return pairs, different


def test_images_of_one_form_have_one_future() -> None:
    pairs, different = different_futures(histories(1, 4000), form)
    assert pairs >= 1000
    assert different == 0


# Of a slot: a good one is (sequence, data, what lies behind), another (state, header, blocks).
SHORTENED: dict[str, Callable[[Any], object]] = {
    "no data": lambda slot: (slot[0], slot[2]) if is_good(slot) else slot,
    "no sequence": lambda slot: slot[1:] if is_good(slot) else slot,
    "no header": lambda slot: slot if is_good(slot) else (slot[0], slot[2]),
    "no blocks": lambda slot: slot if is_good(slot) else slot[:2],
    "blocks blank or not": lambda slot: slot if is_good(slot) else (slot[0], slot[1], [n > 0 for n in slot[2]]),
    "slot blank or not": lambda slot: slot if is_good(slot) else (slot[0], any(slot[2])),
}


def is_good(slot: Any) -> bool:
    return isinstance(slot[0], int)


@pytest.mark.parametrize("shortened", SHORTENED)
def test_a_form_with_less_in_it_merges_what_has_different_futures(shortened: str) -> None:
    def short(image: Image) -> Hashable:
        slots: Any = form(image)
        return repr([SHORTENED[shortened](slot) for slot in slots])

    assert different_futures(histories(2, 1500), short)[1]


def test_the_images_are_those_that_an_armed_cut_leaves() -> None:
    image = run(GEOMETRY, None, replace(VALUES[2])).image
    crashes = run(GEOMETRY, image, replace(VALUES[1])).crashes
    moments = [(Moment.BEFORE, TEARS[0]), *product([Moment.INSIDE], TEARS), (Moment.AFTER, TEARS[0])]
    for operation, (_, expected) in enumerate(crashes, 1):
        for (moment, torn), crash in zip(moments, expected, strict=True):
            part = powered(GEOMETRY, image)
            part.rail.arm(Cut(operation, moment, torn))
            with pytest.raises(PowerCut):
                replace(VALUES[1])(part)
            assert part.image() == crash


GOOD = encode_copy("record", 7, b"data" * 20).ljust(192, b"\xff")


def slot(content: bytes) -> Image:
    content = content.ljust(192, b"\xff")
    return content[:64], content[64:128], content[128:]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (GOOD, GOOD[:150] + b"old secret" + GOOD[160:], False),
        (GOOD[:150] + b"one secret" + GOOD[160:], GOOD[:150] + b"old secret" + GOOD[160:], False),
        (GOOD, encode_copy("record", 8, b"data" * 20), False),
        (GOOD, encode_copy("record", 7, b"date" * 20), False),
        (b"", b"\xff" * 80 + b"left over", False),
        (b"\xff" * 80 + b"left over", b"\xff" * 80 + b"something", True),
        (b"NVMR damaged in some way", b"nothing at all but bytes", True),
        (b"NVMR damaged in some way", b"", False),
        (GOOD[:100], GOOD[:110], True),  # damaged, and as far written
        (GOOD[:30], GOOD[:40], False),  # up to the first half of a block, and over it
        (encode_copy("other", 7, b"data" * 20), GOOD[:95] + b"x", True),
        (b"", b"\xff", True),
    ],
)
def test_what_a_form_tells_apart(one: bytes, other: bytes, is_same: bool) -> None:
    forms = [record_form("record", (slot(content), slot(GOOD))) for content in (one, other)]
    assert (forms[0] == forms[1]) is is_same


def test_the_slots_are_not_interchangeable() -> None:
    assert record_form("record", (slot(GOOD), slot(b""))) != record_form("record", (slot(b""), slot(GOOD)))


def test_the_states_of_a_cut_write_are_few() -> None:
    image = run(GEOMETRY, run(GEOMETRY, None, replace(VALUES[2])).image, replace(VALUES[1])).image
    left = {crash for _, crashes in run(GEOMETRY, image, replace(NEXT[2])).crashes for crash in crashes}
    assert len({form(crash) for crash in left}) < len(left)
