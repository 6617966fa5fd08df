"""The canonical form of littlefs volumes: images of one form have one future, and what tells futures apart is in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from itertools import product
from typing import Any

import pytest

from firmware.device.faults import Cut, Moment
from firmware.device.flash import Geometry
from firmware.errors import Damaged, PowerCut
from firmware.storage import littlefs_form
from firmware.storage.littlefs_form import VolumeForms
from firmware.storage.littlefs_log import Log, newer
from firmware.storage.volume import format_volume
from tests.storage.futures import TEARS, Image, powered, run
from tests.storage.histories import (
    histories,
    holding,
    make,
    mounting,
    read,
    remove,
    replace,
    work_on_files,
    work_on_folders,
)

pytestmark = pytest.mark.slow

SMALL, LARGE = Geometry(64, 256, 48), Geometry(256, 1024, 64)
SECTORS = Geometry(512, 512, 48)  # written whole: no log is ever appended to
KINDS = {"files": work_on_files, "folders": work_on_folders}
Form = Callable[[Image], Hashable]


class Behaviour:
    """Forms of what littlefs does with an image, wherever things lie in it; all that it does not mount is one."""

    def __init__(self, geometry: Geometry, *, may_format: bool = False) -> None:
        self._forms = VolumeForms(geometry, may_format=may_format)

    def form(self, image: Image) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(littlefs_form, "_places", lambda *_: None)
            patch.setattr(littlefs_form, "_digest_of", lambda *_: None)
            return self._forms.form(image)


def future(geometry: Geometry, image: Image, behaviour: Behaviour) -> object:
    """What every work does with an image, and the forms of what a cut at each of its operations leaves."""
    size = geometry.block_size
    found = []
    for works in (
        [read],
        [replace("a", b"Q" * (size + 7)), read],
        [replace("d1/new", b"n" * 30), read],
        [remove("bb"), remove("d1/d2"), remove("d1/yy"), read],
        [make("d9/d8"), *(replace(name, b"R" * 2 * size) for name in ("a", "d1/x", "e")), read],
    ):
        ran = run(geometry, image, mounting(*works))
        steps = [(kind, [behaviour.form(crash) for crash in crashes]) for kind, crashes in ran.crashes]
        found.append((ran.outcome, steps, behaviour.form(ran.image), ran.overprograms))
    return found


def different_futures(geometry: Geometry, images: list[Image], form_of: Form) -> tuple[int, int]:
    """Pairs of images with one form; and how many of them have different futures."""
    behaviour = Behaviour(geometry)
    first: dict[Hashable, Image] = {}
    futures: dict[Hashable, object] = {}
    pairs = different = 0
    for image in images:
        key = form_of(image)
        if first.setdefault(key, image) is image:
            continue
        if key not in futures:
            futures[key] = future(geometry, first[key], behaviour)
        pairs += 1
        different += future(geometry, image, behaviour) != futures[key]
    return pairs, different


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("geometry", "count", "least"),
    [
        (SMALL, 300, 100),
        pytest.param(SMALL, 2000, 1000, marks=pytest.mark.slow),
        pytest.param(LARGE, 2000, 1000, marks=pytest.mark.slow),
        pytest.param(Geometry(16, 256, 64), 600, 250, marks=pytest.mark.slow),
        (SECTORS, 150, 70),
        pytest.param(SECTORS, 2000, 1000, marks=pytest.mark.slow),
    ],
)
def test_images_of_one_form_have_one_future(geometry: Geometry, count: int, least: int, kind: str) -> None:
    images = histories(geometry, KINDS[kind], 1, count)
    pairs, different = different_futures(geometry, images, VolumeForms(geometry).form)
    assert pairs >= least
    assert different == 0


@pytest.mark.parametrize("may_format", [True, False])
def test_a_format_asks_for_more_in_the_form(may_format: bool) -> None:
    """It erases the block of the first pair that may be the one in use, and the other comes to light."""
    forms, behaviour = VolumeForms(SMALL, may_format=may_format), Behaviour(SMALL, may_format=may_format)
    first: dict[bytes, Image] = {}
    pairs = differing = 0
    for image in histories(SMALL, work_on_files, 3, 600):
        other = first.setdefault(forms.form(image), image)
        if other is not image:
            runs = [run(SMALL, each, format_volume) for each in (other, image)]
            one, two = ([[behaviour.form(crash) for crash in crashes] for _, crashes in ran.crashes] for ran in runs)
            pairs += 1
            differing += one != two
    assert pairs > 20
    assert bool(differing) is not may_format


# Of a pair the form is (entries, is_split, what it adds to the state, (end, rest) or None).
SHORTENED: dict[str, tuple[str, int, Callable[[Log, Any], object]]] = {
    "no contents": ("files", 60, lambda _, pair: ([entry[:2] for entry in pair[0]], pair[1:])),
    "no .new": ("files", 60, lambda _, pair: ([entry for entry in pair[0] if entry[1] != b".new"], pair[1:])),
    "no end": ("files", 700, lambda _, pair: (pair[:3], pair[3] and pair[3][1:])),
    "no rest": ("files", 200, lambda _, pair: (pair[:3], pair[3] and pair[3][0])),
    "rest blank or not": ("files", 700, lambda _, pair: (pair[:3], pair[3] and (pair[3][0], any(pair[3][1])))),
    "no word on appending": ("files", 60, lambda log, pair: (pair[:3], log.end)),
    "no state": ("folders", 700, lambda _, pair: (pair[:2], pair[3])),
}


@pytest.mark.slow
@pytest.mark.parametrize("shortened", SHORTENED)
def test_a_form_with_less_in_it_merges_what_has_different_futures(shortened: str) -> None:
    kind, count, short = SHORTENED[shortened]
    whole = littlefs_form._meaning
    images = histories(LARGE, KINDS[kind], 2, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(littlefs_form, "_meaning", lambda log, *others: short(log, whole(log, *others)))
        forms = VolumeForms(LARGE)
        form_of = {image: forms.form(image) for image in images}
    assert different_futures(LARGE, images, form_of.__getitem__)[1]


def test_the_images_are_those_that_an_armed_cut_leaves() -> None:
    work = mounting(replace("d1/x", b"contents" * 90))
    image = holding(SMALL, replace("d1/x", b"old"))
    moments = [(Moment.BEFORE, TEARS[0]), *product([Moment.INSIDE], TEARS), (Moment.AFTER, TEARS[0])]
    for operation, (_, expected) in enumerate(run(SMALL, image, work).crashes, 1):
        for (moment, torn), crash in zip(moments, expected, strict=True):
            part = powered(SMALL, image)
            part.rail.arm(Cut(operation, moment, torn))
            with pytest.raises(PowerCut):
                work(part)
            assert part.image() == crash


def changed(image: Image, block: int, content: bytes, at: int = 0) -> Image:
    old = image[block]
    return (*image[:block], old[:at] + content + old[at + len(content) :], *image[block + 1 :])


def in_use(image: Image) -> tuple[int, Log]:
    """Which block of the root pair counts, and its log."""
    log, is_first = newer(image[0], image[1], SMALL.program_unit)
    return (0 if is_first else 1), log


def base() -> Image:
    return holding(SMALL, replace("d1/x", b"A" * 700), replace("a", b"short"))


def same(one: Image, other: Image, *, may_format: bool = False) -> bool:
    forms = VolumeForms(SMALL, may_format=may_format)
    assert one != other
    return forms.form(one) == forms.form(other)


def test_the_same_files_with_a_longer_log_behind_them() -> None:
    image = holding(LARGE, replace("a", b"short"))
    again = run(LARGE, image, mounting(make("d"), remove("d"))).image
    assert run(LARGE, image, mounting(read)).outcome == run(LARGE, again, mounting(read)).outcome
    assert VolumeForms(LARGE).form(image) != VolumeForms(LARGE).form(again)


def test_free_blocks_hold_what_they_like() -> None:
    free = [n for n, content in enumerate(base()) if content == b"\xff" * 256][5]
    assert same(base(), changed(base(), free, b"scribble", 100))


def test_the_block_of_a_pair_that_is_not_in_use_holds_what_it_likes() -> None:
    other = 1 - in_use(base())[0]
    assert same(base(), changed(base(), other, b"scribble", 8))
    assert same(base(), changed(base(), other, b"\xff" * 256))
    assert same(base(), changed(base(), other, b"\xff\xff\xff\x7f"))  # the newer one by its number, but no commit
    # A format erases block 0 first, and then this block is all there is.
    assert same(base(), changed(base(), other, b"scribble", 8), may_format=True) is (other == 0)


def test_the_block_in_use_spoilt_is_another_volume_or_none() -> None:
    used, _ = in_use(base())
    assert not same(base(), changed(base(), used, b"scribble", 8))
    neither = [changed(changed(base(), used, b"scribble", 8), 1 - used, mark, 8) for mark in (b"one", b"two")]
    assert same(*neither)
    foreign = holding(Geometry(64, 256, 47), replace("a", b"short"))
    others = [(*foreign, mark * 256) for mark in (b"1", b"2")]
    assert not same(*others)  # what has commits and cannot be mounted is never merged


def test_what_holds_no_volume_is_formatted_alike() -> None:
    generator = random.Random(6)  # noqa: S311 - a test's choices, not secrets
    futures = []
    for image in histories(SMALL, work_on_files, 6, 40):
        for block in (0, 1):
            image = changed(image, block, generator.randbytes(60), 8)
            image = changed(image, block, generator.choice([b"", b"\xff" * 256, bytes(4), b"\xff" * 3]))
        assert run(SMALL, image, mounting(read)).outcome is Damaged
        ran = run(SMALL, image, format_volume)
        forms = VolumeForms(SMALL, may_format=True)
        futures.append([(kind, {forms.form(crash) for crash in crashes}) for kind, crashes in ran.crashes])
    assert futures.count(futures[0]) == len(futures) > 30


def test_a_torn_commit_behind_the_log_is_not_a_blank_rest() -> None:
    used, log = in_use(base())
    assert log.is_appendable
    torn = [changed(base(), used, mark, log.end) for mark in (b"torn", b"in another way")]
    assert not same(base(), torn[0])
    assert same(*torn)  # both: the next commit goes to the other block
    assert same(torn[0], changed(torn[0], used, b"and later", log.end + 64))


def test_a_later_page_programmed_before_an_earlier_one() -> None:
    used, log = in_use(base())
    assert log.is_appendable
    assert log.end + 64 < SMALL.block_size
    later = [changed(base(), used, mark, log.end + 64) for mark in (b"page", b"another")]
    assert all(in_use(image)[1].is_appendable for image in later)
    assert not same(base(), later[0])
    assert not same(*later)


@pytest.mark.parametrize(("blocks", "is_same"), [(20, True), (40, False)])
def test_places_count_on_a_volume_more_than_half_full(blocks: int, is_same: bool) -> None:
    images = []
    for before in (b"1", b"2"):  # by which littlefs comes to look for free blocks elsewhere
        work = mounting(replace("a", b"x" * 1000 * blocks))
        images.append(run(LARGE, holding(LARGE, replace("a", before)), work).image)
    assert images[0][2:] != images[1][2:]
    forms = VolumeForms(LARGE)
    assert (forms.form(images[0]) == forms.form(images[1])) is is_same


def test_reading_through_the_memo_changes_nothing() -> None:
    images = histories(SMALL, work_on_files, 5, 150)
    forms = VolumeForms(SMALL)
    at_first = [forms.form(image) for image in images]
    assert at_first == [forms.form(image) for image in images]
    assert at_first == [VolumeForms(SMALL).form(image) for image in images]
    assert len(set(at_first)) < len(images)
