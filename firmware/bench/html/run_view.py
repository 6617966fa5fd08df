"""Runs of scenarios as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.html import certificate_view, flash_view, states_view, timeline_view
from firmware.bench.html.page import render
from firmware.bench.html.watch import Watched
from firmware.bench.outside import release_of
from firmware.times import show_duration, show_time


def as_html(runs: Sequence[Watched]) -> bytes:
    """One run, or several one after the other."""
    return render("run.html", runs=[_view(number, run) for number, run in enumerate(runs, 1)])


def _view(place: int, run: Watched) -> dict[str, Any]:
    report = run.report
    return {
        "id": f"run-{place}",
        "name": report.scenario.name,
        "about": report.scenario.head.about or "",
        "file": report.scenario.file,
        "passed": report.passed,
        "is_single": len(report.units) == 1,
        "steps_done": len(report.outcomes),
        "events": len(report.events),
        "operations": sum(unit.rail.operations for unit in report.units.values()),
        "lasts": show_duration(run.end - run.begin) if run.end > run.begin else "",
        "failures": [
            {"number": number, "where": outcome.planned.where, "name": outcome.planned.step.name,
             "objection": outcome.objection}
            for number, outcome in enumerate(report.outcomes, 1)
            if outcome.objection
        ],
        "units": [_unit(unit) for unit in report.units.values()],
        "steps": timeline_view.steps(run),
        "diagrams": states_view.diagrams(run),
        "ribbons": timeline_view.ribbons(run),
        "certificates": certificate_view.cards(run),
        "flash": flash_view.view(run),
    }  # fmt: skip


def _unit(unit: Appliance) -> dict[str, Any]:
    reading = unit.clock.read()
    return {
        "name": unit.name,
        "title": unit.platform.title,
        "release": release_of(unit),
        "mac": unit.mac,
        "seed": unit.entropy.seed,
        "state": unit.state,
        "clock": show_time(reading) if reading is not None else "not set",
    }
