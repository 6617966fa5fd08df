"""Redundant records, tested alone: a cut at every operation, in every form, then a *different* second write.

A unit that resumes a write repeats the same bytes and so hides a missing erase (design page, "Searching crash states"):
here the second write differs, both slots are in use, and records reach over several blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from firmware.device.faults import BitFlip, Cut, Moment, Torn
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import PowerCut
from firmware.storage.nvm import CopyState, RecordStore

GEOMETRY = Geometry(program_unit=16, block_size=64, blocks=24)
LAYOUT = {"small": 1, "large": 4, "other": 2}
VALUES = {  # several blocks long, of different lengths, and sharing no byte in most places
    "small": (b"old", b"new one", b"third"),
    "large": (bytes(range(1, 180)), bytes(range(200, 20, -1)) + b"tail", b"\x00" * 100),
    "other": (b"", b"\xff" * 70, b"x" * 33),
}
FORMS = [(Moment.BEFORE, Torn.HALF), (Moment.AFTER, Torn.HALF), *((Moment.INSIDE, torn) for torn in Torn)]


def powered(blocks: tuple[bytes, ...] | None = None) -> RecordStore:
    rail = Rail()
    rail.on = True
    return RecordStore(FlashPart("nvm", GEOMETRY, rail, blocks), LAYOUT)


def restarted(store: RecordStore) -> RecordStore:
    """The same flash in a fresh object graph, power back on."""
    fresh = powered(store.part.image())
    fresh.part.overprograms = store.part.overprograms
    return fresh


def cut_writes(base: tuple[bytes, ...] | None, name: str, value: bytes) -> Iterator[tuple[str, RecordStore]]:
    """Every crash state of one replace, with the name of the cut that made it."""
    whole = powered(base)
    whole.replace(name, value)
    for operation, (moment, torn) in product(range(1, whole.part.rail.operations + 1), FORMS):
        store = powered(base)
        store.part.rail.arm(Cut(operation, moment, torn))
        with pytest.raises(PowerCut):
            store.replace(name, value)
        yield f"{operation} {moment.value} {torn.value}", restarted(store)


def base_with(name: str, *values: bytes) -> tuple[bytes, ...] | None:
    store = powered()
    for other in LAYOUT:
        if other != name:
            store.replace(other, VALUES[other][2])
    for value in values:
        store.replace(name, value)
    return store.part.image()


def check_others(store: RecordStore, name: str) -> None:
    assert [store.read(other) for other in LAYOUT if other != name] == [VALUES[o][2] for o in LAYOUT if o != name]


@pytest.mark.parametrize("name", LAYOUT)
@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_a_cut_leaves_the_old_or_the_new_value_and_the_next_write_holds(name: str, earlier: int) -> None:
    old, new, third = VALUES[name]
    base = base_with(name, *([old] * earlier))
    before = old if earlier else None
    for cut, store in cut_writes(base, name, new):
        assert store.read(name) in (before, new), cut
        check_others(store, name)
        store.replace(name, third)
        assert store.read(name) == third, cut
        assert store.part.overprograms == 0, cut
        first, second = store.copies(name)
        assert first == second, cut
        assert first.state is CopyState.GOOD, cut


@pytest.mark.parametrize("name", ["small", "other", pytest.param("large", marks=pytest.mark.slow)])
def test_a_cut_in_the_recovery_too(name: str) -> None:
    old, new, third = VALUES[name]
    base = base_with(name, old)
    crashes = {store.part.image(): store for _, store in cut_writes(base, name, new)}
    for image, store in crashes.items():
        held = store.read(name)
        for cut, again in cut_writes(image, name, third):
            assert again.read(name) in (held, third), cut
            check_others(again, name)
            assert again.part.overprograms == 0, cut
            again.replace(name, new)
            assert again.read(name) == new, cut


@pytest.mark.parametrize("name", LAYOUT)
def test_a_cut_while_mending_changes_nothing_that_counts(name: str) -> None:
    old, new, _ = VALUES[name]
    base = base_with(name, old)
    for cut, store in cut_writes(base, name, new):
        held = store.read(name)
        work = powered(store.part.image())
        work.mend(name)
        assert work.read(name) == held, cut
        for operation in range(1, work.part.rail.operations + 1):
            torn = powered(store.part.image())
            torn.part.rail.arm(Cut(operation, Moment.INSIDE, Torn.ALL_BUT_ONE_BIT))
            with pytest.raises(PowerCut):
                torn.mend(name)
            after = restarted(torn)
            assert after.read(name) == held, (cut, operation)
            after.mend(name)
            first, second = after.copies(name)
            assert first == second, (cut, operation)


@pytest.mark.parametrize("name", LAYOUT)
def test_after_a_cut_and_a_mend_one_damaged_copy_loses_nothing(name: str) -> None:
    old, new, _ = VALUES[name]
    base = base_with(name, old)
    for cut, store in cut_writes(base, name, new):
        store.mend(name)
        held = store.read(name)
        for slot in (0, 1):
            damaged = powered(store.part.image())
            start, _ = damaged.slot_start(name, slot)
            for bit in range(0, 8 * 16, 5):  # the whole header and the first data
                damaged.part.flip(BitFlip(start, bit))
                assert damaged.read(name) == held, (cut, slot, bit)
                damaged.part.flip(BitFlip(start, bit))


def test_nothing_of_a_longer_value_stays_behind() -> None:
    store = powered()
    store.replace("large", b"a secret that is long enough to reach over several blocks " * 3)
    store.replace("large", b"short")
    assert not any(b"secret" in block for block in store.part.blocks)
