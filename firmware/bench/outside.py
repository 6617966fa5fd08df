"""Looking at a unit from outside, whatever its state: a bench's probe on its flash, and what its firmware shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from firmware.appliance import Appliance
from firmware.boot.running import RUNNING
from firmware.credentials import preferences
from firmware.errors import Unmet
from firmware.security.authority import Authority
from firmware.security.certificates import Identity
from firmware.security.settings import SecuritySettings
from ignition.plan import stored_authority


def look_at(unit: Appliance) -> Appliance:
    """A copy of the unit whose parts the bench powers: looking at it, however closely, changes nothing."""
    copy = unit.copy()
    copy.rail.on = True
    copy.rail.arm(None)
    return copy


@contextmanager
def probe(unit: Appliance) -> Iterator[None]:
    """Power the unit's own parts from the bench, to write on them, without starting it; no fault strikes meanwhile."""
    with unit.rail.fed_by_bench():
        yield


def settings_of(unit: Appliance) -> SecuritySettings | None:
    """The security settings in use, or those in the NVM of a unit that is off."""
    if unit.ram.settings is not None:
        return unit.ram.settings
    return look_at(unit).vault.peek()[1]


def identity_of(unit: Appliance) -> Identity | None:
    settings = settings_of(unit)
    return settings.identity if settings else None


def presented_by(unit: Appliance, *, telephony: bool = False) -> Identity:
    """What a TLS service of a unit presents, key and chain. Unmet: it presents nothing."""
    settings = settings_of(unit) if unit.state == RUNNING else None
    found = preferences.presented(settings, telephony=telephony) if settings else None
    if found is None:
        raise Unmet(f"{unit.name} presents no certificate: it is in the state {unit.state}")
    return found


def shown_by(unit: Appliance, *, telephony: bool = False) -> tuple[bytes, ...]:
    """The chain that a peer sees in a TLS handshake with a unit; () when there is none to be had."""
    from firmware.security import tls  # pyOpenSSL takes 8 ms to load: show, boot and cert shake no hands

    with suppress(Unmet):
        return tls.shown(presented_by(unit, telephony=telephony))
    return ()


def authority_of(unit: Appliance) -> Authority | None:
    """The CA of a unit that has one."""
    if unit.ram.authority is not None or unit.platform.root_profile is None:
        return unit.ram.authority
    return stored_authority(look_at(unit))


def release_of(unit: Appliance) -> str | None:
    """The release that is running, or that the unit would start with."""
    if unit.ram.release is not None:
        return unit.ram.release.version
    return unit.platform.runs(look_at(unit))
