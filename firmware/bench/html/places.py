"""What lies on each block of a flash part: the copies of NVM records, or the files of a littlefs volume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, unpack_from

from firmware.appliance import Appliance
from firmware.bench.html.watch import PartShape
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.storage.littlefs_log import CHAIN, FOLDER, INLINE, SUPERBLOCK, Entry, Log, Pair, Unreadable, newer
from firmware.storage.nvm import Copy, CopyState, RecordStore

BOOKS = "directories"
_PAIR = Struct("<II")
_ROOT: Pair = (0, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Something on the flash: ``name`` as people call it, ``group`` what is shown in one colour, ``holds`` in words."""

    name: str
    group: str
    blocks: tuple[int, ...]
    holds: str


def places(unit: Appliance, part: str, shape: PartShape) -> list[Place]:
    """What lies where. A volume that cannot be followed is one place, and says so."""
    like = unit.parts().get(part)
    geometry = like.geometry if like is not None else unit.platform.card
    if part == unit.internal.name and isinstance(unit.records, RecordStore):
        rail = Rail()
        rail.on = True
        return list(_of_records(unit.records.on(FlashPart(part, geometry, rail, shape.blocks))))
    named = {path: name for name, path in unit.platform.storage.layout.items()} if part == unit.internal.name else {}
    try:
        return _of_volume(shape.blocks, geometry, named)
    except Unreadable as error:
        return [Place("no volume that can be followed", BOOKS, (), str(error))]


def _of_records(records: RecordStore) -> Iterator[Place]:
    for name in records.names():
        for slot, copy in enumerate(records.copies(name)):
            first, count = records.slot_start(name, slot)
            yield Place(f"{name}, copy {slot + 1}", name, tuple(range(first, first + count)), _told(copy))


def _told(copy: Copy) -> str:
    if copy.state is CopyState.GOOD:
        return f"number {copy.sequence}, {len(copy.data)} bytes"
    return str(copy.state.value)


def _of_volume(blocks: Sequence[bytes], geometry: Geometry, named: dict[str, str]) -> list[Place]:
    """``named``: the records that are files of this volume, by path."""
    found: list[Place] = []
    books: list[int] = []
    pending: list[tuple[Pair, str]] = [(_ROOT, "")]
    while pending:
        pair, folder = pending.pop()
        if max(pair) >= geometry.blocks or set(pair) & set(books):
            raise Unreadable("its directories lead off the part, or in a circle")
        books += pair
        log, _ = newer(blocks[pair[0]], blocks[pair[1]], geometry.program_unit)
        pending += _onwards(log, folder)
        for entry in log.entries:
            if entry.structure in (CHAIN, INLINE) and entry.kind != SUPERBLOCK:
                path = folder + entry.name.decode("utf-8", "replace")
                name = f"{path} (record {named[path]})" if path in named else path
                found.append(_file(name, path, entry, blocks, geometry))
    count = len(books) // 2
    held = f"{count} pair{'s' * (count > 1)} of blocks: names, and files that are small"
    return [Place(BOOKS, BOOKS, tuple(sorted(books)), held), *sorted(found, key=lambda place: place.name)]


def _file(name: str, path: str, entry: Entry, blocks: Sequence[bytes], geometry: Geometry) -> Place:
    if entry.structure == INLINE:
        return Place(name, BOOKS, (), f"{len(entry.data)} bytes, in its directory")
    head, size = _PAIR.unpack(entry.data)
    return Place(name, path, tuple(_chain(blocks, head, size, geometry)), f"{size} bytes")


def _onwards(log: Log, folder: str) -> Iterator[tuple[Pair, str]]:
    """The rest of this folder, and the folders in it."""
    if log.tail is not None and log.is_split:
        yield log.tail, folder
    for entry in log.entries:
        if entry.structure == FOLDER:
            yield _PAIR.unpack(entry.data), f"{folder}{entry.name.decode('utf-8', 'replace')}/"


def _chain(blocks: Sequence[bytes], head: int, size: int, geometry: Geometry) -> list[int]:
    """A file's blocks, the first first: each but the first begins with the number of the one before it."""
    found, held, index = [head], geometry.block_size, 0
    while held < size:  # block n has as many pointers as n is divisible by two, and one
        index += 1
        held += geometry.block_size - 4 * (index & -index).bit_length()
    for _ in range(index):
        if found[-1] >= geometry.blocks:
            raise Unreadable("a file leads off the part")
        found.append(unpack_from("<I", blocks[found[-1]])[0])
    if found[-1] >= geometry.blocks:
        raise Unreadable("a file leads off the part")
    return found[::-1]
