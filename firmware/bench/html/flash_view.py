"""The flash map of a report: for each part its blocks with wear and contents; what changed at each moment."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.html.places import Place, places
from firmware.bench.html.watch import Moment, PartShape, Watched
from firmware.times import show_time

COLOURS = 10
FREE, LEFT, BLANK, FULL = range(4)  # nothing there; of what was there before; kept for something; in use
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Map:
    """A part at a moment: ``cells`` are a group's number and how full, and ``wear``; both by block."""

    places: tuple[Place, ...]
    cells: tuple[tuple[int, int], ...]
    wear: tuple[int, ...]
    operations: int


class Maps:
    """Draws the maps of units; groups have their numbers in the order in which they appear."""

    def __init__(self, units: Mapping[str, Appliance]) -> None:
        self._units = units
        self._groups: dict[Key, dict[str, int]] = {}

    def draw(self, key: Key, shape: PartShape) -> Map:
        found = places(self._units[key[0]], key[1], shape)
        groups = self._groups.setdefault(key, {})
        owner = {block: groups.setdefault(place.group, len(groups)) for place in found for block in place.blocks}
        erased = b"\xff" * len(shape.blocks[0])
        cells = tuple(
            (
                owner.get(number, 0),
                (BLANK if block == erased else FULL) if number in owner else (FREE if block == erased else LEFT),
            )
            for number, block in enumerate(shape.blocks)
        )
        return Map(tuple(found), cells, tuple(array("I", shape.wear)), shape.operations)

    def number(self, key: Key, group: str) -> int:
        return self._groups[key].get(group, 0)

    def shown(self, key: Key, drawn: Map) -> dict[str, Any]:
        """A map for a template or a script."""
        return {
            "blocks": len(drawn.cells),
            "operations": drawn.operations,
            "erases": sum(drawn.wear),
            "worn": max(drawn.wear),
            "cells": [(_code(cell), wear) for cell, wear in zip(drawn.cells, drawn.wear, strict=True)],
            "places": [
                {"name": place.name, "colour": self.number(key, place.group) % COLOURS, "blocks": spans(place.blocks),
                 "holds": place.holds, "wear": max((drawn.wear[block] for block in place.blocks), default="")}
                for place in drawn.places
            ],
        }  # fmt: skip


class Atlas(Maps):
    """The maps of a run, made once for each shape."""

    def __init__(self, run: Watched) -> None:
        super().__init__(run.report.units)
        self._run = run
        self._known: dict[tuple[Key, PartShape], Map] = {}
        self.moments = [
            (moment, {key: self._map(key, shape) for key, shape in moment.parts.items()}) for moment in run.moments
        ]

    def _map(self, key: Key, shape: PartShape) -> Map:
        if (key, shape) not in self._known:
            self._known[key, shape] = self.draw(key, shape)
        return self._known[key, shape]

    def keys(self) -> list[Key]:
        """Every part that was ever there, by unit, the internal one first."""
        return list(dict.fromkeys(key for name in self._run.report.units for _, maps in self.moments for key in maps
                                  if key[0] == name))  # fmt: skip


def view(run: Watched) -> dict[str, Any]:
    atlas = Atlas(run)
    keys = atlas.keys()
    return {
        "parts": [_part(atlas, number, key, single=len(run.report.units) == 1) for number, key in enumerate(keys)],
        "changes": [_change(atlas, number, run) for number in range(1, len(atlas.moments))],
        "film": _film(atlas, keys),
    }


def _part(atlas: Atlas, number: int, key: Key, *, single: bool) -> dict[str, Any]:
    """As it is at the end, or was when it was last there."""
    last = next(maps[key] for _, maps in reversed(atlas.moments) if key in maps)
    return {
        "id": f"part-{number}",
        "name": key[1] if single else f"{key[0]}, {key[1]}",
        "is_there": key in atlas.moments[-1][1],
        **atlas.shown(key, last),
    }


def _code(cell: tuple[int, int]) -> int:
    """A cell as one number: the script has the same."""
    group, fill = cell
    return group % COLOURS * 4 + fill


def _film(atlas: Atlas, keys: list[Key]) -> list[list[Any]]:
    """For the script, by moment and part: [block, code, wear] of what changed; None: there is no such part then."""
    film: list[list[Any]] = []
    before: dict[Key, dict[int, tuple[int, int]]] = {key: {} for key in keys}
    for _, maps in atlas.moments:
        row: list[Any] = []
        for key in keys:
            if key not in maps:
                row.append(None)
                continue
            now = dict(enumerate(zip(map(_code, maps[key].cells), maps[key].wear, strict=True)))
            row.append([[block, *cell] for block, cell in now.items() if before[key].get(block, (0, 0)) != cell])
            before[key] = now
        film.append(row)
    return film


def _change(atlas: Atlas, number: int, run: Watched) -> dict[str, Any]:
    (_, before), (moment, after) = atlas.moments[number - 1], atlas.moments[number]
    parts = [
        changed(key, before.get(key), after.get(key))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]
    if len(run.report.units) == 1:
        parts = [part | {"name": part["name"].partition(", ")[2]} for part in parts]
    return {"number": number, "time": show_time(moment.time), **_step(moment, run), "parts": parts}


def _step(moment: Moment, run: Watched) -> dict[str, Any]:
    planned = run.report.outcomes[moment.step - 1].planned if moment.step else None
    return {"step": moment.step, "what": planned.step.name if planned else "before the first step"}


def changed(key: Key, before: Map | None, after: Map | None) -> dict[str, Any]:
    name = ", ".join(key)
    if before is None or after is None:
        return {"name": name, "what": "inserted" if before is None else "removed", "operations": "", "lines": []}
    worn = sum(after.wear) - sum(before.wear)
    touched = sum(
        a != b or c != d for a, b, c, d in zip(before.cells, after.cells, before.wear, after.wear, strict=True)
    )
    return {
        "name": name,
        "what": f"{touched} blocks, {worn} erases" if touched else "",
        "operations": after.operations - before.operations,
        "lines": _moved({place.name: place for place in before.places}, {place.name: place for place in after.places}),
    }


def _moved(before: dict[str, Place], after: dict[str, Place]) -> list[str]:
    """What is there now, was there or holds something else. Both copies of a record in one line when they are equal."""
    told: list[tuple[str, str]] = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old is None:
            told.append((name, f"new, {new.holds if new else ''}"))
        elif new is None:
            told.append((name, f"gone, had {old.holds}"))
        elif old.holds != new.holds:
            told.append((name, f"{old.holds} → {new.holds}"))
        elif old.blocks != new.blocks:
            told.append((name, f"written anew, {new.holds}"))
    return list(_merged(told))


def _merged(told: list[tuple[str, str]]) -> Iterable[str]:
    for (record, what), rows in groupby(told, lambda row: (row[0].partition(", copy ")[0], row[1])):
        names = [name for name, _ in rows]
        yield f"{record if len(names) > 1 else names[0]}: {what}"


def spans(numbers: Iterable[int]) -> str:
    """``1, 4–6`` of 1, 4, 5, 6."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in found)
