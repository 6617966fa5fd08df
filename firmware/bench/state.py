"""A unit's directory: ``unit.json``, one image a flash part, the journal, a lock. Everything in it is mode 0600.

The parts are memory-mapped: a killed simulator leaves what a power cut leaves. ``unit.json`` is written whole and
renamed; the time at which it was last written is the moment from which time gone by is counted.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import platforms
from firmware.appliance import NVM, Appliance
from firmware.device import image
from firmware.device.clock import Clock
from firmware.device.faults import BadBlock, Defect, StuckBit
from firmware.device.flash import FlashPart, Geometry
from firmware.device.panel import Card
from firmware.device.power import Rail
from firmware.errors import BadInput
from firmware.journal import Event, Journal
from firmware.peers.network import SILENT
from firmware.times import parse_time

FORMAT = 1
UNIT, JOURNAL, LOCK, NEW = "unit.json", "journal.jsonl", "lock", ".new"


def holds_unit(directory: Path) -> bool:
    """Whether a unit lives here. BadInput when the path is something else than a directory of ours, or an empty one."""
    if not directory.exists():
        return False
    if not directory.is_dir():
        raise BadInput(f"{directory}: is a file, not a state directory; give another --state")
    if (directory / UNIT).exists() or (directory / (UNIT + NEW)).exists():
        return True
    strange = sorted(p.name for p in directory.iterdir() if p.name != LOCK and not p.name.endswith(NEW))
    if strange:
        raise BadInput(
            f"{directory}: holds {strange[0]!r} but no {UNIT}: no state directory; give an empty or a new one"
        )
    return False


class StateDirectory:
    """An open state directory: holds the lock, and the unit when :meth:`load` or :meth:`create` made it."""

    def __init__(self, directory: Path, *, exclusive: bool = True) -> None:
        self.directory = directory
        self._maps: dict[str, mmap.mmap] = {}
        self._exclusive = exclusive
        self._journal: Any = None
        self._lock = self._take_lock()

    def __enter__(self) -> StateDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_lock(self) -> int:
        path = self.directory / LOCK
        with _explained(path):
            if self._exclusive:
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            else:
                lock = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if self._exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise BadInput(f"{self.directory}: in use by another ipsim; wait for it or give another --state") from None
        return lock

    def create(self, unit: Appliance) -> None:
        """Lay a new unit down. Either all of it is there afterwards or, after a kill, none of it counts."""
        with _explained(self.directory):
            for leftover in self.directory.glob("*" + NEW):
                leftover.unlink()
            for name, part in unit.parts().items():
                _write(self._image(name, NEW), image.write(part))
            _write(self.directory / (UNIT + NEW), _describe(unit))
            self._finish_creation()
        for name, part in unit.parts().items():
            image.write_through(part, self._map(name))
        self._listen(unit.journal)

    def _finish_creation(self) -> None:
        """``unit.json.new`` is complete only when all images are: from there, creation rolls forward."""
        for path in sorted(self.directory.glob("*.img" + NEW)):
            path.rename(path.with_suffix(""))
        (self.directory / (UNIT + NEW)).rename(self.directory / UNIT)

    def load(self) -> Appliance:
        """The unit that lives here, as it was left: off, its clock where it stopped."""
        path = self.directory / UNIT
        if self._exclusive and not path.exists() and (self.directory / (UNIT + NEW)).exists():
            with _explained(self.directory):
                self._finish_creation()
        unit = self._restore(path, self._read_description(path))
        self._listen(unit.journal)
        return unit

    def _read_description(self, path: Path) -> dict[str, Any]:
        with _explained(path):
            text = path.read_text("utf-8")
        try:
            description = json.loads(text)
            if not isinstance(description, dict) or not isinstance(description.get("format"), int):
                raise ValueError("not an object with a format")
        except ValueError as error:
            raise BadInput(f"{path}: no description of a unit ({error}); nothing was changed") from None
        if description["format"] > FORMAT:
            found = description["format"]
            raise BadInput(f"{path}: written by a newer ipsim (format {found}, this one knows {FORMAT}); update ipsim")
        return description

    def _restore(self, path: Path, description: dict[str, Any]) -> Appliance:
        try:
            platform = platforms.load(description["platform"])
        except (LookupError, TypeError):
            raise BadInput(f"{path}: of an unknown platform {description.get('platform')!r}") from None
        try:
            unit = Appliance(
                platform,
                mac=description["mac"],
                seed=description["seed"],
                name=description["name"],
                clock=Clock.restore(**description["clock"]),
                surroundings=SILENT,
                journal=Journal(),
            )
            unit.clock.advance_to(self._last_event_time())
            unit.attach_nvm(self._part(NVM, platform.nvm, unit.rail))
            for slot, card in description["slots"].items():
                if card is not None:
                    part = self._part(slot, platform.card, unit.rail)
                    unit.insert(slot, Card(part, card["kind"], card["feature_key"], card["failed"]))
            for name, part in unit.parts().items():
                for defect in description["defects"].get(name, []):
                    part.add_defect(_defect(defect))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise BadInput(
                f"{path}: the description of this unit is damaged ({error!r}); nothing was changed"
            ) from None
        return unit

    def _last_event_time(self) -> int:
        """After a kill the description is older than the journal; simulated time does not run backwards."""
        path = self.directory / JOURNAL
        if not path.exists():
            return 0
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64 * 1024))
            lines = file.read().splitlines()
        for line in reversed(lines):
            try:
                return parse_time(json.loads(line)["time"])
            except (ValueError, KeyError, TypeError):
                continue  # a line cut short by a kill
        return 0

    def gone_by(self) -> int:
        """Wall-clock ms since the unit was last let go of."""
        written = (self.directory / UNIT).stat().st_mtime
        return max(0, int((time.time() - written) * 1000))

    def save(self, unit: Appliance) -> None:
        """Write the description anew; cards that came are given an image, those that went lose theirs."""
        with _explained(self.directory):
            for name, part in unit.parts().items():
                if part.mirror is None:
                    _write(self._image(name, NEW), image.write(part))
                    self._image(name, NEW).rename(self._image(name))
                    self._maps.pop(name, None)
                    image.write_through(part, self._map(name))
            _write(self.directory / (UNIT + NEW), _describe(unit))
            (self.directory / (UNIT + NEW)).rename(self.directory / UNIT)
            for slot, place in unit.slots.items():
                if place.card is None:
                    self._image(slot).unlink(missing_ok=True)

    def close(self) -> None:
        """Flush and let go. (A mapping still referred to by a part is released with it.)"""
        for mapped in self._maps.values():
            mapped.flush()
        if self._journal is not None:
            self._journal.close()
        os.close(self._lock)

    def _image(self, name: str, suffix: str = "") -> Path:
        return self.directory / f"{name}.img{suffix}"

    def _part(self, name: str, geometry: Geometry, rail: Rail) -> FlashPart:
        mapped = self._map(name)
        image.check(mapped, name, geometry, str(self._image(name)))
        part = image.attach(mapped, name, geometry, rail)
        if not self._exclusive:
            part.mirror = None
        return part

    def _map(self, name: str) -> mmap.mmap:
        path = self._image(name)
        with _explained(path):
            flags, access = (os.O_RDWR, mmap.ACCESS_WRITE) if self._exclusive else (os.O_RDONLY, mmap.ACCESS_READ)
            file = os.open(path, flags)
            try:
                if os.fstat(file).st_size == 0:
                    raise BadInput(f"{path}: is empty, no flash image of ours; nothing was changed")
                self._maps[name] = mmap.mmap(file, 0, access=access)
            finally:
                os.close(file)
        return self._maps[name]

    def _listen(self, journal: Journal) -> None:
        if not self._exclusive:
            return
        with _explained(self.directory / JOURNAL):
            file = os.open(self.directory / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._journal = os.fdopen(file, "a", encoding="utf-8", buffering=1)
        inner: Callable[[Event], None] | None = journal.listener

        def hear(event: Event) -> None:
            self._journal.write(event.line() + "\n")
            if inner is not None:
                inner(event)

        journal.listener = hear


def _describe(unit: Appliance) -> bytes:
    description = {
        "format": FORMAT,
        "platform": unit.platform.name,
        "name": unit.name,
        "mac": unit.mac,
        "seed": unit.entropy.seed,
        "clock": unit.clock.state(),
        "slots": {
            slot.name: {"kind": slot.card.kind, "feature_key": slot.card.feature_key, "failed": slot.card.failed}
            if slot.card
            else None
            for slot in unit.slots.values()
        },
        "defects": {
            name: [[type(d).__name__, *(getattr(d, field) for field in d.__slots__)] for d in part.defects]
            for name, part in unit.parts().items()
            if part.defects
        },
    }
    return (json.dumps(description, indent=1) + "\n").encode()


def _defect(row: list[Any]) -> Defect:
    kinds: dict[str, Callable[..., Defect]] = {"BadBlock": BadBlock, "StuckBit": StuckBit}
    return kinds[row[0]](*row[1:])


def _write(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """An operating-system error becomes one line that names the file and what to do."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{error.filename or path}: {error.strerror or error}; check the --state directory") from None
