"""From pydantic's models to a schema: the kinds of values become definitions that fields refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from firmware.bench.written import KIND, KINDS
from firmware.times import show_duration, show_time

Schema = dict[str, Any]
_ROLE = re.compile(r":\w+:(?=`)")  # of a docstring's cross-reference
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SHOWN: dict[str, Callable[[Any], str]] = {
    "duration": show_duration,
    "signed duration": show_duration,
    "time": show_time,
}


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        """A default as it would be written; of what is left out or made up of several, none."""
        drawn: Schema = self.generate_inner(schema["schema"])
        default = getattr(schema.get("default"), "value", schema.get("default"))
        if default in (None, "") or not isinstance(default, str | int):
            return drawn
        show = _SHOWN.get(str(drawn.get(KIND)))
        return {**drawn, "default": show(default) if show else default}


def head(name: str, title: str, about: str) -> Schema:
    return {"$schema": DIALECT, "$id": f"urn:ipsim:{name}", "title": title, "description": about}


def reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def definitions(models: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """Every model by its class's name, with all that they are made of."""
    _, drawn = models_json_schema([(model, "validation") for model in models], schema_generator=_Generator)
    found: dict[str, Schema] = {name: _tidied(schema) for name, schema in drawn["$defs"].items()}
    return found


def finished(schema: Schema) -> Schema:
    """The same with every kind of value that is in it among its definitions, and no definition in vain."""
    kinds: dict[str, Schema] = {}
    drawn: Schema = _referring(schema, kinds)
    known = {**drawn.pop("$defs", {}), **kinds}
    used: dict[str, Schema] = {}
    names = list(_referred(drawn))
    while names:
        if (name := names.pop()) not in used:
            used[name] = known[name]
            names += _referred(known[name])
    return drawn | ({"$defs": dict(sorted(used.items()))} if used else {})


def _referred(node: Any) -> Iterator[str]:
    """The definitions that a schema refers to."""
    if isinstance(node, dict) and isinstance(target := node.get("$ref"), str):
        yield target.rpartition("/")[2]
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _referred(inner)


def _tidied(node: Any) -> Any:
    """Without the names of classes, with texts in the words of Markdown."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _tidied(value) for key, value in node.items()}
    if isinstance(about := found.get("description"), str):
        found["description"] = " ".join(_ROLE.sub("", about).replace("``", "`").split())
    if isinstance(found.get("title"), str):
        del found["title"]
    return found


def _referring(node: Any, kinds: dict[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_referring(item, kinds) for item in node]
    if not isinstance(node, dict):
        return node
    if title := node.get(KIND):
        name = title.replace(" ", "-")
        if name not in kinds:
            limits = KINDS[title]
            kinds[name] = {"title": title, **(limits() if callable(limits) else limits)}
        return {**reference(name), **{key: value for key, value in node.items() if key not in (KIND, "type")}}
    return {key: _referring(value, kinds) for key, value in node.items()}
