"""What a check gave as a JUnit file: a suite a platform, a test case a cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from firmware.bench.rules.check import Result, Status
from firmware.bench.rules.report import failure

# Cells that are neither held nor broken are skipped: they never count as passed.
_SKIPPED = (Status.NOT_OFFERED, Status.ASSUMED)


def as_junit(results: Sequence[Result]) -> bytes:
    root = ElementTree.Element("testsuites")
    for platform, near in groupby(results, lambda result: result.cell.platform.name):
        members = list(near)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"ipsim rules {platform}",
            tests=str(len(members)),
            failures=str(_count(members, Status.FAILED)),
            errors=str(_count(members, Status.BLOCKED)),
            skipped=str(_count(members, *_SKIPPED)),
        )
        for result in members:
            _case(suite, result)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _count(results: list[Result], *wanted: Status) -> int:
    return sum(result.status in wanted for result in results)


def _case(suite: ElementTree.Element, result: Result) -> None:
    cell, said = result.cell, result.expected
    case = ElementTree.SubElement(
        suite, "testcase", classname=f"rules.{cell.platform.name}.{cell.trigger}", name=str(cell.release)
    )
    if result.status in _SKIPPED:
        why = result.why if result.status is Status.NOT_OFFERED else f"no row says what is expected: {result.observed}"
        ElementTree.SubElement(case, "skipped", message=f"{result.status.value}: {why}")
    elif not result.holds:
        kind = "failure" if result.status is Status.FAILED else "error"
        text = failure(result)
        ElementTree.SubElement(case, kind, message=text[0]).text = "\n".join(text)
    if said is not None:
        told = f"{cell.rule.title}: expected {result.wanted}, observed {result.observed} [{said.cite()}; {said.where}]"
        ElementTree.SubElement(case, "system-out").text = told
