"""Bugs of the stores: NVM records, files of a volume, the part below it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from littlefs import lfs

from firmware import configuration
from firmware.appliance import Appliance
from firmware.boot.choose_configuration import NETWORK_RECORD
from firmware.errors import StorageError
from firmware.storage import nvm
from firmware.storage.driver import Driver
from firmware.storage.nvm import Copy, CopyState, RecordStore, encode_copy
from firmware.storage.volume import Volume

_read: Callable[[Volume, str], bytes | None] = Volume.read


def believe_the_header(_name: str, raw: bytes) -> Copy:
    """nvm.decode_copy, but what has a magic is good."""
    if raw.startswith(nvm._BLANK_HEADER):
        return nvm._BLANK
    magic, sequence, length, _crc = nvm.HEADER.unpack_from(raw)
    data = raw[nvm.HEADER.size : nvm.HEADER.size + length]
    if magic != nvm.MAGIC or len(data) != length:
        return nvm._DAMAGED
    return Copy(CopyState.GOOD, sequence, data)


def erase_both_then_write(store: RecordStore, name: str, data: bytes) -> None:
    """RecordStore.replace, but room is made first."""
    content = encode_copy(name, store.next_sequence(name), data)
    for slot in (0, 1):
        start, blocks = store.slot_start(name, slot)
        for block in range(start, start + blocks):
            store.part.erase(block)
    for slot in (0, 1):
        store._write_slot(name, slot, content)


def mend_with_the_next_number(store: RecordStore, name: str) -> tuple[Copy | None, bool]:
    """RecordStore.mend, but a copy that is written gets a number of its own, as in every other write.

    What is sealed binds itself to its number: this start still has the good copy, the next one reads the mended.
    """
    first, second = store.copies(name)
    best = nvm._present(name, first, second)
    if best is None or first.state is second.state:
        return best, False
    other = 1 if best is first else 0
    return best, store._write_slot(name, other, encode_copy(name, best.sequence + 1, best.data))


def mend_both(store: RecordStore, name: str) -> tuple[Copy | None, bool]:
    """RecordStore.mend, but both slots are written anew, the first one first – be it the good one."""
    first, second = store.copies(name)
    best = nvm._present(name, first, second)
    if best is None or first == second:
        return best, False
    content = encode_copy(name, best.sequence, best.data)
    written = [store._write_slot(name, slot, content) for slot in (0, 1)]
    return best, all(written)


def erase_when_in_use(store: RecordStore, name: str, slot: int, content: bytes) -> bool:
    """RecordStore._write_slot, but a slot whose header is blank counts as blank."""
    part, (start, blocks) = store.part, store.slot_start(name, slot)
    size, unit = part.geometry.block_size, part.geometry.program_unit
    used = -(-len(content) // size)
    content += b"\xff" * (-len(content) % unit)
    if part.read(start, 0, nvm.HEADER.size) != nvm._BLANK_HEADER:
        for block in range(start, start + blocks):
            part.erase(block)
    for at in (*range(unit, len(content), unit), 0):
        part.program(start + at // size, at % size, content[at : at + unit])
    return b"".join(part.read(start + n, 0, size) for n in range(used)).startswith(content)


def erase_what_is_needed(store: RecordStore, name: str, slot: int, content: bytes) -> bool:
    """RecordStore._write_slot, but only the blocks of the new record are erased."""
    part, (start, _) = store.part, store.slot_start(name, slot)
    size, unit = part.geometry.block_size, part.geometry.program_unit
    used = -(-len(content) // size)
    content += b"\xff" * (-len(content) % unit)
    try:
        for n in range(used):
            part.erase(start + n)
        for at in (*range(unit, len(content), unit), 0):
            part.program(start + at // size, at % size, content[at : at + unit])
    except StorageError:
        return False
    return b"".join(part.read(start + n, 0, size) for n in range(used)).startswith(content)


def write_in_place(volume: Volume, path: str, data: bytes) -> None:
    """Volume.replace, but the file itself is opened and written: opening it makes it empty."""
    volume._require_room(len(data), posixpath.dirname(path))
    with volume._guard:
        volume._make_directories(posixpath.dirname(path))
        handle = lfs.file_open(volume._fs, path, "w")
        lfs.file_sync(volume._fs, handle)
        lfs.file_write(volume._fs, handle, data)
        lfs.file_close(volume._fs, handle)


def read_what_was_to_be(volume: Volume, path: str) -> bytes | None:
    """Volume.read, but where the file is missing, a write that was cut short is taken for it."""
    found = _read(volume, path)
    return _read(volume, posixpath.join(posixpath.dirname(path), ".new")) if found is None else found


def leave_it_to_the_cache(_driver: Driver, _config: object) -> int:
    """Driver.sync, but the part's cache is trusted to write in order."""
    return 0


def note_lans_always(unit: Appliance) -> None:
    """choose_configuration.note_lans, but at every start."""
    assert unit.ram.configuration is not None
    unit.records.replace(NETWORK_RECORD, configuration.lans_to_bytes(unit.ram.configuration.lans))
