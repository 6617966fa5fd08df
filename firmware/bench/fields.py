"""What the fields of a scenario may hold: the checks of :mod:`firmware.bench.values`, and names that a platform knows.

A name is checked against the :class:`Known` that a model is validated with; without one, any name passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

import platforms
from firmware.bench import values
from firmware.bench.timeline import SENTENCES
from firmware.bench.written import OneOf, Written, text
from firmware.device.panel import Light
from firmware.platform import Platform
from firmware.release import BY_VERSION, Release
from firmware.security.settings import LEVELS, SERVICES
from firmware.security.trust import levels
from ignition import pages

_QUAD, _CLOCK = r"[0-9]{1,3}(\.[0-9]{1,3}){3}", r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SPAN = r"([0-9]+(\.[0-9]+)?\s*(ms|min|s|m|h|d)\s*)+"
_UNITS = "a number and ms, s, m, h or d, several of them for a sum"

Mac = Annotated[
    str,
    BeforeValidator(values.mac),
    text("MAC address", "twelve hex digits, with or without : or -", "00e00705918e",
         "^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}$", numbers=True),
]  # fmt: skip
Seed = Annotated[
    int,
    BeforeValidator(values.seed),
    Written("seed", {"description": "0 to 2**256 - 1", "type": "integer", "minimum": 0, "examples": [7]}),
]
Interface = Annotated[
    str,
    BeforeValidator(values.interface),
    text("address with prefix", "an IPv4 address with its prefix length or mask", "192.168.42.1/24", f"^{_QUAD}/.+$"),
]
LanSetting = Annotated[
    str,
    BeforeValidator(values.lan),
    text("LAN setting", "an IPv4 address with its prefix length or mask, or dhcp", "192.168.42.1/24",
         f"^({_QUAD}/.+|dhcp)$"),
]  # fmt: skip
Address = Annotated[
    str, BeforeValidator(values.address), text("address", "an IPv4 address", "192.168.42.1", f"^{_QUAD}$")
]
Moment = Annotated[
    int,
    BeforeValidator(values.moment),
    text("time", "an ISO 8601 date or date and time; without a zone, UTC", "2026-11-23T09:00:00Z", f"^{_CLOCK}"),
]
ClockReading = Annotated[
    int | None,
    BeforeValidator(values.clock),
    text("clock reading", "an ISO 8601 time, or unset", "2026-11-23T09:00:00Z", f"^({_CLOCK}|unset$)"),
]
ClockOrSet = Annotated[
    int | str | None,
    BeforeValidator(values.clock_or_set),
    text("expected clock reading", "an ISO 8601 time, unset, or set: any time", "set", f"^({_CLOCK}|(un)?set$)"),
]
Duration = Annotated[int, BeforeValidator(values.duration), text("duration", _UNITS, "1h30m", rf"^\s*{_SPAN}$")]
SignedDuration = Annotated[
    int,
    BeforeValidator(values.signed_duration),
    text("signed duration", f"{_UNITS}, after + or - if need be", "-30s", rf"^[-+]?\s*{_SPAN}$"),
]
TimeOfDay = Annotated[
    int,
    BeforeValidator(values.time_of_day),
    text("time of day", "HH:MM", "03:30", "^([01][0-9]|2[0-3]):[0-5][0-9]$"),
]
Line = Annotated[str, BeforeValidator(values.line), text("line", "one line of printable characters", "Administrator")]
ShortName = Annotated[
    str,
    BeforeValidator(values.short_name),
    text("short name", "one line of at most 40 bytes: it makes part of the names in certificates", "System Manager"),
]
UserName = Annotated[
    str,
    BeforeValidator(values.user_name),
    text("user name", "1 to 60 printable characters", "Reception", "^.{1,60}$", numbers=True),
]
HostName = Annotated[
    str,
    BeforeValidator(values.host_name),
    text("host name", "a DNS name of at most 40 characters", "server1", "^[A-Za-z0-9.-]{1,40}$", numbers=True),
]
UnitName = Annotated[
    str,
    BeforeValidator(values.unit_name),
    text("name", "up to 32 letters, digits, - and _", "branch", "^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"),
]
Secret = Annotated[
    str, BeforeValidator(values.secret), text("password", "printable characters, in quotes if a number", "secret")
]
OptionalHostName = Annotated[
    str,
    BeforeValidator(values.optional_host_name),
    text("host name or nothing", "a DNS name, or an empty text for none", "sip.example.com", "^[A-Za-z0-9.-]{0,40}$",
         numbers=True),
]  # fmt: skip
DnsOrAddress = Annotated[
    str,
    BeforeValidator(values.dns_or_address),
    text("DNS name or address", "by which a machine is reached", "pbx.example.com", "^[A-Za-z0-9.-]+$", numbers=True),
]
DeskFile = Annotated[
    str,
    BeforeValidator(values.line),
    text("file", "a file's name on the desk, where scenarios hand files over", "id.pem"),
]
CardPath = Annotated[
    str,
    BeforeValidator(values.card_path),
    text("path on a card", "folders and a name, with / between them", "system/primary/config.cfg"),
]
# What looks like a number to some readers of YAML, 00e007000001 to those of an editor, and is text to ours.
Text = Annotated[str, text("text", "any text; in quotes if it is a number", "00e00705918e", numbers=True)]
Extension = Annotated[
    str, text("extension", "up to 15 digits", 201, "^[0-9]{1,15}$", numbers=True), Field(pattern="^[0-9]{1,15}$")
]


@dataclass(frozen=True)
class Known:
    """Where a step's names are looked up: its unit's platform and release, and the scenario's units."""

    platform: Platform
    release: Release
    units: tuple[str, ...]


