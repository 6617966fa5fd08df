"""A sweep's result for people, and for programs: text, JSON, JUnit."""

from __future__ import annotations

import json
from typing import Any

from firmware.bench.sweep import trails
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Result


def verdict(result: Result) -> str:
    """One line: how far the search came."""
    size = f"{result.states:,} states, {result.transitions:,} transitions"
    if result.closed:
        return f"closed: {size}, any number of cuts"
    return f"open: covered {result.cuts} cut{'s' if result.cuts != 1 else ''}, {size}, {result.seconds:.1f} seconds"


def text(plan: Plan, result: Result) -> str:
    lines = [f"{finding_id(plan, finding)}  {line}" for finding in result.findings for line in describe(finding)]
    rate = f"{result.states_per_second:,.0f} states/s, {result.transitions / (result.seconds or 1):,.0f} transitions/s"
    count = len(result.findings)
    lines += [verdict(result), rate, "no finding" if not count else f"{count} finding{'s' if count > 1 else ''}"]
    return "\n".join(lines)


def describe(finding: Finding) -> list[str]:
    where = [f"{fault.form.moment.value} {fault.place}" for fault in (finding.trail.faults() if finding.trail else ())]
    return [f"{finding.checker}: {finding.text} (cut {', then '.join(where)})"]


def finding_id(plan: Plan, finding: Finding) -> str:
    return trails.id_of(plan.name, finding.trail.faults() if finding.trail else ())


def as_json(plan: Plan, result: Result) -> str:
    return json.dumps(values(plan, result), indent=1, ensure_ascii=False) + "\n"


def values(plan: Plan, result: Result) -> dict[str, Any]:
    """What ``--json`` writes."""
    return {
        "scenario": plan.file,
        "faults": list(plan.faults),
        "merged": plan.merged,
        "closed": result.closed,
        "states": result.states,
        "transitions": result.transitions,
        "cuts": result.cuts,
        "seconds": round(result.seconds, 3),
        "states_per_second": round(result.states_per_second),
        "coverage": len(result.covered),
        "findings": [
            {
                "id": finding_id(plan, finding),
                "checker": finding.checker,
                "text": finding.text,
                "within_budget": finding.within,
                "cuts": [{"step": fault.step, "operation": fault.operation, "moment": fault.form.moment.value,
                          "torn": fault.form.torn.value, "place": fault.place}
                         for fault in (finding.trail.faults() if finding.trail else ())],
            }
            for finding in result.findings
        ],
    }  # fmt: skip
