"""Moments of a recording: a step, a time, a state, so many events before; and events, told by a small expression."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.bench import values
from firmware.bench.recording.reading import Recording
from firmware.errors import BadInput, Unmet
from firmware.journal import Event
from firmware.times import parse_time, show_time

_TERM = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(!=|=|~)\s*(.*?)\s*")
Holds = Callable[[Event], bool]


@dataclass(frozen=True)
class Moment:
    """After so many ``events`` of the recording, in a ``step``; ``is_end``: and after all of the step."""

    step: int
    events: int
    is_end: bool


def end_of(recording: Recording, step: int) -> Moment:
    return Moment(step, recording.steps[step].last, is_end=True)


def find(recording: Recording, to: str | None, condition: str | None, back: int) -> Moment:
    """The moment that is asked for: the end, unless something is said; ``back`` is counted in events."""
    moment = end_of(recording, len(recording.steps) - 1) if to is None else _to(recording, to)
    if condition is not None:
        moment = _at_event(recording, _first(recording, condition, 0 if to is None else moment.events))
    if not back:
        return moment
    if back > moment.events:
        raise BadInput(f"--back {back}: before that moment there are only {moment.events} events")
    return _after(recording, moment.events - back)


def _after(recording: Recording, events: int) -> Moment:
    return _at_event(recording, events - 1) if events else end_of(recording, 0)


def _at_event(recording: Recording, index: int) -> Moment:
    return Moment(recording.step_of(index).number, index + 1, is_end=False)


def _to(recording: Recording, text: str) -> Moment:
    if text.isascii() and text.isdecimal():
        if len(text) > 9 or int(text) >= len(recording.steps):
            raise BadInput(f"--to {text[:20]}: this recording has the steps 0 to {len(recording.steps) - 1}")
        return end_of(recording, int(text))
    entered = [index for index, event in enumerate(recording.events) if _state(event) == text]
    if entered:
        return _at_event(recording, entered[0])
    try:
        return _at_time(recording, parse_time(text))
    except ValueError:
        raise BadInput(f"--to: no step, no time, and {_no_state(recording, text)}") from None


def _no_state(recording: Recording, text: str) -> str:
    """Why a state cannot be gone to; it names those that were entered, and the nearest."""
    try:
        return values.one_of(text, tuple(dict.fromkeys(filter(None, map(_state, recording.events)))), "state")
    except ValueError as error:
        return str(error)


def _at_time(recording: Recording, moment: int) -> Moment:
    """The last moment at which nothing later has happened yet."""
    began = recording.steps[0].after
    if began is not None and moment < began.time:
        raise BadInput(f"--to {show_time(moment)}: the recording begins at {show_time(began.time)}")
    later = next((index for index, event in enumerate(recording.events) if event.time > moment), None)
    if later is None:
        return end_of(recording, len(recording.steps) - 1)
    return _after(recording, later)


def _state(event: Event) -> str | None:
    return str(event.data["state"]) if event.kind == "state" else None


def _first(recording: Recording, condition: str, since: int) -> int:
    holds = condition_of(condition)
    for index in range(since, len(recording.events)):
        if holds(recording.events[index]):
            return index
    raise Unmet(f"{recording.file}: no event{' after that' if since else ''} with {condition}")


def condition_of(text: str) -> Holds:
    """``kind=state, state=running``: every term must hold. ``=`` is equal, ``!=`` is not, ``~`` holds the text within.

    Names are ``kind``, ``source``, ``time`` and those of the event's data, with a dot for what lies deeper.
    """
    terms = [_term(part) for part in text.split(",")]
    return lambda event: all(term(event) for term in terms)


def _term(text: str) -> Holds:
    found = _TERM.fullmatch(text)
    if found is None:
        raise BadInput(f"--break {text!r}: no condition such as kind=certificate.generated or state=running")
    name, sign, wanted = found.groups()

    def holds(event: Event) -> bool:
        value = _value(event, name)
        if value is None:
            return False
        return {"=": value == wanted, "!=": value != wanted, "~": wanted in value}[sign]

    return holds


def _value(event: Event, name: str) -> str | None:
    known = {"kind": event.kind, "source": event.source, "time": show_time(event.time)}
    if name in known:
        return known[name]
    value: Any = event.data
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
