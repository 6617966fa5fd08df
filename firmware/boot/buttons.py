"""What the buttons do, by how long they are held. All bands are assumed (boot.md, Resets)."""

from __future__ import annotations

from firmware.device.panel import Band, Light
from firmware.times import MINUTE, SECOND

REBOOT = "reboot when free"
ERASE_CONFIGURATION = "erase configuration and alarm log, reboot"
ERASE_FIRMWARE = "erase configuration and firmware, reboot"
CANCELLED = "cancelled"
SHUT_DOWN = "shut down for 10 minutes"

RESET_BANDS = (
    Band(0, 5 * SECOND, None),
    Band(5 * SECOND, 10 * SECOND, REBOOT, Light.ORANGE),
    Band(10 * SECOND, 30 * SECOND, ERASE_CONFIGURATION, Light.FLASHING_ORANGE),
    Band(30 * SECOND, 40 * SECOND, ERASE_FIRMWARE, Light.RED),
    Band(40 * SECOND, None, CANCELLED),
)
AUX_BANDS = (Band(0, 5 * SECOND, None), Band(5 * SECOND, None, SHUT_DOWN))
AUX_SHUTDOWN = 10 * MINUTE

BANDS = {"reset": RESET_BANDS, "aux": AUX_BANDS}
