"""Check every store of a unit without changing a bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware import configuration
from firmware.appliance import Appliance
from firmware.bench.outside import look_at
from firmware.boot.cards import CONFIGURATION
from firmware.boot.software import BINARY, read_image
from firmware.device.faults import BadBlock
from firmware.errors import Damaged, StorageError
from firmware.security.sealed import Held
from firmware.storage.files import FileStore
from firmware.storage.nvm import CopyState, Lost, RecordStore
from firmware.storage.volume import mounted
from ignition import disk
from ignition.starting import ignited_as


@dataclass(frozen=True)
class Finding:
    """``where``, ``what``, and what the next start does about it."""

    where: str
    what: str
    then: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.then}"


def check(unit: Appliance) -> list[Finding]:
    """Every finding, store by store; an empty list means that all of it is sound."""
    looked_at = look_at(unit)
    return [finding for store in (_records, _files, _mark, _security, _cards, _defects) for finding in store(looked_at)]


def _records(unit: Appliance) -> Iterator[Finding]:
    if not isinstance(unit.records, RecordStore):
        return
    for name in unit.records.names():
        first, second = unit.records.copies(name)
        where = f"{unit.internal.name} record {name}"
        try:
            best = unit.records.present(name)
        except Lost:
            yield Finding(where, "both copies are damaged", "the firmware starts as if it were empty")
            continue
        if best is None:
            if CopyState.DAMAGED in (first.state, second.state):
                yield Finding(where, "its first write was cut short", "the next write takes its place")
        elif first != second:
            odd, copy = ("first", first) if best == second else ("second", second)
            what = "stale" if copy.state is CopyState.GOOD else copy.state.value
            yield Finding(where, f"the {odd} copy is {what}", "the next start that uses it mends it")


def _files(unit: Appliance) -> Iterator[Finding]:
    """The records that are files of a disk."""
    if not isinstance(unit.records, FileStore):
        return
    for name in unit.records.names():
        try:
            unit.records.present(name)
        except Lost as error:
            yield Finding(unit.internal.name, str(error), "the firmware starts as if it were not there")
        except StorageError as error:
            yield Finding(unit.internal.name, str(error), "the server has to be installed anew")
            return


def _mark(unit: Appliance) -> Iterator[Finding]:
    if isinstance(unit.records, FileStore) and disk.mark_of(unit) is None and ignited_as(unit) is not None:
        yield Finding(unit.internal.name, "the mark that ignition is done is missing", "the next start makes it anew")


def _security(unit: Appliance) -> Iterator[Finding]:
    try:
        held, _ = unit.vault.peek()
    except StorageError:  # the disk: reported as such
        return
    if held in (Held.FOREIGN, Held.DAMAGED):
        why = "encrypted by another unit" if held is Held.FOREIGN else "damaged"
        yield Finding("security settings", why, "the firmware treats them as empty and makes a new identity")


def _cards(unit: Appliance) -> Iterator[Finding]:
    for slot in unit.slots.values():
        if slot.card is None:
            continue
        if slot.card.failed:
            yield Finding(slot.name, "the card has failed", "nothing on it is used")
            continue
        try:
            with mounted(slot.card.part) as volume:
                for path, _ in volume.files():
                    yield from _file(slot.name, path, volume.read(path) or b"")
        except StorageError as error:
            yield Finding(slot.name, str(error).removeprefix(f"{slot.name}: "), "the card is not used")


def _file(slot: str, path: str, data: bytes) -> Iterator[Finding]:
    try:
        if path.endswith("/" + BINARY):
            read_image(data)
        elif path.endswith("/" + CONFIGURATION):
            configuration.from_bytes(data)
    except Damaged as error:
        yield Finding(f"{slot} {path}", str(error), "the next place in order is used")


def _defects(unit: Appliance) -> Iterator[Finding]:
    for name, part in unit.parts().items():
        for defect in part.defects:
            what = "is bad" if isinstance(defect, BadBlock) else f"has its bit {defect.bit} stuck at {defect.value}"
            yield Finding(name, f"block {defect.block} {what}", "it stays so")
