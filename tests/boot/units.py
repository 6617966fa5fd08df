"""Units in the states that these tests start from – made once, handed out as copies – and the hands that work them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import probe
from firmware.bench.world import World
from firmware.boot.cards import SYSTEM, new_card
from firmware.peers.network import SILENT, Network
from firmware.security.certificates import Identity
from firmware.security.sealed import Held
from firmware.storage.nvm import RecordStore
from firmware.storage.volume import mounted
from firmware.times import HOUR, parse_time
from platforms import load

IP500V2 = load("ip500v2")
MAC = "00e00705918e"
START = parse_time("2026-11-23T09:00:00Z")
RESTING = ("off", "running", "shutdown.done", "firmware.none")
BINARY, CONFIGURATION = "system/primary/ip500v2.bin", "system/primary/config.cfg"


def fresh(release: str = "12.3", *, mac: str = MAC, seed: int = 7, network: Network = SILENT) -> Appliance:
    """A unit as the factory ships it: off, never started."""
    return new_unit(Order(IP500V2, release=release, mac=mac, seed=seed), START, network)


@cache
def _running(release: str) -> Appliance:
    unit = fresh(release)
    do(unit, "power_on")
    assert unit.state == "running"
    return unit


@cache
def _shut_down(release: str) -> Appliance:
    unit = _running(release).copy()
    do(unit, "shutdown")
    cut_power(unit)
    return unit


def running(release: str = "12.3") -> Appliance:
    """A unit that has finished its first start-up."""
    return _running(release).copy()


def shut_down(release: str = "12.3") -> Appliance:
    """A unit that has been started once and then shut down and unplugged properly: everything is saved."""
    return _shut_down(release).copy()


def act(unit: Appliance, action: Callable[[], None]) -> None:
    """Do something to a unit and let it come to rest; a power cut on the way turns it off. A hang fails the test."""
    world, bring_up = World(unit.clock.now), unit.platform.bring_up
    world.add(unit)
    world.act(unit, action)
    for _ in range(40):
        if bring_up.rests(unit):
            return
        world.now = unit.clock.now
        world.act(unit, lambda: bring_up.step(unit))
    raise AssertionError(f"the unit never comes to rest, and is in {unit.state}")


def do(unit: Appliance, operation: str, **arguments: Any) -> Appliance:
    act(unit, lambda: unit.platform.operations[operation](unit, **arguments))
    return unit


def wait(unit: Appliance, duration: int) -> Appliance:
    world = World(unit.clock.now)
    world.add(unit)
    world.run_until(unit.clock.now + duration)
    return unit


def run_to(unit: Appliance, state: str) -> Appliance:
    """Start what leads to ``state`` first; this stops on entering it."""
    world = World(unit.clock.now)
    world.add(unit)
    assert world.run_to_state(unit, state), f"at rest in {unit.state} without having been in {state}"
    return unit


def cut_power(unit: Appliance) -> Appliance:
    World(unit.clock.now).cut_power(unit, "unplugged by a test")
    return unit


def start_again(unit: Appliance, *, after: int = HOUR, **arguments: Any) -> Appliance:
    """Pull the plug unless it is out, wait, plug in again."""
    if unit.state != "off":
        cut_power(unit)
    unit.clock.advance_to(unit.clock.now + after)
    return do(unit, "power_on", **arguments)


def events(unit: Appliance, *kinds: str) -> list[dict[str, Any]]:
    """What the journal says of these kinds of events."""
    return [event.data for event in unit.journal.of_kind(*kinds)]


def since_power_on(unit: Appliance, *kinds: str) -> list[dict[str, Any]]:
    """The same, since the power was last switched on."""
    latest = max(n for n, event in enumerate(unit.journal.events) if event.kind == "power.on")
    return [event.data for event in unit.journal.events[latest:] if event.kind in kinds]


def states(unit: Appliance) -> list[str]:
    return [data["state"] for data in since_power_on(unit, "state")]


def held(unit: Appliance) -> tuple[Identity | None, int]:
    """(identity, generation) in the security settings on the flash, read from outside."""
    with probe(unit):
        found, settings = unit.vault.peek()
    assert found in (Held.PRESENT, Held.EMPTY)
    return (settings.identity, settings.generation) if settings else (None, 0)


def identity_of(unit: Appliance) -> Identity:
    identity = unit.ram.identity
    assert identity is not None
    return identity


def card_files(unit: Appliance, slot: str = SYSTEM) -> dict[str, bytes]:
    """Every file on a card, read from outside."""
    card = unit.slots[slot].card
    assert card is not None
    with probe(unit), mounted(card.part) as volume:
        return {path: volume.read(path) or b"" for path, _ in list(volume.files())}


def put_file(unit: Appliance, path: str, data: bytes | None, slot: str = SYSTEM) -> None:
    """Put a file on a card from outside, as a PC does; None removes it. A slot without a card gets a new one."""
    if unit.slots[slot].card is None:
        unit.insert(slot, new_card(unit.platform.card, slot, None, "A-law", "000000000001"))
    card = unit.slots[slot].card
    assert card is not None
    with probe(unit), mounted(card.part) as volume:
        if data is None:
            volume.remove(path)
        else:
            volume.replace(path, data)


def images(unit: Appliance) -> dict[str, tuple[bytes, ...]]:
    return {name: part.image() for name, part in unit.parts().items()}


def overprograms(unit: Appliance) -> int:
    return sum(part.overprograms for part in unit.parts().values())


def unmended(unit: Appliance) -> list[str]:
    """The NVM records that were completed once and do not have two equal good copies."""
    with probe(unit):
        return [
            name
            for name in unit.records.names()
            if unit.records.present(name) and len(set(unit.records.copies(name))) > 1
        ]


def slot_start(unit: Appliance, record: str, copy: int) -> tuple[int, int]:
    """The first block of a record's copy in the NVM, and how many blocks it has."""
    assert isinstance(unit.records, RecordStore)
    return unit.records.slot_start(record, copy)


def kept_records(unit: Appliance) -> dict[str, bytes | None]:
    """What each NVM record holds, read from outside."""
    with probe(unit):
        return {name: unit.records.read(name) for name in unit.records.names()}
