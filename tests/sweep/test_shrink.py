"""A failure made small: fewest cuts, simplest forms, fewest steps – and still the same failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.bench import marked_yaml
from firmware.bench.sweep.crashes import BY_CODE
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.nodes import Fault, Trail
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.shrink import shrunk, simplest, written
from tests.sweep import bugs
from tests.sweep.ways import TWO_ROOTS, findings, plan_of, text_plan

NAMES = ("expect", "set_address", "third_party_root", "trust", "power_cycle")


def _codes(finding: Finding) -> str:
    assert finding.trail is not None
    return "".join(fault.form.code for fault in finding.trail.faults())


def _steps(plan: Plan) -> list[object]:
    steps: list[object] = marked_yaml.load(plan.text, plan.file).data["steps"]
    return steps


@pytest.mark.parametrize(
    ("bug", "depth", "codes"), [(bugs.no_crc, 1, "h"), (bugs.stumbles, 1, "h"), (bugs.mends_by_moving, 2, "hh")]
)
def test_a_first_start_needs_no_more_than_a_start(
    bug: bugs.Plant, depth: int, codes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    plan = replace(plan_of("first_start"), faults=("cut", "torn_program", "half_erase"))
    finding = findings(plan, depth)[-1]
    small, found = shrunk(plan, finding)
    assert _steps(small) == ["power_on"]
    assert "release: '12.3'" in small.text  # the head is kept
    assert found.checker == finding.checker
    assert _codes(found) == codes
    assert found in findings(small, depth)  # a sweep of the small scenario finds it
    assert shrunk(plan, finding) == (small, found)


def test_steps_that_matter_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.both_erased(monkeypatch)
    plan = text_plan(TWO_ROOTS)
    small, found = shrunk(plan, findings(plan)[-1])
    assert [name for name in NAMES if name in small.text] == ["set_address", "third_party_root", "trust"]
    assert len(_steps(small)) == 4
    assert found.trail is not None
    assert found.trail.fault.step == 4


def test_cuts_that_add_nothing_go(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.no_crc(monkeypatch)
    plan = plan_of("first_start")
    finding = findings(plan)[0]
    assert finding.trail is not None
    # Power is cut early, nothing comes of that; then, in the start after it, where the bug is.
    early = Trail(None, Fault(2, 3, BY_CODE["a"]))
    job = plan.job()
    nested = [
        found
        for child in job.expand(job.follow(early.faults()), set(), deeper=True).children
        if (found := job.expand(child, set(), deeper=False).finding)
    ]
    assert nested
    assert _codes(nested[0]) == "ah"
    assert simplest(plan, nested[0]) == finding


def test_a_torn_erase_is_told_by_the_simplest_form_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.both_erased(monkeypatch)
    plan = text_plan(TWO_ROOTS)
    hardest = max(findings(plan), key=lambda finding: "bahonlr".index(_codes(finding)))
    assert _codes(hardest) in "on"
    assert _codes(simplest(plan, hardest)) == "a"  # before an operation is after the one before it: one state


def test_a_scenario_is_written_as_it_is_read() -> None:
    data = {
        "name": "A: tricky # name", "seed": 7, "unit": {"platform": "ip500v2", "mac": "00e007000001", "release": "9.1"},
        "steps": ["power_on", {"expect": {"state": "off", "names": [], "fit": True}}, {"wait": "1d"},
                  {"put_file": {"text": "two\nlines", "path": "a/b"}}, {"cut_power": None}],
    }  # fmt: skip
    read = marked_yaml.load(written(data), "x").data
    assert read == {**data, "steps": [*data["steps"][:-1], "cut_power"]}  # type: ignore[index]
