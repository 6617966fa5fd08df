"""Firmwares with a bug each, by a patch of one function, for the tests of what a sweep says of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.storage import nvm

Plant = Callable[[pytest.MonkeyPatch], None]


def no_crc(patch: pytest.MonkeyPatch) -> None:
    """A record's checksum is never looked at: what was half written counts."""

    def decode(_name: str, raw: bytes) -> nvm.Copy:
        if raw.startswith(nvm._BLANK_HEADER):
            return nvm._BLANK
        magic, sequence, length, _ = nvm.HEADER.unpack_from(raw)
        data = raw[nvm.HEADER.size : nvm.HEADER.size + length]
        if magic != nvm.MAGIC or len(data) != length:
            return nvm._DAMAGED
        return nvm.Copy(nvm.CopyState.GOOD, sequence, data)

    patch.setattr(nvm, "decode_copy", decode)


def both_erased(patch: pytest.MonkeyPatch) -> None:
    """Both slots of a record are erased before the first is written."""

    def replace_record(store: nvm.RecordStore, name: str, data: bytes) -> None:
        content = nvm.encode_copy(name, store.next_sequence(name), data)
        for slot in (0, 1):
            first, blocks = store.slot_start(name, slot)
            for block in range(first, first + blocks):
                store.part.erase(block)
        for slot in (0, 1):
            store._write_slot(name, slot, content)

    patch.setattr(nvm.RecordStore, "replace", replace_record)


def mends_by_moving(patch: pytest.MonkeyPatch) -> None:
    """A start that finds one good copy erases it before it writes both: a second cut there loses the record."""
    proper = nvm.RecordStore.mend

    def mend(store: nvm.RecordStore, name: str) -> tuple[nvm.Copy | None, bool]:
        copies = store.copies(name)
        if nvm.CopyState.DAMAGED not in {copy.state for copy in copies}:
            return proper(store, name)
        best = store.present(name)
        if best is None:
            return None, False
        store.part.erase(store.slot_start(name, copies.index(best))[0])
        content = nvm.encode_copy(name, best.sequence, best.data)
        written = [store._write_slot(name, slot, content) for slot in (0, 1)]
        return best, all(written)

    patch.setattr(nvm.RecordStore, "mend", mend)


def stumbles(patch: pytest.MonkeyPatch) -> None:
    """A start that finds a damaged copy takes it for impossible: a traceback instead of the other copy."""
    proper = nvm.RecordStore.mend

    def mend(store: nvm.RecordStore, name: str) -> tuple[nvm.Copy | None, bool]:
        if nvm.CopyState.DAMAGED in {copy.state for copy in store.copies(name)}:
            raise ValueError(f"the record {name} makes no sense")
        return proper(store, name)

    patch.setattr(nvm.RecordStore, "mend", mend)
