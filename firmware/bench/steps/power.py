"""Power, time and buttons."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from firmware.appliance import Appliance
from firmware.bench import hosting
from firmware.bench.fields import Duration, Line, Moment, PartName, StateName, TimeOfDay
from firmware.bench.steps.base import Step
from firmware.bench.steps.flash import require_possible
from firmware.bench.world import OFF, World
from firmware.device.faults import Cut, Torn
from firmware.device.faults import Moment as CutMoment
from firmware.errors import BadInput, Unmet
from firmware.platform import operate
from firmware.times import DAY

LONGEST_WAIT = 3653 * DAY  # ten years a step: a running unit has something to do each night


class PowerOn(Step):
    """Plug the unit in; wait until it rests, or only until it enters a state."""

    name = "power_on"
    settles = True
    example = "power_on: {until: certificate.generating}"
    holding: Literal["reset", "aux"] | None = Field(None, description="a button held meanwhile")
    until: StateName | None = Field(None, description="stop when the unit enters this state")

    def run(self, world: World, unit: Appliance) -> None:
        hosting.require_own_power(world, unit)
        held = {} if self.holding is None else {"holding": self.holding}
        world.act(unit, partial(operate, unit, "power_on", **held))
        if self.until is None:
            self.settle(world)
        else:
            _await(world, unit, self.until)


class PowerCycle(Step):
    """Pull the plug, wait, plug it in again."""

    name = "power_cycle"
    settles = True
    example = "power_cycle: {off_for: 1h}"
    off_for: Duration = Field(5000, description="how long without power")

    def run(self, world: World, unit: Appliance) -> None:
        hosting.require_own_power(world, unit)
        if unit.state != OFF:
            world.cut_power(unit, "power cycle")
        world.run_until(world.now + self.off_for)
        self.perform(world, unit, "power_on")


class CutPower(Step):
    """Cut the power: now, or at a flash operation to come, or when the unit enters a state."""

    name = "cut_power"
    example = "cut_power: {operation: 3, moment: inside, torn: half}"
    operation: int | None = Field(None, ge=1, description="at this program or erase from now, 1 being the next")
    moment: CutMoment = Field(CutMoment.INSIDE, description="before, inside or after it")
    torn: Torn = Field(Torn.HALF, description="how much of it took effect, when inside")
    part: PartName | None = Field(
        None, description="count the operations of this part only: nvm, system-sd or optional-sd"
    )
    state: StateName | None = Field(None, description="when the unit enters this state")
    why: Line | None = Field(None, description="of a cut now: what the journal says of it")
    lost: int = Field(
        0, ge=0, description="with moment after: the so many-th operation before it, not synced since, is lost"
    )

    @model_validator(mode="after")
    def _one_place(self, info: ValidationInfo) -> CutPower:
        if self.operation is not None and self.state is not None:
            raise ValueError("give operation or state, not both")
        if self.why and (self.operation is not None or self.state is not None):
            raise ValueError("why is of a cut now: of one to come the journal says where it struck")
        if self.operation is None and self.model_fields_set & {"moment", "torn", "part", "lost"}:
            raise ValueError("moment, torn, part and lost say more of an operation: give its number")
        if self.lost and self.moment is not CutMoment.AFTER:
            raise ValueError("lost is of a cut after an operation: give moment: after")
        if self.torn is Torn.GROUP and self.moment is not CutMoment.INSIDE:
            raise ValueError("torn: group is of a cut inside an operation")
        if self.lost:
            require_possible("reordered", self.part, info)
        if self.torn is Torn.GROUP:
            require_possible("group_erased", self.part, info)
        return self

    def run(self, world: World, unit: Appliance) -> None:
        if self.operation is not None:
            unit.rail.arm(Cut(self.operation, self.moment, self.torn, self.part, self.lost))
        elif self.state is not None:
            world.cut_at[unit.name] = self.state
        elif unit.state != OFF:
            world.cut_power(unit, self.why or "pulled")


class Wait(Step):
    """Let simulated time pass: for a duration, until a time of day of the unit's clock, or until a moment."""

    name = "wait"
    scalar = "duration"
    one_of = ("duration", "time_of_day", "moment")
    example = "wait: {until: '00:30'}"
    duration: Duration | None = Field(None, alias="for", description="such as 90s, 10m, 1h30m, 2d")
    time_of_day: TimeOfDay | None = Field(None, alias="until", description="HH:MM by the simulated time (UTC)")
    moment: Moment | None = Field(None, alias="at", description="an ISO time")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def run(self, world: World, unit: Appliance) -> None:
        world.run_until(self._end(world.now))

    def _end(self, now: int) -> int:
        if self.time_of_day is not None:
            return now + ((self.time_of_day - now) % DAY or DAY)
        end = now + self.duration if self.duration is not None else self.moment or now
        if end - now > LONGEST_WAIT:
            raise BadInput("a wait of more than ten years; give several")
        return end


class WaitFor(Step):
    """Let time pass until the unit enters a state."""

    name = "wait_for"
    scalar = "state"
    example = "wait_for: running"
    state: StateName = Field(description="the state to wait for")

    def run(self, world: World, unit: Appliance) -> None:
        _await(world, unit, self.state)


def _await(world: World, unit: Appliance, state: str) -> None:
    if not world.run_to_state(unit, state):
        raise Unmet(f"{unit.name} came to rest in {unit.state} and never entered {state}")


class Press(Step):
    """Press a button of a running unit and hold it."""

    name = does = "press"
    example = "press: {button: reset, hold: 15s}"
    button: Literal["reset", "aux"] = Field(description="which button")
    hold: Duration = Field(description="how long it is held")

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, self.name, button=self.button, held=self.hold)


class SetClock(Step):
    """Set a running unit's clock, or its battery."""

    name = "set_clock"
    settles = True
    scalar = "to"
    example = "set_clock: 2026-11-23T09:00:00Z"
    to: Moment | None = Field(None, description="an ISO time")
    battery: Literal["good", "flat"] | None = Field(None, description="a flat battery loses the time without power")

    def run(self, world: World, unit: Appliance) -> None:
        if self.battery is not None:
            unit.clock.battery_good = self.battery == "good"
        if self.to is not None:
            self.perform(world, unit, "set_clock", reading=self.to)
