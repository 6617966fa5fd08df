"""What the firmware keeps in NVM records, as a start reads it: a lost second copy is put right, two lost copies are
an alarm and then an empty record."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import construct

from firmware.appliance import Appliance
from firmware.boot import alarms
from firmware.errors import Damaged, StorageError
from firmware.storage.records import parse


def read(unit: Appliance, record: str) -> bytes | None:
    """A record's data, or None when it holds none."""
    try:
        copy, mended = unit.records.mend(record)
    except Damaged as error:
        alarms.raise_alarm(unit, "internal memory", str(error))
        with suppress(StorageError):
            unit.records.replace(record, b"")
        return None
    if mended:
        unit.note("record.mended", record=record)
    return copy.data if copy and copy.data else None


def peek(unit: Appliance, record: str) -> bytes | None:
    """The same, without putting anything right."""
    with suppress(Damaged):
        return unit.records.read(record) or None
    return None


def understood(layout: construct.Construct[Any, Any], data: bytes | None) -> Any | None:
    """A record's fields, or None when there are none: a body of another layout counts as none."""
    with suppress(Damaged):
        return parse(layout, data) if data else None
    return None
