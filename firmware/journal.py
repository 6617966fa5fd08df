"""What happened: one event a line, in simulated time. Every report is drawn from it; no secret ever enters it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from firmware.times import show_time

_FIXED = frozenset({"time", "source", "kind"})


class Event(NamedTuple):
    """``time`` in simulated ms; ``source`` the unit's name; ``kind`` a dotted word; ``data`` plain JSON values."""

    time: int
    source: str
    kind: str
    data: dict[str, Any]

    def line(self) -> str:
        """One JSON line, keys in a fixed order."""
        line = json.dumps(
            {"time": show_time(self.time), "source": self.source, "kind": self.kind, **self.data},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        # Half a surrogate pair has no UTF-8, but it has a JSON escape, and Python's is the same.
        return line if line.isascii() else line.encode("utf-8", "backslashreplace").decode()


class Journal:
    """An append-only list of events. ``listener``, when set, hears each event as it comes (a live timeline, a file)."""

    __slots__ = ("events", "listener")

    def __init__(self, events: list[Event] | None = None) -> None:
        self.events: list[Event] = [] if events is None else events
        self.listener: Callable[[Event], None] | None = None

    def add(self, time: int, source: str, kind: str, data: dict[str, Any]) -> None:
        if not _FIXED.isdisjoint(data):
            raise ValueError(f"data of an event cannot be called {' or '.join(sorted(_FIXED & data.keys()))}")
        event = Event(time, source, kind, data)
        self.events.append(event)
        if self.listener is not None:
            self.listener(event)

    def of_kind(self, *kinds: str) -> Iterator[Event]:
        return (event for event in self.events if event.kind in kinds)

    def copy(self) -> Journal:
        """A journal with the same past and a future of its own; the listener stays behind."""
        return Journal(self.events.copy())
