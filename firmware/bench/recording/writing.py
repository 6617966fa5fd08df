"""Writing a recording while something runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.html.places import places
from firmware.bench.html.watch import PartShape
from firmware.bench.world import World
from firmware.errors import BadInput
from firmware.journal import Event
from firmware.times import show_time

SEAL = b',"sha256":"'  # begins the last field: the digest of all that stands before it
Write = Callable[[str], None]


class File:
    """A recording's file, for its owner only: what a person types into a page, a password too, stands in it."""

    def __init__(self, path: Path) -> None:
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from None
        self._path, self._file = path, os.fdopen(number, "w", encoding="utf-8", buffering=1)

    def write(self, line: str) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            raise BadInput(f"{self._path}: {error.strerror}") from None

    def close(self) -> None:
        self._file.close()


class Recorder:
    """Writes the lines. ``step`` closes the step before it: what that one left on the flash is looked at then."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._digest = hashlib.sha256()
        self._held: dict[tuple[str, str], list[bytes]] = {}
        self._is_open = False
        self.world: World | None = None
        self.steps = 0

    def line(self, data: dict[str, Any]) -> None:
        # Half a surrogate pair, which a name typed by somebody may hold, has no UTF-8: only its escape.
        text = json.dumps(data, separators=(",", ":")) + "\n"
        self._digest.update(text.encode())
        self._write(text)

    def begin(self, head: dict[str, Any], world: World) -> None:
        """The head, and the flash as it is before the first step."""
        self.world = world
        self.line(head)
        self._is_open = True
        self.close()

    def step(self, unit: str, text: str, **more: Any) -> None:
        self.close()
        self.steps += 1
        self._is_open = True
        self.line({"step": self.steps, "unit": unit, "text": text, **more})

    def event(self, event: Event, *, outside: bool = False) -> None:
        shown = {"time": show_time(event.time), "source": event.source, "kind": event.kind, **event.data}
        self.line({"event": shown, **({"outside": True} if outside else {})})

    def close(self, **why: str) -> None:
        """The end of the present step; ``why``: ``refused`` or ``objection``, when it has one."""
        if not self._is_open or self.world is None:
            return
        self._is_open = False
        flash: dict[str, Any] = {}
        for unit in self.world.units.values():
            if changed := self._changed(unit):
                flash[unit.name] = changed
        told = {name: text for name, text in why.items() if text}
        self.line({"after": self.steps, "time": show_time(self.world.now), "flash": flash, **told})

    def end(self, *, passed: bool) -> None:
        self.close()
        assert self.world is not None
        found = {unit.name: _places(unit) for unit in self.world.units.values()}
        text = json.dumps({"end": "passed" if passed else "failed", "places": found}, separators=(",", ":"))[:-1]
        self._digest.update(text.encode())
        self._write(f'{text}{SEAL.decode()}{self._digest.hexdigest()}"}}\n')

    def _changed(self, unit: Appliance) -> dict[str, Any]:
        """The parts of a unit that are another than at the last look."""
        parts = unit.parts()
        found: dict[str, Any] = {}
        for name, part in parts.items():
            before = self._held.get((unit.name, name))
            if before == part.blocks:
                continue
            erased = b"\xff" * part.geometry.block_size
            old = before if before is not None else [erased] * len(part.blocks)
            blocks = {
                number: "" if block == erased else _short(block)
                for number, block in enumerate(part.blocks)
                if block != old[number]
            }
            self._held[unit.name, name] = part.blocks.copy()
            found[name] = {"sha256": digest(part.blocks), "operations": part.operations, "blocks": blocks}
        for name in [part for of, part in self._held if of == unit.name and part not in parts]:
            del self._held[unit.name, name]
            found[name] = None
        return found


def digest(blocks: Iterable[bytes]) -> str:
    """The digest of a part's contents."""
    found = hashlib.sha256()
    for block in blocks:
        found.update(block)
    return found.hexdigest()


@lru_cache(4096)
def _short(block: bytes) -> str:
    return hashlib.sha256(block).hexdigest()[:16]


def _places(unit: Appliance) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for name, part in unit.parts().items():
        shape = PartShape(part.image(), part.wear.tobytes(), part.operations)
        found[name] = {place.name: list(place.blocks) for place in places(unit, name, shape) if place.blocks}
    return found
