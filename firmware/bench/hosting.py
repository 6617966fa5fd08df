"""A module in its host: powered, started, stopped and reset with it. Two tables say who moves whom.

The world calls :func:`follow` after whatever it did to a unit; a unit that is no host and in no host is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.appliance import Appliance, CertificateSupply, ScepServer
from firmware.boot import running
from firmware.errors import NotNow
from firmware.peers.network import Network
from firmware.platform import Platform

if TYPE_CHECKING:
    from firmware.bench.world import World

OFF = "off"
WAITING = "shutdown.modules"

# The host enters -> the module is given the first of these triggers that its table has a row for. boot.md, UCM.
FROM_HOST: Mapping[str, tuple[str, ...]] = {
    "power.starting": ("host_powers_up",),
    "running": ("host_is_up",),  # that a module starts only now is assumed
    "shutdown.saving": ("shutdown_requested", "host_shuts_down"),
    "shutdown.done": ("host_has_shut_down",),
}
# The module enters something while its host is in one of these -> the same: one that was busy is asked again.
FROM_MODULE: Mapping[str, tuple[str, ...]] = {
    "shutdown.saving": FROM_HOST["shutdown.saving"],
    WAITING: FROM_HOST["shutdown.saving"],
}
# What takes a module that still works by surprise: it loses what is in its RAM.
RESETS = ("host_powers_up", "host_has_shut_down")
# In these a module has nothing to shut down.
DOWN = (OFF, "host.powering", "host.shutting_down", "host.shut_down", "shutdown.done")


@dataclass(frozen=True)
class Seat:
    """The surroundings of a module in its host: the host's clock, and the network for all else."""

    network: Network
    host: Appliance

    def host_time(self, now: int) -> int | None:
        """What the host's clock shows; None when it is not set."""
        clock = self.host.clock.copy()
        clock.advance_to(now)
        return clock.read()

    def dhcp(self, lan: int) -> str | None:
        return self.network.dhcp(lan)

    def bootp(self, mac: str) -> str | None:
        return self.network.bootp(mac)

    def time(self, now: int) -> int | None:
        return self.network.time(now)

    def name_of(self, address: str) -> str | None:
        return self.network.name_of(address)

    def reaches(self, server: str) -> bool:
        return self.network.reaches(server)

    def system_manager(self, name: str) -> ScepServer | None:
        return self.network.system_manager(name)

    def cloud(self) -> CertificateSupply | None:
        return self.network.cloud()

    def syslog(self, destination: str, message: bytes) -> None:
        self.network.syslog(destination, message)


def network_of(unit: Appliance) -> Network:
    """The network around a unit, whether or not it sits in a host."""
    around = unit.surroundings.network if isinstance(unit.surroundings, Seat) else unit.surroundings
    assert isinstance(around, Network)
    return around


def can_host(platform: Platform) -> bool:
    """Whether the platform has a slot for a module: its shutdown waits for one."""
    return WAITING in platform.bring_up.by_name


def host_of(world: World, unit: Appliance) -> Appliance | None:
    """The unit that this one sits in, where the world has it."""
    name = world.hosts.get(unit.name)
    return world.units[name] if name is not None else None


def modules_of(world: World, unit: Appliance) -> list[Appliance]:
    return [world.units[module] for module, host in world.hosts.items() if host == unit.name]


def require_own_power(world: World, unit: Appliance) -> None:
    """NotNow for a module in a host: it is not switched on by itself."""
    host = host_of(world, unit)
    if host is not None:
        raise NotNow(f"{unit.name} has its power from {host.name}: it is not switched on by itself, but starts with it")


def follow(world: World, unit: Appliance, before: str) -> None:
    """``unit`` was in the state ``before``: move those that it is coupled with, if it is another one now."""
    if unit.state == before:
        return
    for module in modules_of(world, unit):
        _move(world, module, FROM_HOST.get(unit.state, ()), unit)
        _count(unit, module)
    host = host_of(world, unit)
    if host is not None:
        _count(host, unit)
        _move(world, unit, FROM_MODULE.get(host.state, ()), host)
        if host.state == WAITING and not host.modules_up:
            world.act(host, lambda: running.modules_down(host))


def cut(world: World, host: Appliance) -> None:
    """The host has lost its power, and so has what sits in it."""
    for module in modules_of(world, host):
        if module.state != OFF:
            module.clock.advance_to(host.clock.now)
            world.cut_power(module, f"its host {host.name} has no power")
        _count(host, module)


def _move(world: World, module: Appliance, triggers: tuple[str, ...], host: Appliance) -> None:
    """Give the module the first trigger that it has a row for."""
    trigger = next((trigger for trigger in triggers if module.platform.bring_up.accepts(module, trigger)), None)
    if trigger is not None:
        module.clock.advance_to(host.clock.now)
        world.act(module, lambda: _fire(module, trigger, host))


def _fire(module: Appliance, trigger: str, host: Appliance) -> None:
    if trigger in RESETS and module.state not in DOWN:
        module.note("power.reset", why=f"its host {host.name} did not wait for it")
    if module.state == OFF:
        module.rail.on = True
        module.note("power.on", holding="no button")
    if trigger == "shutdown_requested":
        module.ram.restart_after_saving = False
        module.note("shutdown.ordered", why=f"its host {host.name} shuts down", how="with its host")
    module.platform.bring_up.fire(module, trigger)


def _count(host: Appliance, module: Appliance) -> None:
    """The host knows which modules it will have to wait for."""
    up = module.state not in DOWN
    host.modules_up = host.modules_up | {module.name} if up else host.modules_up - {module.name}
