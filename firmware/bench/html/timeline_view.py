"""The timeline of a run for its report: steps with what came of them, states with LEDs and durations, events."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from firmware.bench.html.lights import strip
from firmware.bench.html.watch import Watched
from firmware.bench.replay import Outcome
from firmware.bench.timeline import LEDS, LOUD, sentence
from firmware.journal import Event
from firmware.times import show_duration, show_time

_HIDDEN = "..."
# What the first word of a state's name says about the unit, and so its colour.
_TONES = {
    "off": "off", "running": "up", "shutdown": "down", "host": "down", "certificate": "making", "apply": "making",
    "ignition": "asking",
}  # fmt: skip
_LEGEND = {
    "off": "no power", "starting": "starting", "making": "making something", "asking": "waiting for the wizard",
    "up": "in operation", "down": "going down",
}  # fmt: skip


def steps(run: Watched) -> list[dict[str, Any]]:
    """Each step with the events that it brought about; what came before the first is a step without a number."""
    report = run.report
    lasting, single, shown = durations(run), len(report.units) == 1, dict[tuple[str, str], str]()
    rows: list[dict[str, Any]] = []
    after = [outcome.after for outcome in report.outcomes]
    day = ""
    spans = zip([0, *after], [*after, len(report.events)], strict=True)
    for number, (first, last) in enumerate(spans):
        events = []
        for index in range(first, last):
            row = _event(report.events[index], lasting.get(index), shown, single=single)
            row["day"] = row["date"] if row["date"] != day else ""
            day = row["date"]
            events.append(row)
        if number:
            rows.append({**_step(number, report.outcomes[number - 1], single=single), "events": events})
        elif events:
            rows.append({"number": 0, "events": events})
    return rows


def _step(number: int, outcome: Outcome, *, single: bool) -> dict[str, Any]:
    planned = outcome.planned
    text = planned.text
    name, _, rest = text.partition(": ")
    fields = _fields(planned.row, planned.step.secrets())
    return {
        "number": number,
        "name": name,
        "rest": rest,
        "fields": fields,
        "unit": planned.unit if planned.step.of_unit and not single else "",
        "where": planned.where,
        "objection": outcome.objection,
    }


def _fields(row: Any, secrets: frozenset[str]) -> list[tuple[str, str]]:
    """Of a step that is written with fields: each with its value in words."""
    fields = next(iter(row.values())) if isinstance(row, dict) else None
    if not isinstance(fields, dict):
        return []
    return [(str(name), _HIDDEN if name in secrets else _words(value, secrets)) for name, value in fields.items()]


def _words(value: Any, secrets: frozenset[str]) -> str:
    if isinstance(value, dict):
        pairs = ((name, _HIDDEN if name in secrets else _words(one, secrets)) for name, one in value.items())
        return ", ".join(f"{name} {text}" for name, text in pairs)
    if isinstance(value, list):
        return ", ".join(_words(one, secrets) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


def _event(event: Event, lasts: int | None, shown: dict[tuple[str, str], str], *, single: bool) -> dict[str, Any]:
    """``shown``: what each LED of a unit was seen to do last."""
    date, _, clock = show_time(event.time).removesuffix("Z").partition("T")
    row: dict[str, Any] = {
        "date": date,
        "clock": clock,
        "time": show_time(event.time),
        "unit": "" if single else event.source,
    }
    if event.kind == "state":
        lights = []
        for key, led in LEDS:
            if key in event.data:
                label = event.data[key]
                lights.append((f"{led} {label}", shown.get((event.source, key)) != label, strip(label)))
                shown[event.source, key] = label
        return row | {
            "state": event.data["state"],
            "about": event.data["about"],
            "lights": lights,
            "lasts": show_duration(lasts) if lasts else "",
            "tone": tone(event.data["state"]),
        }
    first, *more = sentence(event).split("\n")
    return row | {"state": "", "text": first, "more": [line.strip() for line in more], "loud": LOUD.get(event.kind, "")}


def durations(run: Watched) -> dict[int, int]:
    """How long each state lasted, by the number of its event: to the unit's next one, or the end of the run."""
    found: dict[int, int] = {}
    entered: dict[str, int] = {}
    events = run.report.events
    for index, event in enumerate(events):
        if event.kind == "state":
            if event.source in entered:
                before = entered[event.source]
                found[before] = event.time - events[before].time
            entered[event.source] = index
    for before in entered.values():
        found[before] = max(0, run.end - events[before].time)
    return found


def tone(state: str) -> str:
    return "making" if state == "system.installing" else _TONES.get(state.partition(".")[0], "starting")


@dataclass(frozen=True, slots=True)
class Segment:
    """A state in a ribbon: it takes the columns from ``first`` up to ``last``."""

    state: str
    tone: str
    lasts: str
    first: int
    last: int
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Ribbons:
    """Units beside each other on one scale. ``columns``: how wide each stretch of time is; long ones are shortened."""

    columns: tuple[float, ...]
    units: tuple[tuple[str, tuple[Segment, ...]], ...]
    begins: str
    ends: str
    lasts: str
    legend: tuple[tuple[str, str], ...]


def ribbons(run: Watched) -> Ribbons | None:
    """None: no time passes in the run."""
    events, lasting = run.report.events, durations(run)
    changes = [(index, event) for index, event in enumerate(events) if event.kind == "state" and lasting[index]]
    if not changes:
        return None
    times = sorted({event.time for _, event in changes} | {event.time + lasting[index] for index, event in changes})
    widths = tuple(round(math.log2(2 + (after - before) / 500), 2) for before, after in pairwise(times))
    column = {time: number for number, time in enumerate(times)}
    units = tuple((name, tuple(_segments(name, changes, lasting, column, widths))) for name in run.report.units)
    used = {segment.tone for _, segments in units for segment in segments}
    legend = tuple((tone, words) for tone, words in _LEGEND.items() if tone in used)
    return Ribbons(
        widths, units, show_time(times[0]), show_time(times[-1]), show_duration(times[-1] - times[0]), legend
    )


def _segments(
    unit: str,
    changes: list[tuple[int, Event]],
    lasting: dict[int, int],
    column: dict[int, int],
    widths: tuple[float, ...],
) -> Iterator[Segment]:
    for index, event in changes:
        if event.source == unit:
            first, last = column[event.time], column[event.time + lasting[index]]
            state = event.data["state"]
            is_wide = sum(widths[first:last]) > (0.0068 * len(state) + 0.012) * sum(widths)
            yield Segment(state, tone(state), show_duration(lasting[index]), first + 1, last + 1, is_wide)
