"""The IP500 V2 control unit: internal NVM, System SD, Optional SD; its certificate made at the first start-up."""

from __future__ import annotations

from firmware.configuration import DEFAULT_HUNT_GROUPS, DEFAULT_USERS
from firmware.platform import Platform
from platforms._ip500v2 import CONTROL_UNIT, POLICY

PLATFORM = Platform(
    **CONTROL_UNIT,
    name="ip500v2",
    title="IP500 V2",
    since="6.2",
    default_mac="00e00705918e",  # the MAC of the vendor's example [A]
    policy=POLICY,
    users=DEFAULT_USERS,
    hunt_groups=DEFAULT_HUNT_GROUPS,
)
