"""The lines of a recording, a JSON object each: a head, then steps, what happened in each, and what each left on flash.

A line of an event stands after that of its step; ``outside``: it came of a peer on the network of a live session, which
a run of the steps does not meet again. The last line holds the digest of all the others.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from firmware.bench import values
from firmware.journal import Event

FORMAT: Final = 1
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Short = Annotated[str, Field(pattern="^[0-9a-f]{16}$|^$")]
Time = Annotated[int, BeforeValidator(values.moment)]


Row = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitLine(Line):
    """What a unit was made of; ``seed`` is the one that counts."""

    platform: str
    release: str
    mac: str
    seed: int


class HeadLine(Line):
    """``scenario`` is the text of the file; of a live session, all but its steps. ``seed`` was given instead of the
    scenario's own. ``files``: those that the scenario names, by their path from its folder. ``continues``: the units
    were there already; how they were is kept beside the recording."""

    recording: Literal[1]
    program: str
    live: bool
    file: str
    seed: int | None
    scenario: str
    units: dict[str, UnitLine]
    files: dict[str, Digest]
    continues: bool = False


class StepLine(Line):
    """``row``: of a live session, the step as a scenario has it; None, with ``lacks``: what no step does.

    ``files``: those that were sent with it, which are not in the recording."""

    step: int
    unit: str
    text: str
    row: Row | None = None
    lacks: str = ""
    files: dict[str, Digest] = Field(default_factory=dict)


class EventLine(Line):
    event: dict[str, Any]
    outside: bool = False

    def read(self) -> Event:
        data = dict(self.event)
        time, source, kind = values.moment(data.pop("time")), data.pop("source"), data.pop("kind")
        if not isinstance(source, str) or not isinstance(kind, str):
            raise ValueError("an event has a source and a kind")
        if kind == "state" and not all(isinstance(data.get(name), str) for name in ("state", "about")):
            raise ValueError("the event names no state")
        return Event(time, source, kind, data)


class PartLine(Line):
    """``blocks``: those that have changed since the line before, by number; an empty digest: erased."""

    sha256: Digest
    operations: int
    blocks: dict[int, Short]


class AfterLine(Line):
    """What a step left: parts by unit and name, where they have changed; None: a card that is gone.

    ``refused``: why the unit did not do it; ``objection``: why the scenario failed there."""

    after: int
    time: Time
    flash: dict[str, dict[str, PartLine | None]] = Field(default_factory=dict)
    refused: str = ""
    objection: str = ""


class EndLine(Line):
    """``places``: what lies on which blocks in the end, by unit, part and name."""

    end: Literal["passed", "failed"]
    places: dict[str, dict[str, dict[str, list[int]]]]
    sha256: Digest


KINDS: dict[str, type[Line]] = {
    "recording": HeadLine,
    "step": StepLine,
    "event": EventLine,
    "after": AfterLine,
    "end": EndLine,
}
