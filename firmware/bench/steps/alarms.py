"""Alarms: where they go, and what an administrator is told at log-in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from firmware.appliance import Appliance
from firmware.bench.fields import Address, Line
from firmware.bench.steps.base import Step
from firmware.bench.world import World


class SetAlarms(Step):
    """Let events go to syslog receivers; the network must have some (``environment``)."""

    name = does = "set_alarms"
    example = "set_alarms: {syslog: [192.168.42.9], format: rfc5424}"
    syslog: list[Address] = Field(default_factory=list, description="at most 2; left out: events go nowhere")
    format: Literal["rfc3164", "rfc5424"] = Field("rfc3164", description="how a message is written")

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, self.name, syslog=tuple(self.syslog), format=self.format)


class AdministratorLogIn(Step):
    """A service user logs in by Manager or Web Manager, and is warned of certificates that expire soon."""

    name = does = "administrator_log_in"
    scalar = "user"
    example = "administrator_log_in: Administrator"
    user: Line = Field("Administrator", description="the service user's name")
