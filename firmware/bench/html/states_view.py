"""A bring-up's states and the ways between them, drawn, with those that a unit took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from firmware.bench.html.timeline_view import durations, tone
from firmware.bench.html.watch import Watched
from firmware.machine import ANY, BringUp
from firmware.times import show_duration

ROW, ARCS, WIDTH = 22, 120, 400  # the height of a state, the room for arcs, the whole width


@dataclass(frozen=True, slots=True)
class Spot:
    """A state: where it is written, how often the unit was in it, and how long."""

    name: str
    tone: str
    y: int
    visits: int
    lasted: str


def diagrams(run: Watched) -> list[dict[str, Any]]:
    """One a unit."""
    return [_diagram(run, name) for name in run.report.units]


def _diagram(run: Watched, name: str) -> dict[str, Any]:
    bring_up = run.report.units[name].platform.bring_up
    lasting = durations(run)
    visits, lasted, path = Counter[str](), Counter[str](), [bring_up.initial]
    for index, event in enumerate(run.report.events):
        if event.source == name and event.kind == "state":
            state = event.data["state"]
            visits[state] += 1
            lasted[state] += lasting[index]
            path.append(state)
    place = places(bring_up)
    taken = {way for way in pairwise(path) if way[0] in place and way[1] in place}
    ways = [*sorted(known_ways(bring_up) - taken), *sorted(taken)]
    return {
        "unit": name,
        "width": WIDTH,
        "height": ROW * len(place),
        "left": ARCS,
        "spots": [
            Spot(state, tone(state), y, visits[state], show_duration(lasted[state]) if lasted[state] else "")
            for state, y in place.items()
        ],
        "arcs": [(arc(place[a], place[b]), place[b], (a, b) in taken) for a, b in ways],
        "visited": [state for state in place if visits[state]],
    }


def places(bring_up: BringUp[Any]) -> dict[str, int]:
    """How far down each state is written."""
    return {state.name: ROW * number + ROW // 2 for number, state in enumerate(bring_up.states)}


def known_ways(bring_up: BringUp[Any]) -> set[tuple[str, str]]:
    """From state to state. What may happen in any state would cover the rest; it is drawn where it happened."""
    return {(source, row.dest) for row in bring_up.rows if row.source != ANY for source in bring_up.sources(row)}


def arc(start: int, end: int) -> str:
    """From one state to another, to the left of both."""
    out = ARCS - min(ARCS - 6, 14 + abs(end - start) // 3)
    return f"M{ARCS} {start}C{out} {start} {out} {end} {ARCS - 5} {end}"
