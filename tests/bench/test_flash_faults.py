"""Steps that order flash faults: they strike where they say, and one that never comes fails the run."""

from __future__ import annotations

import pytest

from firmware.bench import replay
from firmware.bench.replay import Report
from firmware.bench.scenario import parse
from firmware.errors import BadInput


def run(*steps: str, unit: str = "{platform: ip500v2}") -> Report:
    return replay.run(parse(f"name: x\nunit: {unit}\nsteps:\n" + "".join(f"- {step}\n" for step in steps), "f.yaml"))


def objections(report: Report) -> list[str]:
    return [f"{outcome.planned.where}: {outcome.objection}" for outcome in report.outcomes if outcome.objection]


@pytest.mark.parametrize("kind", ["bad_block", "stuck_bit", "misdirected", "worn_out", "metastable"])
def test_a_fault_strikes_at_its_operation(kind: str) -> None:
    report = run("power_on", f"flash_fault: {{kind: {kind}, part: system-sd, operation: 5}}", "upgrade: '12.3'",
                 unit="{platform: ip500v2, release: '12.0'}")  # fmt: skip
    unit = report.units["unit"]
    assert unit.rail.planned == ()
    broken = unit.parts()["system-sd"]
    assert bool(broken.defects) == (kind in ("bad_block", "stuck_bit", "worn_out"))


def test_a_fault_that_never_comes_fails_where_it_was_ordered() -> None:
    report = run(
        "flash_fault: {kind: bad_block, operation: 100000}", "flash_fault: {kind: stuck_bit, part: nvm}", "power_on"
    )
    assert [objection.split(" (")[0] for objection in objections(report)] == [
        "f.yaml:4:3: the flash fault at LiveFault(kind=<LiveKind.BAD_BLOCK: 'bad_block'>, operation=100000, part=None) "
        f"never came; unit is running after {report.units['unit'].rail.operations} flash operations"
    ]


def test_a_cut_loses_what_was_not_synced() -> None:
    report = run("power_on", "cut_power: {operation: 9, moment: after, lost: 1, part: system-sd}", "upgrade: '12.3'",
                 "power_on", "expect: {state: running, release: '12.0', alarms: []}",
                 unit="{platform: ip500v2, release: '12.0'}")  # fmt: skip
    assert objections(report) == []


def test_a_cut_that_has_nothing_to_lose_is_refused() -> None:
    with pytest.raises(
        BadInput, match=r"f\.yaml:6:3: the power cut cannot lose operation 1 before its own: .* only 0 "
    ):
        run("power_on", "cut_power: {operation: 1, moment: after, lost: 1, part: system-sd}", "upgrade: '12.3'",
            unit="{platform: ip500v2, release: '12.0'}")  # fmt: skip


def test_nor_flash_loses_nothing_whatever_part_is_struck() -> None:
    with pytest.raises(BadInput, match=r"f\.yaml:5:3: the power cut cannot lose an operation of nvm: it is NOR flash"):
        run("cut_power: {operation: 3, moment: after, lost: 1}", "power_on")


def test_a_disk_has_no_erase_groups() -> None:
    with pytest.raises(BadInput, match="disk: it is disk, and an interrupted operation changes no block but its own"):
        run("cut_power: {operation: 3, torn: group}", unit="{platform: primary}")
