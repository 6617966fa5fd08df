"""Everything that is wrong with a scenario file, gathered while it is read: a line each, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from firmware.bench.fields import Known
from firmware.bench.marked_yaml import Marked
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.values import brief, one_of
from firmware.errors import BadInput

M = TypeVar("M", bound=BaseModel)


class Problems:
    """``add`` and ``validate`` gather; ``raise_any`` reports."""

    def __init__(self, marked: Marked) -> None:
        self.marked = marked
        self._found: list[tuple[tuple[int, int], str]] = []

    def add(self, place: Place, text: str) -> None:
        self._found.append((self.marked.place(place), f"{self.marked.where(place)}: {text}"))

    def add_strange(self, place: Place, value: str, allowed: Iterable[str], what: str) -> None:
        """``value`` is none of those allowed."""
        try:
            one_of(value, tuple(allowed), what)
        except ValueError as error:
            self.add(place, str(error))

    def raise_any(self) -> None:
        """BadInput with every line, if there is one."""
        if self._found:
            raise BadInput("\n".join(dict.fromkeys(line for _, line in sorted(self._found))))

    def validate(self, model: type[M], data: Any, place: Place, known: Known | None = None) -> M | None:
        """The data as a model, or None and a problem for every value that does not fit."""
        try:
            return model.model_validate(data, context=known)
        except ValidationError as error:
            rows = error.errors(include_url=False)
        # A union objects once for each of its members: one value, one problem.
        for location, same in groupby(rows, lambda row: _written(data, row)):
            self._explain(model, place, location, list(same))
        return None

    def _explain(self, model: type[BaseModel], place: Place, location: Place, rows: list[Any]) -> None:
        """pydantic's words for one value in ours."""
        row = next((row for row in rows if row["type"] == "value_error"), rows[0])
        at, last = (*place, *location), next((part for part in reversed(location) if isinstance(part, str)), "")
        if row["type"] == "extra_forbidden":
            self.add_strange(at, str(last), names_of(_model_at(model, location[:-1])), "field")
        elif row["type"] == "missing":
            self.add(at, f"the field {row['loc'][-1]!r} is needed")
        elif row["type"] == "value_error":
            self.add(at, str(row["ctx"]["error"]))
        else:
            wanted = ", or ".join(dict.fromkeys(row["msg"][0].lower() + row["msg"][1:] for row in rows))
            self.add(at, f"{last}: {wanted}, not {brief(row['input'])}" if last else wanted)


def names_of(model: type[BaseModel]) -> list[str]:
    """The fields as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _written(data: Any, row: Any) -> Place:
    """Where in the data a row of pydantic's is, without the members of unions and the names of checks."""
    found: list[str | int] = []
    for part in row["loc"]:
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int)):
            found.append(part)
            data = data[part]
    return tuple(found)


def _model_at(model: type[BaseModel], location: Place) -> type[BaseModel]:
    """The model that a location inside another one is validated by."""
    for name in location:
        field = next((f for key, f in model.model_fields.items() if name in (key, f.alias)), None)
        for candidate in _parts(field.annotation) if field else ():
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model


def _parts(annotation: Any) -> list[Any]:
    """An annotation and all that it is made of."""
    inner = [part for argument in getattr(annotation, "__args__", ()) for part in _parts(argument)]
    return [annotation, *inner]
