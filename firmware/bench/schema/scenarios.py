"""The schema of scenario files: what any unit could be told. What only some platforms can, ``ipsim run`` says."""

from __future__ import annotations

from collections.abc import Callable

from firmware.bench import marked_yaml
from firmware.bench.expectations import Expect
from firmware.bench.scenario import Head
from firmware.bench.schema import answers
from firmware.bench.schema.drawing import Schema, definitions, finished, head, reference
from firmware.bench.steps.base import Step
from firmware.bench.steps.ignition import Fill, Ignite
from firmware.bench.steps.table import STEPS

# Their fields are the wizard's, whatever their classes hold.
_OF_THE_WIZARD: dict[type[Step], Callable[[], Schema]] = {Ignite: answers.all_pages, Fill: answers.all_fields}


def draw() -> Schema:
    drawn = definitions([Head, *STEPS.values()])
    whole = drawn.pop("Head")
    steps = {name: _step(step, drawn) for name, step in STEPS.items()}
    for step in STEPS.values():
        drawn[step.name] = drawn.pop(step.__name__)
    bare = [name for name, step in STEPS.items() if not _needs_fields(step, drawn[name])]
    whole["properties"]["steps"]["items"] = reference("step")
    drawn["step"] = {
        "title": "Steps",
        "description": "A step: its name, with its fields below it.",
        "anyOf": [
            {"enum": bare},
            {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False,
             "properties": steps},
        ],
    }  # fmt: skip
    about = "What happens to simulated units, step by step, and what is expected of them."
    either = [{"required": ["unit"]}, {"required": ["units"]}]
    del whole["description"]
    return finished({**head("scenario", "A scenario of ipsim", about), **whole, "oneOf": either, "$defs": drawn})


def _step(step: type[Step], drawn: dict[str, Schema]) -> Schema:
    """What stands behind a step's name: its fields, the one of the short form, or nothing."""
    if step in _OF_THE_WIZARD:
        own = drawn[step.__name__]
        drawn[step.__name__] = {**_OF_THE_WIZARD[step](), "description": own["description"]}
    fields = drawn[step.__name__]
    if step is Expect:  # what is left out is not looked at, whatever its default
        for field in fields["properties"].values():
            field.pop("default", None)
    if not (step.does or step.settles):
        fields["properties"].pop("at_once", None)
    fields["examples"] = [example_of(step)]
    ways = [reference(step.name)]
    if step.scalar is not None:
        ways.append(fields["properties"][step.as_written(step.scalar)])
    if step.one_of:
        fields["oneOf"] = [{"required": [step.as_written(name)]} for name in step.one_of]
    if not _needs_fields(step, fields):
        ways.append({"type": "null"})
    about = {"description": fields["description"]}
    return {**ways[0], **about} if len(ways) == 1 else {"anyOf": ways, **about}


def _needs_fields(step: type[Step], fields: Schema) -> bool:
    return bool(step.one_of or fields.get("required"))


def example_of(step: type[Step]) -> object:
    """The fields of a step's example."""
    written = marked_yaml.load(step.example, step.name).data
    return None if isinstance(written, str) else written[step.name]
