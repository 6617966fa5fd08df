"""Every schema by the name that ``ipsim schema`` takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel

from firmware.bench.schema import answers, outputs, scenarios, units
from firmware.bench.schema.drawing import Schema, definitions, finished, head, reference

# Command with --json -> the model of what it prints, and whether it prints a list of them, or null.
OUTPUTS: dict[str, tuple[type[BaseModel], str]] = {
    "run": (outputs.Run, "list"),
    "sweep": (outputs.Sweep, ""),
    "rules": (outputs.Cell, "list"),
    "show": (units.Unit, ""),
    "inspect": (outputs.Inspection, ""),
    "fsck": (outputs.Damage, "list"),
    "platforms": (outputs.Platform, "list"),
    "doctor": (outputs.Installed, "list"),
    "serve": (outputs.Serving, ""),
    "replay": (outputs.Moment, ""),
    "diff": (outputs.Difference, "null"),
}


def _output(command: str) -> Schema:
    model, form = OUTPUTS[command]
    found = definitions([model])
    own = reference(model.__name__)
    if form == "list":
        own = {"type": "array", "items": own}
    elif form:
        own = {"anyOf": [own, {"type": form}]}
    about = head(command, f"What ipsim {command} --json gives", str(model.__doc__))
    return finished({**about, **own, "$defs": found})


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "scenario": scenarios.draw,
    "answers": answers.draw,
    **{command: partial(_output, command) for command in OUTPUTS},
}
