"""Scenarios that nobody wrote parse, run, and end with a unit that is on; beyond the budget nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import platforms
from firmware.bench import replay, scenario
from firmware.bench.pytest_plugin import platforms as names_of
from firmware.bench.strategies import answers, faults, scenarios
from firmware.errors import BadInput

SERVERS = names_of(wizard=True)


def ran(text: str) -> replay.Report:
    return replay.run(scenario.parse(text, "generated.yaml"))


CUT_BETWEEN_TWO_ADDRESSES = """
name: found
unit: {platform: ip500v2}
steps:
  - power_on
  - cut_power: {operation: 2, moment: after}
  - set_address: {lan1: 192.168.7.40/24, lan2: dhcp}
  - power_on
"""


@settings(max_examples=25)
@given(scenarios())
@example(CUT_BETWEEN_TWO_ADDRESSES)
def test_within_the_budget_every_step_can_be_done_and_the_unit_comes_up(text: str) -> None:
    report = ran(text)
    assert report.passed
    assert report.units["unit"].state == "running"


@settings(max_examples=25)
@given(scenarios(beyond=True))
def test_beyond_it_nothing_breaks(text: str) -> None:
    report = ran(text)
    failures = [outcome.objection for outcome in report.outcomes if outcome.objection]
    assert all("never came" in failure for failure in failures)


@settings(max_examples=20)
@given(scenarios("ip500v2", release="6.2", most=2))
def test_of_one_platform_and_release(text: str) -> None:
    head = scenario.parse(text, "generated.yaml").head
    assert head.unit is not None
    assert (head.unit.platform, head.unit.release) == ("ip500v2", "6.2")
    assert ran(text).passed


@settings(max_examples=25)
@given(st.sampled_from(platforms.names()).flatmap(lambda name: st.tuples(st.just(name), faults(name, beyond=True))))
def test_faults_are_steps(found: tuple[str, Any]) -> None:
    name, row = found
    head = {"name": "one fault", "unit": {"platform": name}, "steps": [row]}
    assert len(scenario.parse(yaml.safe_dump(head), "fault.yaml").steps) == 1


@settings(max_examples=30)
@given(st.sampled_from(SERVERS).flatmap(lambda name: st.tuples(st.just(name), answers(name))))
def test_answers_are_taken_by_every_page(found: tuple[str, dict[str, Any]]) -> None:
    name, given_answers = found
    rows = [{"ignite": given_answers}, {"expect": {"state": "running", "identity": "generated"}}]
    assert ran(yaml.safe_dump({"name": "any answers", "unit": {"platform": name}, "steps": rows})).passed


def test_what_there_is_none_of_is_refused() -> None:
    with pytest.raises(BadInput, match="an IP500 V2 has no wizard"):
        answers("ip500v2")
    with pytest.raises(BadInput, match="did you mean 'primary'"):
        scenarios("primery")
    with pytest.raises(BadInput, match=r"unknown release of a Server Edition Primary '6\.2'"):
        scenarios("primary", release="6.2")
