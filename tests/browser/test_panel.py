"""The front panel in Chromium: a unit is watched from plug-in to operation, touched, and looked at in every light."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.walking import Looks
from tests.live.serving import CLOCK, Served, served

pytestmark = pytest.mark.slow

ON_THE_WAY = ("power.starting", "firmware.choosing", "firmware.loading", "configuration.choosing", "network.addressing",
              "security.loading")  # fmt: skip


@contextmanager
def at_panel(
    chromium: Browser, state: Path, platform: str = "ip500v2", speed: str = "1"
) -> Iterator[tuple[Page, Served]]:
    """A person in front of the panel of a new unit; what the browser complains of fails the test."""
    with served(platform, state, "--clock", CLOCK, "--panel", "0", speed=speed) as server:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        complaints: list[str] = []
        strangers: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if "status of" not in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: strangers.append(asked.url) if server.told["panel"] not in asked.url else None)
        page.goto(server.told["panel"])
        expect(page.locator("#state")).to_have_text("off")
        yield page, server
        page.close()
        assert (complaints, strangers) == ([], [])
        assert server.end()[0] == 0


def at_speed(page: Page, name: str) -> None:
    with page.expect_response("**/do*") as answer:
        page.get_by_role("radio", name=name, exact=True).check()
    answer.value.finished()
    expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()


def state_is(page: Page, name: str) -> None:
    expect(page.locator("#state")).to_have_text(name, timeout=15_000)
    expect(page.locator("#diagram .now")).to_have_attribute("data-state", name)


def plug(page: Page) -> None:
    page.locator("#plug").click()


def colours(page: Page, led: str, ms: int) -> set[str]:
    """What an LED showed within so much time of the wall."""
    watch = """async ([led, ms]) => {
      const lamp = document.querySelector(`[data-led=${led}]`), seen = new Set(), end = performance.now() + ms;
      while (performance.now() < end) { seen.add(lamp.className); await new Promise(requestAnimationFrame); }
      return [...seen];
    }"""
    return set(page.evaluate(watch, [led, ms]))


def test_a_first_start_is_watched(chromium: Browser, tmp_path: Path) -> None:
    with at_panel(chromium, tmp_path / "unit") as (page, _):
        assert colours(page, "cpu", 50) == {"off"}
        looks = Looks(page, "panel")
        looks.look("off")
        plug(page)
        state_is(page, "power.starting")
        assert colours(page, "cpu", 1300) == {"red", "green"}
        assert colours(page, "sd", 1300) == {"red", "off"}
        at_speed(page, "60×")
        assert "mixed" in " ".join(colours(page, "cpu", 100)), "faster than an eye can see"
        state_is(page, "certificate.generating")
        at_speed(page, "step")
        expect(page.get_by_role("button", name="Next event")).to_be_enabled()
        clock = page.locator("#clock").inner_text()
        looks.look("generating")
        assert page.locator("#clock").inner_text() == clock, "time stands still"
        page.get_by_role("button", name="Next event").click()
        state_is(page, "running")
        expect(page.locator("[data-shows=base]")).to_have_text("red once in 5 s")
        expect(page.locator("#events")).to_contain_text("certificate generated (identity 1)")
        expect(page.locator("#certificates")).to_contain_text("CN=ipoffice-00e00705918e.avaya.com")
        expect(page.locator("#changes tr").first).to_contain_text("security: blank → number 1")
        expect(page.locator("[data-part=nvm] .fresh").first).to_be_visible()
        with page.expect_download() as got:
            page.get_by_role("link", name="Identity with its chain, PEM").click()
        assert Path(got.value.path()).read_text().startswith("-----BEGIN CERTIFICATE-----")
        looks.look("running")


def test_the_plug_is_pulled_while_the_certificate_is_made(chromium: Browser, tmp_path: Path) -> None:
    with at_panel(chromium, tmp_path / "unit") as (page, server):
        at_speed(page, "step")
        plug(page)
        for state in ON_THE_WAY:
            state_is(page, state)
            page.get_by_role("button", name="Next event").click()
        state_is(page, "certificate.generating")
        plug(page)
        state_is(page, "off")
        expect(page.locator("#events .red").last).to_contain_text("POWER CUT: the plug was pulled")
        expect(page.locator("#plug-does")).to_have_text("Plug in")
        assert json.loads((server.state / "unit.json").read_text())["clock"]["now"] > 0
        page.get_by_label("At flash operation, from now").fill("5")
        page.get_by_role("button", name="Cut there").click()
        expect(page.locator("#armed")).to_contain_text("flash operation 5")
        plug(page)
        at_speed(page, "fastest")
        state_is(page, "off")
        plug(page)
        state_is(page, "running")
        expect(page.locator("#events")).to_contain_text("identity 1 was cut short; it is resumed")
        Looks(page, "panel-cut").look("recovered")


def test_buttons_cards_and_the_clock(chromium: Browser, tmp_path: Path) -> None:
    with at_panel(chromium, tmp_path / "unit", speed="max") as (page, _):
        page.get_by_role("button", name="Hold the reset button").click()
        expect(page.get_by_role("alert")).to_have_text("the reset button does nothing in the state off")
        plug(page)
        state_is(page, "running")
        expect(page.get_by_role("alert")).to_be_hidden()
        page.get_by_role("button", name="Hold the aux button").focus()
        page.keyboard.down("Space")
        expect(page.locator("#holding")).to_have_text("AUX button, when it is let go: nothing")
        page.keyboard.up("Space")
        expect(page.locator("#events")).to_contain_text("aux button held 0s to 5s")
        page.get_by_role("button", name="Hold the reset button").hover()
        page.mouse.down()
        expect(page.locator("#holding")).to_contain_text("reboot when free", timeout=8000)
        assert colours(page, "cpu", 50) == {"orange"}
        page.mouse.up()
        expect(page.locator("#events")).to_contain_text("reboot ordered: reset button")
        state_is(page, "running")
        slot = page.locator("[data-slot=system-sd]")
        slot.click()
        expect(page.locator("#events")).to_contain_text("card removed from system-sd, shelved as card of system-sd")
        expect(page.locator("[data-part=system-sd]")).to_have_count(0)
        expect(slot).to_contain_text("put in: card of system-sd")
        slot.press("Enter")
        expect(page.locator("[data-part=system-sd]")).to_be_visible()
        form = page.locator("[data-step=press]")
        form.get_by_label("held for").fill("15")
        expect(page.locator("#band")).to_contain_text("erase configuration and alarm log, reboot")
        form.get_by_role("button", name="Press").click()
        expect(page.locator("#events")).to_contain_text("reboot ordered: configuration erased")
        state_is(page, "running")
        page.get_by_label("Set to (UTC)").fill("2027-01-02T03:04:05")
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.locator("#own-clock")).to_contain_text("2027-01-02 03:04:05")
        page.reload()
        state_is(page, "running")
        expect(page.locator("#events li").first).to_be_visible()


@pytest.mark.parametrize(("platform", "comes_to"), [("primary", "ignition.login"), ("ucm", "ignition.login")])
def test_linux_servers(chromium: Browser, tmp_path: Path, platform: str, comes_to: str) -> None:
    with at_panel(chromium, tmp_path / "unit", platform, speed="max") as (page, server):
        plug(page)
        state_is(page, comes_to)
        expect(page.get_by_role("link", name="The server’s own pages")).to_have_attribute("href", server.told["url"])
        assert page.locator("[data-hold]").count() == 0
        Looks(page, f"panel-{platform}").look("waiting")


def test_it_goes_on_asking_when_the_simulator_is_away(chromium: Browser, tmp_path: Path) -> None:
    with at_panel(chromium, tmp_path / "unit", speed="max") as (page, _):
        page.route("**/now*", lambda route: route.fulfill(status=502, body="away"))
        expect(page.get_by_role("alert")).to_contain_text("The simulator does not answer")
        page.unroute("**/now*")
        expect(page.get_by_role("alert")).to_be_hidden(timeout=8000)
