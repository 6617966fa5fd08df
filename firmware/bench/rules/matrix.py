"""The expectation matrix: YAML rows of platform x trigger x release -> outcome, basis, source; every error placed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

import platforms
from firmware.basis import Basis
from firmware.bench import marked_yaml, values
from firmware.bench.fields import Line, ReleaseName, RootChange
from firmware.bench.problems import Problems
from firmware.bench.rules import triggers
from firmware.bench.rules.case import Cell
from firmware.errors import BadInput
from firmware.release import BY_VERSION, RELEASES, Release

FILE = Path(__file__).with_name("expectations.yaml")
ANY = "any"

Outcome = Literal["none", "generated", "kept", "renewed", "new key", "refused", "not offered"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _platform(value: object) -> str:
    return values.one_of(str(value), (*platforms.names(), ANY), "platform")


def _outcome(value: object) -> str:
    return values.one_of(str(value), OUTCOMES, "outcome")


def _root(value: object) -> str:
    return values.one_of(str(value), get_args(RootChange), "outcome of the root CA")


def _basis(value: object) -> str:
    return values.one_of(str(value), tuple(basis.value for basis in Basis), "basis")


class Row(BaseModel):
    """One row: what is expected of these triggers on these platforms, from ``since`` (included) to ``before`` (not)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    platform: Annotated[list[Annotated[str, BeforeValidator(_platform)]], BeforeValidator(_listed)]
    trigger: Annotated[list[Annotated[str, BeforeValidator(triggers.one_of)]], BeforeValidator(_listed)]
    since: ReleaseName | None = None
    before: ReleaseName | None = None
    outcome: Annotated[Outcome, BeforeValidator(_outcome)]
    root: Annotated[RootChange, BeforeValidator(_root)] | None = None
    basis: Annotated[Basis, BeforeValidator(_basis)] = Basis.ASSUMED
    source: Line | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Row:
        if self.since and self.before and BY_VERSION[self.before] <= BY_VERSION[self.since]:
            raise ValueError(f"no release is from {self.since} on and before {self.before}")
        if not self.platform or not self.trigger:
            raise ValueError("a row names at least one platform and one trigger")
        return self

    def platforms(self) -> tuple[str, ...]:
        return platforms.names() if ANY in self.platform else tuple(self.platform)

    def releases(self) -> list[Release]:
        since = BY_VERSION[self.since] if self.since else RELEASES[0]
        return [release for release in RELEASES if since <= release and not self._is_past(release)]

    def _is_past(self, release: Release) -> bool:
        return self.before is not None and BY_VERSION[self.before] <= release


class Matrix(BaseModel):
    """A whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: list[Any]


@dataclass(frozen=True)
class Expected:
    """What a row says of a cell, and where the row stands."""

    outcome: str
    root: str | None
    basis: str
    source: str
    where: str
    is_users: bool = False

    def cite(self) -> str:
        return f"{self.basis} {self.source}".strip()


Expectations = dict[tuple[str, str, str], Expected]


def load(path: Path) -> Expectations:
    """A user's file. BadInput holds a line for every error in it."""
    return parse(values.read_text(path, "a matrix of expectations"), values.printable(path), is_users=True)


@cache
def built_in() -> Expectations:
    """The matrix of the documents."""
    return parse(FILE.read_text("utf-8"), FILE.name)


def parse(text: str, file: str, *, is_users: bool = False) -> Expectations:
    """Rows -> what is expected of each cell. Two rows that speak of one cell are an error."""
    problems = Problems(marked := marked_yaml.load(text, file))
    if not isinstance(marked.data, dict):
        raise marked.error((), "a matrix is a mapping with rules: a list of rows")
    whole = problems.validate(Matrix, marked.data, ())
    found: Expectations = {}
    for index, data in enumerate(whole.rules if whole else []):
        place = ("rules", index)
        if not isinstance(data, dict):
            problems.add(place, f"a row is a mapping with {', '.join(Row.model_fields)}")
            continue
        row = problems.validate(Row, data, place)
        if row is None:
            continue
        said = Expected(
            row.outcome, row.root, row.basis.value, row.source or ("" if not is_users else file), marked.where(place),
            is_users,
        )  # fmt: skip
        for key in _keys(row):
            if key in found and found[key].where != said.where:
                problems.add(place, f"{', '.join(key)}: {found[key].where} says of it already: {found[key].outcome}")
                break
            found[key] = said
    problems.raise_any()
    return found


def _keys(row: Row) -> Iterator[tuple[str, str, str]]:
    for platform in row.platforms():
        for trigger in row.trigger:
            for release in row.releases():
                yield platform, trigger, str(release)


def expected(cell: Cell, own: Expectations | None = None) -> Expected | None:
    """What is expected of a cell: the user's row, else the documents', else nothing."""
    key = (cell.platform.name, cell.trigger, str(cell.release))
    return (own or {}).get(key) or built_in().get(key)


def require_releases(own: Expectations) -> None:
    """BadInput when a user's rows name no release that exists for their platform."""
    for (platform, trigger, _), said in own.items():
        mine = [BY_VERSION[key[2]] for key in own if key[:2] == (platform, trigger)]
        if not any(release in platforms.load(platform).releases() for release in mine):
            raise BadInput(f"{said.where}: {platform} has none of these releases: nothing would be checked")
