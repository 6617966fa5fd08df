"""Where two recordings part, and what is another on their flash in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from firmware.bench.recording.lines import PartLine
from firmware.bench.recording.reading import Recording
from firmware.journal import Event

BEFORE = 3  # events shown before the one that differs


@dataclass(frozen=True)
class BlocksOf:
    """Blocks of a part that differ, and what lies on them; ``is_there``: in the first, in the second recording."""

    unit: str
    part: str
    blocks: list[int]
    places: dict[str, list[int]]
    is_there: tuple[bool, bool] = (True, True)


@dataclass(frozen=True)
class Difference:
    """``event``: the number of the first event that differs, None when all are equal; ``step`` the step in which they
    part, or the flash does. One of the two events is None when a recording has no more. ``why``: how a step ended
    otherwise, when nothing else tells it."""

    step: int
    event: int | None
    events: tuple[Event | None, Event | None] = (None, None)
    before: list[Event] = field(default_factory=list)
    blocks: list[BlocksOf] = field(default_factory=list)
    why: str = ""


def difference(one: Recording, other: Recording) -> Difference | None:
    """The first event at which they part, and the flash at their ends; None: they are equal in both."""
    last = min(len(one.steps), len(other.steps)) - 1
    blocks = list(blocks_of(one, other, len(one.steps) - 1, len(other.steps) - 1))
    for index, (first, second) in enumerate(zip_longest(one.events, other.events)):
        if first != second:
            whose = one if first is not None else other
            before = one.events[max(0, index - BEFORE) : index]
            return Difference(whose.step_of(index).number, index + 1, (first, second), before, blocks)
    if not blocks:
        return None
    parted = next((step for step in range(last + 1) if any(blocks_of(one, other, step, step))), last)
    return Difference(parted, None, blocks=blocks)


def unlike(recorded: Recording, again: Recording, last: int) -> Difference | None:
    """As :func:`difference`, of a recording and its steps up to the last one run again: step by step, flash too."""
    for number, step in enumerate(again.steps):
        was = recorded.steps[number]
        pairs = zip_longest(recorded.events[was.first : was.last], again.events[step.first : step.last])
        for index, (first, second) in enumerate(pairs, was.first):
            if first != second:
                before = recorded.events[max(0, index - BEFORE) : index]
                return Difference(number, index + 1, (first, second), before)
        if was.after is None or step.after is None:
            continue
        if was.after.flash != step.after.flash and (blocks := list(blocks_of(recorded, again, number, number))):
            return Difference(number, None, blocks=blocks)
        if was.after.objection != step.after.objection:
            ends = (after.objection or "it was done" for after in (was.after, step.after))
            return Difference(number, None, why=" | ".join(ends))
    if len(again.steps) <= last:
        return Difference(len(again.steps), None, why="it was done | no step more")
    return None


def blocks_of(one: Recording, other: Recording, first: int, second: int) -> Iterator[BlocksOf]:
    """The blocks that differ after a step of each."""
    here, there = one.flash_after(first), other.flash_after(second)
    for unit in dict.fromkeys((*here, *there)):
        parts, others = here.get(unit, {}), there.get(unit, {})
        for name in dict.fromkeys((*parts, *others)):
            mine, theirs = parts.get(name), others.get(name)
            if (mine is None) != (theirs is None):
                yield BlocksOf(unit, name, [], {}, (mine is not None, theirs is not None))
            elif mine is not None and theirs is not None and mine.sha256 != theirs.sha256:
                blocks = _unequal(mine, theirs)
                yield BlocksOf(unit, name, blocks, _places(blocks, unit, name, one, other))


def _unequal(mine: PartLine, theirs: PartLine) -> list[int]:
    numbers = sorted({*mine.blocks, *theirs.blocks})
    return [number for number in numbers if mine.blocks.get(number, "") != theirs.blocks.get(number, "")]


def _places(blocks: list[int], unit: str, part: str, *recordings: Recording) -> dict[str, list[int]]:
    """What lies on these blocks at the end of either recording."""
    found: dict[str, set[int]] = {}
    for recording in recordings:
        held = recording.end.places.get(unit, {}).get(part, {}) if recording.end else {}
        for name, its in held.items():
            if shared := set(its) & set(blocks):
                found.setdefault(name, set()).update(shared)
    return {name: sorted(found[name]) for name in sorted(found)}


def fields_of(difference: Difference) -> list[tuple[str, str, str]]:
    """What differs between the two events: (field, here, there)."""
    here, there = ({} if event is None else _plain(event) for event in difference.events)
    if not here or not there:
        return []
    names = dict.fromkeys((*here, *there))
    return [
        (name, _shown(here.get(name)), _shown(there.get(name))) for name in names if here.get(name) != there.get(name)
    ]


def _plain(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.line())
    return found


def _shown(value: Any) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
