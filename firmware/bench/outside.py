"""Looking at a unit from outside, whatever its state: a bench's probe on its flash, and what its firmware shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firmware.appliance import Appliance
from firmware.security.certificates import Identity
from firmware.security.settings import SecuritySettings


@contextmanager
def probe(unit: Appliance) -> Iterator[None]:
    """Power the parts from the bench for the block, without starting the unit. No fault strikes meanwhile."""
    was_on, armed = unit.rail.on, unit.rail.armed
    unit.rail.on = True
    unit.rail.arm(None)
    try:
        yield
    finally:
        unit.rail.on = was_on
        unit.rail.arm(armed)


def settings_of(unit: Appliance) -> SecuritySettings | None:
    """The security settings in use, or those in the NVM of a unit that is off."""
    if unit.ram.settings is not None:
        return unit.ram.settings
    with probe(unit):
        return unit.vault.peek()[1]


def identity_of(unit: Appliance) -> Identity | None:
    settings = settings_of(unit)
    return settings.identity if settings else None


def release_of(unit: Appliance) -> str | None:
    """The release that is running, or that the unit would start with."""
    if unit.ram.release is not None:
        return unit.ram.release.version
    with probe(unit):
        return unit.platform.runs(unit)
