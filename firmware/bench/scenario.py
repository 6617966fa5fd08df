"""YAML -> Scenario. Every error of a file is reported, each as ``file:line:column: what, and what is allowed``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from firmware.bench import marked_yaml, values
from firmware.bench.fields import ClockReading, Mac, Moment, ReleaseName, Seed
from firmware.bench.marked_yaml import Marked
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.orders import DEFAULT_START, Order
from firmware.bench.steps import STEPS
from firmware.bench.steps.base import Step
from firmware.bench.steps.environment import Environment
from firmware.errors import BadInput

M = TypeVar("M", bound=BaseModel)
ONLY_UNIT = "unit"


class UnitSpec(BaseModel):
    """One unit of a scenario. ``clock`` is what its own clock shows at the beginning."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    platform: str
    release: ReleaseName | None = None
    mac: Mac | None = None
    seed: Seed | None = None
    clock: ClockReading | None = Field(None, description="an ISO time, or unset; left out: the scenario's clock")
    battery: str = Field("good", pattern="^(good|flat)$")
    drift_ppm: int = Field(0, ge=-1000, le=1000)
    environment: Environment | None = Field(None, description="instead of the scenario's")


class Head(BaseModel):
    """All of a scenario but its steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    about: str | None = None
    unit: UnitSpec | None = None
    units: dict[str, UnitSpec] | None = None
    clock: Moment = Field(DEFAULT_START, description="the simulated time at the beginning")
    seed: Seed | None = None
    environment: Environment = Environment()
    steps: list[Any]


@dataclass(frozen=True)
class PlannedStep:
    """A step and where it stands."""

    step: Step
    unit: str
    where: str
    text: str


@dataclass(frozen=True)
class Scenario:
    """A scenario, checked: every name in it exists, every value is of its kind."""

    name: str
    file: str
    head: Head
    units: dict[str, tuple[UnitSpec, Order]]
    steps: tuple[PlannedStep, ...]


def load(path: Path) -> Scenario:
    """Read a scenario file. BadInput holds one line for every error in it."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at offset {error.start}; a scenario is a YAML text") from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Scenario:
    marked = marked_yaml.load(text, file)
    if not isinstance(marked.data, dict):
        raise marked.error((), f"a scenario is a mapping with {', '.join(Head.model_fields)}")
    errors: list[str] = []
    head = _validate(Head, marked.data, (), marked, errors)
    if head is None:
        # The steps' own errors are worth knowing in the same breath.
        steps = marked.data.get("steps")
        for index, row in enumerate(steps if isinstance(steps, list) else []):
            _step(row, ("steps", index), marked, errors)
        raise BadInput("\n".join(errors))
    units = _units(head, marked, errors)
    planned = []
    for index, row in enumerate(head.steps):
        place: Place = ("steps", index)
        step = _step(row, place, marked, errors)
        if step is not None and (unit := _unit_of(step, units, place, marked, errors)):
            planned.append(PlannedStep(step, unit, marked.where(place), _show(row)))
    if errors:
        raise BadInput("\n".join(errors))
    return Scenario(head.name, file, head, units, tuple(planned))


def _units(head: Head, marked: Marked, errors: list[str]) -> dict[str, tuple[UnitSpec, Order]]:
    if (head.unit is None) == (head.units is None) or head.units == {}:
        errors.append(str(marked.error((), "give either unit: or units: {name: …}")))
        return {}
    specs = {ONLY_UNIT: head.unit} if head.unit else head.units or {}
    found: dict[str, tuple[UnitSpec, Order]] = {}
    taken: dict[str, str] = {}
    for index, (name, spec) in enumerate(specs.items()):
        place: Place = ("unit",) if head.unit else ("units", name)
        try:
            platform = values.platform(spec.platform)
            mac = spec.mac or f"{int(platform.default_mac, 16) + index:012x}"
            found[name] = (
                spec,
                Order(platform, spec.release, mac, spec.seed if spec.seed is not None else head.seed, name),
            )
        except (ValueError, BadInput) as error:
            errors.append(
                str(marked.error((*place, "platform" if isinstance(error, ValueError) else "release"), str(error)))
            )
            continue
        if mac in taken:
            errors.append(str(marked.error((*place, "mac"), f"{mac} is the MAC of {taken[mac]!r} already")))
        taken[mac] = name
    return found


def _step(row: Any, place: Place, marked: Marked, errors: list[str]) -> Step | None:
    if isinstance(row, str):
        row = {row: None}
    if not isinstance(row, dict) or len(row) != 1:
        errors.append(str(marked.error(place, f"a step is one of {', '.join(STEPS)}, with its fields below it")))
        return None
    name, fields = next(iter(row.items()))
    try:
        model = STEPS[values.one_of(name, tuple(STEPS), "step")]
    except ValueError as error:
        errors.append(str(marked.error((*place, name), str(error))))
        return None
    if fields is None:
        fields = {}
    elif not isinstance(fields, dict):
        if model.scalar is None:
            allowed = ", ".join(_names(model))
            errors.append(str(marked.error((*place, name), f"{name} takes fields, not a single value: {allowed}")))
            return None
        fields = {model.scalar: fields}
    return _validate(model, fields, (*place, name), marked, errors)


def _unit_of(step: Step, units: dict[str, Any], place: Place, marked: Marked, errors: list[str]) -> str | None:
    name = step.unit
    if name is None and len(units) == 1:
        return next(iter(units))
    if name in units:
        return name
    what = "say which unit:" if name is None else f"unknown unit {name!r}:"
    errors.append(str(marked.error((*place, step.name, "unit"), f"{what} there are {', '.join(units) or 'none'}")))
    return None


def _validate(model: type[M], data: Any, place: Place, marked: Marked, errors: list[str]) -> M | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors += [str(_explain(model, row, place, marked)) for row in error.errors(include_url=False)]
        return None


def _explain(model: type[BaseModel], row: Any, place: Place, marked: Marked) -> BadInput:
    """pydantic's error in our words."""
    location = tuple(part for part in row["loc"] if not str(part).startswith(("function-", "literal[", "constrained")))
    at = (*place, *location)
    last = location[-1] if location else ""
    if row["type"] == "extra_forbidden":
        allowed = _names(_model_at(model, location[:-1]))
        try:
            values.one_of(str(last), tuple(allowed), "field")
        except ValueError as error:
            return marked.error(at, str(error))
    if row["type"] == "missing":
        return marked.error(at[:-1], f"the field {last!r} is needed")
    if row["type"] == "value_error":
        return marked.error(at, str(row["ctx"]["error"]))
    message = row["msg"][0].lower() + row["msg"][1:]
    return marked.error(at, f"{last}: {message}, not {row['input']!r}" if last else message)


def _model_at(model: type[BaseModel], location: tuple[Any, ...]) -> type[BaseModel]:
    """The model that a location inside another one is validated by."""
    for name in location:
        field = model.model_fields.get(str(name))
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _show(row: Any) -> str:
    """A step on one line, as it was written."""
    if isinstance(row, str):
        return row
    name, fields = next(iter(row.items()))
    if fields is None:
        return str(name)
    if not isinstance(fields, dict):
        return f"{name}: {fields}"
    shown = yaml.safe_dump(fields, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return f"{name}: {shown}".strip()
