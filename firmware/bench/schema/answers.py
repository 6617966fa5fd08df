"""The schema of answers files, from the wizard's pages: what any kind of server could be asked."""

from __future__ import annotations

from collections.abc import Iterator

import platforms
from firmware.bench.answers import UTILITY, server_of
from firmware.bench.schema.drawing import Schema, finished, head
from firmware.bench.written import KIND
from ignition import pages, wizard
from ignition.pages import Field, Kind, Page, Server

_TEXT: Schema = {"type": ["string", "number", "null"]}
_OF_KIND: dict[Kind, Schema] = {
    Kind.FLAG: {"enum": [True, False, "yes", "no"]},
    Kind.FILE: {"type": "string"},
}
_UNIT: Schema = {"type": "string", "description": "which unit, where there are several"}
_UTILITY: Schema = {
    "type": "object",
    "description": "Afterwards, the Initial Configuration Utility; left out, it does not run.",
    "properties": {
        "primary": {KIND: "address", "description": "the address of the Primary"},
        "system_name": {KIND: "line", "description": "what the system is called"},
    },
    "required": ["primary"],
    "additionalProperties": False,
}


def draw() -> Schema:
    about = (
        "What to answer the wizard of a Linux server; what is left out is as in ipsim ignite PLATFORM --print-answers."
    )
    login = {pages.LOGIN: _page(pages.BY_NAME[pages.LOGIN])}
    return finished({**head("answers", "Answers to the wizard", about), **_object({**login, **_asked()})})


def all_pages() -> Schema:
    """Every page that is asked for, with its fields."""
    return _object({"unit": _UNIT, **_asked()})


def _asked() -> dict[str, Schema]:
    return {**{page.name: _page(page) for page in pages.ASKED}, UTILITY: _UTILITY}


def all_fields() -> Schema:
    """The fields of all pages, as ``fill`` takes them."""
    browser = {"type": "string", "description": "which browser, where there are several"}
    fields = {field.name: _field(field) for page in pages.PAGES for field in page.fields}
    return _object({"unit": _UNIT, "browser": browser, **fields})


def servers() -> tuple[Server, ...]:
    """Every kind of server at every release."""
    found = [platforms.load(name) for name in platforms.names()]
    return tuple(
        server_of(platform, release)
        for platform in found
        if wizard.has_wizard(platform)
        for release in platform.releases()
    )


def choices_of(field: Field) -> Iterator[str]:
    """Every value that a choice has anywhere, each once."""
    yield from dict.fromkeys(value for server in servers() for value, _ in field.choices(server))


def _page(page: Page) -> Schema:
    fields = {field.name: _field(field) for field in page.fields if not field.again}
    return {**_object(fields), "description": f"{page.title}. {page.lead}"}


def _field(field: Field) -> Schema:
    about = f"{field.label}. {field.hint}".strip()
    if field.kind is Kind.CHOICE:
        return {"enum": list(choices_of(field)), "description": about}
    return {**_OF_KIND.get(field.kind, _TEXT), "description": about}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}
