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

SCENARIOS = ROOT / "tests" / "scenarios"


def _opened(chromium: Browser, path: Path, data: bytes, *, scripts: bool = True) -> Page:
    path.write_bytes(data)
    page = chromium.new_context(java_script_enabled=scripts).new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda said: said.type in ("error", "warning") and requests.append(said.text))
    requests: list[str] = []
    page.goto(path.as_uri())
    assert requests == [path.as_uri()], "it loads something, or complains"
    return page


def _run(name: str) -> bytes:
    return run_view.as_html([watched(scenario.load(SCENARIOS / f"{name}.yaml"))])


@pytest.mark.parametrize("name", ["first_start", "network_of_a_primary"])
def test_a_run(chromium: Browser, tmp_path: Path, name: str) -> None:
    page = _opened(chromium, tmp_path / "run.html", _run(name))
    for closed in page.locator("details:not([open]) > summary").all():
        closed.click()
    Looks(page, "report").look(name)
    page.context.close()


def test_the_matrix_and_a_sweep(chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = load(ROOT / "tests" / "rules" / "wrong.yaml")
    results = checked([*cells("ip500v2"), *cells("secondary")], tmp_path / "files", own)
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
    page.emulate_media(media="print")
    expect(page.locator(".scrub")).to_be_hidden()
    expect(page.get_by_role("navigation").first).to_be_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.context.close()
