"""A recording read back, every line checked. What is wrong with it is one line: file, line, what."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from firmware.bench import values
from firmware.bench.recording.lines import (
    FORMAT,
    KINDS,
    AfterLine,
    EndLine,
    EventLine,
    HeadLine,
    Line,
    PartLine,
    StepLine,
)
from firmware.bench.recording.writing import SEAL
from firmware.errors import BadInput
from firmware.journal import Event

Flash = dict[str, dict[str, PartLine | None]]


@dataclass
class Step:
    """One step: ``first`` event of it, and one past its ``last``, counted over the recording; ``after`` is missing when
    whoever recorded was killed in it. Step 0 is what was there before the first."""

    line: StepLine
    first: int
    last: int
    after: AfterLine | None = None

    @property
    def number(self) -> int:
        return self.line.step


@dataclass
class Recording:
    """``events`` are those that a run of the steps meets again; ``outside`` the others."""

    file: str
    folder: Path
    head: HeadLine
    steps: list[Step] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    outside: list[Event] = field(default_factory=list)
    end: EndLine | None = None

    @property
    def beginning(self) -> Path:
        """The state directory as it was, when the units were there already."""
        return beginning_of(self.folder / Path(self.file).name)

    def step_of(self, index: int) -> Step:
        """The step that an event belongs to."""
        return self.steps[bisect_left([step.last for step in self.steps], index + 1)]

    def flash_after(self, number: int) -> Flash:
        """Every part after a step, each with the digests of all its blocks that are not erased."""
        found: Flash = {}
        for step in self.steps[: number + 1]:
            for unit, parts in (step.after.flash if step.after else {}).items():
                held = found.setdefault(unit, {})
                for name, part in parts.items():
                    held[name] = _onto(held.get(name), part)
        return found


def beginning_of(path: Path) -> Path:
    """Beside a recording, the state directory of units that were there before it."""
    return path.with_name(path.name + ".begin")


def _onto(before: PartLine | None, part: PartLine | None) -> PartLine | None:
    if part is None or before is None:
        return part
    merged = {number: text for number, text in {**before.blocks, **part.blocks}.items() if text}
    return part.model_copy(update={"blocks": merged})


def load(path: Path) -> Recording:
    """Read a recording. BadInput: it is none, is damaged, or of another version."""
    name = values.printable(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror}") from None
    return parse(data, name, path.parent)


def parse(data: bytes, name: str, folder: Path = Path()) -> Recording:
    """As :func:`load`, of what is at hand."""
    reader = _Reader(name, folder)
    for number, raw in enumerate(data.splitlines(keepends=True), 1):
        try:
            reader.take(raw)
        except ValidationError as error:
            row = error.errors()[0]
            place = ".".join(map(str, row["loc"]))
            raise BadInput(f"{name}:{number}: {place}: {row['msg']}; {_DAMAGED}") from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            what = f"it has no {error}" if isinstance(error, KeyError) else error
            raise BadInput(f"{name}:{number}: {what}; {_DAMAGED}") from None
    if reader.recording is None:
        raise BadInput(f"{name}:1: is empty; {_DAMAGED}")
    return reader.recording


_DAMAGED = "this is no recording of ipsim, or a damaged one"


class _Reader:
    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.recording: Recording | None = None
        self._digest = hashlib.sha256()

    def take(self, raw: bytes) -> None:
        """One line more. ValueError and its kin: it cannot be."""
        if not raw.endswith(b"\n"):
            raise ValueError("the line is cut short")
        line = _line(json.loads(raw), is_first=self.recording is None)
        if self.recording is None:
            assert isinstance(line, HeadLine)
            before = Step(StepLine(step=0, unit="", text="before the first step"), 0, 0)
            self.recording = Recording(self.name, self.folder, line, [before])
        else:
            self._add(self.recording, line)
        if isinstance(line, EndLine):
            self._check(raw)
        self._digest.update(raw)

    def _check(self, raw: bytes) -> None:
        """The last line, by the digest that it ends with."""
        before = raw.rpartition(SEAL)[0]
        self._digest.update(before)
        if raw != before + SEAL + self._digest.hexdigest().encode() + b'"}\n':
            raise ValueError("something was changed since it was written, by its digest")

    def _add(self, recording: Recording, line: Line) -> None:
        if recording.end is not None:
            raise ValueError("something stands after the end")
        last = recording.steps[-1]
        match line:
            case StepLine() if last.after is not None and line.step == last.number + 1:
                recording.steps.append(Step(line, last.last, last.last))
            case EventLine(outside=True):
                recording.outside.append(line.read())
            case EventLine() if last.after is None and last.number:
                recording.events.append(line.read())
                last.last += 1
            case AfterLine() if last.after is None and line.after == last.number:
                last.after = line
            case EndLine() if last.after is not None:
                recording.end = line
            case _:
                raise ValueError("the line does not follow from the one before it")


def _line(data: Any, *, is_first: bool) -> Line:
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    kind = next((kind for kind in KINDS if kind in data), "")
    if (kind == "recording") != is_first or not kind:
        raise ValueError("not what a recording begins with" if is_first else "not a line of a recording")
    if is_first and data[kind] != FORMAT:
        found = values.brief(data[kind])
        raise ValueError(f"recording format {found}, of another version: this ipsim reads {FORMAT}")
    return KINDS[kind].model_validate(data)
