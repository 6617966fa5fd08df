"""A recording as the scenario that does the same."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from firmware.bench import marked_yaml, scenario
from firmware.bench.problems import Problems
from firmware.bench.recording.reading import Recording, Step
from firmware.bench.scenario import Head, Scenario
from firmware.errors import BadInput, Unmet

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class _Dumper(yaml.SafeDumper):
    """Quotes whatever YAML 1.1 or 1.2 might take for something else than a text."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if _WORD.fullmatch(value) else '"')


_Dumper.add_representer(str, _text)


def _dump(value: Any) -> str:
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def text_of(recording: Recording) -> str:
    """The scenario as YAML, with the seed that counts. What no step does, and what needs a file, is a comment in it."""
    return _of_units_that_were_there(recording) + (
        _of_session(recording) if recording.head.live else _with_seed(recording)
    )


def _of_units_that_were_there(recording: Recording) -> str:
    if not recording.head.continues:
        return ""
    return f"# goes on with what is in {recording.beginning}: run it with --state and a copy of that\n"


def _of_session(recording: Recording) -> str:
    rows: list[str] = []
    last: Any = None
    for step in recording.steps[1:]:
        row = _row(step)
        if _is_wait(row) and _is_wait(last):
            rows.pop()
        last = row
        rows += _shown(step, row)
    return "\n".join([*_head(_data(recording)), "steps:", *(rows or ["  []"])]) + "\n"


def lacking(recording: Recording) -> list[str]:
    """What the scenario does not do by itself, a line each."""
    found = []
    for step in recording.steps[1:]:
        if step.line.lacks:
            found.append(f"step {step.number}: {step.line.lacks}")
        for name, digest in step.line.files.items():
            if not _is_there(recording.folder / name, digest):
                found.append(
                    f"step {step.number}: {name}, the file with the SHA-256 {digest}, is not beside the recording"
                )
    return found


def read_of(recording: Recording, steps: int) -> Scenario:
    """The scenario, read, up to and with a step, one step each. BadInput when a file that it names is another now;
    Unmet when something was done that no step does."""
    if recording.head.live:
        return _read_live(recording, steps)
    folder = Path(recording.head.file).parent
    for name, digest in recording.head.files.items():
        if not _is_there(folder / name, digest):
            raise BadInput(f"{recording.file}:1: {folder / name} is not the file that was there when this was recorded")
    read = scenario.parse(recording.head.scenario, recording.head.file, folder)
    return Scenario(read.name, read.file, read.head, read.units, read.steps[:steps])


def _read_live(recording: Recording, steps: int) -> Scenario:
    wanted = recording.steps[1 : steps + 1]
    for problem in lacking(Recording(recording.file, recording.folder, recording.head, recording.steps[: steps + 1])):
        raise Unmet(f"{recording.file}: {problem}")
    lines = [
        *_head(_data(recording)),
        "steps:",
        *(f"  - {_flow(_row(step))}" for step in wanted),
    ]
    text = "\n".join(lines if wanted else [*lines, "  []"])
    return scenario.parse(text, f"{recording.file}, as a scenario", recording.folder)


def _is_there(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _row(step: Step) -> Any:
    """A step of a live session; one that the unit refused says so."""
    if step.line.row is None or step.after is None or not step.after.refused:
        return step.line.row
    (name, fields), = step.line.row.items()  # fmt: skip
    return {name: {**(fields or {}), "refusal": step.after.refused}}


def _is_wait(row: Any) -> bool:
    return isinstance(row, dict) and "wait" in row


def _shown(step: Step, row: Any) -> list[str]:
    if row is None:
        return [f"  # not repeated: {step.line.lacks}"]
    notes = [f"  # put here as {name}: the file with the SHA-256 {digest}" for name, digest in step.line.files.items()]
    return [*notes, f"  - {_flow(row)}"]


def _flow(row: dict[str, Any]) -> str:
    (name, fields), = row.items()  # fmt: skip
    return name if fields is None else f"{name}: {_dump(fields)}"


def _head(data: dict[str, Any]) -> list[str]:
    return [f"{name}: {_dump(value)}" for name, value in data.items() if name != "steps"]


def _data(recording: Recording) -> dict[str, Any]:
    """What the scenario says, but for the steps of a live session. BadInput: it is none."""
    marked = marked_yaml.load(recording.head.scenario, f"{recording.file}:1: scenario")
    data: Any = marked.data
    if not isinstance(data, dict):
        raise marked.error((), "a scenario is a mapping")
    problems = Problems(marked)
    problems.validate(Head, data | {"steps": data.get("steps", [])}, ())
    problems.raise_any()
    return data


def _with_seed(recording: Recording) -> str:
    """As it was written, unless another seed was given."""
    if recording.head.seed is None:
        return recording.head.scenario
    data = _data(recording)
    for spec in [data["unit"]] if "unit" in data else data.get("units", {}).values():
        spec.pop("seed", None)
    rows = [f"  - {_flow(row) if isinstance(row, dict) and len(row) == 1 else _dump(row)}" for row in data["steps"]]
    return "\n".join([*_head(data | {"seed": recording.head.seed}), "steps:", *(rows or ["  []"])]) + "\n"
