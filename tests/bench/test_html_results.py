"""The reports of ``ipsim rules`` and ``ipsim sweep``."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.bench.html import rules_view, sweep_view
from firmware.bench.html.certificate_view import differences
from firmware.bench.rules.matrix import load
from firmware.bench.rules.triggers import table
from firmware.bench.sweep import report
from firmware.bench.sweep.report import Swept
from firmware.bench.sweep.search import Limits, search
from tests.bench.pages import Page
from tests.bench.support import ROOT, Ipsim
from tests.rules.support import cells, checked
from tests.sweep import bugs
from tests.sweep.ways import plan_of


def test_the_matrix_names_every_trigger_platform_and_basis(ipsim: Ipsim, tmp_path: Path) -> None:
    import platforms

    ipsim.well("rules", "--html", tmp_path / "rules.html")
    page = Page((tmp_path / "rules.html").read_bytes())
    page.must_be_sound()
    for trigger in table().triggers.values():
        assert trigger.title in page.text
    for name in platforms.names():
        assert f'<th scope="col">{name}</th>' in page.source
    for basis in ("documented", "inferred", "assumed"):
        assert f'<span class="basis {basis}">{basis}</span>' in page.source
    assert "observed" not in page.text.lower()


def test_a_check_tells_what_was_observed_and_what_does_not_hold(tmp_path: Path) -> None:
    own = load(ROOT / "tests" / "rules" / "wrong.yaml")
    names = ("lan1_address", "security_default_web")
    wanted = [cell for cell in cells("ip500v2") if cell.trigger in names]
    results = checked(wanted, tmp_path, own)
    data = rules_view.as_html(results)
    page = Page(data)
    page.must_be_sound()
    assert "1 does not hold" in page.text
    assert "expected new key, observed kept" in page.text
    assert re.search(r'<td class="bad">failed</td>', page.source)
    assert data == rules_view.as_html(results)


def test_a_failure_shows_what_is_different_before_and_after(tmp_path: Path) -> None:
    results = checked(cells("ip500v2", names=["security_default_web"]), tmp_path)
    broken = [replace(result, status=type(result.status).FAILED) for result in results]
    page = Page(rules_view.as_html(broken))
    before, after = (results[0].before.certificate, results[0].after.certificate)
    assert before is not None
    assert after is not None
    assert "<del>" in page.source
    assert page.source.count("<ins>") == len(differences(before, after))


def test_a_sweep_tells_how_far_it_came_and_what_it_saw(ipsim: Ipsim, tmp_path: Path) -> None:
    scenario = ROOT / "tests" / "scenarios" / "first_start.yaml"
    ipsim.well("sweep", scenario, "--at", "certificate.announcing", "--html", tmp_path / "s.html")
    page = Page((tmp_path / "s.html").read_bytes())
    page.must_be_sound()
    assert "no finding" in page.text
    assert "states a second" in page.text
    assert "program nvm generation" in page.text
    assert "cut inside" in page.text


def test_a_finding_has_all_that_leads_back_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.no_crc(monkeypatch)
    plan = plan_of("first_start")
    swept = Swept(plan, search(plan.job(), Limits(1, findings=2)))
    page = Page(sweep_view.as_html(swept))
    page.must_be_sound()
    assert len(swept.findings) == 2
    for finding in swept.findings:
        shown = report.values(swept)["findings"][0]
        assert report.finding_id(plan, finding) in page.text
        assert report.story(finding) in page.text
        assert f"needs {shown['needs']}; what would rule it out: {shown['guarantee']}" in page.text
    assert f"✗ {swept.findings[0].checker}" in page.text
    assert "2 findings" in page.text


def test_the_coverage_is_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("first_start")
    result = search(plan.job(), Limits(1))
    page = Page(sweep_view.as_html(Swept(plan, result)))
    operations = {operation or "none" for operation, _, _, _ in result.covered}
    rows = re.findall(
        r'<tr><th scope="row">([^<]*)</th><td>(?:<span class="(?:ok|quiet)">.</span></td><td>){3}', page.source
    )
    assert set(rows) == operations
    marks = page.source.split('id="coverage"')[1].count('<span class="ok">✓</span>')
    assert marks == len({covered[:3] for covered in result.covered})
