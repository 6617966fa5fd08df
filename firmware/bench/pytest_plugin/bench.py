"""A scenario whose steps come from a test, one at a time: a world, and the report of what was done in it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from firmware.bench import replay, scenario
from firmware.bench.marked_yaml import Marked
from firmware.bench.problems import Problems
from firmware.bench.replay import Outcome, Report
from firmware.bench.scenario import PlannedStep
from firmware.bench.steps.table import STEPS
from firmware.bench.values import printable
from firmware.bench.world import World
from firmware.errors import BadInput, Unmet

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.verdict import Verdict


class Ran(Protocol):
    """What a test has run: its report is shown when it fails, its units are kept."""

    report: Report
    seed: int | None  # before the scenario's own
    is_broken: bool  # ended by an exception of the simulator: what runs it again ends so too

    def script(self) -> str | None:
        """The same as a scenario file; None where it is one."""

    def tell(self, error: AssertionError) -> None:
        """Say of an assertion that failed what a unit showed."""


class _Call(Marked):
    """What is written in a test has the place of the call, whole."""

    def where(self, path: tuple[str | int, ...]) -> str:
        return self.file


class Bench:
    """``head`` is a scenario without its steps, ``where`` what its errors call it."""

    def __init__(self, head: dict[str, Any], where: str, folder: Path) -> None:
        self._head = {**plain(head, folder), "name": printable(Path(head["name"]))}
        self._folder = folder
        try:
            start = scenario.parse(self._written([]), where, folder)
        except BadInput as error:
            raise BadInput(re.sub(rf"(?m)^({re.escape(where)}):\d+:\d+", r"\1", str(error))) from None
        made: list[World] = []

        def make_world(now: int, seed: int) -> World:
            made.append(World(now, seed))
            return made[0]

        self.report = replay.run(start, make_world=make_world)
        self.world = made[0]
        self.seed = None
        self.is_broken = False
        self.judged: Verdict | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.world.units)

    @property
    def done(self) -> int:
        """How many steps were done."""
        return len(self.report.outcomes)

    def do(self, unit: str, step: str, value: object, fields: Mapping[str, Any], where: str | None = None) -> None:
        """One step. Unmet: it does not hold, or the unit refuses it. BadInput: no such step, field or value."""
        __tracebackhide__ = True
        try:
            planned = self._plan(unit, step, value, fields, where or _caller())
            outcome = self._perform(planned)
        except BadInput as error:
            raise BadInput(str(error)) from None  # from here, which pytest does not show
        self.report.outcomes.append(outcome)
        if outcome.objection:
            raise Unmet(f"{step}: {outcome.objection}")

    def _perform(self, planned: PlannedStep) -> Outcome:
        after = len(self.report.events)
        try:
            return replay.perform(self.world, planned, after)
        except BadInput:
            raise
        except BaseException:
            self.is_broken = True
            self.report.outcomes.append(Outcome(planned, after, "the simulator broke"))
            raise

    def _plan(self, unit: str, step: str, value: object, fields: Mapping[str, Any], where: str) -> PlannedStep:
        row = self._row(unit, step, value, fields)
        problems = Problems(_Call(where, None))
        read, of_unit = scenario.read_step(row, self.done, self.report.scenario.units, problems, self._folder)
        problems.raise_any()
        assert read is not None
        assert of_unit is not None
        return PlannedStep(read, of_unit, where, row)

    def _row(self, unit: str, step: str, value: object, fields: Mapping[str, Any]) -> Any:
        """The step as it would be written."""
        told = {name: plain(given, self._folder) for name, given in fields.items() if given is not None}
        if len(self.names) > 1:
            told = {"unit": unit, **told}
        if value is None:
            return {step: told} if told else step
        scalar = STEPS[step].scalar if step in STEPS else None
        single = plain(value, self._folder)
        return {step: {scalar: single, **told} if told and scalar else single}

    def check_cuts(self) -> None:
        """Unmet: a power cut or flash fault was ordered and never came."""
        before = self.done
        steps = tuple(outcome.planned for outcome in self.report.outcomes)
        replay.check_cuts(self.world, replace(self.report.scenario, steps=steps), self.report)
        if self.done > before:
            raise Unmet("; ".join(outcome.objection for outcome in self.report.outcomes[before:]))

    def script(self) -> str:
        """What was done, as a scenario. An expectation that did not hold, and did not end the test, is left out."""
        last = self.done - 1
        return self._written(
            [
                {o.planned.step.name: {**_fields(o.planned), "refusal": o.objection}} if o.objection and n < last else
                o.planned.row
                for n, o in enumerate(self.report.outcomes)
                if not o.objection or n == last or o.planned.step.name != "expect"
            ]
        )  # fmt: skip

    def tell(self, error: AssertionError) -> None:
        text, judged = str(error), self.judged
        if judged is not None and (not text or repr(judged) in text):
            error.add_note("\n".join(judged.details()))

    def _written(self, rows: list[Any]) -> str:
        return yaml.safe_dump({**self._head, "steps": rows}, sort_keys=False, allow_unicode=True, width=110)


def _fields(planned: PlannedStep) -> dict[str, Any]:
    fields = planned.row[planned.step.name] if isinstance(planned.row, dict) else {}
    return fields if isinstance(fields, dict) else {str(planned.step.scalar): fields}


def plain(value: object, folder: Path) -> Any:
    """A value of a test as YAML would hold it; a file has its whole path, wherever the scenario will lie."""
    if isinstance(value, PurePath):
        return str(folder / value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner, folder) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, folder) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise BadInput(f"{value!r} is no value of a scenario: give text, numbers, lists, mappings, or a Path for a file")


def _caller() -> str:
    """The line of the test that called."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].startswith(__package__ or __name__):
        frame = frame.f_back
    return f"{printable(Path(Path(frame.f_code.co_filename).name))}:{frame.f_lineno}"
