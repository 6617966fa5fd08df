"""What the panel shows of a unit: plain values, made anew for each look."""

from __future__ import annotations

from typing import Any

from firmware.appliance import Appliance
from firmware.bench.html.certificate_view import card
from firmware.bench.html.timeline_view import tone
from firmware.bench.html.watch import Album
from firmware.bench.live.panel.flash import Flash
from firmware.bench.orders import tee
from firmware.bench.timeline import LEDS, LOUD, sentence
from firmware.bench.world import OFF, World
from firmware.journal import Event
from firmware.machine import ACTIVITY
from firmware.times import show_duration, show_time

MOST_EVENTS = 400  # at a time: whoever comes late sees the last ones


class Eyes:
    """Hears the journal and follows the flash, from the beginning of a session on."""

    def __init__(self, world: World, unit: Appliance) -> None:
        self._world, self._unit = world, unit
        self.flash = Flash(unit)
        self._album = Album()
        self._album.look_at(unit, 0, unit.clock.now, powered_down=True)
        self._since = unit.clock.now  # when the lights began to show what they show
        self._been: list[str] = [unit.state]
        self._ways: dict[tuple[str, str], None] = {}
        tee(unit.journal, self._hear)

    def _hear(self, event: Event) -> None:
        self.flash.look()
        if event.kind in ("state", "led"):
            self._since = event.time
        if event.kind == "state":
            state = event.data["state"]
            self._ways[self._been[-1], state] = None
            if state in self._been:
                self._been.remove(state)
            self._been.append(state)
            self._album.look_at(self._unit, 0, event.time, powered_down=False)

    def look(self, now: int, after: int, flash: int) -> dict[str, Any]:
        """The unit at the simulated time ``now``: what happened since event ``after``, the flash if it is newer."""
        unit = self._unit
        self.flash.look()
        events = unit.journal.events
        first = max(after, len(events) - MOST_EVENTS, 0)
        state = unit.platform.bring_up.by_name[unit.state]
        return {
            "now": now,
            "reading": self._reading(now),
            "state": {"name": state.name, "about": state.about, "tone": tone(state.name), "since": self._since,
                      "basis": state.basis.value, "source": state.source},
            "next": self._next(now),
            "lights": {led: getattr(unit.lights, led).label for led in unit.platform.leds},
            "power": unit.rail.on,
            "can_switch_on": unit.rail.on and unit.platform.bring_up.accepts(unit, "power_on"),
            "armed": unit.rail.armed.operation if unit.rail.armed else None,
            "battery": unit.clock.battery_good,
            "operations": unit.rail.operations,
            "release": unit.ram.release.version if unit.ram.release else "",
            "lans": self._lans(),
            "slots": {name: slot.card is not None for name, slot in unit.slots.items()},
            "shelf": list(self._world.shelf),
            "been": self._been,
            "ways": [f"{a}>{b}" for a, b in self._ways],
            "events": [_shown(number, events[number]) for number in range(first, len(events))],
            "count": len(events),
            "version": self.flash.version,
            "flash": self.flash.shown() if flash != self.flash.version else None,
            "certificates": [one.chain[0].hex()[-16:] for one in self._held()],
        }  # fmt: skip

    def _reading(self, now: int) -> int | None:
        clock = self._unit.clock.copy()
        clock.advance_to(now)
        return clock.read()

    def _next(self, now: int) -> dict[str, str] | None:
        """What is due next, and in how long."""
        timers = self._unit.timers
        if not timers:
            return None
        name = min(timers, key=timers.__getitem__)
        what = "it ends" if name == ACTIVITY else f"due next: {name.replace('_', ' ')}"
        left = max(0, timers[name] - now)
        return {"what": what, "left": show_duration(left // 1000 * 1000 if left > 1000 else left)}

    def _lans(self) -> list[str]:
        configuration = self._unit.ram.configuration
        return [lan.interface for lan in configuration.lans] if configuration else []

    def _held(self) -> list[Any]:
        self._album.look_at(self._unit, 0, self._unit.clock.now, powered_down=self._unit.state == OFF)
        return list(self._album.last.values())

    def certificates(self) -> list[dict[str, Any]]:
        """The one that the unit has now in each role, and what became different."""
        found = []
        for number, one in enumerate(self._held(), 1):
            same = [other for other in self._album.appearances if other.role == one.role]
            found.append(card(number, one, same[-2] if len(same) > 1 else None))
        return found

    def chain(self, role: str) -> tuple[bytes, ...] | None:
        return next((one.chain for one in self._held() if one.role == role), None)


def _shown(number: int, event: Event) -> dict[str, Any]:
    date, _, clock = show_time(event.time).removesuffix("Z").partition("T")
    row: dict[str, Any] = {"number": number, "date": date, "clock": clock}
    if event.kind == "state":
        lights = [f"{led} {event.data[key]}" for key, led in LEDS if key in event.data]
        return row | {"state": event.data["state"], "tone": tone(event.data["state"]), "text": event.data["about"],
                      "more": [", ".join(lights)] if lights else []}  # fmt: skip
    first, *more = sentence(event).split("\n")
    return row | {"state": "", "text": first, "more": [line.strip() for line in more], "loud": LOUD.get(event.kind, "")}
