"""A finding as a scenario file that fails by itself, and as a test."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firmware.bench import replay, scenario
from firmware.bench.sweep.export import _Writer, as_pytest, as_scenario
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.shrink import shrunk
from tests.bench.support import Ipsim
from tests.sweep import bugs
from tests.sweep.ways import SCENARIOS, TWO_ROOTS, findings, plan_of, text_plan

STORIES = (
    "ucm_in_host", "ignite_cut_in_apply", "security_default", "branch_under_system_manager", "delete_certificate",
    "power_removed",
)  # fmt: skip
CASES = [
    (bugs.no_crc, plan_of("first_start"), 1, "{generation: 1}"),
    (bugs.mends_by_moving, plan_of("first_start"), 2, "{generation: 1}"),
    (bugs.both_erased, text_plan(TWO_ROOTS), 1, "names: [ipoffice-00e00705918e.avaya.com, 192.168.42.1"),
]


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(("bug", "plan", "depth", "tells"), CASES)
def test_the_file_fails_with_the_bug_and_passes_without(
    bug: bugs.Plant, plan: Plan, depth: int, tells: str, small: bool, tmp_path: Path, ipsim: Ipsim,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context() as planted:
        bug(planted)
        finding = findings(plan, depth)[0]
        if small:
            plan, finding = shrunk(plan, finding)
        file = tmp_path / "failure.yaml"
        file.write_text(as_scenario(plan, finding))
        assert tells in file.read_text().splitlines()[-1]
        assert "The last expect fails because of it." in file.read_text()
        assert ipsim("run", str(file)).code == 1
    assert ipsim("run", str(file)).code == 0


def test_a_start_that_raises_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("first_start")
    with monkeypatch.context() as planted:
        bugs.stumbles(planted)
        text = as_scenario(plan, findings(plan)[0])
        assert "The run stops there: ValueError: the record firmware makes no sense." in text
        with pytest.raises(ValueError, match="makes no sense"):
            replay.run(scenario.parse(text, "x.yaml"))
    assert replay.run(scenario.parse(text, "x.yaml")).passed


def test_what_no_expectation_can_tell_is_said_to_be_so() -> None:
    plan = plan_of("first_start")
    node = next(node for nodes, _ in plan.job().roots(set()) for node in nodes)
    text = as_scenario(plan, Finding("settled", "a start after a finished one writes again", node.trail, within=True))
    assert "No field of expect can tell, so this file passes all the same" in text
    assert replay.run(scenario.parse(text, "x.yaml")).passed


@pytest.mark.parametrize("story", STORIES)
def test_any_trail_of_any_story_can_be_written(story: str) -> None:
    """Several units, cuts that the scenario has of its own, steps that go on for long: the file runs to its end."""
    plan = plan_of(story)
    job = plan.job()
    nodes = [node for found, _ in job.roots(set()) for node in found]
    for node in random.Random(story).sample(nodes, 5):  # noqa: S311 - a choice of cuts is no secret
        assert node.trail is not None
        writer = _Writer(plan, job, node.trail.faults())
        shown, objection = writer.outcome(writer.rows())
        assert objection == ""
        assert shown is not None


def test_the_file_is_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.no_crc(monkeypatch)
    plan = plan_of("first_start")
    finding = findings(plan)[0]
    assert as_scenario(plan, finding) == as_scenario(plan, finding)


def test_the_test_fails_with_the_bug_and_passes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("first_start")
    with monkeypatch.context() as planted:
        bugs.no_crc(planted)
        source = as_pytest(*shrunk(plan, findings(plan)[0]))
        test = _test_in(source)
        with pytest.raises(AssertionError, match="once: an identity more than once"):
            test()
    test()
    body = source[source.index("def test_once") :]
    assert len(body.splitlines()) < 10
    checked = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "120", "-"]
    assert subprocess.run(checked, input=source, text=True, capture_output=True, check=False).returncode == 0


def test_the_test_names_what_a_plan_says_besides() -> None:
    plan = Plan("a.yaml", (SCENARIOS / "first_start.yaml").read_text(), "tests/scenarios", 5, "unit", ("cut",))
    trail = next(node.trail for nodes, _ in plan.job().roots(set()) for node in nodes)
    source = as_pytest(plan, Finding("old or new", "x", trail, within=True))
    assert 'Plan("a.yaml", SCENARIO, "tests/scenarios", seed=5, unit="unit", faults=("cut", ))' in source
    assert "def test_old_or_new() -> None:" in source
    _test_in(source)()


def _test_in(source: str) -> Any:
    room: dict[str, Any] = {}
    exec(compile(source, "written.py", "exec"), room)  # noqa: S102  # it is what we have written
    return next(value for name, value in room.items() if name.startswith("test_"))
