"""Sealed records on both kinds of stores: read by the unit they belong to, and told apart from all else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.entropy import Entropy
from firmware.device.faults import BitFlip
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.security.sealed import Held, SealedRecords
from firmware.storage.files import FileStore
from firmware.storage.nvm import RecordStore
from firmware.storage.store import Records
from firmware.storage.volume import format_volume, mounted

ONE, OTHER = Entropy(1, "00e00705918e"), Entropy(1, "00e007000001")


def nvm() -> Records:
    rail = Rail()
    rail.on = True
    part = FlashPart("nvm", Geometry(program_unit=16, block_size=64, blocks=32), rail)
    return RecordStore(part, {"a": 4, "b": 4})


def disk() -> Records:
    rail = Rail()
    rail.on = True
    part = FlashPart("disk", Geometry(program_unit=64, block_size=512, blocks=32), rail)
    format_volume(part)
    return FileStore(part, {"a": "etc/a", "b": "etc/b"})


STORES = [nvm, disk]
SECRET = b"the private key"
MakeStore = Callable[[], Records]


@pytest.mark.parametrize("make", STORES)
def test_a_record_is_read_back(make: MakeStore) -> None:
    sealed = SealedRecords(make(), ONE)
    assert sealed.load("a") == (Held.EMPTY, None, False)
    assert sealed.peek("a") == (Held.EMPTY, None)
    assert sealed.read("a") is None
    for plain in (SECRET, b"", b"another"):
        sealed.commit("a", plain)
        assert sealed.load("a") == (Held.PRESENT, plain, False)
        assert sealed.peek("a") == (Held.PRESENT, plain)
        assert sealed.read("a") == plain
    assert sealed.read("b") is None


@pytest.mark.parametrize("make", STORES)
def test_nothing_of_it_lies_open_on_the_flash(make: MakeStore) -> None:
    store = make()
    SealedRecords(store, ONE).commit("a", SECRET)
    assert SECRET not in b"".join(store.part.image())


@pytest.mark.parametrize("make", STORES)
def test_another_unit_cannot_read_it(make: MakeStore) -> None:
    store = make()
    SealedRecords(store, ONE).commit("a", SECRET)
    other = SealedRecords(store, OTHER)
    assert other.load("a") == (Held.FOREIGN, None, False)
    assert other.peek("a") == (Held.FOREIGN, None)
    assert other.read("a") is None


@pytest.mark.parametrize("make", STORES)
def test_a_record_is_bound_to_its_name(make: MakeStore) -> None:
    """The sealed bytes of one record under the name of another count as foreign."""
    store = make()
    sealed = SealedRecords(store, ONE)
    sealed.commit("a", SECRET)
    stolen = store.read("a")
    assert stolen is not None
    store.replace("b", stolen)
    assert sealed.peek("b") == (Held.FOREIGN, None)


@pytest.mark.parametrize("make", STORES)
def test_a_record_is_bound_to_its_sequence_number(make: MakeStore) -> None:
    """The sealed bytes of an earlier record cannot be put back as the present one."""
    store = make()
    sealed = SealedRecords(store, ONE)
    sealed.commit("a", SECRET)
    early = store.read("a")
    assert early is not None
    sealed.commit("a", b"later")
    store.replace("a", early)
    assert sealed.peek("a") == (Held.FOREIGN, None)


@pytest.mark.parametrize("make", STORES)
def test_the_same_commit_gives_the_same_bytes(make: MakeStore) -> None:
    images = []
    for _ in range(2):
        store = make()
        SealedRecords(store, ONE).commit("a", SECRET)
        images.append(store.part.image())
    assert images[0] == images[1]


def test_a_lost_second_copy_is_put_right_and_said() -> None:
    store = nvm()
    assert isinstance(store, RecordStore)
    sealed = SealedRecords(store, ONE)
    sealed.commit("a", SECRET)
    store.part.flip(BitFlip(store.slot_start("a", 1)[0], 8 * 20))
    assert sealed.load("a") == (Held.PRESENT, SECRET, True)
    assert sealed.load("a") == (Held.PRESENT, SECRET, False)


def test_two_lost_copies_are_damage() -> None:
    store = nvm()
    assert isinstance(store, RecordStore)
    sealed = SealedRecords(store, ONE)
    sealed.commit("a", SECRET)
    for copy in (0, 1):
        store.part.flip(BitFlip(store.slot_start("a", copy)[0], 8 * 20))
    assert sealed.load("a") == (Held.DAMAGED, None, False)
    assert sealed.peek("a") == (Held.DAMAGED, None)
    assert sealed.read("a") is None
    sealed.commit("a", b"new")
    assert sealed.read("a") == b"new"


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\xff" * 16, b"\xff" * 100, bytes(40), b"NVMR", b"text of some length"]
)
def test_a_file_of_something_else_is_damage(content: bytes) -> None:
    store = disk()
    sealed = SealedRecords(store, ONE)
    with mounted(store.part) as volume:
        volume.replace("etc/a", content)
    assert sealed.load("a") == (Held.DAMAGED, None, False)
    sealed.commit("a", SECRET)
    assert sealed.read("a") == SECRET


def test_a_disk_that_cannot_be_mounted_is_damage_and_no_fault_of_ours() -> None:
    store = disk()
    sealed = SealedRecords(store, ONE)
    sealed.commit("a", SECRET)
    for block in range(2):
        store.part.overwrite(block, bytes(512))
    assert sealed.load("a") == (Held.DAMAGED, None, False)
    assert sealed.peek("a") == (Held.DAMAGED, None)
    assert sealed.read("a") is None


@given(st.integers(0, 32 * 512 * 8 - 1))
def test_a_flipped_bit_anywhere_on_a_disk_is_the_record_or_damage(bit: int) -> None:
    store = disk()
    sealed = SealedRecords(store, ONE)
    sealed.commit("a", SECRET)
    store.part.flip(BitFlip(bit // (512 * 8), bit % (512 * 8)))
    held, plain = sealed.peek("a")
    assert (held, plain) in ((Held.PRESENT, SECRET), (Held.DAMAGED, None), (Held.EMPTY, None))


def test_the_same_hardware_over_another_store() -> None:
    one, other = nvm(), disk()
    sealed = SealedRecords(one, ONE)
    moved = sealed.on(other)
    moved.commit("a", SECRET)
    assert (sealed.read("a"), moved.read("a")) == (None, SECRET)
