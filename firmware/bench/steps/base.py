"""What a step of a scenario is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.values import one_of
from firmware.bench.world import World
from firmware.device.flash import FlashPart
from firmware.errors import BadInput
from firmware.platform import Platform

Place = tuple[str | int, ...]


class Step(BaseModel):
    """One step. ``scalar`` names the field that the short form ``step: value`` fills; ``unit`` is needed where a
    scenario has several."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ClassVar[str]
    scalar: ClassVar[str | None] = None
    unit: str | None = Field(None, description="which unit, where there are several")

    def unknown(self, platform: Platform, units: Collection[str]) -> Iterator[tuple[Place, str]]:
        """(where in the step, what is wrong) of each name that this platform or this scenario has no such thing for."""
        yield from ()

    def run(self, world: World, unit: Appliance) -> None:
        raise NotImplementedError

    def perform(self, world: World, unit: Appliance, operation: str, **arguments: Any) -> None:
        """One of the platform's operations, then time passes until every unit rests."""
        world.act(unit, lambda: unit.platform.operations[operation](unit, **arguments))
        world.settle()


def part_of(unit: Appliance, name: str) -> FlashPart:
    parts = unit.parts()
    if name not in parts:
        raise BadInput(f"{unit.name}: there is no card in the {name} slot")
    return parts[name]


def strange(place: Place, value: str | None, allowed: Collection[str], what: str) -> Iterator[tuple[Place, str]]:
    """The objection to a name that is not among those allowed; None needs none."""
    if value is not None:
        try:
            one_of(value, tuple(allowed), what)
        except ValueError as error:
            yield place, str(error)


def strange_release(place: Place, version: str | None, platform: Platform) -> Iterator[tuple[Place, str]]:
    return strange(
        place, version, [release.version for release in platform.releases()], f"release of the {platform.title}"
    )