def everything_known() -> tuple[Known, ...]:
    """Every platform at every release."""
    found = [platforms.load(name) for name in platforms.names()]
    return tuple(Known(platform, release, ()) for platform in found for release in platform.releases())


def _led(value: str, info: ValidationInfo) -> str:
    if info.context and (leds := info.context.platform.leds) is not None and info.field_name not in leds:
        shown = f"it has {', '.join(leds)}" if leds else "it has none"
        raise ValueError(f"{info.context.platform.named} has no LED {info.field_name}: {shown}")
    return value


UnitOfScenario = Annotated[str, OneOf("unit", lambda known: known.units)]
ReleaseName = Annotated[
    str,
    BeforeValidator(values.release),
    OneOf("release of this platform", lambda known: [release.version for release in known.platform.releases()]),
    Written("release", lambda: {"enum": [*BY_VERSION, *map(float, BY_VERSION)]}),
]
StateName = Annotated[str, OneOf("state", lambda known: known.platform.bring_up.by_name)]
SlotName = Annotated[str, OneOf("slot", lambda known: known.platform.slots)]
PartName = Annotated[str, OneOf("part", lambda known: (known.platform.storage.name, *known.platform.slots))]
VolumeName = Annotated[str, OneOf("volume", lambda known: known.platform.volumes())]
RecordName = Annotated[str, OneOf("record", lambda known: known.platform.storage.layout)]
Pattern = Annotated[str, OneOf("LED pattern", lambda _: [light.label for light in Light])]
PageName = Annotated[str, OneOf("page of the wizard", lambda _: pages.BY_NAME)]
PlatformName = Annotated[str, OneOf("platform", lambda _: platforms.names())]
RootChange = Literal["none", "generated", "imported", "kept", "renewed", "new key"]
ServiceName = Annotated[str, OneOf("service", lambda _: dict(SERVICES.value))]
CheckLevel = Annotated[
    str, OneOf("check level of this release", lambda known: [level.value for level in levels(known.release)])
]
LevelName = Annotated[str, OneOf("level", lambda _: LEVELS)]
# A misspelt kind of event would never have happened, and an expectation that it did not would hold for ever.
EventKind = Annotated[str, OneOf("kind of event", lambda _: ("state", *SENTENCES))]


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


Happening = (
    EventKind
    | Annotated[
        dict[str, Any],
        AfterValidator(_event),
        Written("event with data", lambda: {
            "description": "its kind, and data that it must have: a text contained in it, or an equal value",
            "type": "object", "properties": {"kind": {"enum": ["state", *SENTENCES]}},
            "examples": [{"kind": "state", "state": "running"}],
        }),
    ]
)  # fmt: skip
FilePlace = Annotated[
    str,
    AfterValidator(_place),
    text("file on a card", "slot:path, or a path alone: on the System SD or a server's disk", "system-sd:ca.pem"),
]
