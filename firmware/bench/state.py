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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from firmware.appliance import Appliance
from firmware.bench import description, values
from firmware.device import image
from firmware.device.flash import FlashPart
from firmware.errors import BadInput
from firmware.journal import Event, Journal

UNIT, JOURNAL, LOCK, NEW = "unit.json", "journal.jsonl", "lock", ".new"


def holds_unit(directory: Path) -> bool:
    """Whether a unit lives here. BadInput when the path is something else than a directory of ours, or an empty one."""
    with _explained(directory):
        if not directory.exists():
            return False
        if not directory.is_dir():
            raise BadInput(f"{directory}: is a file, not a state directory; give another --state")
        if (directory / UNIT).exists() or _creation_rolls_forward(directory):
            return True
        strange = sorted(p.name for p in directory.iterdir() if p.name != LOCK and not p.name.endswith(NEW))
    if strange:
        raise BadInput(
            f"{directory}: holds {strange[0]!r} but no {UNIT}: no state directory; give an empty or a new one"
        )
    return False


def _creation_rolls_forward(directory: Path) -> bool:
    """A kill struck between the last byte of ``unit.json.new``, written after all images, and its renaming."""
    path = directory / (UNIT + NEW)
    return not (directory / UNIT).exists() and path.exists() and description.is_whole(path.read_bytes())


class StateDirectory:
    """An open state directory: holds the lock, and the unit when :meth:`load` or :meth:`create` made it.

    Not ``exclusive``, it changes nothing: others may read at the same time, none may write.
    """

    def __init__(self, directory: Path, *, exclusive: bool = True) -> None:
        self.directory = directory
        self._maps: dict[str, mmap.mmap] = {}
        self._exclusive = exclusive
        self._journal: Any = None
        self._torn = False  # whether a kill cut the journal's last line short
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
                lock = os.open(path if path.exists() else self.directory, os.O_RDONLY)
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if self._exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise BadInput(f"{self.directory}: in use by another ipsim; wait for it or give another --state") from None
        return lock

    def create(self, unit: Appliance) -> None:
        """Lay a new unit down. Either all of it is there afterwards or, after a kill, none of it counts."""
        try:
            with _explained(self.directory):
                self._clear()
                for name, part in unit.parts().items():
                    _write(self._image(name, NEW), image.write(part))
                _write(self.directory / (UNIT + NEW), description.describe(unit))
                self._finish_creation()
        except BadInput:
            self._clear()
            raise
        for name, part in unit.parts().items():
            image.write_through(part, self._map(name))
        self._listen(unit.journal)

    def _clear(self) -> None:
        for leftover in self.directory.glob("*" + NEW):
            leftover.unlink()

    def _finish_creation(self) -> None:
        """``unit.json.new`` is complete only when all images are: from there, creation rolls forward."""
        for path in sorted(self.directory.glob("*.img" + NEW)):
            path.rename(path.with_suffix(""))
        (self.directory / (UNIT + NEW)).rename(self.directory / UNIT)

    def load(self) -> Appliance:
        """The unit that lives here, as it was left: off, its clock where it stopped."""
        path = self.directory / UNIT
        with _explained(path):
            if _creation_rolls_forward(self.directory):
                if not self._exclusive:
                    raise BadInput(f"{self.directory}: its first start was cut short; ipsim boot goes on with it")
                self._finish_creation()
            data = path.read_bytes()
        unit = description.restore(description.read(data, path), path, self._part)
        unit.clock.advance_to(self._last_event_time())
        unit.clock.power_lost()  # it may have been left running
        if self._exclusive:
            for name, part in unit.parts().items():
                image.write_through(part, self._maps[name])
            self._listen(unit.journal)
        return unit

    def _last_event_time(self) -> int:
        """After a kill the description is older than the journal; simulated time does not run backwards."""
        path = self.directory / JOURNAL
        with _explained(path):
            if not path.exists() or not path.stat().st_size:
                return 0
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 64 * 1024))
                tail = file.read()
        self._torn = not tail.endswith(b"\n")
        for line in reversed(tail.splitlines()):
            try:
                return values.moment(json.loads(line)["time"])
            except (ValueError, KeyError, TypeError, RecursionError):
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
                    image.write_through(part, self._map(name))
            _write(self.directory / (UNIT + NEW), description.describe(unit))
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

    def _part(self, unit: Appliance, name: str) -> FlashPart:
        """The part from its image; changes are not written through yet."""
        storage = unit.platform.storage
        geometry = storage.geometry if name == storage.name else unit.platform.card
        mapped = self._map(name)
        image.check(mapped, name, geometry, str(self._image(name)))
        part = image.attach(mapped, name, geometry, unit.rail)
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
        path = self.directory / JOURNAL
        with _explained(path):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._journal = os.fdopen(file, "a", encoding="utf-8", buffering=1)
        inner = journal.listener

        def hear(event: Event) -> None:
            with _explained(path):
                self._journal.write("\n" * self._torn + event.line() + "\n")
            self._torn = False
            if inner is not None:
                inner(event)

        journal.listener = hear


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
