"""A Report as text, JSON and JUnit."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

from firmware.bench.replay import Report
from firmware.bench.summary import summarise
from firmware.bench.timeline import Style, Timeline, plain


def text(report: Report, style: Style = plain) -> str:
    """The timeline, each step before what it brought about; then what failed."""
    timeline = Timeline(style, name_units=len(report.units) > 1)
    steps: dict[int, list[str]] = {outcome.after: [] for outcome in report.outcomes}
    for outcome in report.outcomes:
        mark, colour = ("x", "red") if outcome.objection else (">", "cyan")
        steps[outcome.after].append(style(f"{mark} {outcome.planned.text}", colour))
    lines: list[str] = []
    for index, event in enumerate(report.events):
        lines += steps.get(index, [])
        lines += timeline.lines(event)
    lines += steps.get(len(report.events), [])
    return "\n".join([*lines, *verdict(report, style)])


def verdict(report: Report, style: Style = plain) -> list[str]:
    """One line for a run that holds; one more for each step that does not."""
    scenario = report.scenario
    if report.passed:
        return [style(f"passed  {scenario.file}: {scenario.name} ({len(report.outcomes)} steps)", "green")]
    failed = [outcome for outcome in report.outcomes if outcome.objection]
    return [
        style(f"FAILED  {scenario.file}: {scenario.name}", "red"),
        *(style(f"  {o.planned.where}: {o.planned.step.name}: {o.objection}", "red") for o in failed),
    ]


def as_json(reports: list[Report]) -> str:
    return json.dumps([_plain(report) for report in reports], ensure_ascii=False, indent=1) + "\n"


def _plain(report: Report) -> dict[str, Any]:
    return {
        "scenario": report.scenario.name,
        "file": report.scenario.file,
        "passed": report.passed,
        "steps": [
            {"where": o.planned.where, "unit": o.planned.unit, "step": o.planned.text, "objection": o.objection or None}
            for o in report.outcomes
        ],
        "units": {name: summarise(unit) for name, unit in report.units.items()},
        "journal": [json.loads(event.line()) for event in report.events],
    }


def as_junit(reports: list[tuple[Report, float]]) -> bytes:
    """One test case a scenario, with the wall time it took in seconds."""
    failed = sum(not report.passed for report, _ in reports)
    suite = ElementTree.Element(
        "testsuite", name="ipsim", tests=str(len(reports)), failures=str(failed), errors="0", skipped="0"
    )
    for report, seconds in reports:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=xml_text(report.scenario.file),
            name=xml_text(report.scenario.name),
            time=f"{seconds:.3f}",
        )
        if not report.passed:
            objections = verdict(report)[1:]
            failure = ElementTree.SubElement(case, "failure", message=xml_text(objections[0].strip()))
            failure.text = xml_text("\n".join(objections))
            ElementTree.SubElement(case, "system-out").text = xml_text(text(report))
    return junit_document(suite)


def junit_document(suite: ElementTree.Element) -> bytes:
    """A file of one suite."""
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def xml_text(value: str) -> str:
    """XML 1.0 has no place for most control characters, surrogates and two more (production 2, Char)."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", value)
