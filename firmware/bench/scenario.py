"""YAML -> Scenario. Every error of a file is reported, each as ``file:line:column: what, and what is allowed``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from firmware.bench import hosting, marked_yaml, values
from firmware.bench.fields import (
    ClockReading,
    Known,
    Line,
    Mac,
    Moment,
    PlatformName,
    ReleaseName,
    Seed,
    UnitName,
)
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.orders import DEFAULT_START, Order
from firmware.bench.problems import Problems
from firmware.bench.steps.base import Step
from firmware.bench.steps.environment import Environment
from firmware.bench.steps.table import STEPS
from firmware.errors import BadInput
from firmware.release import DEFAULT_RELEASE

ONLY_UNIT = "unit"


class UnitSpec(BaseModel):
    """One unit of a scenario. ``clock`` is what its own clock shows at the beginning."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    platform: PlatformName = Field(description="what kind of unit it is")
    release: ReleaseName | None = Field(None, description=f"of its firmware; left out: {DEFAULT_RELEASE}")
    mac: Mac | None = Field(None, description="of LAN1; left out: the platform's default, counted on from unit to unit")
    seed: Seed | None = Field(None, description="left out: the scenario's")
    clock: ClockReading | None = Field(None, description="an ISO time, or unset; left out: the scenario's clock")
    battery: Literal["good", "flat"] = Field(
        "good", description="of its clock; a flat one loses the time without power"
    )
    drift_ppm: int = Field(0, ge=-1000, le=1000, description="how much its clock gains, in millionths")
    environment: Environment | None = Field(None, description="instead of the scenario's")
    host: str | None = Field(None, description="of a module: the name of the unit that it sits in")


class Head(BaseModel):
    """All of a scenario but its steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Line = Field(description="what it is about, in a line")
    about: str | None = Field(None, description="more of it, for readers")
    unit: UnitSpec | None = Field(None, description="its only unit")
    units: dict[UnitName, UnitSpec] | None = Field(None, description="its units by name")
    clock: Moment = Field(DEFAULT_START, description="the simulated time at the beginning")
    seed: Seed | None = Field(None, description="of units without one of their own; all chance comes from it")
    environment: Environment = Field(Environment(), description="what the network around the units answers")
    steps: list[Any] = Field(description="what happens, in order")


Units = dict[str, tuple[UnitSpec, Order]]


@dataclass(frozen=True)
class PlannedStep:
    """A step, where it stands, and as what it was written (``row``)."""

    step: Step
    unit: str
    where: str
    row: Any

    @property
    def text(self) -> str:
        return show(self.row)


@dataclass(frozen=True)
class Scenario:
    """A scenario, checked: every name in it exists, every value is of its kind."""

    name: str
    file: str
    head: Head
    units: Units
    steps: tuple[PlannedStep, ...]


def load(path: FilePath) -> Scenario:
    """Read a scenario file. BadInput holds one line for every error in it."""
    return parse(values.read_text(path, "a scenario"), values.printable(path), path.parent)


def parse(text: str, file: str, folder: FilePath = FilePath()) -> Scenario:
    """As :func:`load`, of a text that is at hand; ``file`` is what its errors call it.

    Files that a step names are looked for in ``folder``.
    """
    problems = Problems(marked := marked_yaml.load(text, file))
    if not isinstance(marked.data, dict):
        raise marked.error((), f"a scenario is a mapping with {', '.join(Head.model_fields)}")
    head = problems.validate(Head, marked.data, ())
    units = _units(head, problems) if head else {}
    rows = marked.data.get("steps")
    planned = []
    # The steps' own errors are worth knowing in the same breath as those of the rest.
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        step, unit = read_step(row, index, units, problems, folder)
        if step is not None and unit is not None:
            planned.append(PlannedStep(step, unit, marked.where(("steps", index)), row))
    problems.raise_any()
    assert head is not None
    return Scenario(head.name, file, head, units, tuple(planned))


def _units(head: Head, problems: Problems) -> Units:
    if (head.unit is None) == (head.units is None) or head.units == {}:
        problems.add((), "give either unit: or units: {name: …}")
        return {}
    specs = {ONLY_UNIT: head.unit} if head.unit else head.units or {}
    found: Units = {}
    taken: dict[str, str] = {}
    for index, (name, spec) in enumerate(specs.items()):
        place = ("unit",) if head.unit else ("units", name)
        try:
            platform = values.platform(spec.platform)
        except ValueError as error:
            problems.add((*place, "platform"), str(error))
            continue
        mac = spec.mac or f"{int(platform.default_mac, 16) + index:012x}"
        if mac in taken:
            problems.add((*place, "mac"), f"{mac} is the MAC of {taken[mac]!r} already")
        taken[mac] = name
        try:
            seed = spec.seed if spec.seed is not None else head.seed
            found[name] = (spec, Order(platform, spec.release, mac, seed, name))
        except BadInput as error:
            problems.add((*place, "release"), str(error))
    _check_hosts(found, specs, ("unit",) if head.unit else ("units",), problems)
    return found


def _check_hosts(found: Units, specs: dict[str, UnitSpec], place: Place, problems: Problems) -> None:
    """A module's host is another unit of the scenario, and one that has a slot for it."""
    for name, (spec, order) in found.items():
        at = (*place, "host") if place == ("unit",) else (*place, name, "host")
        others = [other for other in specs if other != name]
        if spec.host is None:
            continue
        if not order.platform.hosted:
            problems.add(at, f"{order.platform.named} is no module: it sits in no other unit")
        elif not others:
            problems.add(at, "there is no other unit that it could sit in: give units: {name: …}")
        elif spec.host not in others:
            problems.add_strange(at, spec.host, others, "unit")
        elif spec.host in found and not hosting.can_host(found[spec.host][1].platform):
            named = found[spec.host][1].platform.named
            problems.add(at, f"{spec.host!r} is {named}, which has no slot for a module; an IP500 V2 has")


