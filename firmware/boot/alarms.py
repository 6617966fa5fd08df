"""The alarm log: what went wrong and did not stop the unit. Kept in the NVM until an administrator erases it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from firmware.appliance import Appliance
from firmware.errors import StorageError

RECORD = "alarms"
KEPT = 20


def load(unit: Appliance) -> None:
    with suppress(StorageError):
        text = unit.records.read(RECORD) or b""
        unit.ram.alarms = text.decode("utf-8", "replace").splitlines()


def raise_alarm(unit: Appliance, what: str, why: str) -> None:
    """Note an alarm. The log carries no time of its own, so the same alarm at every start is one entry."""
    entry = f"{what}: {why}"
    unit.note("alarm", what=what, why=why)
    if entry in unit.ram.alarms:
        return
    unit.ram.alarms = [*unit.ram.alarms, entry][-KEPT:]
    with suppress(StorageError):
        unit.records.replace(RECORD, "\n".join(unit.ram.alarms).encode())


@contextmanager
def alarm_on_failure(unit: Appliance, what: str) -> Iterator[None]:
    """A store that fails inside the block becomes an alarm, and the firmware goes on."""
    try:
        yield
    except StorageError as error:
        raise_alarm(unit, what, str(error))


def erase(unit: Appliance) -> None:
    unit.ram.alarms = []
    unit.records.replace(RECORD, b"")
