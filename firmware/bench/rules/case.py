"""A place of the matrix, and the scenario that shows what becomes of the certificate there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.bench import scenario
from firmware.bench.rules.triggers import Preparation, Service, Steps, Trigger, Way, table
from firmware.bench.scenario import ONLY_UNIT, Scenario
from firmware.bench.steps.ignition import BrowserStep, Ignite
from firmware.bench.steps.table import STEPS
from firmware.errors import BadInput
from firmware.platform import Platform
from firmware.release import BY_VERSION, Release
from ignition import wizard

CA_FILE, IDENTITY_P12, IDENTITY_PEM = "ca.pem", "identity.p12", "identity.pem"
_REFUSAL = "refusal"  # the field of a step that is to be refused; a text in why, and any text holds an empty one


class NotOffered(Exception):
    """Why a platform or release knows no such thing."""


class NoRelease(NotOffered):
    """There is no release for which it would be what its name says."""


@dataclass(frozen=True)
class Cell:
    """One place of the matrix."""

    platform: Platform
    trigger: str
    release: Release

    def __str__(self) -> str:
        return f"{self.platform.name}, {self.trigger}, {self.release}"

    @property
    def file_name(self) -> str:
        """What its scenario is saved as."""
        return f"{self.platform.name}-{self.trigger}-{self.release}.yaml"

    @property
    def rule(self) -> Trigger:
        return table().triggers[self.trigger]


@dataclass(frozen=True)
class Case:
    """A cell as a scenario: ``head`` is all of it but its steps, which come in three parts.

    ``coming_up`` brings the units up, ``prepared`` makes the judged one what the trigger needs and takes the first
    look, ``happening`` is the trigger and the second look.
    """

    cell: Cell
    head: Mapping[str, Any]
    coming_up: tuple[Any, ...]
    prepared: tuple[Any, ...]
    happening: tuple[Any, ...]

    @property
    def steps(self) -> tuple[Any, ...]:
        return (*self.coming_up, *self.prepared, *self.happening)

    @property
    def data(self) -> dict[str, Any]:
        """The whole scenario file."""
        return {**self.head, "steps": list(self.steps)}

    def part(self, steps: tuple[Any, ...], folder: Path) -> Scenario:
        """Some of its steps. NotOffered: the reader refuses one to this platform or release."""
        try:
            return scenario.parse(json.dumps({**self.head, "steps": steps}), self.cell.file_name, folder)
        except BadInput as error:
            raise NotOffered(str(error).splitlines()[0].partition(": ")[2]) from None


def case_of(cell: Cell, outcome: str, root: str | None, *, is_refused: bool = False) -> Case:
    """The scenario that shows whether a cell has this outcome, or its last step is refused. NotOffered says why there
    is none."""
    if cell.release not in cell.platform.releases():
        raise NoRelease(f"{cell.platform.named} exists from release {cell.platform.since} on")
    rule, ways, is_root = cell.rule, _ways(cell), cell.platform.root_profile is not None
    if rule.of_a_root and not is_root:
        raise NotOffered(f"{cell.platform.named} is no root CA")
    preparation = table().preparations[rule.prepared]
    up = next(found for way in ways if (found := table().ways[preparation.up].get(way)) is not None)
    before, after, then = (_pick(steps, ways) for steps in (preparation.before, preparation.after, rule.steps))
    _require(cell, [*before, *up.steps, *after, *then])
    head = _head(cell, preparation)

    def filled(*steps: Any) -> tuple[Any, ...]:
        return tuple(_named(_fill(cell, step), head) for step in steps)

    first = _look(rule.service, up.presented) | {"presented": up.presented}
    if is_root:
        first |= {"root": "none" if up.presented == "none" else "generated"}
    happening = filled(*then)
    if is_refused and _REFUSAL in STEPS[_parts(happening[-1])[0]].field_names():
        happening = (*happening[:-1], _with(happening[-1], {_REFUSAL: ""}))
    last = _look(rule.service, outcome) | ({"root": root} if root else {})
    looks = filled({"expect": first}, {"expect": last})
    return Case(cell, head, filled(*before, *up.steps), (*filled(*after), looks[0]), (*happening, looks[1]))


def _look(service: Service, outcome: str) -> dict[str, str]:
    return {"presented" if service == "management" else service: outcome}


def _ways(cell: Cell) -> tuple[Way, ...]:
    """How a platform comes up at a release, the most particular first."""
    if _has_wizard(cell):
        return ("ignited",)
    return ("lazy", "booted") if cell.release < BY_VERSION[table().lazy_before] else ("booted",)


def _has_wizard(cell: Cell) -> bool:
    return wizard.has_wizard(cell.platform)


def _pick(steps: Steps, ways: tuple[Way, ...]) -> list[Any]:
    if isinstance(steps, list):
        return steps
    for way in ways:
        if way in steps:
            return steps[way]
    raise NotOffered("no such thing happens to a platform that is ignited, or none to one that is not")


def _head(cell: Cell, preparation: Preparation) -> dict[str, Any]:
    """All of the scenario but its steps."""
    if preparation.host and not cell.platform.hosted:
        raise NotOffered(f"{cell.platform.named} sits in no other unit")
    own = {"platform": cell.platform.name, "release": str(cell.release)}
    others = {name: own | spec if "platform" not in spec else spec for name, spec in preparation.units.items()}
    own |= {key: value for key in ("clock", "host") if (value := getattr(preparation, key)) is not None}
    head: dict[str, Any] = {"name": f"{cell.platform.title} {cell.release}: {cell.rule.title}"}
    head |= {"units": {ONLY_UNIT: own, **others}} if others else {"unit": own}
    return head | ({"environment": preparation.environment} if preparation.environment else {})


def _require(cell: Cell, steps: list[Any]) -> None:
    """NotOffered when the judged unit's platform lacks what a step does."""
    for step in steps:
        name, fields = _parts(step)
        if isinstance(fields, dict) and fields.get("unit", ONLY_UNIT) != ONLY_UNIT:
            continue
        kind = STEPS[name]
        if kind.does is not None and kind.does not in cell.platform.operations:
            raise NotOffered(f"{cell.platform.named} knows no {name}")
        if issubclass(kind, Ignite | BrowserStep) and not _has_wizard(cell):
            raise NotOffered(f"{cell.platform.named} has no wizard")


