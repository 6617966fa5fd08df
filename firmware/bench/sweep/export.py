"""A finding for others to run: as a scenario file that needs no sweep, and as a test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from firmware.bench import marked_yaml, scenario
from firmware.bench import replay as scenarios
from firmware.bench.replay import Report
from firmware.bench.sweep import observing, trails
from firmware.bench.sweep.blame import ends_well
from firmware.bench.sweep.crashes import AT_REST, BY_CODE, FLIPS, UNSYNCED
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Fault
from firmware.bench.sweep.plan import DEFAULT_FAULTS, Plan
from firmware.bench.sweep.replaying import cut_row, flip_rows
from firmware.bench.sweep.shrink import written
from firmware.errors import BadInput, IpsimError, PowerCut
from firmware.times import show_time

_AFTER_AN_EXCEPTION = ("state", "generation", "fit")  # what is then expected, whatever a good run shows
_OFF_FOR = "5s"  # a power cycle's, where it says nothing else
_LOOPING = "never comes to rest"

Rows = list[Any]


def as_scenario(plan: Plan, finding: Finding) -> str:
    """A scenario file that shows a finding by itself: its last ``expect`` fails because of it, and holds where the same
    way ends well. Where no field of ``expect`` can tell, its ``about`` says so.

    Time goes on in it while a start is cut short, so a nested trail's later starts come a little later than in the
    search. Files that a step names are still looked for beside it.
    """
    faults = _faults(finding)
    if any(fault.form is UNSYNCED for fault in faults):
        raise BadInput("no step says that all that was not synced is lost; a test can (--write-test)")
    writer = _Writer(plan, plan.job(), faults)
    bad, failure = writer.outcome(writer.rows())
    expected = writer.expectations(bad, failure)
    rows = writer.rows()
    if expected:
        rows.append({"expect": {**expected, **writer.of_unit}})
    trail_id = trails.id_of(plan.name, writer.faults)
    about = f"{trail_id} – {finding.checker}: {finding.text}. "
    if failure:
        about += f"The run stops there: {failure}."
    elif expected:
        about += "The last expect fails because of it."
    else:
        about += "No field of expect can tell, so this file passes all the same; ipsim sweep --replay shows it."
    return writer.written(rows, about)


def as_pytest(plan: Plan, finding: Finding) -> str:
    """A test that holds once the failure is gone: the scenario as a text, and its trail."""
    faults = _faults(finding)
    name = "".join(letter if letter.isalnum() else "_" for letter in finding.checker)
    text = plan.text.strip("\n").replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'''"""A power cut, and then – {finding.checker}: {finding.text}."""

from firmware.bench.sweep import trails
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.replaying import replay

SCENARIO = """\\
{text}
"""


def test_{name}() -> None:
    plan = Plan({json.dumps(plan.file)}, SCENARIO, {json.dumps(plan.folder)}{_options(plan)})
    came_of_it = replay(plan, trails.read("{trails.id_of(plan.name, faults)}")[1])
    assert came_of_it.finding is None, came_of_it.text()
'''


def _options(plan: Plan) -> str:
    """What a plan says that most do not."""
    told = [
        (name, json.dumps(value)) for name, value in (("seed", plan.seed), ("unit", plan.unit)) if value is not None
    ]
    if plan.faults != DEFAULT_FAULTS:
        told.append(("faults", f"({''.join(f'{json.dumps(fault)}, ' for fault in plan.faults)})"))
    return "".join(f", {name}={value}" for name, value in told)


def _faults(finding: Finding) -> tuple[Fault, ...]:
    if finding.trail is None:
        raise BadInput("a finding without a power cut: the scenario itself shows it")
    return finding.trail.faults()


@dataclass(frozen=True)
class _Writer:
    """The steps of one trail, in variants."""

    plan: Plan
    job: Job
    faults: tuple[Fault, ...]

    @property
    def head(self) -> dict[str, Any]:
        data: dict[str, Any] = marked_yaml.load(self.plan.text, self.plan.file).data
        return data

    @property
    def of_unit(self) -> dict[str, str]:
        """What each step says where there are several units."""
        return {"unit": self.job.recording.name} if "units" in self.head else {}

    def rows(self, faults: Sequence[Fault] = ()) -> Rows:
        """The scenario up to the cut, with it, and each start after it."""
        first, *rest = faults or self.faults
        steps = list(self.head["steps"])
        if first.form is AT_REST:
            rows = [*steps, cut_row(first, **self.of_unit)]
        else:
            before = _without_a_cut_to_come(steps[: first.step - 1])
            rows = [*before, *self._struck(steps[first.step - 1], cut_row(first, **self.of_unit))]
        rows.append(self._wait())
        for number, fault in enumerate(rest, 1):
            if fault.form in FLIPS:
                node = self.job.follow((first, *rest[: number - 1]))
                rows += flip_rows(self.job.scenes[node.scene].flash, fault, **self.of_unit)
                continue
            cut = cut_row(fault, **self.of_unit)
            rows += [self._power_on(), cut] if fault.form is AT_REST else [cut, self._power_on(), self._pulled()]
        return rows + self._last_start()

    def without_a_fault(self) -> Rows:
        """The same, but that power is cut at rest."""
        first, *rest = self.faults
        rows = [*self.head["steps"][: first.step], self._pulled(), self._wait()]
        return rows + [row for _ in rest for row in (self._power_on(), self._pulled())] + self._last_start()

    def _pulled(self) -> Any:
        return cut_row(Fault(0, 0, AT_REST), **self.of_unit)

    def _power_on(self, **more: str) -> Any:
        return {"power_on": {**more, **self.of_unit} or None}

    def _wait(self) -> Any:
        node = self.job.follow(self.faults[:1])
        return {"wait": {"at": show_time(self.job.scenes[node.scene].moment), **self.of_unit}}

    def _last_start(self) -> Rows:
        """A start that never ends is looked at after a day."""
        run = self.job.start(self.job.follow(self.faults))
        if not run.failure.startswith(_LOOPING):
            return [self._power_on()]
        first = next(mark.event.data["state"] for mark in run.marks if mark.event.kind == "state")
        return [self._power_on(until=first), {"wait": {"for": "1d", **self.of_unit}}]

    def _struck(self, row: Any, cut: Any) -> Rows:
        """A step in which power is cut. Where it does not come, since a firmware that is right does something else
        there, it is pulled then: the file holds all the same."""
        name, fields = (row, None) if isinstance(row, str) else next(iter(row.items()))
        told = fields if isinstance(fields, dict) else {}
        if name == "wait_for":  # what never comes now
            return [cut, {"wait": {"at": show_time(self.job.recording.end), **self.of_unit}}, self._pulled()]
        if name == "power_on":
            told = {key: value for key, value in told.items() if key != "until"}
            return [cut, {name: told or None}, self._pulled()]
        if name == "power_cycle":  # pulling the plug calls off a cut that was ordered before
            off_for = told.get("off_for", fields if isinstance(fields, str) else _OFF_FOR)
            wait = {"wait": {"for": off_for, **self.of_unit}}
            return [self._pulled(), wait, cut, self._power_on(), self._pulled()]
        return [cut, row, self._pulled()]

    def written(self, rows: Rows, about: str) -> str:
        head = {key: value for key, value in self.head.items() if key not in ("name", "about", "steps")}
        if self.plan.seed is not None:  # it goes before every other
            head["seed"] = self.plan.seed
            specs = [head["unit"]] if "unit" in head else list(head["units"].values())
            for spec in specs:
                spec.pop("seed", None)
        return written({"name": f"{self.head['name']} – power is cut", "about": about, **head, "steps": rows})

    def outcome(self, rows: Rows) -> tuple[observing.Seen | None, str]:
        """What a run shows at its end; or why it never came to that."""
        text = self.written(rows, "")
        try:
            read = scenario.parse(text, self.plan.file, Path(self.plan.folder))
            report = scenarios.run(read)
            return observing.seen(report.units[self.job.recording.name]), _objection(report)
        except IpsimError:
            raise
        except (Exception, PowerCut) as error:  # the firmware's own, which is the finding
            return None, f"{type(error).__name__}: {error}"

    def expectations(self, bad: observing.Seen | None, failure: str) -> dict[str, Any]:
        """What to expect at the end."""
        good = []
        for rows in self._good():
            found, objection = self.outcome(rows)
            if found is not None and not objection:
                good.append(found)
        if bad is None or failure:
            return {name: good[0][name] for name in _AFTER_AN_EXCEPTION if good and name in good[0]}
        return observing.telling(bad, good)

    def _good(self) -> list[Rows]:
        """The ways nearest to the trail that end well: its last cut before or after the operation, or no fault."""
        *before, last = self.faults
        found = []
        if last.form in FLIPS:
            found.append(self.rows(before))
        elif last.form is not AT_REST:
            for code in "ba":
                faults = (*before, replace(last, form=BY_CODE[code], lost=0))
                try:
                    well = faults != self.faults and ends_well(self.job, self.job.follow(faults))
                except BadInput:  # such a cut leaves what another one does
                    well = False
                if well:
                    found.append(self.rows(faults))
        return [*found, self.without_a_fault()]


def _objection(report: Report) -> str:
    return next((outcome.objection for outcome in report.outcomes if outcome.objection), "")


def _without_a_cut_to_come(rows: Rows) -> Rows:
    """A cut that the scenario itself has ordered just before comes no more."""
    kept, waiting = [], True
    for row in reversed(rows):
        name, fields = (row, None) if isinstance(row, str) else next(iter(row.items()))
        if waiting and name == "cut_power" and isinstance(fields, dict) and fields.keys() & {"state", "operation"}:
            continue
        waiting = waiting and name == "expect"
        kept.append(row)
    return kept[::-1]
