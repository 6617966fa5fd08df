"""What the fields of a scenario may hold: the checks of :mod:`firmware.bench.values`, and names that a platform knows.

A name is checked against the :class:`Known` that a model is validated with; without one, any name passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

import platforms
from firmware.bench import values
from firmware.bench.timeline import SENTENCES
from firmware.device.panel import Light
from firmware.platform import Platform
from firmware.release import Release
from firmware.security.settings import LEVELS, SERVICES
from firmware.security.trust import levels
from ignition import pages

Mac = Annotated[str, BeforeValidator(values.mac)]
Seed = Annotated[int, BeforeValidator(values.seed)]
Interface = Annotated[str, BeforeValidator(values.interface)]
LanSetting = Annotated[str, BeforeValidator(values.lan)]
Address = Annotated[str, BeforeValidator(values.address)]
Moment = Annotated[int, BeforeValidator(values.moment)]
ClockReading = Annotated[int | None, BeforeValidator(values.clock)]
ClockOrSet = Annotated[int | str | None, BeforeValidator(values.clock_or_set)]
Duration = Annotated[int, BeforeValidator(values.duration)]
SignedDuration = Annotated[int, BeforeValidator(values.signed_duration)]
TimeOfDay = Annotated[int, BeforeValidator(values.time_of_day)]
Line = Annotated[str, BeforeValidator(values.line)]
ShortName = Annotated[str, BeforeValidator(values.short_name)]
UserName = Annotated[str, BeforeValidator(values.user_name)]
HostName = Annotated[str, BeforeValidator(values.host_name)]
UnitName = Annotated[str, BeforeValidator(values.unit_name)]
Secret = Annotated[str, BeforeValidator(values.secret)]
OptionalHostName = Annotated[str, BeforeValidator(values.optional_host_name)]
DnsOrAddress = Annotated[str, BeforeValidator(values.dns_or_address)]
DeskFile = Annotated[str, BeforeValidator(values.line)]
CardPath = Annotated[str, BeforeValidator(values.card_path)]


@dataclass(frozen=True)
class Known:
    """Where a step's names are looked up: its unit's platform and release, and the scenario's units."""

    platform: Platform
    release: Release
    units: tuple[str, ...]


def _known(what: str, allowed: Callable[[Known], Iterable[str]]) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        return values.one_of(value, tuple(allowed(info.context)), what) if info.context else value

    return AfterValidator(check)


def _led(value: str, info: ValidationInfo) -> str:
    if info.context and (leds := info.context.platform.leds) is not None and info.field_name not in leds:
        shown = f"it has {', '.join(leds)}" if leds else "it has none"
        raise ValueError(f"{info.context.platform.named} has no LED {info.field_name}: {shown}")
    return value


UnitOfScenario = Annotated[str, _known("unit", lambda known: known.units)]
ReleaseName = Annotated[
    str,
    BeforeValidator(values.release),
    _known("release of this platform", lambda known: [release.version for release in known.platform.releases()]),
]
StateName = Annotated[str, _known("state", lambda known: known.platform.bring_up.by_name)]
SlotName = Annotated[str, _known("slot", lambda known: known.platform.slots)]
PartName = Annotated[str, _known("part", lambda known: (known.platform.storage.name, *known.platform.slots))]
VolumeName = Annotated[str, _known("volume", lambda known: known.platform.volumes())]
RecordName = Annotated[str, _known("record", lambda known: known.platform.storage.layout)]
Pattern = Annotated[str, _known("LED pattern", lambda _: [light.label for light in Light])]
PageName = Annotated[str, _known("page of the wizard", lambda _: pages.BY_NAME)]
PlatformName = Annotated[str, _known("platform", lambda _: platforms.names())]
RootChange = Literal["none", "generated", "imported", "kept", "renewed", "new key"]
ServiceName = Annotated[str, _known("service", lambda _: dict(SERVICES.value))]
CheckLevel = Annotated[
    str, _known("check level of this release", lambda known: [level.value for level in levels(known.release)])
]
LevelName = Annotated[str, _known("level", lambda _: LEVELS)]
# A misspelt kind of event would never have happened, and an expectation that it did not would hold for ever.
EventKind = Annotated[str, _known("kind of event", lambda _: ("state", *SENTENCES))]


# An LED that the platform does not have shows nothing.
LedPattern = Annotated[Pattern, AfterValidator(_led)]


def _event(data: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    if "kind" in data and info.context:
        values.one_of(data["kind"], ("state", *SENTENCES), "kind of event")
    return data


def _place(text: str, info: ValidationInfo) -> str:
    slot, path = split_place(text)
    values.card_path(path)
    if slot is not None and info.context:
        values.one_of(slot, info.context.platform.volumes(), "volume")
    return text


def split_place(text: str) -> tuple[str | None, str]:
    """``slot:path`` -> both; a path alone is in no slot that is named."""
    slot, colon, path = text.partition(":")
    return (slot, path) if colon else (None, text)


Happening = EventKind | Annotated[dict[str, Any], AfterValidator(_event)]
FilePlace = Annotated[str, AfterValidator(_place)]
