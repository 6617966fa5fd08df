"""Bugs of whole set-ups: a server's ignition, an upgrade."""

from __future__ import annotations

from collections.abc import Callable

from firmware.appliance import Appliance
from firmware.boot import running
from firmware.boot.cards import BACKUP, PRIMARY, SYSTEM, volume_of
from firmware.boot.software import BINARY, image_of
from firmware.boot.software import RECORD as FIRMWARE
from firmware.release import BY_VERSION
from firmware.storage.records import DONE, build
from ignition import apply, disk, settings
from ignition.answers import Answers, Plan

_passwords: Callable[[Appliance, Answers, Plan], None] = apply._passwords
_services: Callable[[Appliance, Answers, Plan], None] = apply._services
_written: dict[str, bytes] = {}


def forget_what_was_written() -> None:
    _written.clear()


def write_once(unit: Appliance, record: str, content: bytes) -> None:
    """settings.write, but what it has written it remembers – in memory that no reset clears."""
    if _written.get(record) != content:
        _written[record] = content
        unit.records.replace(record, content)


def ignited_by_its_network(unit: Appliance) -> str | None:
    """starting.ignited_as, but a server that has a network has been set up."""
    network = settings.stored(unit, disk.NETWORK, settings.Network)
    return disk.mark_of(unit) or (unit.platform.name if network is not None else None)


def mark_before_services(unit: Appliance, given: Answers, planned: Plan) -> None:
    """apply._services, but as what remains to be done is a trifle, the mark comes first."""
    settings.write(unit, disk.DONE, build(DONE, {"role": planned.role}))
    _services(unit, given, planned)


def forget_with_the_passwords(unit: Appliance, given: Answers, planned: Plan) -> None:
    """apply._passwords, but the answers go with the last secret that they were kept for."""
    _passwords(unit, given, planned)
    disk.files(unit).remove(disk.ANSWERS)


def upgrade_the_memory_first(unit: Appliance, release: str) -> None:
    """administration.upgrade, but the internal memory's copy first, and the card's old binary makes room."""
    running.require(unit, "it cannot be upgraded")
    new = image_of(BY_VERSION[release])
    unit.records.replace(FIRMWARE, new)
    with volume_of(unit, SYSTEM) as volume:
        volume.remove(f"{PRIMARY}/{BINARY}")
        volume.replace(f"{PRIMARY}/{BINARY}", new)
        volume.replace(f"{BACKUP}/{BINARY}", new)
    unit.note("firmware.upgraded", release=release, was=unit.release.version)
    running.order_reboot(unit, None, "software upgrade")
