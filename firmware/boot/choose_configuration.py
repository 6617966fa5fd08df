"""Boot step 4: which configuration the unit starts with; and saving it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from firmware import configuration
from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.boot import alarms, kept
from firmware.boot.cards import CONFIGURATION, PRIMARY, SYSTEM, read_or_damaged, volume_of
from firmware.boot.software import BOOTP_PLACE, NVM_PLACE, PLACES
from firmware.configuration import Configuration, Lan
from firmware.device.panel import Light
from firmware.errors import Damaged, Full, StorageError
from firmware.storage.records import BOOT_FLAGS, build

RECORD = "configuration"
FLAGS_RECORD = "flags"
NETWORK_RECORD = "network"

_NEW_LANS = (Lan(), Lan())

FROM_FILE, FROM_NVM, BY_DEFAULT = "file", "nvm", "default"


@dataclass(frozen=True, slots=True)
class Choice:
    """One row: firmware from ``place``, the configuration there ``stored`` -> what is tried, in order. None: any."""

    place: str
    stored: str | None
    default_commanded: bool | None
    tried: tuple[str, ...]
    basis: Basis
    source: str


CHOICES: tuple[Choice, ...] = (
    Choice("sd", "valid", None, (FROM_FILE,), Basis.DOCUMENTED, "KB"),
    Choice("sd", "invalid", None, (FROM_NVM, BY_DEFAULT), Basis.DOCUMENTED, "KB"),
    Choice("sd", "absent", True, (BY_DEFAULT,), Basis.DOCUMENTED, "KB"),
    Choice("sd", "absent", False, (FROM_NVM, BY_DEFAULT), Basis.DOCUMENTED, "KB"),
    Choice(NVM_PLACE, None, True, (BY_DEFAULT,), Basis.ASSUMED, "as with an SD place"),
    Choice(
        NVM_PLACE, None, False, (FROM_NVM, BY_DEFAULT), Basis.DOCUMENTED, "KB; default when there is no copy: assumed"
    ),
    Choice(BOOTP_PLACE, None, True, (BY_DEFAULT,), Basis.ASSUMED, "as with an SD place"),
    Choice(BOOTP_PLACE, None, False, (FROM_NVM, BY_DEFAULT), Basis.ASSUMED, "as with the NVM"),
)


def choose_configuration(unit: Appliance) -> str:
    """Apply the table. A default command leaves a mark that survives until a new configuration is saved."""
    mark = _mark(kept.read(unit, FLAGS_RECORD))
    commanded = mark is not DefaultMark.NONE
    if mark is DefaultMark.COMMANDED:  # and cut short before the file was gone: finish it
        _remove_stored(unit)
        if unit.ram.place == PLACES.value[0].name:
            unit.ram.stored_configuration = None
    unit.ram.configuration_defaulted = commanded
    stored, from_file, why = _stored(unit)
    kind = unit.ram.place if unit.ram.place in (NVM_PLACE, BOOTP_PLACE) else "sd"
    row = next(
        row
        for row in CHOICES
        if row.place == kind and row.stored in (None, stored) and row.default_commanded in (None, commanded)
    )
    for source in row.tried:
        chosen = from_file if source == FROM_FILE else _nvm_copy(unit) if source == FROM_NVM else None
        if source == BY_DEFAULT:
            lans, platform = _NEW_LANS if commanded else _kept_lans(unit), unit.platform
            chosen = configuration.factory(unit.mac, lans, platform.users.value, platform.hunt_groups.value)
        if chosen is not None:
            unit.ram.configuration, unit.ram.sip_tls = chosen, chosen.sip_tls
            unit.note("configuration.chosen", chosen=source, stored=stored, why=why, basis=row.basis.value)
            if stored == "invalid":
                alarms.raise_alarm(unit, "configuration", f"the card's file is damaged: {why}")
            return "chosen"
    raise AssertionError("every row ends in a default")


def _stored(unit: Appliance) -> tuple[str, Configuration | None, str]:
    """What lies beside the binary that was started: valid, invalid or absent; the configuration; why not."""
    data = unit.ram.stored_configuration
    if data is None:
        return "absent", None, f"no file beside the firmware in {unit.ram.place}"
    try:
        return "valid", understood(data), ""
    except Damaged as error:
        return "invalid", None, str(error)


def understood(data: bytes) -> Configuration:
    """A stored configuration. Damaged when it is none, or not one of this unit's."""
    found = configuration.from_bytes(data)
    if len(found.lans) != len(_NEW_LANS):
        raise Damaged(f"a configuration of {len(found.lans)} LANs; this unit has {len(_NEW_LANS)}")
    return found


