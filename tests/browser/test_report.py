"""Reports in Chromium: in every light and width, without JavaScript, on paper, and through time."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from firmware.bench import scenario
from firmware.bench.html import rules_view, run_view, sweep_view
from firmware.bench.rules.matrix import load
from firmware.bench.sweep.report import Swept
from firmware.bench.sweep.search import Limits, search
from tests.bench.pages import watched
from tests.bench.support import ROOT
from tests.browser.walking import Looks
from tests.rules.support import cells, checked
from tests.sweep import bugs
from tests.sweep.ways import plan_of

pytestmark = pytest.mark.slow

TWO_UNITS = """
name: Two units, a cut, and an expectation that fails
units: {branch: {platform: ip500v2_expansion, seed: 7}, node: {platform: secondary, seed: 7}}
steps:
  - power_on: {unit: branch, until: certificate.generating}
  - cut_power: {unit: branch}
  - power_on: {unit: node}
  - power_on: {unit: branch}
  - default_security: {unit: branch, via: web}
  - expect: {unit: branch, state: running, identity: kept, alarms: []}
"""
TRIGGERS = ("first_start", "lan1_address", "certificate_deleted", "ca_renewed")
SCENARIOS = ROOT / "tests" / "scenarios"


def _opened(chromium: Browser, path: Path, data: bytes, *, scripts: bool = True) -> Page:
    path.write_bytes(data)
    page = chromium.new_context(java_script_enabled=scripts).new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(path.as_uri())
    assert (requests, complaints) == ([path.as_uri()], [])
    return page


def _run(name: str) -> bytes:
    return run_view.as_html([watched(scenario.load(SCENARIOS / f"{name}.yaml"))])


@pytest.mark.parametrize("name", ["stale_name", "two_units"])
def test_a_run(chromium: Browser, tmp_path: Path, name: str) -> None:
    data = _run(name) if name != "two_units" else run_view.as_html([watched(scenario.parse(TWO_UNITS, "two.yaml"))])
    page = _opened(chromium, tmp_path / "run.html", data)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    Looks(page, "report").look(name)
    page.context.close()


def test_the_matrix_and_a_sweep(chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    own = load(ROOT / "tests" / "rules" / "wrong.yaml")
    wanted = [cell for name in ("ip500v2", "primary", "secondary") for cell in cells(name, names=TRIGGERS)]
    results = checked(wanted, tmp_path / "files", own)
    page = _opened(chromium, tmp_path / "rules.html", rules_view.as_html(results))
    Looks(page, "report").look("rules")
    page.context.close()
    bugs.no_crc(monkeypatch)
    plan = plan_of("first_start")
    page = _opened(
        chromium, tmp_path / "sweep.html", sweep_view.as_html(Swept(plan, search(plan.job(), Limits(1, findings=2))))
    )
    Looks(page, "report").look("sweep")
    page.context.close()


def test_without_javascript_all_of_it_can_be_read(chromium: Browser, tmp_path: Path) -> None:
    page = _opened(chromium, tmp_path / "run.html", _run("security_default"), scripts=False)
    expect(page.get_by_role("slider")).to_be_hidden()
    expect(page.get_by_text("Drag to go through time")).to_be_hidden()
    expect(page.get_by_role("img", name="Map of nvm")).to_be_visible()
    expect(page.get_by_role("cell", name="new key").or_(page.get_by_text("new key")).first).to_be_visible()
    expect(page.get_by_role("heading", name="What changed, moment by moment")).to_be_visible()
    summary = page.locator("details:not([open]) > summary").last
    summary.click()
    expect(page.get_by_role("columnheader", name="Basis, source").last).to_be_visible()
    page.context.close()


def test_the_slider_goes_through_time(chromium: Browser, tmp_path: Path) -> None:
    page = _opened(chromium, tmp_path / "run.html", _run("first_start"))
    slider, said, cells_of_nvm = (
        page.get_by_role("slider"),
        page.locator("output"),
        page.locator(".map").first.locator("i"),
    )
    last = int(slider.get_attribute("max") or 0)
    expect(said).to_contain_text(f"{last} of {last}")
    end = cells_of_nvm.all_inner_texts()
    slider.focus()
    page.keyboard.press("Home")
    expect(said).to_have_text("at the beginning")
    assert set(cells_of_nvm.all_inner_texts()) == {""}, "a new NVM is not worn"
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("step 2, power_on")
    expect(page.locator(".map i.fresh").first).to_be_visible()
    expect(page.locator(".changes tbody.now")).to_have_count(1)
    page.keyboard.press("End")
    assert cells_of_nvm.all_inner_texts() == end
    page.context.close()


def test_it_prints(chromium: Browser, tmp_path: Path) -> None:
    page = _opened(chromium, tmp_path / "run.html", _run("first_start"))
    ground = "getComputedStyle(document.querySelector('.what')).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == light, "paper is light"
    expect(page.locator(".scrub")).to_be_hidden()
    expect(page.get_by_role("navigation").first).to_be_hidden()
    box = page.locator("details:not([open]) svg.diagram").bounding_box()
    assert box is not None, "what is folded is printed"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.context.close()