def _parts(step: Any) -> tuple[str, Any]:
    return (step, None) if isinstance(step, str) else next(iter(step.items()))


def _fill(cell: Cell, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _fill(cell, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(cell, item) for item in value]
    return _WORDS[value](cell) if value in _WORDS else value


def _later(cell: Cell) -> tuple[Release, ...]:
    found = tuple(release for release in cell.platform.releases() if cell.release < release)
    if not found:
        raise NoRelease(f"no release follows {cell.release}")
    return found


def _other_lifetime(cell: Cell) -> str:
    if (newest := _later(cell)[-1]).lifetime.value == cell.release.lifetime.value:
        raise NoRelease(f"{newest} gives the same lifetime as {cell.release}")
    return str(newest)


def _days(beyond: int) -> Any:
    """From a certificate's making – it begins a day before – to so many days past its end."""
    return lambda cell: f"{cell.release.lifetime.value - 1 + beyond}d"


_WORDS: Mapping[Any, Any] = {
    "$release": lambda cell: str(cell.release),
    "$next": lambda cell: str(_later(cell)[0]),
    "$newest": lambda cell: str(_later(cell)[-1]),
    "$later_expiry": _other_lifetime,
    "$near_expiry": _days(-62),
    "$before_expiry": _days(-3),
    "$past_expiry": _days(10),
    "$ca_file": lambda _cell: CA_FILE,
    "$identity_p12": lambda _cell: IDENTITY_P12,
    "$identity_pem": lambda _cell: IDENTITY_PEM,
}


def _named(step: Any, head: Mapping[str, Any]) -> Any:
    """The step, saying which unit it is for where there are several."""
    return _with(step, {"unit": ONLY_UNIT}) if "units" in head else step


def _with(step: Any, more: dict[str, str]) -> Any:
    """The step in its long form with more fields; its own go before them."""
    name, fields = _parts(step)
    if fields is None:
        fields = {}
    elif not isinstance(fields, dict):
        fields = {STEPS[name].scalar: fields}
    return {name: more | fields}


def cells(platforms: list[Platform], releases: list[Release], triggers: list[str]) -> Iterator[Cell]:
    """The matrix's places, those that share a preparation near each other."""
    for platform in platforms:
        for release in releases:
            for trigger in triggers:
                yield Cell(platform, trigger, release)
