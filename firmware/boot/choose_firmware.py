"""Boot step 2 and 3: find a valid binary, ask BOOTP when there is none, fix the original software level."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from firmware.appliance import Appliance, Ram
from firmware.boot import alarms, kept
from firmware.boot.cards import (
    CONFIGURATION,
    PRIMARY,
    STORE_ADD,
    STORE_DELETE,
    SYSTEM,
    TEMPORARY,
    look_at,
    read_or_damaged,
    volume_of,
)
from firmware.boot.software import BINARY, BOOTP_PLACE, NVM_PLACE, PLACES, RECORD, Place, image_of, read_image
from firmware.device.panel import Light
from firmware.errors import Damaged, StorageError
from firmware.memo import memoise
from firmware.release import BY_VERSION, Release
from firmware.storage.records import LEVEL, build
from firmware.storage.volume import Volume
from firmware.times import MINUTE

LEVEL_RECORD = "level"
BOOTP_RETRY = 1 * MINUTE  # assumed

# boot.md, Resets (assumed): AUX held at power-on skips these.
SKIPPED_BY_AUX = ("system-sd/primary", NVM_PLACE)


def reset(unit: Appliance) -> None:
    """Whatever was in RAM is gone: a start knows the flash, the clock and the button that is held."""
    unit.ram = Ram(held_button=unit.held_button)
    unit.held_button = None


def start_up(unit: Appliance) -> str:
    """Power on: the cards initialise; the System SD LED tells one that is missing, failed or of the wrong type. (BG)"""
    alarms.load(unit)
    system = unit.slots[SYSTEM].card
    if system is None:
        unit.show_sd(Light.OFF, "no card")
        alarms.raise_alarm(unit, "System SD", "no card in the slot; one must always be present")
    elif system.failed:
        unit.show_sd(Light.RED, "card failed")
        alarms.raise_alarm(unit, "System SD", "the card has failed")
    elif system.feature_key is None:
        unit.show_sd(Light.RED, "wrong type of card")
        alarms.raise_alarm(unit, "feature key", "the System SD card has none: no licence is valid")
    return "initialised"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What lies in one place: the binary or None and why not, and the configuration file beside it."""

    place: Place
    binary: bytes | None
    configuration: bytes | None = None
    why: str = "absent"


def candidates(unit: Appliance, *, starting: bool = False) -> Iterator[Candidate]:
    """Each place in the documented order; further files come from the same place as the binary.

    Only a unit that is ``starting`` clears what its System SD does not keep across a reboot.
    """
    for place in PLACES.value:
        try:
            if place.slot is None:
                yield Candidate(place, kept.read(unit, RECORD) if starting else kept.peek(unit, RECORD))
                continue
            if starting and place is PLACES.value[0]:
                temporary, unit.ram.store_files = look_at(unit, place.slot, _in_passing)
                _clear_temporary(unit, place.slot, temporary)
            yield Candidate(place, *look_at(unit, place.slot, _candidate, place))
        except StorageError as error:
            yield Candidate(place, None, None, str(error))


def _candidate(volume: Volume, place: Place) -> tuple[bytes | None, bytes | None]:
    """The binary in a place, and the configuration beside it."""
    return volume.read(place.path), read_or_damaged(volume, f"{place.folder}/{CONFIGURATION}")


def _in_passing(volume: Volume) -> tuple[tuple[str, ...], bool]:
    """The files of the folder temp; and whether a file waits to go into the trusted certificate store, or to take one
    out of it, so that an ordinary start need not look again."""
    temporary: tuple[str, ...] = ()
    waits = False
    with suppress(StorageError):
        temporary = tuple(path for path, _ in volume.files(TEMPORARY))
    with suppress(StorageError):
        waits = bool(volume.entries(STORE_ADD) or volume.entries(STORE_DELETE))
    return temporary, waits


def _clear_temporary(unit: Appliance, slot: str, paths: tuple[str, ...]) -> None:
    """The folder temp is not kept across a reboot, dynamic is. (BG) A card that refuses still serves its binary."""
    if not paths:
        return
    with suppress(StorageError), volume_of(unit, slot) as volume:
        for path in paths:
            volume.remove(path)


