"""The flash of a live unit: what lies where now, and which part of it changes."""

from __future__ import annotations

from collections import deque
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.html.flash_view import Map, Maps, changed
from firmware.bench.html.watch import PartShape, shape_of
from firmware.times import show_time

KEPT = 40  # changes that are shown


class Flash:
    """``version`` counts the changes that were seen; each block knows with which of them it changed last."""

    def __init__(self, unit: Appliance) -> None:
        self._unit = unit
        self._maps = Maps({unit.name: unit})
        self._last: dict[str, tuple[PartShape, Map, list[int]]] = {}
        self.changes: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.version = 0
        self.look()
        self.changes.clear()

    def look(self) -> None:
        parts = self._unit.parts()
        for name in self._last.keys() - parts.keys():
            _, before, _ = self._last.pop(name)
            self._note(name, before, None)
        for name, part in parts.items():
            shape = shape_of(part)
            if name not in self._last or self._last[name][0] != shape:
                self._follow(name, shape)

    def _follow(self, name: str, shape: PartShape) -> None:
        now = self._maps.draw((self._unit.name, name), shape)
        then, before, stamps = self._last.get(name, (None, None, [0] * len(shape.blocks)))
        self._note(name, before, now)
        if then is not None and before is not None:
            for block, content in enumerate(shape.blocks):
                if content is not then.blocks[block] or now.wear[block] != before.wear[block]:
                    stamps[block] = self.version
        self._last[name] = shape, now, stamps

    def _note(self, name: str, before: Map | None, after: Map | None) -> None:
        self.version += 1
        told = changed((self._unit.name, name), before, after)
        time = show_time(self._unit.clock.now)
        self.changes.append({**told, "name": name, "time": time[11:-1], "version": self.version})

    def shown(self) -> dict[str, Any]:
        parts = [
            {"name": name, **self._maps.shown((self._unit.name, name), now), "stamps": stamps}
            for name, (_, now, stamps) in self._last.items()
        ]
        return {"parts": parts, "changes": list(reversed(self.changes))}
