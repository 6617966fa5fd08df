"""An IP500 V2 with a module in a slot of it, for tests to work."""

from __future__ import annotations

from functools import cache
from itertools import groupby

from firmware.appliance import Appliance
from firmware.bench.answers import BUILT_IN
from firmware.bench.orders import Order, new_unit
from firmware.bench.unattended import ignite
from firmware.bench.world import World
from firmware.peers.network import SILENT
from firmware.times import parse_time
from platforms import ip500v2, ucm

START = parse_time("2026-01-05T09:00:00Z")


class Bench:
    """An IP500 V2 with a UCM in a slot of it."""

    def __init__(self, world: World, host: str = "host", module: str = "module") -> None:
        self.world, self.host, self.module = world, world.units[host], world.units[module]

    def do(self, unit: Appliance, operation: str, **arguments: object) -> Bench:
        self.world.act(unit, lambda: unit.platform.operations[operation](unit, **arguments))
        return self

    def settle(self) -> Bench:
        self.world.settle()
        return self

    def start(self) -> Bench:
        return self.do(self.host, "power_on").settle()

    def pairs(self, since: int = 0) -> list[tuple[str, str]]:
        """The module's LEDs (upper, lower) as they changed."""
        events = [e for e in self.module.journal.events[since:] if e.kind == "state"]
        return [pair for pair, _ in groupby((e.data["upper"], e.data["lower"]) for e in events)]

    def states(self, unit: Appliance, since: int = 0) -> list[str]:
        return [e.data["state"] for e in unit.journal.events[since:] if e.kind == "state"]

    def copy(self) -> Bench:
        world = World(self.world.now)
        for unit in self.world.units.values():
            world.add(unit.copy())
        module = world.units["module"]
        module.surroundings = SILENT
        world.seat(module, world.units["host"])
        return Bench(world)


def seated(module_clock: int = START) -> Bench:
    world = World(START)
    host = new_unit(Order(ip500v2.PLATFORM, name="host"), START)
    module = new_unit(Order(ucm.PLATFORM, name="module"), START)
    module.clock.set(module_clock)
    for unit in (host, module):
        world.add(unit)
    world.seat(module, host)
    return Bench(world)


@cache
def _ignited() -> Bench:
    bench = seated().start()
    ignite(bench.world, bench.module, BUILT_IN)
    return bench


def ignited() -> Bench:
    """Both are in operation."""
    return _ignited().copy()


def said(unit: Appliance, kind: str) -> list[dict[str, object]]:
    return [event.data for event in unit.journal.of_kind(kind)]


POWERING, STARTING, INITIALISING = ("off", "red"), ("amber", "amber"), ("off", "flashing green")
SHUTTING_DOWN, SHUT_DOWN = ("flashing green", "off"), ("off", "off")
HOST_SHUTTING_DOWN, HOST_SHUT_DOWN = ("off", "red"), ("off", "red-amber")
BOOTING, UP = ("flashing green", "off"), ("green", "green")  # the lower one while booting, and both later: assumed
