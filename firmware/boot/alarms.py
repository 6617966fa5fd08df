"""The alarm log: what went wrong and did not stop the unit. Kept in the NVM until an administrator erases it."""

from __future__ import annotations

from contextlib import suppress

from firmware.appliance import Appliance
from firmware.errors import StorageError

RECORD = "alarms"
KEPT = 20


def load(unit: Appliance) -> None:
    with suppress(StorageError):
        copy, _ = unit.records.mend(RECORD)
        unit.ram.alarms = tuple(copy.data.decode("utf-8", "replace").splitlines()) if copy else ()


def raise_alarm(unit: Appliance, what: str, why: str) -> None:
    """Note an alarm. The log carries no time of its own, so the same alarm at every start is one entry."""
    entry = f"{what}: {why}"
    unit.note("alarm", what=what, why=why)
    if entry in unit.ram.alarms:
        return
    unit.ram.alarms = _latest([*unit.ram.alarms, entry], unit.records.capacity(RECORD))
    with suppress(StorageError):
        unit.records.replace(RECORD, "\n".join(unit.ram.alarms).encode())


def _latest(entries: list[str], capacity: int) -> tuple[str, ...]:
    """The last entries, as many as are kept and fit; of one that is too long by itself, its beginning."""
    entries = [entries[-1].encode()[:capacity].decode("utf-8", "ignore"), *reversed(entries[:-1])][:KEPT]
    while sum(len(entry.encode()) + 1 for entry in entries) > capacity + 1:
        entries.pop()
    return tuple(reversed(entries))


class alarm_on_failure:
    """A store that fails inside the with block becomes an alarm, and the firmware goes on."""

    __slots__ = ("_unit", "_what")

    def __init__(self, unit: Appliance, what: str) -> None:
        self._unit, self._what = unit, what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, StorageError):
            raise_alarm(self._unit, self._what, str(error))
            return True
        return False


def erase(unit: Appliance) -> None:
    unit.ram.alarms = ()
    with suppress(StorageError):
        unit.records.replace(RECORD, b"")
