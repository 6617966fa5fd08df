"""How the values of a scenario are written: what JSON Schema and the reference say of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from firmware.bench import values

Limits = Mapping[str, Any]
# Not "title": pydantic takes that from the keys and values of a mapping.
KIND = "x-kind"
KINDS: dict[str, Limits | Callable[[], Limits]] = {}  # title -> what a schema says of it


@dataclass(frozen=True, eq=False)
class Written:
    """Metadata of a field: its kind of value. ``limits`` are in the words of JSON Schema."""

    title: str
    limits: Limits | Callable[[], Limits]

    def __post_init__(self) -> None:
        KINDS[self.title] = self.limits

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {KIND: self.title, "type": "string"}


def text(title: str, about: str, example: str | int, pattern: str | None = None, *, numbers: bool = False) -> Written:
    """A kind of text. ``numbers``: what looks like a number may be written without quotes."""
    limits = {"description": about, "type": ["string", "number"] if numbers else "string", "examples": [example]}
    return Written(title, limits | ({"pattern": pattern} if pattern else {"minLength": 1}))


@dataclass(frozen=True, eq=False)
class OneOf:
    """Metadata of a field: one of the names that are known where it stands; a schema has those of every platform."""

    title: str
    allowed: Callable[[Any], Iterable[str]]

    def __post_init__(self) -> None:
        KINDS[self.title] = self._limits

    def _limits(self) -> Limits:
        from firmware.bench.fields import everything_known

        names = dict.fromkeys(name for known in everything_known() for name in self.allowed(known))
        return {"type": "string", "enum": list(names)} if names else {"type": "string"}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {KIND: self.title, "type": "string"}

    def _check(self, value: str, info: ValidationInfo) -> str:
        return values.one_of(value, tuple(self.allowed(info.context)), self.title) if info.context else value
