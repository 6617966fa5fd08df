"""What the network around the units answers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.fields import Address, Interface, Mac, ReleaseName, SignedDuration
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.peers.network import Network


class Dhcp(BaseModel):
    """The lease that DHCP gives on each LAN; none where left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lan1: Interface | None = None
    lan2: Interface | None = None


class Ntp(BaseModel):
    """An NTP server, by address or by a name that DNS must know, and how wrong its time is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    server: str = "192.0.2.123"
    error: SignedDuration = Field(0, description="such as 2h or -30s")


class Environment(BaseModel):
    """What DHCP, DNS, NTP and BOOTP (Manager) answer. What is left out does not answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    dhcp: Dhcp = Dhcp()
    dns: dict[str, Address] = Field(default_factory=dict)
    ntp: Ntp | None = None
    bootp: dict[Mac, ReleaseName] = Field(default_factory=dict, description="MAC -> the release that Manager sends")

    def network(self) -> Network:
        leases = {index: lease for index, lease in enumerate((self.dhcp.lan1, self.dhcp.lan2)) if lease}
        return Network(
            leases=leases,
            hosts=dict(self.dns),
            ntp_server=self.ntp.server if self.ntp else None,
            ntp_error=self.ntp.error if self.ntp else 0,
            manager_firmware=dict(self.bootp),
        )


class SetEnvironment(Step):
    """From now on the network around a unit answers this."""

    name = "environment"
    model_config = ConfigDict(extra="forbid", frozen=True)
    dhcp: Dhcp = Dhcp()
    dns: dict[str, Address] = Field(default_factory=dict)
    ntp: Ntp | None = None
    bootp: dict[Mac, ReleaseName] = Field(default_factory=dict)

    def run(self, world: World, unit: Appliance) -> None:
        world.surround(unit, Environment(dhcp=self.dhcp, dns=self.dns, ntp=self.ntp, bootp=self.bootp).network())
        unit.note("environment", answers=self.model_dump(exclude_defaults=True, mode="json"))
