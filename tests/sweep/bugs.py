"""Firmwares with a bug each, by a patch of one function, for the tests of what a sweep says of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.storage import nvm
from tests.zoo import store

Plant = Callable[[pytest.MonkeyPatch], None]


def no_crc(patch: pytest.MonkeyPatch) -> None:
    """A record's checksum is never looked at: what was half written counts."""
    patch.setattr(nvm, "decode_copy", store.believe_the_header)


def both_erased(patch: pytest.MonkeyPatch) -> None:
    """Both slots of a record are erased before the first is written."""
    patch.setattr(nvm.RecordStore, "replace", store.erase_both_then_write)


def mends_by_moving(patch: pytest.MonkeyPatch) -> None:
    """A start that finds one good copy erases it before it writes both: a second cut there loses the record."""
    proper = nvm.RecordStore.mend

    def mend(records: nvm.RecordStore, name: str) -> tuple[nvm.Copy | None, bool]:
        copies = records.copies(name)
        if nvm.CopyState.DAMAGED not in {copy.state for copy in copies}:
            return proper(records, name)
        best = records.present(name)
        if best is None:
            return None, False
        records.part.erase(records.slot_start(name, copies.index(best))[0])
        content = nvm.encode_copy(name, best.sequence, best.data)
        written = [records._write_slot(name, slot, content) for slot in (0, 1)]
        return best, all(written)

    patch.setattr(nvm.RecordStore, "mend", mend)


def stumbles(patch: pytest.MonkeyPatch) -> None:
    """A start that finds a damaged copy takes it for impossible: a traceback instead of the other copy."""
    proper = nvm.RecordStore.mend

    def mend(records: nvm.RecordStore, name: str) -> tuple[nvm.Copy | None, bool]:
        if nvm.CopyState.DAMAGED in {copy.state for copy in records.copies(name)}:
            raise ValueError(f"the record {name} makes no sense")
        return proper(records, name)

    patch.setattr(nvm.RecordStore, "mend", mend)
