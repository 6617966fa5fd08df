"""What an administrator does: Manager, web manager, serial port, a phone."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.fields import (
    Address,
    Duration,
    Extension,
    HostName,
    Interface,
    LanSetting,
    LevelName,
    Mac,
    ReleaseName,
    ServiceName,
    TimeOfDay,
    UserName,
)
from firmware.bench.steps.base import Step
from firmware.bench.world import OFF, World


class DefaultSecurity(Step):
    """Default the security settings. ``bootloader``: plug the unit in with the reset button held."""

    name = does = "default_security"
    scalar = "via"
    example = "default_security: {via: serial, mac: 00e00705918e}"
    via: Literal["manager", "web", "serial", "bootloader"] | None = Field(
        None, description="left out: manager, or web on a Linux server"
    )
    mac: Mac | None = Field(None, description="what AT-SECURITYRESETALL is confirmed with (serial)")

    def run(self, world: World, unit: Appliance) -> None:
        route = {} if self.via is None else {"via": self.via}
        self.perform(world, unit, self.name, **route, mac=self.mac)


class DefaultConfiguration(Step):
    """Default the configuration from Manager; the unit reboots."""

    name = does = "default_configuration"
    example = "default_configuration"


class DeleteCertificate(Step):
    """Delete the identity certificate."""

    name = does = "delete_certificate"
    example = "delete_certificate"


class SetService(Step):
    """Set a service's security level."""

    name = does = "set_service"
    example = "set_service: {service: Configuration, level: Secure Medium}"
    service: ServiceName = Field(description="which service")
    level: LevelName = Field(description="its security level from now on")


class SetAddress(Step):
    """Give a LAN a fixed address by Manager, or make it a DHCP client."""

    name = does = "set_address"
    example = "set_address: {lan1: 10.1.2.3/24, lan2: dhcp}"
    lan1: LanSetting | None = Field(None, description="left out: as it is")
    lan2: LanSetting | None = Field(None, description="left out: as it is")

    def run(self, world: World, unit: Appliance) -> None:
        for index, wanted in enumerate((self.lan1, self.lan2)):
            if wanted is not None:
                self.perform(world, unit, self.name, lan=index, interface=None if wanted == "dhcp" else wanted)
                if unit.state == OFF:  # power was cut meanwhile
                    return


class ChangeAtPhone(Step):
    """A user changes their name at the phone: RAM only."""

    name = does = "change_at_phone"
    example = "change_at_phone: {extension: 201, name: Reception}"
    extension: Extension = Field(description="whose phone it is")
    user_name: UserName = Field(alias="name", description="the new name")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)

    def run(self, world: World, unit: Appliance) -> None:
        self.perform(world, unit, self.name, extension=self.extension, name=self.user_name)


class Upgrade(Step):
    """Upgrade by Manager: new binary to primary, the old one to backup, reboot."""

    name = does = "upgrade"
    scalar = "release"
    example = "upgrade: 12.3"
    release: ReleaseName = Field(description="the release of the new binary")


class Reboot(Step):
    """Reboot from Manager: when free, or timed."""

    name = does = "reboot"
    example = "reboot: {at: '03:30'}"
    at: TimeOfDay | None = Field(None, description="HH:MM by the unit's clock")


class Shutdown(Step):
    """A planned shutdown: indefinite, or for a time after which the unit restarts itself."""

    name = does = "shutdown"
    example = "shutdown: {for: 2h}"
    off_for: Duration | None = Field(None, alias="for", description="timed; without it indefinite")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class InitialConfiguration(Step):
    """The Initial Configuration Utility: the unit joins the Primary at an address."""

    name = does = "initial_configuration"
    scalar = "primary"
    example = "initial_configuration: {primary: 192.168.42.1, system_name: Branch}"
    primary: Address = Field(description="the address of the Primary")
    system_name: UserName | None = Field(None, description="what the system is called from now on")
    lan1: Interface | None = Field(None, description="a fixed address for LAN1")


class SetHostName(Step):
    """Give a Linux server another host name."""

    name = does = "set_host_name"
    scalar = "host_name"
    example = "set_host_name: pbx.example.com"
    host_name: HostName = Field(description="the new name")


class RenewAuthority(Step):
    """Renew the root CA: a new certificate over the same key."""

    name = does = "renew_authority"
    example = "renew_authority"


class CreateAuthority(Step):
    """Create a new root CA, with a new key."""

    name = does = "create_authority"
    example = "create_authority"


class Reinstall(Step):
    """Install the software of a Linux server anew: nothing of what was on its disk stays."""

    name = does = "reinstall"
    scalar = "release"
    example = "reinstall: 12.3"
    release: ReleaseName | None = Field(None, description="left out: the one that is installed")
