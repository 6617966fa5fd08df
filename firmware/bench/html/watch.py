"""A run, watched for a report: what every flash part holds at each moment, and every certificate that appears."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.outside import settings_of
from firmware.bench.scenario import PlannedStep, Scenario
from firmware.bench.world import World
from firmware.device.flash import FlashPart
from firmware.journal import Event
from firmware.security.settings import Origin

IDENTITY, TELEPHONY, ROOT = "identity", "telephony identity", "root CA"
SERVICES = {"management": IDENTITY, "telephony": TELEPHONY}
NO_OPERATION: dict[str, int] = {}


class PartShape(NamedTuple):
    """What a flash part holds at a moment."""

    blocks: tuple[bytes, ...]
    wear: bytes  # of the part's array: two of them are compared at once
    operations: int


Shapes = dict[tuple[str, str], PartShape]


class Moment(NamedTuple):
    """The flash after so many ``events`` of the run, in a ``step`` (1 is the first; 0: before it), where it has changed
    since the moment before. Parts are named by unit and part."""

    events: int
    step: int
    time: int
    parts: Shapes


@dataclass(slots=True)
class Appearance:
    """A chain (DER) that a unit has for the first time in this role. ``is_made``: here, not brought from outside.
    ``shown``: the services that have presented it to somebody who looked."""

    unit: str
    role: str
    chain: tuple[bytes, ...]
    origin: str
    is_made: bool
    platform: str
    release: str | None
    generation: int | None
    step: int
    time: int
    shown: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Watched:
    """A run and what was seen of it. ``began``: when each step did, in simulated ms; ``operations``: by event, how many
    flash operations each part of its unit had done."""

    report: replay.Report
    moments: list[Moment]
    appearances: list[Appearance]
    began: list[int]
    operations: list[dict[str, int]]
    end: int


def watched(scenario: Scenario, *, seed: int | None = None, state: Path | None = None) -> Watched:
    """Run a scenario as :func:`firmware.bench.replay.run` does, and look at the units whenever something happens."""
    watch = _Watch()
    report = replay.run(
        scenario, seed=seed, state=state, listener=watch.hear, make_world=watch.make_world, before=watch.begins
    )
    watch.look(powered_down=True)
    return Watched(report, watch.moments, watch.appearances, watch.began, watch.operations, watch.world.now)


class _Watch:
    def __init__(self) -> None:
        self.world = World(0)
        self.moments: list[Moment] = []
        self.appearances: list[Appearance] = []
        self.began: list[int] = []
        self.operations: list[dict[str, int]] = []
        self._last: dict[tuple[str, str], Appearance] = {}

    def make_world(self, now: int, seed: int) -> World:
        self.world = World(now, seed)
        return self.world

    def begins(self, _planned: PlannedStep) -> None:
        self.look(powered_down=True)
        self.began.append(self.world.now)

    def hear(self, event: Event) -> None:
        unit = self.world.units.get(event.source)
        self.operations.append(
            {name: part.operations for name, part in unit.parts().items()} if unit is not None else NO_OPERATION
        )
        self.look(event.time)

    def look(self, time: int | None = None, *, powered_down: bool = False) -> None:
        """``powered_down``: also into the flash of units that are off."""
        moment = self.world.now if time is None else time
        shapes = {
            (unit.name, name): _shape(part) for unit in self.world.units.values() for name, part in unit.parts().items()
        }
        if not self.moments or shapes != self.moments[-1].parts:
            self.moments.append(Moment(len(self.operations), len(self.began), moment, shapes))
        for unit in self.world.units.values():
            self._look_at(unit, moment, powered_down=powered_down)

    def _look_at(self, unit: Appliance, moment: int, *, powered_down: bool) -> None:
        settings = settings_of(unit) if powered_down else unit.ram.settings
        authority = unit.ram.authority
        if settings is not None and settings.identity is not None:
            made = settings.origin is Origin.MADE
            self._meet(unit, IDENTITY, settings.identity.chain, settings.origin.value, moment, made=made,
                       generation=settings.generation)  # fmt: skip
        if settings is not None and settings.telephony is not None:
            self._meet(unit, TELEPHONY, settings.telephony.chain, Origin.SET.value, moment, made=False)
        if authority is not None:
            made = not authority.is_imported
            origin = Origin.MADE.value if made else "imported"
            self._meet(unit, ROOT, authority.chain, origin, moment, made=made, generation=authority.number or None)
        for service, role in SERVICES.items():
            if chain := self.world.presented.get((unit.name, service)):
                self._meet_presented(unit, service, role, chain, moment)

    def _meet_presented(self, unit: Appliance, service: str, role: str, chain: tuple[bytes, ...], moment: int) -> None:
        """Telephony shows management's identity unless it has one of its own; a server without a wizard done shows a
        temporary one, which is in no settings."""
        known = [one for one in self.appearances if one.unit == unit.name and one.chain[0] == chain[0]]
        if known:
            known[-1].shown.add(service)
        else:
            self._meet(unit, role, chain, Origin.MADE.value, moment, made=True).shown.add(service)

    def _meet(
        self, unit: Appliance, role: str, chain: tuple[bytes, ...], origin: str, moment: int, *, made: bool,
        generation: int | None = None,
    ) -> Appearance:  # fmt: skip
        last = self._last.get((unit.name, role))
        if last is None or last.chain[0] != chain[0]:
            release = unit.ram.release.version if unit.ram.release is not None else None
            last = Appearance(unit.name, role, chain, origin, made, unit.platform.name, release, generation,
                              len(self.began), moment)  # fmt: skip
            self._last[unit.name, role] = last
            self.appearances.append(last)
        return last


def _shape(part: FlashPart) -> PartShape:
    return PartShape(part.image(), part.wear.tobytes(), part.operations)
