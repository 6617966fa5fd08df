"""What the network around a unit answers: DHCP, NTP and BOOTP, as one value a scenario gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.peers.cloud import Cloud
    from firmware.peers.system_manager import SystemManager


@dataclass
class Peers:
    """The peers that live as long as the world does and keep something: whom they know, what they have received.

    ``received`` are the datagrams that syslog receivers got, by address.
    """

    managers: dict[str, SystemManager] = field(default_factory=dict)
    cloud: Cloud | None = None
    received: dict[str, list[bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """``leases`` by LAN index (0 is LAN1), as ``a.b.c.d/prefix``. ``hosts`` is what DNS knows.

    ``ntp_server`` is a name or an address, None when there is none, and ``ntp_error`` how wrong its clock is, in ms.
    ``manager_firmware`` is the firmware version that Manager sends, by MAC. ``managers`` (System Managers),
    ``has_cloud`` and ``receivers`` (of syslog, by address) say which of the ``peers`` can be reached from here.
    """

    leases: dict[int, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    ntp_server: str | None = None
    ntp_error: int = 0
    manager_firmware: dict[str, str] = field(default_factory=dict)
    managers: tuple[str, ...] = ()
    has_cloud: bool = False
    receivers: tuple[str, ...] = ()
    peers: Peers = field(default_factory=Peers)

    def dhcp(self, lan: int) -> str | None:
        return self.leases.get(lan)

    def bootp(self, mac: str) -> str | None:
        return self.manager_firmware.get(mac)

    def time(self, now: int) -> int | None:
        """What the NTP server says, when there is one and its name can be resolved."""
        if self.ntp_server is None or self.resolve(self.ntp_server) is None:
            return None
        return now + self.ntp_error

    def host_time(self, now: int) -> int | None:
        """Of a module whose host is not among the units: that host's clock is right."""
        return now

    def name_of(self, address: str) -> str | None:
        """The name that DNS gives for an address: the first in the alphabet when several lead to it."""
        return min((name for name, known in self.hosts.items() if known == address), default=None)

    def reaches(self, server: str) -> bool:
        """Whether an NTP server of this name or address is the one that answers."""
        return self.ntp_server is not None and self.resolve(server) == self.resolve(self.ntp_server) is not None

    def system_manager(self, name: str) -> SystemManager | None:
        return self.peers.managers.get(name) if name in self.managers else None

    def cloud(self) -> Cloud | None:
        return self.peers.cloud if self.has_cloud else None

    def syslog(self, destination: str, message: bytes) -> None:
        if destination in self.receivers:
            self.peers.received.setdefault(destination, []).append(message)

    def resolve(self, host: str) -> str | None:
        """The address of a host by DNS; an address is itself."""
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            return self.hosts.get(host)


SILENT = Network()
