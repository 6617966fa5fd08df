"""What a person does at the panel. Each deed is a step of a scenario, so whoever records a session can keep it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from firmware.appliance import Appliance
from firmware.bench.fields import Known
from firmware.bench.live.pace import Pace
from firmware.bench.steps.base import Step
from firmware.bench.steps.power import CutPower
from firmware.bench.steps.table import STEPS
from firmware.bench.values import brief
from firmware.bench.world import World
from firmware.boot.buttons import BANDS
from firmware.boot.running import RUNNING
from firmware.errors import BadInput, NotNow

# The steps that can be done here, and their fields.
ALLOWED: Mapping[str, frozenset[str]] = {
    "power_on": frozenset({"holding"}),
    "cut_power": frozenset({"operation"}),
    "press": frozenset({"button", "hold"}),
    "remove": frozenset({"slot", "as"}),
    "insert": frozenset({"slot", "card"}),
    "set_clock": frozenset({"to", "battery"}),
    "reboot": frozenset(),
    "shutdown": frozenset(),
    "default_security": frozenset(),
    "default_configuration": frozenset(),
}
SPEEDS = {"step": 0.0, "1": 1.0, "60": 60.0, "max": None}
LONGEST_HOLD = 120.0  # seconds after which a button that nobody lets go comes up by itself


class Hands:
    """``done`` is called after each deed: the moment to save."""

    def __init__(self, pace: Pace, world: World, unit: Appliance, done: Callable[[], None]) -> None:
        self.pace = pace
        self._world, self._unit, self._done = world, unit, done
        self._known = Known(unit.platform, unit.platform.releases()[-1], ())
        self._before: tuple[float | None] | None = None  # the speed before a button was held
        self._patience: asyncio.TimerHandle | None = None

    @property
    def is_holding(self) -> bool:
        return self._before is not None

    @property
    def speed(self) -> float | None:
        """The one that was chosen: it stays so while a button is held."""
        return self._before[0] if self._before is not None else self.pace.speed

    def do(self, row: Any) -> None:
        """``{step: fields}``. BadInput: there is no such step here; NotNow: not in this state."""
        row = _written(row)
        (name, fields), = row.items()  # fmt: skip
        try:
            step = STEPS[name].model_validate(fields, context=self._known)
        except ValidationError as error:
            told = error.errors(include_url=False)[0]
            raise BadInput(f"{'.'.join(map(str, told['loc'])) or name}: {told['msg']}") from None
        if step.does is not None and step.does not in self._unit.platform.operations:
            raise BadInput(f"{self._unit.platform.named} has no {name}")
        self.let_go()
        try:
            self.pace.do(lambda: self._carry_out(step, row))
        finally:
            self._done()

    def _carry_out(self, step: Step, row: dict[str, Any]) -> None:
        with self._world.as_step(self._unit, row):
            step.run(self._world, self._unit)

    def change_speed(self, name: str) -> None:
        if name not in SPEEDS:
            raise BadInput(f"speed: {', '.join(SPEEDS)}, not {brief(name)}")
        self.let_go()
        self.pace.change_speed(SPEEDS[name])

    def step(self) -> None:
        self.let_go()
        self.pace.step()

    def hold(self, button: str) -> None:
        """Time stands still while a button is down: how long that was is told with ``press``, and goes by then."""
        if button not in BANDS or "press" not in self._unit.platform.operations:
            raise BadInput(f"{self._unit.platform.named} has no button {brief(button)}")
        if self._unit.state != RUNNING:
            raise NotNow(f"the {button} button does nothing in the state {self._unit.state}")
        if self._before is None:
            self._before = (self.pace.speed,)
            self.pace.change_speed(0)
            self._patience = asyncio.get_running_loop().call_later(LONGEST_HOLD, self.let_go)

    def let_go(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if self._before is not None:
            (before,), self._before = self._before, None
            self.pace.change_speed(before)

    def stop(self) -> None:
        if self._patience is not None:
            self._patience.cancel()


def put_back(world: World, unit: Appliance) -> list[str]:
    """Cards on the shelf would be lost with the session: each goes back into a slot that is empty."""
    slots = [name for name, slot in unit.slots.items() if slot.card is None]
    pairs = list(zip(slots, list(world.shelf), strict=False))
    for slot, card in pairs:
        row = {"insert": {"slot": slot, "card": card}}
        with world.as_step(unit, row):
            STEPS["insert"].model_validate(row["insert"]).run(world, unit)
    return [slot for slot, _ in pairs]


def _written(row: Any) -> dict[str, Any]:
    """A step as it would stand in a scenario."""
    if not isinstance(row, dict) or len(row) != 1:
        raise BadInput(f"a step is one of {', '.join(ALLOWED)}, with its fields")
    (name, fields), = row.items()  # fmt: skip
    if name not in ALLOWED or not isinstance(fields, dict) or not fields.keys() <= ALLOWED[name]:
        raise BadInput(f"a step is one of {', '.join(ALLOWED)}, with its fields")
    model = STEPS[name]
    if model is CutPower and not fields:
        return {name: {"why": "the plug was pulled"}}
    waits = (model.does or model.settles) and fields != {"battery": fields.get("battery")}
    return {name: {**fields, "at_once": True} if waits else fields}
