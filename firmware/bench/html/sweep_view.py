"""A sweep's result as one HTML file: how far it came, what it found, and how much of the crash space it saw."""

from __future__ import annotations

from collections import Counter
from typing import Any

from firmware.bench.html.page import render
from firmware.bench.sweep import report
from firmware.bench.sweep.checkers import CHECKERS
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.report import Swept
from firmware.bench.sweep.search import Covered
from firmware.device.physics import BY_NAME


def as_html(swept: Swept) -> bytes:
    values, result = report.values(swept), swept.result
    objected = Counter(finding.checker for finding in swept.findings)
    return render(
        "sweep.html",
        verdict=report.verdict(result),
        numbers=_numbers(values),
        file=values["scenario"],
        is_good=not swept.findings,
        findings=[
            shown | _finding(swept.plan, finding)
            for shown, finding in zip(values["findings"], swept.findings, strict=True)
        ],
        faults=[BY_NAME[name] for name in values["faults"]],
        checkers=[(checker, objected[checker.name]) for checker in CHECKERS],
        **_coverage(result.covered),
    )


def _numbers(values: dict[str, Any]) -> list[tuple[str, str]]:
    seconds = values["seconds"] or 1
    return [
        ("states", f"{values['states']:,}"),
        ("transitions", f"{values['transitions']:,}"),
        ("states a second", f"{values['states_per_second']:,}"),
        ("transitions a second", f"{values['transitions'] / seconds:,.0f}"),
        ("cuts", "any number" if values["closed"] else str(values["cuts"])),
        ("first cuts", values["at"]),
        ("runs with failing flash", f"{values['live_runs']:,}"),
        ("crash space seen", f"{values['coverage']:,}"),
    ]


def _finding(plan: Plan, finding: Finding) -> dict[str, str]:
    about = next((checker.about for checker in CHECKERS if checker.name == finding.checker), "")
    return {
        "story": report.story(finding),
        "about": about,
        "replay": f"ipsim sweep --replay {report.finding_id(plan, finding)}",
    }


def _coverage(covered: set[Covered]) -> dict[str, Any]:
    """Ways of the recovery get numbers; a row an operation and way, with the moments of the cut that led to it."""
    ways = sorted({way for _, _, way, _ in covered})
    always = set[str].intersection(*(set(way.split()) for way in ways)) if ways else set()
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for operation, moment, way, checker in sorted(covered):
        cell = rows.setdefault((operation, way), {})
        cell[moment] = checker or cell.get(moment, "")
    moments = [moment for moment in ("before", "inside", "after") if any(moment in cell for cell in rows.values())]
    return {
        "ways": [
            " · ".join(word for word in way.split() if word not in always) or "nothing in particular" for way in ways
        ],
        "always": sorted(always),
        "moments": moments,
        "rows": [
            {"operation": operation or "none", "way": ways.index(way) + 1, "cells": [cell.get(one) for one in moments]}
            for (operation, way), cell in sorted(rows.items())
        ],
    }
