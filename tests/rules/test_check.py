"""A check runs what a cell's scenario says and tells what it saw: held, failed, refused, not offered, untried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import platforms
from firmware.bench import replay, scenario
from firmware.bench.rules import check, files, matrix, report
from firmware.bench.rules.case import Cell
from firmware.bench.rules.check import Result, Status
from firmware.errors import BadInput
from tests.rules.support import cell, cells, checked


def one(wanted: Cell, folder: Path, rules: str = "") -> Result:
    own = matrix.parse(f"rules: [{rules}]", "my.yaml", is_users=True) if rules else None
    (result,) = checked([wanted], folder, own)
    return result


@pytest.mark.parametrize(
    ("platform", "trigger", "release", "observed", "root"),
    [
        ("ip500v2", "first_start", "12.3", "generated", None),
        ("ip500v2", "first_start", "6.2", "none", None),
        ("ip500v2", "power_cycle", "12.3", "kept", None),
        ("ip500v2", "security_default_serial", "6.2", "new key", None),
        ("ip500v2", "second_manager", "12.3", "refused", None),
        ("primary", "lan1_address", "12.3", "new key", "kept"),
        ("primary", "ignition_import", "12.3", "generated", "imported"),
        ("primary", "ca_renewed", "8.1", "kept", "renewed"),
        ("primary", "reinstall", "12.3", "none", "none"),
        ("secondary", "telephony_identity", "12.3", "new key", None),
        ("secondary", "telephony_identity_management", "12.3", "kept", None),
        ("ucm", "host_power_cycle", "12.3", "kept", "kept"),
    ],
)
def test_what_is_observed(
    tmp_path: Path, platform: str, trigger: str, release: str, observed: str, root: str | None
) -> None:
    found = one(cell(platform, trigger, release), tmp_path)
    assert (found.status, found.observed, found.root) == (Status.PASSED, observed, root)


def test_a_rule_that_does_not_hold_fails_and_shows_both_certificates(tmp_path: Path) -> None:
    found = one(
        cell("primary", "lan1_address"), tmp_path, "{platform: primary, trigger: lan1_address, outcome: renewed}"
    )
    assert (found.status, found.wanted, found.observed) == (Status.FAILED, "renewed", "new key")
    assert found.why == "expect: {presented: renewed}: presented by management: expected renewed, found new key"
    before, after = report.certificate(found.before.certificate), report.certificate(found.after.certificate)
    assert before is not None
    assert after is not None
    assert before["subject"] == after["subject"]
    for field in ("serial", "sha256", "public_key_sha256"):
        assert before[field] != after[field]
    shown = " ".join(" ".join(report.failure(found)).split())
    assert all(value in shown for value in (*before.values(), *after.values()))
    assert "my.yaml:1:9" in shown
    assert "primary-lan1_address-12.3.yaml" in shown


def test_the_root_is_judged_where_a_row_speaks_of_it(tmp_path: Path) -> None:
    row = "{platform: primary, trigger: ca_renewed, outcome: kept, root: new key}"
    found = one(cell("primary", "ca_renewed"), tmp_path, row)
    assert (found.status, found.observed, found.root) == (Status.FAILED, "kept", "renewed")
    assert one(cell("primary", "ca_renewed"), tmp_path, row.replace(", root: new key", "")).status is Status.PASSED


def test_what_the_unit_refuses_never_counts_as_held(tmp_path: Path) -> None:
    for outcome in ("kept", "new key"):
        row = f"{{platform: ip500v2, trigger: second_manager, outcome: {outcome}}}"
        found = one(cell("ip500v2", "second_manager"), tmp_path, row)
        assert (found.status, found.observed) == (Status.FAILED, "refused")
        assert "the security settings belong to smgr" in found.why


def test_what_is_done_was_not_refused(tmp_path: Path) -> None:
    found = one(cell("ip500v2", "reboot"), tmp_path, "{platform: ip500v2, trigger: reboot, outcome: refused}")
    assert (found.status, found.observed) == (Status.FAILED, "kept")


@pytest.mark.parametrize(
    ("platform", "trigger", "release", "why"),
    [
        ("primary", "power_cycle", "6.2", "a Server Edition Primary exists from release 8.1 on"),
        ("primary", "certificate_deleted", "12.3", "a Server Edition Primary knows no delete_certificate"),
        ("ip500v2", "ignition", "12.3", "an IP500 V2 has no wizard"),
        ("primary", "host_reboot", "12.3", "a Server Edition Primary sits in no other unit"),
        ("ip500v2", "upgrade", "12.3", "no release follows 12.3"),
        ("secondary", "ignition_import", "12.3", "does not show the page security"),
        ("primary", "security_default_manager", "12.3", "defaults its security settings via web only"),
        ("primary", "supplied_then_off", "9.1", "has no automatic certificate management"),
    ],
)
def test_what_is_not_offered_says_why_and_is_not_held(
    tmp_path: Path, platform: str, trigger: str, release: str, why: str
) -> None:
    found = one(cell(platform, trigger, release), tmp_path)
    assert found.status is Status.NOT_OFFERED
    assert why in found.why


def test_a_row_that_expects_something_of_what_is_not_offered_fails(tmp_path: Path) -> None:
    row = "{platform: primary, trigger: certificate_deleted, outcome: new key}"
    found = one(cell("primary", "certificate_deleted"), tmp_path, row)
    assert (found.status, found.observed) == (Status.FAILED, "not offered")


def test_a_row_that_says_not_offered_of_what_is_offered_fails(tmp_path: Path) -> None:
    row = "{platform: primary, trigger: reboot, outcome: not offered}"
    assert one(cell("primary", "reboot"), tmp_path, row).status is Status.FAILED


def test_a_cell_without_a_row_is_assumed_and_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "built_in", dict)
    found = one(cell("primary", "reboot"), tmp_path)
    assert (found.status, found.wanted, found.observed, found.is_assumed) == (Status.ASSUMED, "–", "kept", True)
    assert "0 cells hold" in report.counts([found])
    assert "1 that no row speaks of" in report.counts([found])


def test_a_unit_that_is_not_what_a_trigger_needs_is_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true = platforms.load("ip500v2")
    broken = replace(true, operations={**true.operations, "power_on": lambda _unit, **_: None})
    monkeypatch.setattr(platforms, "load", lambda _name: broken)
    (found,) = checked([Cell(broken, "reboot", broken.releases()[-1])], tmp_path)
    assert (found.status, found.observed, found.holds) == (Status.BLOCKED, "–", False)
    assert "presented by management: expected generated, found none" in found.why


def test_it_is_the_same_each_time_and_in_any_company(tmp_path: Path) -> None:
    names = ["address_twice", "lan1_address", "address_then_off", "ca_created", "rename_then_ca_created"]
    together = checked(cells("primary", names=names), tmp_path)
    alone = [one(wanted, tmp_path) for wanted in cells("primary", names=names)]
    assert [(r.before, r.after, r.observed) for r in together] == [(r.before, r.after, r.observed) for r in alone]


def saved(result: Result, folder: Path) -> bool:
    """Whether the scenario of a cell, written out and read again, holds."""
    files.write(folder)
    (file := folder / result.cell.file_name).write_text(report.as_scenario(result))
    try:
        return replay.run(scenario.load(file)).passed
    except BadInput:
        return False


WITH_ROWS = "{platform: ip500v2, trigger: [lan1_address, reboot, second_manager], outcome: new key}"


def test_a_scenario_that_is_saved_fails_as_its_cell_did(tmp_path: Path) -> None:
    for trigger in ("lan1_address", "reboot", "second_manager"):
        found = one(cell("ip500v2", trigger), tmp_path, WITH_ROWS)
        assert found.status is Status.FAILED
        assert not saved(found, tmp_path)
    for trigger in ("lan1_address", "second_manager", "security_default_serial", "identity_of_primary"):
        found = one(cell("ip500v2", trigger), tmp_path)
        assert found.status is Status.PASSED
        assert saved(found, tmp_path)


def agree(platform: str, release: str, folder: Path) -> None:
    results = checked(cells(platform, release), folder)
    assert {result.status for result in results} == {Status.PASSED, Status.NOT_OFFERED}
    for result in results:
        if result.status is Status.PASSED:
            assert saved(result, folder), result.cell


@pytest.mark.slow
@pytest.mark.parametrize("release", ["8.1", "12.3"])
@pytest.mark.parametrize("platform", platforms.names())
def test_every_scenario_that_is_saved_holds_as_its_cell_did(tmp_path: Path, platform: str, release: str) -> None:
    agree(platform, release, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("platform", platforms.names())
def test_every_row_holds(tmp_path: Path, platform: str) -> None:
    known = platforms.load(platform)
    found = [r for release in known.releases() for r in checked(cells(platform, str(release)), tmp_path)]
    assert [report.failure(result) for result in found if not result.holds] == []
    assert check.Status.ASSUMED not in {result.status for result in found}
