"""``expect``: what a scenario demands of a unit, one small function a field. Every objection is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field

from firmware.appliance import Appliance
from firmware.bench.alarm_expectations import check_syslog
from firmware.bench.fields import (
    Address,
    ClockOrSet,
    FilePlace,
    Happening,
    Interface,
    LedPattern,
    Moment,
    ReleaseName,
    StateName,
    Text,
    split_place,
)
from firmware.bench.outside import identity_of, look_at, release_of, settings_of, shown_by
from firmware.bench.steps.base import part_of
from firmware.bench.wizard_expectations import CHECKS as WIZARD_CHECKS
from firmware.bench.wizard_expectations import WizardExpectations
from firmware.bench.world import World
from firmware.boot.choose_firmware import LEVEL_RECORD, original_level
from firmware.errors import StorageError, Unmet
from firmware.journal import Event
from firmware.security.reading import alternative_names, describe, public_key_of
from firmware.storage.volume import mounted
from firmware.times import from_datetime, show_time

IdentityChange = Literal["none", "generated", "kept", "renewed", "new key"]


class Expect(WizardExpectations):
    """Judge a unit. ``identity`` compares with the last ``expect`` that looked at it; ``happened`` looks back to the
    last ``expect`` of this unit, or its beginning."""

    name = "expect"
    example = "expect: {state: running, identity: kept, generation: 1, happened: [clock.set]}"
    state: StateName | None = Field(None, description="the state it is in")
    cpu: LedPattern | None = Field(None, description="the CPU LED's pattern")
    sd: LedPattern | None = Field(None, description="the System SD LED's pattern")
    base: LedPattern | None = Field(None, description="base LED1's pattern")
    upper: LedPattern | None = Field(None, description="the pattern of a module's upper LED")
    lower: LedPattern | None = Field(None, description="the pattern of a module's lower LED")
    identity: IdentityChange | None = Field(None, description="the certificate, compared with the last look at it")
    presented: IdentityChange | None = Field(None, description="the certificate in a TLS handshake with management")
    telephony: IdentityChange | None = Field(None, description="the same with SIP over TLS")
    chain: int = Field(0, ge=0, description="how many certificates such a handshake shows")
    trusted: list[str] = Field([], description="a text in the subject of each certificate in the store, in order")
    generation: int = Field(0, description="how many identities the unit has made")
    not_before: Moment | None = Field(None, description="from when the certificate is valid")
    not_after: Moment | None = Field(None, description="until when it is valid")
    names: list[Text] | None = Field(None, description="DNS names and addresses in the certificate, in order")
    fit: bool = Field(True, description="whether a validating client would find dates and addresses right")
    release: ReleaseName | None = Field(None, description="running, or what the unit would start with")
    original_level: ReleaseName | None = Field(None, description="the release of the unit's first start ever")
    firmware_from: str | None = Field(None, description="such as system-sd/primary, nvm, bootp")
    configuration_from: Literal["file", "nvm", "default"] | None = Field(
        None, description="where the running one was found"
    )
    security: Literal["present", "empty", "foreign", "damaged"] | None = Field(None, description="at the last start")
    lan1: Interface | None = Field(None, description="its address")
    lan2: Interface | None = Field(None, description="its address")
    clock: ClockOrSet = Field(None, description="an ISO time, set, or unset")
    user_names: dict[str, str] = Field({}, description="extension -> name, in the running configuration")
    users: list[str] = Field([], description="every extension of the running configuration; [] means it has none")
    primary: Address | None = Field(None, description="the address of the Primary that the unit belongs to")
    system_name: Text | None = Field(None, description="in the configuration")
    alarms: list[str] = Field([], description="texts that the alarm log holds; [] means it is empty")
    syslog: list[str] = Field([], description="texts that syslog receivers got since the last expect of this unit")
    files: dict[FilePlace, Literal["present", "absent"]] = Field({}, description="slot:path -> on that card")
    happened: list[Happening] = Field([], description="events, by kind or by kind and data")
    not_happened: list[Happening] = Field([], description="events that there must not have been")

    def run(self, world: World, unit: Appliance) -> None:
        """Unmet names every field that does not hold."""
        wanted = {name: getattr(self, name) for name in _CHECKS if name in self.model_fields_set}
        objections = [text for name, value in wanted.items() for text in _CHECKS[name](world, unit, value)]
        of_wizard = [check for name, check in WIZARD_CHECKS.items() if name in self.model_fields_set]
        objections += [text for check in of_wizard for text in check(world, unit, self)]
        seen = identity_of(unit) if self.identity is not None else world.look_back.get(unit.name, (None, 0))[0]
        world.look_back[unit.name] = (seen, len(unit.journal.events))
        if objections:
            raise Unmet("; ".join(objections))


Check = Callable[[World, Appliance, Any], list[str]]


def _equal(what: str, find: Callable[[Appliance], Any], show: Callable[[Any], str] = str) -> Check:
    """A field that must equal what the unit shows."""

    def check(_world: World, unit: Appliance, wanted: Any) -> list[str]:
        found = find(unit)
        return [] if found == wanted else [f"{what}: expected {show(wanted)}, found {show(found)}"]

    return check


def _time(value: int | None) -> str:
    return "none" if value is None else show_time(value)


def identity_change(before: bytes | None, now: bytes | None) -> IdentityChange:
    """What became of an identity, as seen from outside: same bytes, same public key, or else a new key."""
    if now is None:
        return "none"
    if before is None:
        return "generated"
    if before == now:
        return "kept"
    return "renewed" if public_key_of(before) == public_key_of(now) else "new key"


def _identity(world: World, unit: Appliance, wanted: IdentityChange) -> list[str]:
    before, now = world.look_back.get(unit.name, (None, 0))[0], identity_of(unit)
    found = identity_change(before.der if before else None, now.der if now else None)
    return [] if found == wanted else [f"identity: expected {wanted}, found {found}"]


def _shown(service: str) -> Check:
    """What a peer sees in a handshake, compared with what it saw at the last look."""

    def check(world: World, unit: Appliance, wanted: IdentityChange) -> list[str]:
        before = world.presented.get((unit.name, service), ())
        now = world.presented[unit.name, service] = shown_by(unit, telephony=service == "telephony")
        found = identity_change(next(iter(before), None), next(iter(now), None))
        return [] if found == wanted else [f"presented by {service}: expected {wanted}, found {found}"]

    return check


def _trusted(_world: World, unit: Appliance, wanted: list[str]) -> list[str]:
    settings = settings_of(unit)
    found = [str(describe(der)["subject"]) for der in settings.trusted] if settings else []
    if len(found) == len(wanted) and all(text in subject for text, subject in zip(wanted, found, strict=True)):
        return []
    return [f"trusted certificate store: expected {wanted}, found {found}"]


def _dates(field: str) -> Callable[[Appliance], int | None]:
    def find(unit: Appliance) -> int | None:
        identity = identity_of(unit)
        return from_datetime(getattr(identity.certificate, field)) if identity else None

    return find


def _names(unit: Appliance) -> list[str]:
    identity = identity_of(unit)
    return list(alternative_names(identity.der)) if identity else []


def _generation(unit: Appliance) -> int:
    settings = settings_of(unit)
    return settings.generation if settings else 0


def _fit(_world: World, unit: Appliance, wanted: bool) -> list[str]:
    found = unit.platform.objections(unit)
    if wanted:
        return [f"certificate: {text}" for text in found]
    return [] if found else ["certificate: expected it to be unfit, a client would accept it"]


def _level(unit: Appliance) -> str | None:
    if LEVEL_RECORD not in unit.records.names():  # a Linux server notes none
        return None
    level = original_level(look_at(unit))
    return level.version if level else None


def _last(kind: str, key: str) -> Callable[[Appliance], Any]:
    def find(unit: Appliance) -> Any:
        events = [event for event in unit.journal.of_kind(kind) if event.source == unit.name]
        return events[-1].data[key] if events else None

    return find


def _lan(index: int) -> Callable[[Appliance], str | None]:
    def find(unit: Appliance) -> str | None:
        return unit.ram.configuration.lans[index].interface if unit.ram.configuration else None

    return find


def _configuration(unit: Appliance, field: str, otherwise: Any) -> Any:
    """A field of the configuration: the running one, else what the unit keeps."""
    found = unit.ram.configuration or unit.platform.stored_configuration(look_at(unit))
    return getattr(found, field) if found else otherwise


def _clock(_world: World, unit: Appliance, wanted: int | str | None) -> list[str]:
    found = unit.clock.read()
    if (found is not None) if wanted == "set" else found == wanted:
        return []
    shown = wanted if isinstance(wanted, str) else "unset" if wanted is None else show_time(wanted)
    return [f"clock: expected {shown}, found {'unset' if found is None else show_time(found)}"]


def _users(_world: World, unit: Appliance, wanted: Mapping[str, str]) -> list[str]:
    users = dict(unit.ram.configuration.users) if unit.ram.configuration else {}
    return [
        f"user {number}: expected {name!r}, found {users.get(number)!r}"
        for number, name in wanted.items()
        if users.get(number) != name
    ]


def _alarms(_world: World, unit: Appliance, wanted: list[str]) -> list[str]:
    log = list(unit.ram.alarms)
    if not wanted:
        return [f"alarms: expected none, found {log}"] if log else []
    return [f"alarms: none says {text!r}; found {log}" for text in wanted if not any(text in entry for entry in log)]


def _files(_world: World, unit: Appliance, wanted: Mapping[str, str]) -> list[str]:
    objections, looked_at = [], look_at(unit)
    for place, expected in wanted.items():
        slot, path = split_place(place)
        try:
            with mounted(part_of(looked_at, slot or unit.platform.files)) as volume:
                found = "absent" if volume.read(path) is None else "present"
        except StorageError as error:
            found = str(error)
        if found != expected:
            objections.append(f"file {place}: expected {expected}, found {found}")
    return objections


def _matches(event: Event, wanted: Happening) -> bool:
    if isinstance(wanted, str):
        return event.kind == wanted
    found = {"kind": event.kind, **event.data}
    return all(
        str(value) in str(found[key]) if isinstance(found.get(key), str | list) else found.get(key) == value
        for key, value in wanted.items()
    )


def _events(world: World, unit: Appliance) -> list[Event]:
    since = world.look_back.get(unit.name, (None, 0))[1]
    return [event for event in unit.journal.events[since:] if event.source == unit.name]


def _happened(world: World, unit: Appliance, wanted: list[Happening]) -> list[str]:
    events = _events(world, unit)
    missing = [what for what in wanted if not any(_matches(event, what) for event in events)]
    return [f"{what} did not happen; what did: {', '.join(dict.fromkeys(e.kind for e in events))}" for what in missing]


def _not_happened(world: World, unit: Appliance, wanted: list[Happening]) -> list[str]:
    hits = [(what, event) for what in wanted for event in _events(world, unit) if _matches(event, what)]
    return [f"{what} happened at {show_time(event.time)}" for what, event in hits]


_CHECKS: dict[str, Check] = {
    "state": _equal("state", lambda unit: unit.state),
    "cpu": _equal("CPU LED", lambda unit: unit.lights.cpu.label),
    "sd": _equal("SD LED", lambda unit: unit.lights.sd.label),
    "base": _equal("base LED1", lambda unit: unit.lights.base.label),
    "upper": _equal("upper LED", lambda unit: unit.lights.upper.label),
    "lower": _equal("lower LED", lambda unit: unit.lights.lower.label),
    "identity": _identity,
    "presented": _shown("management"),
    "telephony": _shown("telephony"),
    "chain": _equal("certificates in the handshake", lambda unit: len(shown_by(unit))),
    "trusted": _trusted,
    "generation": _equal("generation", _generation),
    "not_before": _equal("notBefore", _dates("not_valid_before_utc"), _time),
    "not_after": _equal("notAfter", _dates("not_valid_after_utc"), _time),
    "names": _equal("names", _names),
    "fit": _fit,
    "release": _equal("release", release_of),
    "original_level": _equal("original software level", _level),
    "firmware_from": _equal("firmware from", lambda unit: unit.ram.place),
    "configuration_from": _equal("configuration from", _last("configuration.chosen", "chosen")),
    "security": _equal("security settings", _last("security.loaded", "held")),
    "lan1": _equal("LAN1", _lan(0)),
    "lan2": _equal("LAN2", _lan(1)),
    "clock": _clock,
    "user_names": _users,
    "users": _equal("users", lambda unit: [number for number, _ in _configuration(unit, "users", ())]),
    "primary": _equal("Primary", lambda unit: _configuration(unit, "primary", None) or None),
    "system_name": _equal("system name", lambda unit: _configuration(unit, "system_name", None)),
    "alarms": _alarms,
    "syslog": check_syslog,
    "files": _files,
    "happened": _happened,
    "not_happened": _not_happened,
}
