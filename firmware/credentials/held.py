"""The security settings that a running unit holds, and the one way to change them."""

from __future__ import annotations

from dataclasses import replace

from firmware.appliance import Appliance
from firmware.errors import NotNow
from firmware.security.settings import SecuritySettings


def settings_of(unit: Appliance) -> SecuritySettings:
    if unit.ram.settings is None:
        raise NotNow("the unit has not loaded its security settings yet")
    return unit.ram.settings


def commit(unit: Appliance, changed: SecuritySettings) -> None:
    """Make these the unit's settings, on the flash first: a power cut leaves the old or the new ones, whole."""
    changed = replace(changed, written_by=unit.release.version)
    unit.vault.commit(changed)
    unit.ram.settings, unit.ram.identity = changed, changed.identity
