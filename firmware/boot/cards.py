"""The folders of an SD card, and reaching them on a unit's cards."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from firmware.appliance import Appliance
from firmware.boot.software import BINARY, image_of
from firmware.device.flash import FlashPart, Geometry
from firmware.device.panel import Card
from firmware.device.power import Rail
from firmware.errors import Damaged, StorageError
from firmware.memo import memoise
from firmware.release import Release
from firmware.storage.again import on_volume
from firmware.storage.volume import Volume, format_volume, mounted

R = TypeVar("R")

SYSTEM, OPTIONAL = "system-sd", "optional-sd"
PRIMARY, BACKUP = "system/primary", "system/backup"
CONFIGURATION = "config.cfg"

TEMPORARY = "system/temp"
STORE_ADD, STORE_DELETE = f"{PRIMARY}/certificates/tcs/add", f"{PRIMARY}/certificates/tcs/delete"  # U

# boot.md, Storage (BG). primary/certificates/tcs/add and delete (U) come to be when a file is put there.
FOLDERS = (PRIMARY, BACKUP, "system/lvmail", "system/AAG", "system/doc", "system/dynamic", TEMPORARY)

KINDS = ("A-law", "µ-law", "PARTNER", "Norstar")  # KB: the card's type sets the unit's defaults


class CardUnusable(StorageError):
    """There is no card, it has failed, or it holds no volume."""


def volume_of(unit: Appliance, slot: str) -> Volume:
    """The mounted volume of the card in a slot, for a with block. CardUnusable says why there is none."""
    part = _part_in(unit, slot)
    try:
        return mounted(part)
    except Damaged as error:
        raise CardUnusable(f"the card in the {slot} slot holds no volume of ours ({error})") from None


def look_at(unit: Appliance, slot: str, what: Callable[..., R], *about: Hashable) -> R:
    """:func:`firmware.storage.again.on_volume` at the card in a slot. CardUnusable says why there is none."""
    return on_volume(_part_in(unit, slot), what, *about, mount=lambda _: volume_of(unit, slot))


def _part_in(unit: Appliance, slot: str) -> FlashPart:
    card = unit.slots[slot].card
    if card is None:
        raise CardUnusable(f"no card in the {slot} slot")
    if card.failed:
        raise CardUnusable(f"the card in the {slot} slot has failed")
    return card.part


def read_or_damaged(volume: Volume, path: str) -> bytes | None:
    """A file's bytes; of one that littlefs cannot follow none, which no checksum passes. None: there is no file."""
    try:
        return volume.read(path)
    except StorageError:
        return b""


def blank_card(geometry: Geometry, name: str) -> Card:
    """A card as the shop sells it: no volume, no feature key."""
    return Card(FlashPart(name, geometry, Rail()), None, None)


def new_card(geometry: Geometry, name: str, release: Release | None, kind: str, feature_key: str | None) -> Card:
    """A card as the factory or Manager makes one: formatted, its folders made, with ``release`` in primary if given."""
    return Card(FlashPart(name, geometry, Rail(), _factory_image(geometry, release)), kind, feature_key)


@memoise(32)
def _factory_image(geometry: Geometry, release: Release | None) -> tuple[bytes, ...]:
    part = FlashPart("card", geometry, Rail())
    part.rail.on = True
    format_card(part, release)
    return part.image()


def format_card(part: FlashPart, release: Release | None) -> None:
    """Format a powered part and lay the folders, and a release's binary, on it."""
    format_volume(part)
    with mounted(part) as volume:
        for folder in FOLDERS:
            volume.make_directories(folder)
        if release is not None:
            volume.replace(f"{PRIMARY}/{BINARY}", image_of(release))
