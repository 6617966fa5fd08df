"""A sweep's result for people, and for programs: text, JSON, JUnit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from firmware.bench.report import junit_document, xml_text
from firmware.bench.sweep import trails
from firmware.bench.sweep.crashes import FLIPS, LIVE, UNSYNCED
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.live import Strikes
from firmware.bench.sweep.nodes import Fault
from firmware.bench.sweep.places import ALL
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Result
from firmware.bench.timeline import Style, plain
from firmware.device.physics import BY_NAME, Physics


@dataclass(slots=True)
class Swept:
    """What one command has found: by searching crash states, and by letting the flash fail while it works."""

    plan: Plan
    result: Result
    strikes: Strikes = field(default_factory=Strikes)

    @property
    def findings(self) -> list[Finding]:
        return [*self.result.findings, *self.strikes.findings]


def verdict(result: Result) -> str:
    """One line: how far the search came."""
    size = f"{result.states:,} states, {result.transitions:,} transitions"
    if result.closed:
        return f"closed: {size}, any number of cuts"
    cuts = f"{result.cuts} cut{'s' if result.cuts != 1 else ''}"
    return f"open: covered {cuts}, {size}, {result.seconds:.1f} seconds"


def text(swept: Swept, style: Style = plain) -> str:
    """Each finding in two lines, then how far it came, and how fast."""
    result, lines = swept.result, []
    for finding in swept.findings:
        lines.append(style(f"{finding_id(swept.plan, finding)}  {finding.checker}: {finding.text}", "red"))
        lines.append(style(f"  {story(finding)}; needs {needs(finding)}", ""))
    if swept.findings and (options := _options(swept.plan)):
        lines.append(f"to replay one: ipsim sweep {swept.plan.file} {options} --replay ID")
    count = len(swept.findings)
    seconds = result.seconds or 1
    lines.append(verdict(result) + (f" (first cuts: {swept.plan.at})" if swept.plan.at != ALL else ""))
    if result.closed and _beyond(swept.plan):
        lines.append("what has met a fault beyond the budget was started once, and not cut again")
    lines.append(f"{result.states_per_second:,.0f} states/s, {result.transitions / seconds:,.0f} transitions/s")
    if swept.strikes.runs:
        lines.append(f"{swept.strikes.runs:,} runs with flash that fails while it works")
    lines.append(style("no finding", "green") if not count else style(f"{count} finding{'s' * (count > 1)}", "red"))
    return "\n".join(lines)


def _options(plan: Plan) -> str:
    """What an id does not say, and is needed to go its way."""
    told = (("--unit", plan.unit), ("--seed", plan.seed), ("--from", plan.images))
    return " ".join(f"{name} {value}" for name, value in told if value is not None)


def _beyond(plan: Plan) -> bool:
    """Whether some of a search's states are beyond the fault budget: bits flip in files that are kept once, too."""
    return "rot" in plan.faults or any(not BY_NAME[name].in_budget for name in plan.faults)


def story(finding: Finding) -> str:
    """The faults in words, the first first."""
    return ", then ".join(_told(fault) for fault in _faults(finding)) or "without a fault"


def _told(fault: Fault) -> str:
    where = f"operation {fault.operation}" + (f" of step {fault.step}" if fault.step else " of the next start")
    if fault.form in FLIPS:
        return f"bit {fault.lost} of block {fault.operation} flips at rest ({fault.place})"
    if fault.form in LIVE:
        return f"{fault.form.fault} at {where} ({fault.place})"
    if fault.place == "at rest":
        return "a cut at rest"
    if fault.form is UNSYNCED:
        return f"a cut before {where} ({fault.place}), and all that was not yet synced is lost"
    lost = f", the one {fault.lost} before lost" if fault.lost else ""
    return f"a cut {fault.form.moment.value} {where} ({fault.place}{lost})"


def needs(finding: Finding) -> str:
    """The physical fault without which it does not happen, and the guarantee that rules it out."""
    row = physics(finding)
    return f"{row.name}; what would rule it out: {row.guarantee}"


def physics(finding: Finding) -> Physics:
    """Of a trail's faults the last that is more than a cut."""
    names = [fault.physics for fault in _faults(finding)]
    return BY_NAME[next((name for name in reversed(names) if name != "cut"), "cut")]


def finding_id(plan: Plan, finding: Finding) -> str:
    return trails.id_of(plan.name, _faults(finding))


def _faults(finding: Finding) -> tuple[Fault, ...]:
    return finding.trail.faults() if finding.trail else ()


def as_json(swept: Swept) -> str:
    return json.dumps(values(swept), indent=1, ensure_ascii=False) + "\n"


def values(swept: Swept) -> dict[str, Any]:
    """What ``--json`` writes. ``coverage``: how many different (operation, moment, way of the recovery, checker that
    objected) were seen."""
    plan, result = swept.plan, swept.result
    return {
        "scenario": plan.file,
        "faults": list(plan.faults),
        "at": plan.at,
        "merged": plan.merged,
        "closed": result.closed,
        "interrupted": result.interrupted,
        "states": result.states,
        "transitions": result.transitions,
        "cuts": result.cuts,
        "seconds": round(result.seconds, 3),
        "states_per_second": round(result.states_per_second),
        "live_runs": swept.strikes.runs,
        "coverage": len(result.covered),
        "findings": [_finding(plan, finding) for finding in swept.findings],
    }


def _finding(plan: Plan, finding: Finding) -> dict[str, Any]:
    row = physics(finding)
    return {
        "id": finding_id(plan, finding),
        "checker": finding.checker,
        "text": finding.text,
        "within_budget": finding.within,
        "needs": row.name,
        "guarantee": row.guarantee,
        "faults": [
            {"step": fault.step, "operation": fault.operation, "fault": fault.physics,
             "moment": fault.form.moment.value, "torn": fault.form.torn.value, "lost": fault.lost, "place": fault.place}
            for fault in _faults(finding)
        ],
    }  # fmt: skip


def as_junit(swept: Swept) -> bytes:
    """One test case for what was covered, which fails with the findings."""
    result, findings = swept.result, swept.findings
    suite = ElementTree.Element("testsuite", name="ipsim sweep", tests=str(len(findings) or 1),
                                failures=str(len(findings)), errors="0", skipped="0")  # fmt: skip
    for finding in findings:
        case = _case(suite, swept.plan, finding_id(swept.plan, finding), 0.0)
        failure = ElementTree.SubElement(case, "failure", message=xml_text(f"{finding.checker}: {finding.text}"))
        failure.text = xml_text(f"{story(finding)}\nneeds {needs(finding)}")
    if not findings:
        case = _case(suite, swept.plan, f"power cuts: {', '.join(swept.plan.faults)}", result.seconds)
        ElementTree.SubElement(case, "system-out").text = verdict(result)
    return junit_document(suite)


def _case(suite: ElementTree.Element, plan: Plan, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=xml_text(plan.file), name=xml_text(name), time=f"{seconds:.3f}"
    )