def choose_firmware(unit: Appliance) -> str:
    """The first binary that is present and valid."""
    skipped = SKIPPED_BY_AUX if unit.ram.held_button == "aux" else ()
    for found in candidates(unit, starting=True):
        why = found.why
        if found.place.name in skipped:
            why = "AUX was held at power-on"
        elif found.binary is not None:
            try:
                return _run(unit, found.place.name, found.binary, found.configuration)
            except Damaged as error:
                why = str(error)
        unit.note("firmware.rejected", place=found.place.name, why=why)
    return "not_found"


def running_version(unit: Appliance) -> str | None:
    """The release that this unit would start with, seen from outside. None: no valid binary."""
    for found in candidates(unit):
        with suppress(Damaged):
            if found.binary is not None:
                return read_image(found.binary)[1].version
    return None


def _run(unit: Appliance, place: str, data: bytes, configuration: bytes | None = None) -> str:
    image, release = read_image(data)
    if not unit.platform.takes(release):
        raise Damaged(
            f"release {release.version} does not run here: {unit.platform.title} came with {unit.platform.since}"
        )
    unit.ram.place, unit.ram.release, unit.ram.firmware = place, release, image.data
    unit.ram.stored_configuration = configuration
    unit.note("firmware.chosen", place=place, release=release.version)
    return "found"


def ask_bootp(unit: Appliance) -> str:
    """Manager answers a BOOTP request only for a MAC that it knows."""
    if _boot_from_manager(unit):
        return "answered"
    unit.note("bootp.unanswered", text=f"Received BOOTP request for {unit.mac}, unable to process")
    return "unanswered"


def retry_bootp(unit: Appliance) -> str | None:
    """While there is no software, the requests go on; only an answer is worth a line."""
    if _boot_from_manager(unit):
        return "answered"
    wait_for_bootp(unit)
    return None


def _boot_from_manager(unit: Appliance) -> bool:
    version = unit.surroundings.bootp(unit.mac)
    if version is None or not unit.platform.takes(BY_VERSION[version]):
        return False
    _run(unit, BOOTP_PLACE, image_of(BY_VERSION[version]))
    return True


def wait_for_bootp(unit: Appliance) -> None:
    unit.timers["bootp"] = unit.clock.now + BOOTP_RETRY


def load_firmware(unit: Appliance) -> str:
    """Keep the NVM's copy of the binary up to date; when it had to serve, try to put the card's file right."""
    place, data = unit.ram.place, unit.ram.firmware
    with alarms.alarm_on_failure(unit, "copy of the binary"):
        if place == PLACES.value[0].name and kept.read(unit, RECORD) != data:
            unit.records.replace(RECORD, data)
            unit.note("firmware.copied", to=NVM_PLACE, release=unit.release.version)
    if place == NVM_PLACE:
        alarms.raise_alarm(unit, "boot", "started from the internal memory: the System SD holds no valid binary")
        with alarms.alarm_on_failure(unit, "restore of the binary"), volume_of(unit, SYSTEM) as volume:
            volume.replace(f"{PRIMARY}/{BINARY}", data)
            unit.note("firmware.restored", to=PLACES.value[0].name, release=unit.release.version)
    unit.ram.firmware = b""
    return "first_ever" if _level(kept.read(unit, LEVEL_RECORD)) is None else "started_before"


def original_level(unit: Appliance) -> Release | None:
    """The release that this unit was first powered up with."""
    return _level(kept.peek(unit, LEVEL_RECORD))


def _level(data: bytes | None) -> Release | None:
    fields = kept.understood(LEVEL, data)
    return BY_VERSION.get(fields.level) if fields else None


def fix_level(unit: Appliance) -> str:
    """The first power-up writes the release loaded as the original software level, for good."""
    with alarms.alarm_on_failure(unit, "original software level"):
        unit.records.replace(LEVEL_RECORD, _encode_level(unit.release.version))
        unit.note("level.fixed", release=unit.release.version)
    return "fixed"


@memoise(64)
def _encode_level(version: str) -> bytes:
    return build(LEVEL, {"level": version})
