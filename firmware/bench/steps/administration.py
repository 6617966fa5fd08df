"""What an administrator does: Manager, web manager, serial port, a phone."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.fields import Duration, LanSetting, LevelName, Mac, ReleaseName, ServiceName, TimeOfDay, UserName
from firmware.bench.steps.base import Step
from firmware.bench.world import World


class DefaultSecurity(Step):
    """Default the security settings. ``bootloader``: plug the unit in with the reset button held."""

    name = "default_security"
    scalar = "via"
    via: Literal["manager", "web", "serial", "bootloader"] = "manager"
    mac: Mac | None = Field(None, description="what AT-SECURITYRESETALL is confirmed with (serial)")

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, "default_security", via=self.via, mac=self.mac)


class DefaultConfiguration(Step):
    """Default the configuration from Manager; the unit reboots."""

    name = "default_configuration"

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, self.name)


class DeleteCertificate(Step):
    """Delete the identity certificate."""

    name = "delete_certificate"

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, self.name)


class SetService(Step):
    """Set a service's security level."""

    name = "set_service"
    service: ServiceName
    level: LevelName

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, self.name, service=self.service, level=self.level)


class SetAddress(Step):
    """Give a LAN a fixed address by Manager, or make it a DHCP client."""

    name = "set_address"
    lan1: LanSetting | None = None
    lan2: LanSetting | None = None

    def run(self, world: World, unit: Appliance) -> None:
        for index, wanted in enumerate((self.lan1, self.lan2)):
            if wanted is not None:
                self.perform(world, unit, self.name, lan=index, interface=None if wanted == "dhcp" else wanted)


class ChangeAtPhone(Step):
    """A user changes their name at the phone: RAM only."""

    name = "change_at_phone"
    extension: str
    user_name: UserName = Field(alias="name")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, "change_at_phone", extension=self.extension, name=self.user_name)


class Upgrade(Step):
    """Upgrade by Manager: new binary to primary, the old one to backup, reboot."""

    name = "upgrade"
    scalar = "release"
    release: ReleaseName

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, "upgrade", release=self.release)


class Reboot(Step):
    """Reboot from Manager: when free, or timed."""

    name = "reboot"
    at: TimeOfDay | None = Field(None, description="HH:MM by the unit's clock")

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, "reboot", at=self.at)


class Shutdown(Step):
    """A planned shutdown: indefinite, or for a time after which the unit restarts itself."""

    name = "shutdown"
    off_for: Duration | None = Field(None, alias="for", description="timed; without it indefinite")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, "shutdown", off_for=self.off_for)
