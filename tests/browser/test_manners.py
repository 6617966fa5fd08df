"""The wizard without JavaScript, and by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.walking import Looks, fill_in, go_on, log_in, name_of
from tests.live.serving import CLOCK, served

pytestmark = pytest.mark.slow


def test_it_works_without_javascript(chromium: Browser, tmp_path: Path) -> None:
    with served("secondary", tmp_path / "unit", "--clock", CLOCK) as server:
        context = chromium.new_context(ignore_https_errors=True, java_script_enabled=False)
        page = context.new_page()
        log_in(page, server.url)
        while name_of(page) != "review":
            fill_in(page, name_of(page))
            go_on(page)
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("heading", name="This server is set up")).to_be_visible()
        context.close()


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there: within the number of things on the page."""
    for _ in range(40):
        if page.evaluate("s => document.activeElement && document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_it_works_by_keyboard_alone(chromium: Browser, tmp_path: Path) -> None:
    with served("secondary", tmp_path / "unit", "--clock", CLOCK) as server:
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"{server.url}/login")
        for selector, text in (("#user", "root"), ("#password", "Administrator")):
            _tab_to(page, selector)
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Accept licence")).to_be_visible()
        _tab_to(page, "input[name=accepted]")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Server type")).to_be_visible()
        context.close()


def test_errors_and_refusals_are_pages_of_the_same_kind(chromium: Browser, tmp_path: Path) -> None:
    with served("primary", tmp_path / "unit", "--clock", CLOCK) as server:
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        looks = Looks(page, "errors")
        page.goto(f"{server.url}/no/such/page")
        looks.look("404")
        log_in(page, server.url, password="wrong")
        looks.look("wrong-password")
        log_in(page, server.url)
        go_on(page)
        expect(page.get_by_text("The licence terms must be accepted to go on.").first).to_be_visible()
        looks.look("error-at-a-field")
        context.close()
