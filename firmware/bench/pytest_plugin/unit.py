"""A unit as tests have it: data in, data out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from firmware.appliance import Appliance
from firmware.bench import values
from firmware.bench.outside import identity_of, release_of
from firmware.bench.pytest_plugin.identity import Certificate, Identity, Look
from firmware.bench.summary import summarise
from firmware.bench.timeline import SENTENCES, Timeline
from firmware.journal import Event
from firmware.times import show_time

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.bench import Bench


class Journal:
    """What happened to a unit: events in order, ``"certificate.generated" in journal``, and as text its timeline."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> Event:
        return self._events[index]

    def of(self, kind: str) -> list[Event]:
        """The events of a kind. ValueError: there is no such kind, so it could never have happened."""
        values.one_of(kind, ("state", *SENTENCES), "kind of event")
        return [event for event in self._events if event.kind == kind]

    def __contains__(self, kind: str) -> bool:
        return bool(self.of(kind))

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self._events]

    def __str__(self) -> str:
        timeline = Timeline()
        return "\n".join(line for event in self._events for line in timeline.lines(event))

    def __repr__(self) -> str:
        return f"<journal of {len(self)} events>"

    def compared(self, op: str, kind: object) -> list[str] | None:
        """For pytest."""
        if op == "in":
            return [f"{kind!r} in {self!r}", f"  what happened: {', '.join(dict.fromkeys(self.kinds)) or 'nothing'}"]
        if op == "not in" and isinstance(kind, str):
            timeline = Timeline()
            lines = [line for event in self.of(kind) for line in timeline.lines(event)]
            return [f"{kind!r} not in {self!r}", *(f"  {line}" for line in lines)]
        return None


class Unit:
    """One unit. Every step of a scenario is :meth:`do`; the frequent ones have a method. ``appliance`` is what is
    underneath."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.bench = bench
        self.name = name
        self._first = Look(None, 0)
        self.begin()

    def begin(self) -> None:
        """What was done so far is how things are: the next look compares with this moment."""
        self._note_first()
        self._seen = self._last = self._look()
        self._seen_at = self.bench.done

    def do(self, step: str, value: object = None, /, **fields: Any) -> Unit:
        """A step of a scenario by its name: ``do("default_security", via="web")``, ``do("upgrade", "12.3")``.

        Raises firmware.errors.Unmet when the unit refuses it or an expectation does not hold, BadInput when there is
        no such step, field or value. ``refusal="…"`` expects the unit to refuse it.
        """
        __tracebackhide__ = True
        self.bench.do(self.name, step, value, fields)
        self._note_first()
        return self

    def power_on(self, *, holding: str | None = None, until: str | None = None) -> Unit:
        """Plug it in; wait until it rests, or only until it enters a state."""
        __tracebackhide__ = True
        return self.do("power_on", holding=holding, until=until)

    def cut_power(self, **where: Any) -> Unit:
        """Now, or ``operation=9, moment="inside", torn="one_bit", part="nvm"``, or ``state="firmware.choosing"``."""
        __tracebackhide__ = True
        return self.do("cut_power", **where)

    def power_cycle(self, *, off_for: str | None = None) -> Unit:
        __tracebackhide__ = True
        return self.do("power_cycle", off_for=off_for)

    def press(self, button: str, hold: str) -> Unit:
        """Press ``reset`` or ``aux`` of a running unit."""
        __tracebackhide__ = True
        return self.do("press", button=button, hold=hold)

    def set_address(self, *, lan1: str | None = None, lan2: str | None = None) -> Unit:
        """``a.b.c.d/prefix`` or ``dhcp``."""
        __tracebackhide__ = True
        return self.do("set_address", lan1=lan1, lan2=lan2)

    def wait(self, duration: str | None = None, *, until: str | None = None, at: str | None = None) -> Unit:
        """For ``90s`` or ``3d``, until a time of day, or until a moment."""
        __tracebackhide__ = True
        return self.do("wait", duration, until=until, at=at)

    def expect(self, **fields: Any) -> Unit:
        """As in a scenario: ``expect(state="running", identity="kept", fit=True)``."""
        __tracebackhide__ = True
        return self.do("expect", **fields)

    @property
    def appliance(self) -> Appliance:
        return self.bench.world.units[self.name]

    @property
    def platform(self) -> str:
        return self.appliance.platform.name

    @property
    def release(self) -> str | None:
        """The release that is running, or that it would start with."""
        return release_of(self.appliance)

    @property
    def seed(self) -> int:
        return self.appliance.entropy.seed

    @property
    def state(self) -> str:
        return self.appliance.state

    @property
    def time(self) -> str:
        """Simulated time, whatever the unit's clock shows."""
        return show_time(self.bench.world.now)

    @property
    def leds(self) -> dict[str, str]:
        """The pattern that each LED shows."""
        unit = self.appliance
        return {led: getattr(unit.lights, led).label for led in unit.platform.leds}

    @property
    def journal(self) -> Journal:
        return Journal([event for event in self.appliance.journal.events if event.source == self.name])

    @property
    def summary(self) -> dict[str, Any]:
        """All that ``ipsim show --json`` shows."""
        return summarise(self.appliance)

    @property
    def certificate(self) -> Certificate | None:
        """That of the identity."""
        found = identity_of(self.appliance)
        return None if found is None else Certificate(found.der)

    @property
    def identity(self) -> Identity:
        """A look at the identity: the next one, after something was done, compares with it."""
        now = self._look()
        if self._seen_at != self.bench.done:
            self._seen, self._seen_at = self._last, self.bench.done
        self._last = now
        events, objections = self.appliance.journal.events, self.appliance.platform.objections(self.appliance)
        return Identity(self.bench, self.name, now, self._seen, self._first, events, objections)

    def _look(self) -> Look:
        found = identity_of(self.appliance)
        return Look(found.der if found else None, len(self.appliance.journal.events))

    def _note_first(self) -> None:
        if self._first.der is None:
            self._first = self._look()

    def __repr__(self) -> str:
        return f"<{self.platform} {self.name}, {self.state}>"
