"""A run, watched for a report: what every flash part holds at each moment, and every certificate that appears."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.outside import settings_of
from firmware.bench.scenario import PlannedStep
from firmware.bench.world import World
from firmware.device.flash import FlashPart
from firmware.journal import Event
from firmware.security.settings import Origin

IDENTITY, TELEPHONY, ROOT = "identity", "telephony identity", "root CA"
SERVICES = ("management", "telephony")


class PartShape(NamedTuple):
    """What a flash part holds at a moment."""

    blocks: tuple[bytes, ...]
    wear: bytes  # of the part's array: two of them are compared at once
    operations: int


Shapes = dict[tuple[str, str], PartShape]


class Moment(NamedTuple):
    """The flash when it has changed since the moment before, in a ``step`` (1 is the first; 0: before it). Parts are
    named by unit and part."""

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

    @property
    def begin(self) -> int:
        return min([self.moments[0].time, *(event.time for event in self.report.events[:1])])


class Album:
    """The chains that units have had: ``last`` the latest by unit and role, ``appearances`` all, in order."""

    def __init__(self) -> None:
        self.appearances: list[Appearance] = []
        self.last: dict[tuple[str, str], Appearance] = {}

    def look_at(self, unit: Appliance, step: int, moment: int, *, powered_down: bool) -> None:
        """``powered_down``: also into the flash of a unit that is off."""
        meet = partial(self._meet, unit, step, moment)
        settings = settings_of(unit) if powered_down else unit.ram.settings
        authority = unit.ram.authority
        if settings is not None and settings.identity is not None:
            made = settings.origin is Origin.MADE
            generation = settings.generation if made else None
            meet(IDENTITY, settings.identity.chain, settings.origin.value, made=made, generation=generation)
        if settings is not None and settings.telephony is not None:
            meet(TELEPHONY, settings.telephony.chain, Origin.SET.value, made=False)
        if authority is not None:
            made = not authority.is_imported
            origin = Origin.MADE.value if made else "imported"
            meet(ROOT, authority.chain, origin, made=made, generation=authority.number or None)

    def _meet(
        self, unit: Appliance, step: int, moment: int, role: str, chain: tuple[bytes, ...], origin: str, *, made: bool,
        generation: int | None = None,
    ) -> None:  # fmt: skip
        last = self.last.get((unit.name, role))
        if last is None or last.chain[0] != chain[0]:
            release = unit.ram.release.version if unit.ram.release is not None else None
            one = Appearance(
                unit.name, role, chain, origin, made, unit.platform.name, release, generation, step, moment
            )
            self.last[unit.name, role] = one
            self.appearances.append(one)


class Watch:
    """A witness (:class:`firmware.bench.replay.Witness`) that looks at the units whenever something happens."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._moments: list[Moment] = []
        self._album = Album()
        self._began: list[int] = []
        self._operations: list[dict[str, int]] = []
        self.seen: Watched | None = None  # once the run has ended

    def meets(self, world: World) -> None:
        self._world = world
        self._look(world, world.now, powered_down=True)

    def begins(self, _planned: PlannedStep) -> None:
        world = self._world
        assert world is not None
        self._look(world, world.now, powered_down=True)
        self._began.append(world.now)

    def hears(self, event: Event) -> None:
        world = self._world
        if world is None:  # the units are still being set up
            self._operations.append({})
            return
        parts = world.units[event.source].parts()
        self._operations.append({name: part.operations for name, part in parts.items()})
        self._look(world, event.time)

    def ends(self, report: replay.Report) -> None:
        world = self._world
        assert world is not None
        self._look(world, world.now, powered_down=True)
        self.seen = Watched(report, self._moments, self._album.appearances, self._began, self._operations, world.now)

    def _look(self, world: World, now: int, *, powered_down: bool = False) -> None:
        """``powered_down``: also into the flash of units that are off."""
        units = world.units.values()
        shapes = {(unit.name, name): shape_of(part) for unit in units for name, part in unit.parts().items()}
        if not self._moments or shapes != self._moments[-1].parts:
            self._moments.append(Moment(len(self._began), now, shapes))
        for unit in units:
            self._album.look_at(unit, len(self._began), now, powered_down=powered_down)
        for one in self._album.appearances:
            for service in SERVICES:
                if world.presented.get((one.unit, service), ())[:1] == one.chain[:1]:
                    one.shown.add(service)


def shape_of(part: FlashPart) -> PartShape:
    return PartShape(part.image(), part.wear.tobytes(), part.operations)