def _nvm_copy(unit: Appliance) -> Configuration | None:
    data = kept.read(unit, RECORD)
    with suppress(Damaged):
        return understood(data) if data else None
    return None


def stored_configuration(unit: Appliance) -> Configuration | None:
    """What the unit keeps, seen from outside: the System SD's file, else the NVM's copy."""
    with suppress(StorageError), volume_of(unit, SYSTEM) as volume:
        if data := volume.read(f"{PRIMARY}/{CONFIGURATION}"):
            return understood(data)
    with suppress(Damaged):
        return understood(kept.peek(unit, RECORD) or b"")
    return None


def _kept_lans(unit: Appliance) -> tuple[Lan, ...]:
    """Address and mode survive a missing configuration; only a default clears them. (MAN)"""
    data = kept.read(unit, NETWORK_RECORD)
    with suppress(Damaged):
        lans = configuration.lans_from_bytes(data) if data else ()
        return lans if len(lans) == len(_NEW_LANS) else _NEW_LANS
    return _NEW_LANS


class DefaultMark(IntEnum):
    """How far a default command has come. A file that comes to the card after its removal is not the command's."""

    NONE = 0
    COMMANDED = 1
    FILE_REMOVED = 2


def default_mark(unit: Appliance) -> DefaultMark:
    return _mark(kept.peek(unit, FLAGS_RECORD))


def _mark(data: bytes | None) -> DefaultMark:
    flags = kept.understood(BOOT_FLAGS, data)
    return DefaultMark(flags.default) if flags and flags.default in list(DefaultMark) else DefaultMark.NONE


def command_default(unit: Appliance) -> None:
    """Default the configuration: leave the mark, remove the file. The caller restarts the unit."""
    _set_mark(unit, DefaultMark.COMMANDED)
    _remove_stored(unit)
    unit.note("configuration.defaulted")


def _set_mark(unit: Appliance, mark: DefaultMark) -> None:
    unit.records.replace(FLAGS_RECORD, build(BOOT_FLAGS, {"default": mark}))


def _remove_stored(unit: Appliance) -> None:
    with alarms.alarm_on_failure(unit, "default of the configuration"):
        with volume_of(unit, SYSTEM) as volume:
            volume.remove(f"{PRIMARY}/{CONFIGURATION}")
        _set_mark(unit, DefaultMark.FILE_REMOVED)


def save(unit: Appliance, why: str) -> None:
    """RAM -> System SD primary and NVM. What is already there is not written again."""
    assert unit.ram.configuration is not None
    data = unit.ram.configuration.to_bytes()
    written = []
    with alarms.alarm_on_failure(unit, "saving to the System SD"):
        try:
            with volume_of(unit, SYSTEM) as volume:
                if read_or_damaged(volume, f"{PRIMARY}/{CONFIGURATION}") != data:
                    volume.replace(f"{PRIMARY}/{CONFIGURATION}", data)
                    written.append("system-sd/primary")
        except Full:
            unit.show_sd(Light.FAST_RED, "card full")
            raise
    with alarms.alarm_on_failure(unit, "saving to the internal memory"):
        if kept.read(unit, RECORD) != data:
            unit.records.replace(RECORD, data)
            written.append("nvm")
        if default_mark(unit) is not DefaultMark.NONE:
            _set_mark(unit, DefaultMark.NONE)
    unit.note("configuration.saved", why=why, to=written)


def note_lans(unit: Appliance) -> None:
    """Keep address and mode apart from the configuration, when they changed."""
    assert unit.ram.configuration is not None
    data = configuration.lans_to_bytes(unit.ram.configuration.lans)
    with alarms.alarm_on_failure(unit, "noting the addresses"):
        if kept.read(unit, NETWORK_RECORD) != data:
            unit.records.replace(NETWORK_RECORD, data)
