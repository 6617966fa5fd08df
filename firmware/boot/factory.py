"""A unit as it leaves the factory: an empty NVM, a System SD with a release on it."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.boot.cards import SYSTEM, new_card
from firmware.release import Release


def furnish(unit: Appliance, release: Release) -> None:
    """Give a new unit its System SD. The Optional SD slot is empty. (KB)"""
    feature_key = f"{unit.entropy.drbg('feature key').integer(40) % 10**12:012d}"
    unit.insert(SYSTEM, new_card(unit.platform.card, SYSTEM, release, "A-law", feature_key))
