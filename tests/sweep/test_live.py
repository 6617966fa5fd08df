"""Flash that fails while it works: beyond the budget, so nothing wrong may come of it, whatever is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.bench.sweep import live, report, trails
from firmware.bench.sweep.crashes import LIVE
from firmware.bench.sweep.job import Job
from firmware.device.faults import Defect
from firmware.device.flash import FlashPart
from firmware.errors import BadInput
from firmware.storage import nvm
from tests.sweep.ways import plan_of

EVERY = tuple(form.fault for form in LIVE)


def _job(story: str, *faults: str) -> Job:
    return replace(plan_of(story), faults=faults).job()


@pytest.mark.parametrize("story", ["first_start", "upgrade_r62", "ignite_secondary"])
def test_no_single_fault_makes_anything_wrong(story: str) -> None:
    plan = replace(plan_of(story), faults=EVERY)
    strikes = live.strike(plan.job())
    assert [report.finding_id(plan, finding) for finding in strikes.findings] == []
    assert strikes.runs > 300


def test_the_faults_really_strike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most leave a cell behind that keeps its value; a few operations change none."""
    seen: list[Defect] = []
    whole = FlashPart.add_defect

    def counted(part: FlashPart, defect: Defect) -> None:
        seen.append(defect)
        whole(part, defect)

    monkeypatch.setattr(FlashPart, "add_defect", counted)
    strikes = live.strike(_job("first_start", "stuck_bit"))
    assert len(seen) >= strikes.runs // 2


def test_an_error_that_nobody_expects_is_found_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firmware that stumbles over a copy that is damaged."""

    def stumbles(name: str, raw: bytes) -> nvm.Copy:
        copy = decode(name, raw)
        if copy.state is nvm.CopyState.DAMAGED:
            raise KeyError(name)
        return copy

    decode = nvm.decode_copy
    monkeypatch.setattr(nvm, "decode_copy", stumbles)
    plan = replace(plan_of("first_start"), faults=("worn_out",))
    job = plan.job()
    found = live.strike(job).findings
    assert found, "the bug is not found"
    assert (found[0].checker, found[0].within) == ("comes up", False)
    assert "KeyError" in found[0].text
    _, (fault,) = trails.read(report.finding_id(plan, found[0]))
    assert live.follow(job, fault) == found[0]


def test_an_id_that_leads_nowhere_says_so() -> None:
    job = _job("first_start", "bad_block")
    with pytest.raises(BadInput, match="no flash operation 9999"):
        live.follow(job, trails.read("first_start-0000-1.9999k")[1][0])
