"""Boot and ignition: each platform's table as a state diagram, and what its states are."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import platforms
from firmware.bench.docs.markdown import code, document, fenced, table
from firmware.bench.timeline import LEDS
from firmware.device.panel import Light
from firmware.machine import BringUp, State
from firmware.platform import Platform
from firmware.times import show_duration


def draw() -> str:
    parts = [
        "A unit enters a state, stays for its length, does what the state does, and follows the arrow that comes of "
        "it. Lengths are of simulated time; *varies*: by release or circumstances. Every row says how we know."
    ]
    for bring_up, its in _by_bring_up():
        names = ", ".join(f"{platform.title} ({code(platform.name)})" for platform in its)
        parts += [f"## {bring_up.name}", f"Of: {names}.", fenced(bring_up.mermaid(), "mermaid"), _states(bring_up)]
    return document("Boot and ignition", *parts)


def _by_bring_up() -> list[tuple[BringUp[Any], list[Platform]]]:
    found = sorted((platforms.load(name) for name in platforms.names()), key=lambda one: one.bring_up.name)
    return [(its[0].bring_up, its) for its in (list(near) for _, near in groupby(found, lambda one: one.bring_up))]


def _states(bring_up: BringUp[Any]) -> str:
    rows = [
        (code(state.name), state.about, _length(state), _lights(state), f"{state.basis.value} {state.source}".strip())
        for state in bring_up.states
    ]
    return table(("state", "what it is", "length", "LEDs", "basis, source"), rows)


def _length(state: State[Any]) -> str:
    if state.activity is None:
        return "rests"
    return show_duration(state.duration) if isinstance(state.duration, int) else "varies"


def _lights(state: State[Any]) -> str:
    shown = ((name, getattr(state.lights, led)) for led, name in LEDS)
    return "; ".join(f"{name} {light.label}" for name, light in shown if light is not Light.OFF)
