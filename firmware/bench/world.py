"""Several units on one simulated clock, the cards on the shelf beside them, and the power plug."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import copy, deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from firmware.appliance import Appliance, Ram
from firmware.bench import hosting
from firmware.bench.values import END
from firmware.device.panel import Card
from firmware.device.power import Rail
from firmware.errors import BadInput, PowerCut
from firmware.machine import ACTIVITY
from firmware.peers.network import Network, Peers
from firmware.peers.phones import Phone
from firmware.security.certificates import Identity

if TYPE_CHECKING:
    from firmware.bench.browser import Browser

T = TypeVar("T")
OFF = "off"
SHUT_DOWN = ("shutdown.done", "host.shut_down")


class Asking(Generic[T]):
    """An action that something comes of: ``results`` holds it, or nothing when power went away meanwhile."""

    def __init__(self, action: Callable[[], T]) -> None:
        self.action = action
        self.results: list[T] = []

    def __call__(self) -> None:
        self.results.append(self.action())


class World:
    """``now`` is the simulated time up to which everything has happened; from ``seed`` come the CAs of its peers.

    ``cut_at`` names, by unit, the state on whose entry its power is cut; ``shelf`` the cards that are in no slot;
    ``look_back`` the identity and the length of the journal at the last look at a unit, ``roots`` its root CA (DER);
    ``browsers`` those in front of a unit's wizard, by unit and name; ``hosts`` the unit that a module sits in;
    ``peers`` those around the units that keep something; ``desk`` the files on the administrator's desk, by name;
    ``issued`` how many certificates each third party has issued; ``presented`` the chain that a unit's TLS service
    showed at the last look, by unit and service; ``phones`` those around the units, by name.
    """

    def __init__(self, now: int, seed: int = 0) -> None:
        self.now = now
        self.seed = seed
        self.units: dict[str, Appliance] = {}
        self.shelf: dict[str, Card] = {}
        self.cut_at: dict[str, str] = {}
        self.look_back: dict[str, tuple[Identity | None, int]] = {}
        self.hosts: dict[str, str] = {}
        self.roots: dict[str, bytes | None] = {}
        self.browsers: dict[tuple[str, str], Browser] = {}
        self.peers = Peers()
        self.desk: dict[str, bytes] = {}
        self.issued: dict[str, int] = {}
        self.presented: dict[tuple[str, str], tuple[bytes, ...]] = {}
        self.phones: dict[str, Phone] = {}

    def copy(self) -> World:
        """The same units, cards and peers at the same moment, from here on apart: what follows can be tried twice."""
        other = World(self.now, self.seed)
        other.peers = deepcopy(self.peers)
        other.shelf = {name: card.copy(card.part.copy(Rail())) for name, card in self.shelf.items()}
        other.browsers = {key: copy(browser) for key, browser in self.browsers.items()}
        for kept in ("cut_at", "look_back", "hosts", "roots", "desk", "issued", "presented", "phones"):
            setattr(other, kept, dict(getattr(self, kept)))
        other.units = {name: unit.copy() for name, unit in self.units.items()}
        for unit in other.units.values():
            other.surround(unit, replace(hosting.network_of(unit), peers=other.peers))
        return other

    def on_desk(self, name: str) -> bytes:
        """A file that an earlier step has made. BadInput names those that there are."""
        if name not in self.desk:
            made = ", ".join(sorted(self.desk)) or "none"
            raise BadInput(f"{name}: no step before has made a file of this name; made were {made}")
        return self.desk[name]

    def add(self, unit: Appliance) -> None:
        self.units[unit.name] = unit

    def seat(self, module: Appliance, host: Appliance) -> None:
        """Put a module into its host: from here on it has its power and its time from it."""
        self.hosts[module.name] = host.name
        self.surround(module, hosting.network_of(module))

    def surround(self, unit: Appliance, network: Network) -> None:
        """Let the network around a unit be this one."""
        host = hosting.host_of(self, unit)
        unit.surroundings = network if host is None else hosting.Seat(network, host)

    def act(self, unit: Appliance, action: Callable[[], None]) -> None:
        """Do something to a unit now; a power cut that strikes meanwhile turns it off."""
        unit.clock.advance_to(self.now)
        _require_time(self.now)
        _require_time(unit.clock.read() or 0)
        before = unit.state
        try:
            action()
        except PowerCut as cut:
            self.cut_power(unit, str(cut))
        if unit.state != before and self.cut_at.get(unit.name) == unit.state:
            del self.cut_at[unit.name]
            self.cut_power(unit, f"power was cut on entering {unit.state}")
        hosting.follow(self, unit, before)

    def as_step(self, _unit: Appliance, _row: dict[str, Any]) -> AbstractContextManager[None]:
        """What is done inside is this step of a scenario, as one writes it: whoever records keeps it as such."""
        return nullcontext()

    def cut_power(self, unit: Appliance, why: str) -> None:
        """Pull the plug: what is in RAM is gone. A module has no plug but its host's."""
        host = hosting.host_of(self, unit)
        if host is not None and host.state != OFF:
            host.clock.advance_to(unit.clock.now)
            self.cut_power(host, f"{unit.name}: {why}")
            return
        unit.rail.on = False
        unit.rail.arm(None)
        unit.clock.power_lost()
        unit.ram = Ram()
        unit.note("power.off" if unit.state in SHUT_DOWN else "power.cut", why=why, operations=unit.rail.operations)
        unit.platform.bring_up.fire(unit, "power_cut")
        hosting.cut(self, unit)

    def settle(self) -> None:
        """Let time pass until every unit rests."""
        while any(ACTIVITY in unit.timers for unit in self.units.values()):
            self._step(self._next())
        self._reach(max((unit.clock.now for unit in self.units.values()), default=self.now))

    def run_until(self, moment: int) -> None:
        """Let time pass up to a moment."""
        _require_time(moment)
        while (unit := self._next()) and min(unit.timers.values()) <= moment:
            self._step(unit)
        self._reach(moment)

    def run_to_state(self, unit: Appliance, state: str) -> bool:
        """Let time pass until a unit enters a state; False when it comes to rest without doing so."""
        host = hosting.host_of(self, unit)
        coupled = [unit, *hosting.modules_of(self, unit), *([host] if host else [])]
        while unit.state != state:
            if not any(ACTIVITY in other.timers for other in coupled):
                return False
            self._step(self._next())
        self._reach(unit.clock.now)
        return True

    def _next(self) -> Appliance | None:
        due = [unit for unit in self.units.values() if unit.timers]
        return min(due, key=lambda unit: min(unit.timers.values()), default=None)

    def _step(self, unit: Appliance | None) -> None:
        assert unit is not None
        self.now = max(self.now, min(unit.timers.values()))
        self.act(unit, lambda: unit.platform.bring_up.step(unit))

    def _reach(self, moment: int) -> None:
        self.now = max(self.now, moment)
        for unit in self.units.values():
            unit.clock.advance_to(self.now)


def _require_time(moment: int) -> None:
    if not 0 <= moment < END:
        raise BadInput("simulated time and a unit's clock run from 1970 to the end of 9799; begin later or earlier")
