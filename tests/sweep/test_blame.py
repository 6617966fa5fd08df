"""The moment after which a failure was inevitable."""

from __future__ import annotations

import pytest

from firmware.bench.sweep import trails
from firmware.bench.sweep.blame import blame, ends_well
from firmware.bench.sweep.crashes import BY_CODE
from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.nodes import Fault
from tests.sweep import bugs
from tests.sweep.ways import TWO_ROOTS, findings, plan_of, text_plan


def test_a_torn_record_is_to_be_blamed_on_the_cut_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.no_crc(monkeypatch)
    plan = plan_of("first_start")
    found = blame(plan.job(), findings(plan)[0])
    assert (found.step, found.operation, found.place) == (4, 17, "program nvm security")
    assert (found.state, found.cut) == ("certificate.generating", 1)
    assert found.text == (
        "inevitable only by the cut inside operation 17 of step 4 (program nvm security) in certificate.generating: a "
        "start from the moment before, after operation 16 of step 4 (program nvm security), ends well, and so does one "
        "from the operation done whole"
    )


def test_an_erase_long_before_the_cut_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.both_erased(monkeypatch)
    plan = text_plan(TWO_ROOTS)
    job = plan.job()
    last = [finding for finding in findings(plan) if finding.trail and finding.trail.fault.step == 7][-1]
    found = blame(job, last)
    assert last.trail is not None
    assert found.operation < last.trail.fault.operation
    assert found.place == "erase nvm security"
    assert f"inevitable from operation {found.operation} of step 7 (erase nvm security) in running on" in found.text
    # The claim itself: from there on every start fails, and the one before does not.
    after = BY_CODE["a"]
    assert not ends_well(job, job.follow([Fault(7, found.operation, after)]))
    assert not ends_well(job, job.follow([Fault(7, last.trail.fault.operation - 1, after)]))
    assert ends_well(job, job.follow([Fault(7, found.operation, BY_CODE["b"])]))


def test_a_recovery_is_to_blame_when_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.mends_by_moving(monkeypatch)
    plan = plan_of("first_start")
    found = blame(plan.job(), findings(plan, depth=2)[0])
    assert (found.step, found.operation, found.cut) == (0, 1, 2)
    assert found.state == "security.loading"
    assert "operation 1 of the start after cut 1 (erase nvm security) in security.loading" in found.text
    assert "after the cut inside operation 34 of step 4" in found.text


def test_what_was_always_wrong_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("first_start")
    job = plan.job()
    monkeypatch.setattr("firmware.bench.sweep.blame.ends_well", lambda _job, _node: False)
    node = job.follow(trails.read(f"{plan.name}-2.5b")[1])
    found = blame(job, Finding("comes up", "never", node.trail, within=True))
    assert found.operation == 0
    assert found.text.startswith("inevitable from the beginning")
