"""The reference of scenario files: the head, every step, every kind of value; from the schema."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.bench.docs.fields import fields, heading, kind
from firmware.bench.docs.markdown import code, document, fenced, link, prose, table
from firmware.bench.schema import scenarios
from firmware.bench.schema.drawing import Schema
from firmware.bench.steps.table import STEPS

_EDITORS = (
    "An editor with yaml-language-server – VS Code with its YAML extension, Neovim, Emacs, Helix, … – completes and "
    "checks a scenario while it is written, once the file's first line names the schema (`ipsim schema > "
    "scenario.schema.json`; in this project it is docs/scenario.schema.json, and a path is relative to the file):"
)
_MODELINE = "# yaml-language-server: $schema=scenario.schema.json"
_SCHEMA = (
    "The schema has the steps of all platforms. What a unit's platform and release do not offer, `ipsim run` refuses "
    "with file, line and column, before anything is run."
)
_OF_EVERY_STEP = ("unit", "refusal", "at_once")


def draw() -> str:
    schema = scenarios.draw()
    known = schema["$defs"]
    inner = [name for name in known if name not in STEPS and "properties" in known[name] and "title" not in known[name]]
    kinds = [name for name in known if name not in STEPS and name != "step" and name not in inner]
    parts = [
        schema["description"] + " A file is YAML 1.2.",
        "## In an editor", _EDITORS, fenced(_MODELINE, "yaml"), _SCHEMA,
        "## The head", fields(schema, known) + "\n\nEither `unit` or `units` is given.",
    ]  # fmt: skip
    for name in inner:
        parts += [f"### {heading(name, known[name])}", known[name].get("description", ""), fields(known[name], known)]
    parts += [
        "## Steps",
        "A step is its name alone, its name with its fields, or its name with the one value of its short form. Every "
        "step has `unit`, which is needed where a scenario has several, and `refusal`: a text in why the unit refuses "
        "it, without which the step fails. Where time passes until the units rest, `at_once: true` goes on with the "
        "next step meanwhile.",
        table(("step", "does"), [(link(name, name), known[name]["description"]) for name in STEPS]),
    ]
    for name in STEPS:
        parts += [f"### {name}", *_step(name, known)]
    parts += ["## Values", "Kinds of values that several fields have."]
    for name in kinds:
        parts += [f"### {heading(name, known[name])}", *_kind(known[name])]
    return document("Scenarios", *parts)


def _step(name: str, known: dict[str, Schema]) -> Iterator[str]:
    step, schema = STEPS[name], known[name]
    yield prose(schema["description"])
    yield fenced(f"- {step.example}", "yaml")
    if step.scalar is not None:
        yield f"Short form: `{name}:` with the value of `{step.as_written(step.scalar)}`."
    if step.one_of:
        yield f"One of {', '.join(code(step.as_written(field)) for field in step.one_of)} is given."
    own = {field: value for field, value in schema["properties"].items() if field not in _OF_EVERY_STEP}
    if own:
        yield fields({**schema, "properties": own}, known)


def _kind(definition: Schema) -> Iterator[str]:
    if about := definition.get("description"):
        yield f"{about[:1].upper()}{about[1:].rstrip('.')}."
    if "enum" in definition:
        texts = dict.fromkeys(str(value) for value in definition["enum"])
        yield f"One of: {', '.join(map(code, texts))}."
    elif "description" not in definition:
        yield kind(definition, {}).capitalize() + "."
    if "pattern" in definition:
        yield f"Pattern: {code(definition['pattern'])}."
    if examples := definition.get("examples"):
        yield f"Example: {code(examples[0])}."
