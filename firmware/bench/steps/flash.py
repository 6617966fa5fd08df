"""Faults of flash that are still to come, and what a part's data sheet rules out."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, model_validator

from firmware.appliance import Appliance
from firmware.bench.fields import PartName
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.device.faults import LiveFault, LiveKind


class FlashFault(Step):
    """Something breaks at a flash operation to come, where that operation is; the unit keeps its power."""

    name = "flash_fault"
    example = "flash_fault: {kind: bad_block, operation: 2, part: nvm}"
    kind: LiveKind = Field(description="what breaks")
    operation: int = Field(1, ge=1, description="at this program or erase from now, 1 being the next")
    part: PartName | None = Field(
        None, description="count the operations of this part only: nvm, system-sd or optional-sd"
    )

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> FlashFault:
        require_possible(self.kind.value, self.part, info)
        return self

    @property
    def fault(self) -> LiveFault:
        return LiveFault(self.kind, self.operation, self.part)

    def run(self, world: World, unit: Appliance) -> None:
        unit.rail.plan(self.fault)


def require_possible(fault: str, part: str | None, info: ValidationInfo) -> None:
    """ValueError when no such part of the unit can show a physical fault. Unknown units can show any."""
    if info.context is None:
        return
    platform = info.context.platform
    of_cards = dict.fromkeys(platform.slots, platform.card.sheet)
    sheets = {platform.storage.name: platform.storage.geometry.sheet, **of_cards}
    asked = sheets if part is None else {part: sheets[part]} if part in sheets else {}
    if asked and not any(fault in sheet.can for sheet in asked.values()):
        raise ValueError("; ".join(f"{name}: {sheet.rules_out(fault)}" for name, sheet in asked.items()))