def read_step(
    row: Any, index: int, units: Units, problems: Problems, folder: FilePath
) -> tuple[Step | None, str | None]:
    """One step as it was written, and the unit that it is for; what is wrong goes to ``problems``."""
    place = ("steps", index)
    if isinstance(row, str):
        row = {row: None}
    if not isinstance(row, dict) or len(row) != 1:
        problems.add(place, f"a step is one of {', '.join(STEPS)}, with its fields below it")
        return None, None
    name, fields = next(iter(row.items()))
    if name not in STEPS:
        problems.add_strange((*place, name), name, STEPS, "step")
        return None, None
    model = STEPS[name]
    if fields is None:
        fields = {}
    elif not isinstance(fields, dict):
        if model.scalar is None:
            allowed = ", ".join(model.field_names())
            problems.add((*place, name), f"{name} takes fields, not a single value: {allowed}")
            return None, None
        fields = {model.scalar: fields}
    is_known = model.of_unit or "unit" in fields or not units
    unit = _unit_of(fields, units, (*place, name), problems) if is_known else next(iter(units))
    order = units[unit][1] if unit else None
    known = Known(order.platform, order.starts_with, tuple(units)) if order else None
    return model.read(fields, (*place, name), problems, known, folder), unit


def _unit_of(fields: dict[str, Any], units: Units, place: Place, problems: Problems) -> str | None:
    """The unit that a step is for. None when it names none of the scenario's, or those are wrong themselves."""
    name = fields.get("unit")
    if name is None and len(units) == 1:
        return next(iter(units))
    if isinstance(name, str) and name in units:
        return name
    if units:
        what = "say which unit" if name is None else f"unknown unit {values.brief(name)}"
        problems.add((*place, "unit"), f"{what}: there {'is' if len(units) == 1 else 'are'} {', '.join(units)}")
    return None


HIDDEN = "..."


def _without(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: HIDDEN if name in secrets else _without(inner, secrets) for name, inner in value.items()}
    return value


def show(row: Any) -> str:
    """A step on one line, as it was written, but for its passwords."""
    if isinstance(row, str):
        return row
    name, fields = next(iter(row.items()))
    if fields is None:
        return str(name)
    if not isinstance(fields, dict):
        return f"{name}: {fields}"
    fields = _without(fields, STEPS[name].secrets())
    shown = yaml.safe_dump(fields, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return f"{name}: {shown}".strip()
