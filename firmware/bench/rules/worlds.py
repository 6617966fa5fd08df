"""Worlds, kept by the steps that lead to them: what several scenarios begin with is done once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from firmware.appliance import Appliance
from firmware.bench import replay
from firmware.bench.rules.case import Case
from firmware.bench.scenario import ONLY_UNIT, PlannedStep
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.errors import BadInput, FirmwareError, Unmet


@dataclass(frozen=True)
class Reached:
    """Where the steps of a scenario have led; ``count`` of them were done, the next one met ``refusal``."""

    world: World
    count: int
    refusal: str = ""

    def step(self, planned: PlannedStep) -> Reached:
        """Where one step more leads, from a copy of this world."""
        world = self.world.copy()
        unit = world.units[planned.unit]
        unit.clock.advance_to(world.now)
        try:
            planned.step.run(world, unit)
        except (Unmet, FirmwareError, BadInput) as error:
            return Reached(world, self.count, f"{planned.text}: {error}")
        return Reached(world, self.count + 1)


class _Hold(Step):
    """The last step of a replay: the world as it is then is held."""

    name = "hold"
    _held: list[World] = PrivateAttr(default_factory=list)

    def run(self, world: World, unit: Appliance) -> None:
        self._held.append(world)

    @property
    def world(self) -> World:
        return self._held[0]


class Worlds:
    """Those of one platform and release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Reached] = {}

    def after(self, case: Case) -> tuple[Reached, Reached]:
        """The worlds before and after the last step, a look, of a case; the look is taken wherever the others stop.

        The first is shared: go on with a copy.
        """
        *steps, _look = case.steps
        keys = _keys(case, steps)
        known = next((count for count in range(len(steps), 0, -1) if keys[count] in self._known), 0)
        if keys[known] not in self._known:
            self._known[keys[known]] = Reached(self._new(case), 0)
        reached = self._known[keys[known]]
        *rest, look = case.part(case.steps[known:], self._folder).steps
        for count, planned in enumerate(rest, known + 1):
            reached = self._known[keys[count]] = reached if reached.refusal else reached.step(planned)
        return reached, reached.step(look)

    def _new(self, case: Case) -> World:
        """The units as they are before the first step."""
        scenario, hold = case.part((), self._folder), _Hold(unit=ONLY_UNIT, refusal=None)
        replay.run(replace(scenario, steps=(PlannedStep(hold, ONLY_UNIT, scenario.file, hold.name),)))
        return hold.world


def _keys(case: Case, steps: list[Any]) -> list[str]:
    """What tells the world after each number of steps from all others."""
    surroundings = {key: value for key, value in case.head.items() if key != "name"}
    written = [json.dumps(surroundings), *map(json.dumps, steps)]
    return list(accumulate(written, "{}\n{}".format))
