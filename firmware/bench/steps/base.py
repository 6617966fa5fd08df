"""What a step of a scenario is."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.world import World
from firmware.device.flash import FlashPart
from firmware.errors import BadInput


class Step(BaseModel):
    """One step. ``scalar`` names the field that the short form ``step: value`` fills; ``unit`` is needed where a
    scenario has several."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ClassVar[str]
    scalar: ClassVar[str | None] = None
    unit: str | None = Field(None, description="which unit, where there are several")

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
