"""A moment of a recording, and a difference between two, as plain values and as text."""

from __future__ import annotations

import json
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.outside import identity_of
from firmware.bench.recording.differing import BlocksOf, Difference, fields_of
from firmware.bench.recording.moments import Moment
from firmware.bench.recording.reading import Recording
from firmware.bench.recording.replaying import Seen
from firmware.bench.recording.writing import digest
from firmware.bench.timeline import LEDS, Style, Timeline, plain
from firmware.journal import Event
from firmware.times import show_time

LAST = 5  # events shown of those before a moment
MOST_BLOCKS = 12  # of a part, by number


def moment(recording: Recording, at: Moment, seen: Seen) -> dict[str, Any]:
    """All that is shown of a moment, as JSON has it."""
    step = recording.steps[at.step]
    return {
        "recording": recording.file,
        "step": at.step,
        "steps": len(recording.steps) - 1,
        "does": step.line.text,
        "event": at.events,
        "events": len(recording.events),
        "time": show_time(seen.time),
        "units": {name: _unit(unit) for name, unit in seen.units.items()},
        "last": [_plain(event) for event in _last(recording, at)],
        "as_recorded": seen.difference is None,
        "difference": None if seen.difference is None else difference(seen.difference),
    }


def _unit(unit: Appliance) -> dict[str, Any]:
    identity = identity_of(unit)
    reading = unit.clock.read()
    return {
        "state": unit.state,
        "leds": {led: getattr(unit.lights, led).label for led in unit.platform.leds},
        "clock": None if reading is None else show_time(reading),
        "identity": identity.fingerprint if identity else None,
        "flash": {name: {"sha256": digest(part.blocks), "operations": part.operations}
                  for name, part in unit.parts().items()},
    }  # fmt: skip


def _last(recording: Recording, at: Moment) -> list[Event]:
    return recording.events[max(0, at.events - LAST) : at.events]


def show_moment(recording: Recording, at: Moment, seen: Seen, style: Style = plain) -> str:
    told = moment(recording, at, seen)
    lines = [
        f"{recording.file}: step {told['step']} of {told['steps']}, event {told['event']} of {told['events']}",
        style(f"> {told['does']}", "cyan"),
        f"time      {told['time']}",
    ]
    for name, unit in told["units"].items():
        lines += _show_unit(name, unit)
    timeline = Timeline(style, name_units=len(seen.units) > 1)
    lines += ["last events", *(line for event in _last(recording, at) for line in timeline.lines(event))]
    if count := len(recording.outside):
        lines.append(f"{count} event{'s' * (count > 1)} of {'peers do' if count > 1 else 'a peer does'} not come again")
    if seen.difference is None:
        return "\n".join([*lines, f"run again: {told['event']} events, each as it was recorded"])
    return "\n".join([*lines, *show_difference(seen.difference, ("recorded", "now"), style)])


def _show_unit(name: str, unit: dict[str, Any]) -> list[str]:
    names = dict(LEDS)
    lights = "; ".join(f"{names[led]} {shows}" for led, shows in unit["leds"].items())
    return [
        f"{name:<10}{unit['state']}{f'  [{lights}]' if lights else ''}",
        f"  clock     {unit['clock'] or 'not set'}",
        f"  identity  {unit['identity'] or 'none'}",
        *(f"  {part:<9} {held['sha256']}, {held['operations']} operations" for part, held in unit["flash"].items()),
    ]


def difference(found: Difference) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "step": found.step,
        "event": found.event,
        "why": found.why,
        "before": [_plain(event) for event in found.before],
        "events": [None if event is None else _plain(event) for event in found.events],
        "flash": [_blocks(blocks) for blocks in found.blocks],
    }


def _plain(event: Event) -> Any:
    return json.loads(event.line())


def _blocks(blocks: BlocksOf) -> dict[str, Any]:
    return {"unit": blocks.unit, "part": blocks.part, "blocks": blocks.blocks, "places": blocks.places,
            "is_there": list(blocks.is_there)}  # fmt: skip


def show_difference(found: Difference, names: tuple[str, str], style: Style = plain) -> list[str]:
    """Where they part, both events, the fields that differ, and the flash."""
    lines: list[str] = []
    if found.why:
        lines.append(style(f"step {found.step} ends otherwise: {found.why}", "red"))
    elif found.event is None:
        lines.append(style(f"every event is the same; the flash differs after step {found.step}", "red"))
    else:
        lines.append(style(f"they part at event {found.event}, in step {found.step}", "red"))
        timeline = Timeline(style)
        lines += [line for event in found.before for line in timeline.lines(event)]
        for sign, name, event in zip("<>", names, found.events, strict=True):
            lines += [f"{sign} {name}", *(f"{sign} {line}" for line in _alone(event))]
        lines += [f"  {field}: {here} | {there}" for field, here, there in fields_of(found)]
    return lines + [line for blocks in found.blocks for line in _show_blocks(blocks, names)]


def _alone(event: Event | None) -> list[str]:
    """An event's lines, without the heading of its day."""
    return ["no event more"] if event is None else Timeline().lines(event)[1:]


def _show_blocks(blocks: BlocksOf, names: tuple[str, str]) -> list[str]:
    if blocks.is_there != (True, True):
        return [f"flash {blocks.unit}/{blocks.part}: only in {names[blocks.is_there.index(True)]}"]
    count = len(blocks.blocks)
    lines = [f"flash {blocks.unit}/{blocks.part}: {count} block{'s' * (count != 1)} differ{'s' * (count == 1)}"]
    rest = set(blocks.blocks)
    for place, its in blocks.places.items():
        rest -= set(its)
        lines.append(f"  {place}: {_numbers(its)}")
    return [*lines, f"  in use by nothing: {_numbers(sorted(rest))}"] if rest else lines


def _numbers(blocks: list[int]) -> str:
    more = f" and {len(blocks) - MOST_BLOCKS} more" if len(blocks) > MOST_BLOCKS else ""
    return ", ".join(map(str, blocks[:MOST_BLOCKS])) + more


def heads(one: Recording, other: Recording) -> list[str]:
    """What the two were made of, where that differs."""
    pairs = [("program", one.head.program, other.head.program), ("scenario", one.head.file, other.head.file)]
    pairs.append(("outcome", _outcome(one), _outcome(other)))
    for name in dict.fromkeys((*one.head.units, *other.head.units)):
        first, second = one.head.units.get(name), other.head.units.get(name)
        if first is None or second is None:
            pairs.append((name, "there" if first else "–", "there" if second else "–"))
            continue
        pairs += [(f"{name}: {what}", str(value), str(getattr(second, what))) for what, value in first]
    return [f"{what}: {here} | {there}" for what, here, there in pairs if here != there]


def _outcome(recording: Recording) -> str:
    return recording.end.end if recording.end else "cut short"
