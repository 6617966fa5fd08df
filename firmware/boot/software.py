"""The firmware binary: where it may lie, which one starts, and the copies that are kept of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from firmware.basis import Fact, documented
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import BY_VERSION, Release
from firmware.storage.records import FirmwareImage, build_firmware, parse_firmware

BINARY = "ip500v2.bin"
RECORD = "firmware"
NVM_PLACE, BOOTP_PLACE = "nvm", "bootp"
_BODY_SIZE = 4000


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere a binary may lie: in a folder of the card in a slot, or (slot None) in the NVM."""

    name: str
    slot: str | None
    folder: str = ""

    @property
    def path(self) -> str:
        return f"{self.folder}/{BINARY}"


PLACES: Fact[tuple[Place, ...]] = documented(
    (
        Place("system-sd/primary", "system-sd", "system/primary"),
        Place(NVM_PLACE, None),
        Place("system-sd/backup", "system-sd", "system/backup"),
        Place("optional-sd/primary", "optional-sd", "system/primary"),
        Place("optional-sd/backup", "optional-sd", "system/backup"),
    ),
    "KB",
)


@memoise(32)
def image_of(release: Release) -> bytes:
    """The binary of a release. Its code is ours: a stand-in of fixed, incompressible bytes behind a real header."""
    body = hashlib.shake_256(f"{BINARY} {release.version}".encode()).digest(_BODY_SIZE)
    return build_firmware(release.version, release.dated.value, body)


def read_image(data: bytes) -> tuple[FirmwareImage, Release]:
    """Check a binary. Damaged when it is none, or of a release that this hardware never had."""
    image = parse_firmware(data)
    if image.version not in BY_VERSION:
        raise Damaged(f"firmware image of an unknown release {image.version!r}")
    return image, BY_VERSION[image.version]


def is_valid(data: bytes) -> bool:
    """Whether a unit would start this binary."""
    try:
        read_image(data)
    except Damaged:
        return False
    return True
