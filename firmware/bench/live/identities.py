"""Which identity each service of a live unit presents at this moment; None: it serves nobody now."""

from __future__ import annotations

from firmware.appliance import Appliance, Ram
from firmware.boot.running import RUNNING
from firmware.credentials import preferences
from firmware.security.certificates import Identity
from ignition import starting
from ignition.wizard import has_wizard


class Presented:
    """The identity that a unit's pages show: before its ignition a temporary one, the same until the next start."""

    def __init__(self, unit: Appliance) -> None:
        self._unit = unit
        self._temporary: tuple[Ram, Identity] | None = None

    def __call__(self) -> Identity | None:
        unit = self._unit
        if unit.ram.identity is not None and not unit.state.startswith("apply."):
            assert unit.ram.settings is not None
            return preferences.presented(unit.ram.settings)
        if unit.ram.configuration is None or not has_wizard(unit.platform):
            return None
        if self._temporary is None or self._temporary[0] is not unit.ram:
            self._temporary = unit.ram, starting.temporary_identity(unit)
        return self._temporary[1]


def telephony_identity(unit: Appliance) -> Identity | None:
    """What SIP over TLS presents. A unit that is not running is silent."""
    if unit.state != RUNNING or unit.ram.settings is None:
        return None
    return preferences.presented(unit.ram.settings, telephony=True)
