"""Every document by the name of its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from firmware.bench.docs import bring_ups, certificates, commands, flash, formats, manual, trust, wizard
from firmware.bench.docs import scenarios as scenario_reference
from firmware.bench.docs.markdown import document, table
from firmware.bench.schema.table import SCHEMAS


@dataclass(frozen=True, slots=True)
class Document:
    """One file of docs/: what is in it, and how it is drawn."""

    about: str
    draw: Callable[[], str]


def _schema(name: str) -> str:
    return json.dumps(SCHEMAS[name](), ensure_ascii=False, indent=1) + "\n"


def _contents() -> str:
    drawn = [(f"[{name}]({name})", found.about) for name, found in DOCUMENTS.items() if name != "README.md"]
    written = [(f"[{name}]({name})", about) for name, about in _BY_HAND]
    return document("Documents", table(("file", "what is in it"), [*written, *drawn]))


_BY_HAND = (
    ("add-a-platform.md", "how to add a hardware target, step by step"),
    ("zoo.md", "firmwares with a bug each, and how each is caught"),
    ("sources.md", "the documents that modelled values come from, by their keys"),
    ("development.md", "the rooms, the walls, the checks, what each dependency is for"),
)

DOCUMENTS: dict[str, Document] = {
    "README.md": Document("this list", _contents),
    "cli.md": Document("every command, option, example and exit code; completion in the shell", commands.draw),
    "ipsim.1": Document("the same as a man page", manual.draw),
    "scenarios.md": Document(
        "every step of a scenario and every field, with editors that know them", scenario_reference.draw
    ),
    "answers.md": Document("every page of the wizard and every field of an answers file", wizard.draw),
    "json.md": Document("what `--json` gives, command by command", formats.draw),
    "bring-ups.md": Document("boot and ignition as state diagrams", bring_ups.draw),
    "certificates.md": Document("what each kind of certificate holds", certificates.draw_profiles),
    "releases.md": Document("what the releases differ in", certificates.draw_releases),
    "policies.md": Document("what a platform does with its certificate, and when", certificates.draw_policies),
    "rules.md": Document("what the documents expect to become of a certificate", certificates.draw_rules),
    "phones.md": Document("what each kind of phone checks, and where its trust comes from", trust.draw_phones),
    "flash.md": Document("faults of flash, data sheets, and the checkers of a sweep", flash.draw),
    "scenario.schema.json": Document("the JSON Schema of scenario files", partial(_schema, "scenario")),
    "answers.schema.json": Document("the JSON Schema of answers files", partial(_schema, "answers")),
}
