"""What the network around the units answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.fields import Address, Interface, Mac, ReleaseName, Secret, SignedDuration, UnitName
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.peers.cloud import Cloud
from firmware.peers.network import Network
from firmware.peers.system_manager import Approval, SystemManager


class Dhcp(BaseModel):
    """The lease that DHCP gives on each LAN; none where left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lan1: Interface | None = Field(default=None, description="left out: no answer")
    lan2: Interface | None = Field(default=None, description="left out: no answer")


class Ntp(BaseModel):
    """An NTP server, by address or by a name that DNS must know, and how wrong its time is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    server: str = Field(default="192.0.2.123", description="an address, or a name that DNS knows")
    error: SignedDuration = Field(default=0, description="such as 2h or -30s")


class ManagerSpec(BaseModel):
    """A System Manager: the enrolment password, and whether a person approves each request."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    password: Secret = Field(description="for enrolment")
    approval: Approval = Field(Approval.AUTOMATIC, description="by itself, or by a person (approve, reject)")
    lifetime: int = Field(825, ge=1, le=3652, description="days that its certificates are valid")


class Environment(BaseModel):
    """What DHCP, DNS, NTP, BOOTP (Manager), System Managers, the cloud and syslog receivers answer.

    What is left out does not answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    dhcp: Dhcp = Field(default=Dhcp(), description="leases")
    dns: dict[str, Address] = Field(default_factory=dict, description="name -> address")
    ntp: Ntp | None = Field(default=None, description="a time server")
    bootp: dict[Mac, ReleaseName] = Field(default_factory=dict, description="MAC -> the release that Manager sends")
    system_managers: dict[UnitName, ManagerSpec] = Field(default_factory=dict, description="by name")
    cloud: bool = Field(default=False, description="whether the cloud of a subscription can be reached")
    syslog: list[Address] = Field(default_factory=list, description="addresses at which syslog is received")

    def network(self, world: World) -> Network:
        """The same as a unit meets it; peers that keep something live on in the world."""
        peers = world.peers
        for name, spec in self.system_managers.items():
            if name not in peers.managers:
                peers.managers[name] = SystemManager(name, world.seed, spec.password, spec.approval, spec.lifetime)
            known = peers.managers[name]  # its CA and its book stay, whatever else changes
            known.password, known.approval, known.lifetime_days = spec.password, spec.approval, spec.lifetime
        if self.cloud and peers.cloud is None:
            peers.cloud = Cloud("cloud", world.seed)
        leases = {index: lease for index, lease in enumerate((self.dhcp.lan1, self.dhcp.lan2)) if lease}
        return Network(
            leases=leases,
            hosts=dict(self.dns),
            ntp_server=self.ntp.server if self.ntp else None,
            ntp_error=self.ntp.error if self.ntp else 0,
            manager_firmware=dict(self.bootp),
            managers=tuple(self.system_managers),
            has_cloud=self.cloud,
            receivers=tuple(self.syslog),
            peers=peers,
        )


class SetEnvironment(Step, Environment):
    """From now on the network around a unit answers this."""

    name = "environment"
    example = "environment: {dhcp: {lan1: 10.1.2.3/24}, ntp: {error: 2h}}"

    def run(self, world: World, unit: Appliance) -> None:
        world.surround(unit, self.network(world))
        hidden: Any = {"unit": True, "system_managers": {"__all__": {"password"}}}
        unit.note("environment", answers=self.model_dump(exclude=hidden, exclude_defaults=True, mode="json"))
