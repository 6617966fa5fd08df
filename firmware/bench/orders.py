"""From what a person asked for to a unit: a new one, or the one that a state directory holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.appliance import Appliance
from firmware.bench.outside import release_of
from firmware.bench.state import StateDirectory, holds_unit
from firmware.device.clock import Clock
from firmware.errors import BadInput
from firmware.journal import Event, Journal
from firmware.peers.network import SILENT, Network
from firmware.platform import Platform
from firmware.release import BY_VERSION, DEFAULT_RELEASE, Release
from firmware.times import parse_time

DEFAULT_SEED = 0
# Scenarios, and units whose clock is not set, start here unless told otherwise: a run repeats on any day.
DEFAULT_START = parse_time("2026-01-05T09:00:00Z")


@dataclass(frozen=True)
class Order:
    """What was asked for; None where nothing was said."""

    platform: Platform
    release: str | None = None
    mac: str | None = None
    seed: int | None = None
    name: str = "unit"

    @property
    def starts_with(self) -> Release:
        """The release of a new unit."""
        return BY_VERSION[self.release] if self.release else DEFAULT_RELEASE

    def __post_init__(self) -> None:
        offered = [release.version for release in self.platform.releases()]
        if self.release is not None and self.release not in offered:
            raise BadInput(f"{self.platform.title} has no release {self.release}: {', '.join(offered)} are offered")


def new_unit(order: Order, start: int, network: Network = SILENT) -> Appliance:
    """A unit fresh from the factory, off, its clock showing the simulated time ``start``."""
    unit = Appliance(
        order.platform,
        mac=order.mac or order.platform.default_mac,
        seed=DEFAULT_SEED if order.seed is None else order.seed,
        name=order.name,
        clock=Clock(start),
        surroundings=network,
        journal=Journal(),
    )
    order.platform.furnish(unit, order.starts_with)
    return unit


def stored_unit(order: Order, state: StateDirectory) -> Appliance:
    """The unit in a state directory. BadInput when it is not the one that was asked for."""
    unit = state.load()
    held = {
        "platform": (order.platform.name, unit.platform.name),
        "mac": (order.mac, unit.mac),
        "seed": (order.seed, unit.entropy.seed),
        "release": (order.release, release_of(unit) if order.release else None),
    }
    for what, (asked, found) in held.items():
        if asked is not None and asked != found:
            remedy = "give another --state" if what == "platform" else "leave it out or give another --state"
            holds = "none" if found is None else found
            raise BadInput(f"{state.directory}: holds a unit with {what} {holds}, not {asked}; {remedy}")
    return unit


def open_unit(
    order: Order, directory: Path, make: Callable[[], Appliance], listener: Callable[[Event], None] | None
) -> tuple[StateDirectory, Appliance, bool]:
    """The unit of a state directory, made there if there is none yet: (directory, unit, whether it is new)."""
    holds_unit(directory)  # a directory of something else is left without even a lock
    state = StateDirectory(directory)
    try:
        # Only under the lock is it certain.
        if known := holds_unit(directory):
            unit = stored_unit(order, state)
        else:
            unit = make()
            state.create(unit)
    except BaseException:
        state.close()
        raise
    if listener is not None:
        tee(unit.journal, listener)
    return state, unit, not known


def tee(journal: Journal, listener: Callable[[Event], None]) -> None:
    """Let one more listener hear the journal."""
    first = journal.listener

    def hear(event: Event) -> None:
        if first is not None:
            first(event)
        listener(event)

    journal.listener = hear
