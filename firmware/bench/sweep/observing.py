"""What ``expect`` could demand of a unit, as values: so that a scenario can be written in which the last one tells a
failure from what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.outside import authority_of, identity_of, look_at, release_of, settings_of, shown_by
from firmware.boot.choose_firmware import LEVEL_RECORD, original_level
from firmware.errors import StorageError
from firmware.security.reading import alternative_names, dates, describe
from firmware.storage.volume import Volume, mounted
from firmware.times import show_time
from ignition import wizard
from ignition.starting import ignited_as

MOST_FILES = 3
_WEAK = ("alarms", "not_before", "not_after")  # what may differ though nothing is wrong: only where no other tells

Seen = Mapping[str, Any]


def _date(which: int) -> Callable[[Appliance], str | None]:
    def find(unit: Appliance) -> str | None:
        identity = identity_of(unit)
        return show_time(dates(identity.der)[which]) if identity else None

    return find


def _names(unit: Appliance) -> list[str] | None:
    identity = identity_of(unit)
    return list(alternative_names(identity.der)) if identity else None


def _trusted(unit: Appliance) -> list[str] | None:
    settings = settings_of(unit)
    return [str(describe(der)["subject"]) for der in settings.trusted] if settings else None


def _generation(unit: Appliance) -> int:
    settings = settings_of(unit)
    return settings.generation if settings else 0


def _level(unit: Appliance) -> str | None:
    level = original_level(look_at(unit)) if LEVEL_RECORD in unit.records.names() else None
    return level.version if level else None


def _lan(index: int) -> Callable[[Appliance], str | None]:
    return lambda unit: unit.ram.configuration.lans[index].interface if unit.ram.configuration else None


def _configured(field: str) -> Callable[[Appliance], Any]:
    return lambda unit: getattr(unit.ram.configuration, field) or None if unit.ram.configuration else None


def _ignited(unit: Appliance) -> bool | None:
    return ignited_as(look_at(unit)) is not None if wizard.has_wizard(unit.platform) else None


def _issued_by_root(unit: Appliance) -> bool | None:
    authority, identity = authority_of(unit), identity_of(unit)
    return authority.der in identity.chain[1:] if authority and identity else None


# Field of ``expect`` -> its value; None where it says nothing. Those that tell most come first.
FIELDS: Mapping[str, Callable[[Appliance], Any]] = {
    "state": lambda unit: unit.state,
    "identity": lambda unit: None if identity_of(unit) else "none",
    "generation": _generation,
    "trusted": _trusted,
    "fit": lambda unit: not unit.platform.objections(unit),
    "issued_by_root": _issued_by_root,
    "ignited": _ignited,
    "platform": lambda unit: unit.platform.name,
    "release": release_of,
    "original_level": _level,
    "firmware_from": lambda unit: unit.ram.place,
    "lan1": _lan(0),
    "lan2": _lan(1),
    "user_names": lambda unit: dict(unit.ram.configuration.users) if unit.ram.configuration else None,
    "primary": _configured("primary"),
    "system_name": _configured("system_name"),
    "names": _names,
    "chain": lambda unit: len(shown_by(unit)),
    "alarms": lambda unit: None if unit.ram.alarms else [],
    "not_before": _date(0),
    "not_after": _date(1),
}


def seen(unit: Appliance) -> Seen:
    """Every field that says something of a unit. What cannot be read says nothing."""
    found = {}
    for name, find in FIELDS.items():
        try:
            value = find(unit)
        except (StorageError, LookupError, ValueError):
            continue
        if value is not None:
            found[name] = value
    return {**found, "files": _files(unit)}


def telling(bad: Seen, good: Sequence[Seen]) -> dict[str, Any]:
    """The fields of ``expect`` that hold in every good run and not in the bad one; where there are none, those that
    hold in the first good one only."""
    strong = [name for name in FIELDS if name not in _WEAK]
    for runs in (good, good[:1]) if good else ():
        for names in (strong, _WEAK):
            found = {name: runs[0][name] for name in names if _tells(name, bad, runs)}
            if names is strong and (files := _telling_files(bad, runs)):
                found["files"] = files
            if found:
                return found
    return {}


def _tells(name: str, bad: Seen, good: Sequence[Seen]) -> bool:
    first = good[0].get(name)
    return first is not None and bad.get(name) != first and all(run.get(name) == first for run in good)


def _telling_files(bad: Seen, good: Sequence[Seen]) -> dict[str, str]:
    always = frozenset.intersection(*(run["files"] for run in good))
    ever = frozenset.union(*(run["files"] for run in good))
    rows = dict.fromkeys(sorted(always - bad["files"]), "present")
    rows |= dict.fromkeys(sorted(bad["files"] - ever), "absent")
    return dict(list(rows.items())[:MOST_FILES])


def _files(unit: Appliance) -> frozenset[str]:
    """Every file of every volume, as ``slot:path``."""
    found: set[str] = set()
    looked_at = look_at(unit)
    for name in unit.platform.volumes():
        part = looked_at.parts().get(name)
        if part is None:
            continue
        try:
            with mounted(part) as volume:
                found |= {f"{name}:{path}" for path in _below(volume, "")}
        except StorageError:
            continue
    return frozenset(found)


def _below(volume: Volume, folder: str) -> list[str]:
    found = []
    for name, size in volume.entries(folder):
        path = f"{folder}/{name}".lstrip("/")
        if size is None:
            found += _below(volume, path)
        elif not name.startswith("."):  # a temporary one
            found.append(path)
    return found
