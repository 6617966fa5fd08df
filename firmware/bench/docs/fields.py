"""The fields of a schema's object as rows: type, default, allowed values, meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from firmware.bench.docs.markdown import code, link, table
from firmware.bench.schema.drawing import Schema

_FEW = 8  # values that are named where the field is


def fields(schema: Schema, known: dict[str, Schema], page: str = "") -> str:
    """``known`` are the definitions; their headings are on ``page``."""
    required = schema.get("required", ())
    rows = [
        (code(name), "yes" if name in required else "", kind(field, known, page), _default(field), _about(field, known))
        for name, field in schema["properties"].items()
    ]
    return table(("field", "needed", "type", "default", "meaning"), rows)


def kind(field: Schema, known: dict[str, Schema], page: str = "") -> str:
    """What may stand there, in words."""
    return ", or ".join(dict.fromkeys(_kinds(field, known, page)))


def _kinds(field: Schema, known: dict[str, Schema], page: str) -> Iterator[str]:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        yield from _referred(name, known[name], page)
    elif "anyOf" in field:
        for member in field["anyOf"]:
            if member.get("type") != "null":
                yield from _kinds(member, known, page)
    elif "enum" in field or "const" in field:
        yield _values(field.get("enum", [field.get("const")]))
    elif field.get("type") == "array":
        yield f"list of: {kind(field.get('items', {}), known, page) or 'anything'}"
    elif field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        keys = kind(field.get("propertyNames", {"type": "string"}), known, page)
        yield f"mapping: {keys} → {kind(field['additionalProperties'], known, page)}"
    else:
        yield _plain(field)


def _referred(name: str, definition: Schema, page: str) -> Iterator[str]:
    values = definition.get("enum", ())
    if values and len(values) <= _FEW:
        yield _values(values)
    else:
        yield link(str(definition.get("title", name)), heading(name, definition), page)


def heading(name: str, definition: Schema) -> str:
    """Of a definition's own section."""
    return str(definition.get("title") or (f"{name} (object)" if "properties" in definition else name))


def _values(values: Any) -> str:
    return ", ".join(dict.fromkeys(code(str(value).lower() if isinstance(value, bool) else value) for value in values))


def _plain(field: Schema) -> str:
    types = field.get("type", "anything")
    words = [types] if isinstance(types, str) else [one for one in types if one != "null"]
    found = " or ".join({"string": "text", "object": "mapping", "boolean": "`true`, `false`", "integer": "whole number"}
                        .get(word, word) for word in words)  # fmt: skip
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None:
        found += f" from {low}" + (f" to {high}" if high is not None else "")
    return found


def _default(field: Schema) -> str:
    if "default" not in field:
        return ""
    value = field["default"]
    return code(str(value).lower() if isinstance(value, bool) else value)


def _about(field: Schema, known: dict[str, Schema]) -> str:
    if "description" in field:
        return str(field["description"])
    return str(known[field["$ref"].rpartition("/")[2]].get("description", "")) if "$ref" in field else ""
