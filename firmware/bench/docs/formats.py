"""The reference of what ``--json`` gives, from the schemas."""

from __future__ import annotations

from firmware.bench.docs.fields import fields, heading
from firmware.bench.docs.markdown import document, link
from firmware.bench.schema.drawing import Schema
from firmware.bench.schema.table import OUTPUTS, SCHEMAS

_ABOUT = (
    "Each section is a command's; `ipsim schema COMMAND` prints the JSON Schema (draft 2020-12), and the tests hold "
    "real outputs to it. A field that is marked as needed is always there; where there is nothing to tell, it is null. "
    "Times are ISO 8601 in UTC, fingerprints SHA-256."
)


def draw() -> str:
    schemas = {command: SCHEMAS[command]() for command in OUTPUTS}
    parts = [_ABOUT]
    known: dict[str, Schema] = {}
    for command, schema in schemas.items():
        model, form = OUTPUTS[command]
        name = model.__name__
        known |= schema["$defs"]
        what = {"list": "A list of", "null": "Null, or", "": "One"}[form]
        parts += [f"## ipsim {command}", f"{what} {link(name, heading(name, known[name]))}. {schema['description']}"]
    parts.append("## Objects")
    for name, definition in sorted(known.items()):
        about = definition.get("description", "")
        more = " More fields are possible." if definition.get("additionalProperties") is True else ""
        parts += [f"### {heading(name, definition)}", about + more, fields(definition, known)]
    return document("JSON", *parts)
