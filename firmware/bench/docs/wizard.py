"""The reference of answers files: the wizard's pages with their fields."""

from __future__ import annotations

from firmware.bench.answers import UTILITY
from firmware.bench.docs.markdown import code, document, fenced, table
from firmware.bench.schema import answers
from ignition import pages
from ignition.pages import Field, Kind, Page

_ABOUT = (
    "An answers file is a mapping of pages, each with its fields; what is left out is as in the built-in answers, "
    "which `ipsim ignite PLATFORM --print-answers` prints with comments. The step `ignite` of a scenario takes the "
    "same. For an editor with yaml-language-server (`ipsim schema answers > answers.schema.json`):"
)
_MODELINE = "# yaml-language-server: $schema=answers.schema.json"
_TYPES = {Kind.FLAG: "`true`, `false`", Kind.FILE: "path of a file"}


def draw() -> str:
    parts = [_ABOUT, fenced(_MODELINE, "yaml")]
    for page in (pages.BY_NAME[pages.LOGIN], *pages.ASKED):
        parts += [f"## {page.number}. {page.title} ({page.name})", f"{page.lead} [{_cite(page)}]", _fields(page)]
    parts += [
        f"## Afterwards ({UTILITY})",
        "The Initial Configuration Utility, run when ignition is done; left out, it does not run. `primary`: the "
        "address of the Primary, needed; `system_name`: what the system is called.",
    ]
    return document("Answers to the wizard", *parts)


def _cite(page: Page) -> str:
    return f"{page.basis.value} {page.source}".strip()


def _fields(page: Page) -> str:
    rows = [
        (code(field.name), field.label, _type(field), code(field.sample) if field.sample else "", field.hint)
        for field in page.fields
        if not field.again
    ]
    return table(("field", "label", "type", "built-in answer", "hint"), rows)


def _type(field: Field) -> str:
    if field.kind is Kind.CHOICE:
        return ", ".join(map(code, answers.choices_of(field)))
    return _TYPES.get(field.kind, str(field.kind.value))
