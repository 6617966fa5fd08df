"""The matrix of rules as one HTML file: an overview, every line with its basis, and what does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firmware.bench.html.certificate_view import cited, differences
from firmware.bench.html.page import render
from firmware.bench.rules import report
from firmware.bench.rules.check import NOTHING, Result, Status
from firmware.bench.rules.grouping import EVERY, Line, grouped

_SHORT = {"not offered": "–"}


def as_html(results: Sequence[Result]) -> bytes:
    """As ``ipsim rules`` shows it, and with what was observed when it was checked."""
    is_check = any(result.was_tried for result in results)
    lines = grouped(results, lambda result: result.cell, lambda result: (result.status, *report.row(result)))
    platforms = sorted({result.cell.platform.name for result in results})
    rows: dict[str, dict[str, Any]] = {}
    for line in lines:
        row = rows.setdefault(line.trigger, {"title": line.title, "name": line.trigger, "cells": {}, "lines": []})
        row["lines"].append(_line(line))
        for name in line.platforms:
            row["cells"].setdefault(name, []).append(_said(line))
    failed = [result for result in results if not result.holds]
    return render(
        "rules.html",
        is_check=is_check,
        counts=report.counts(results) if is_check else f"{len(results)} cells",
        failed=len(failed),
        platforms=platforms,
        triggers=list(rows.values()),
        failures=[_failure(result) for result in failed],
    )


def _said(line: Line[Result]) -> dict[str, Any]:
    first = line.members[0]
    expected, _, basis = report.row(first)
    return {
        "outcome": _SHORT.get(expected, expected),
        "releases": "" if line.releases == EVERY else line.releases,
        "basis": cited(basis)["basis"],
        "status": first.status.value,
        "holds": first.holds,
    }


def _line(line: Line[Result]) -> dict[str, Any]:
    first = line.members[0]
    expected, observed, basis = report.row(first)
    return {
        "who": line.who,
        "releases": line.releases,
        "expected": expected,
        "observed": "" if observed == NOTHING else observed,
        **cited(basis),
        "status": first.status.value,
        "holds": first.holds,
        "is_offered": first.status is not Status.NOT_OFFERED,
    }


def _failure(result: Result) -> dict[str, Any]:
    before, after = result.before.certificate, result.after.certificate
    return {
        "cell": str(result.cell),
        "text": "\n".join(report.failure(result)),
        "differences": differences(before, after) if before and after else [],
    }
