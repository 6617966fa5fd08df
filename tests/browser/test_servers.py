"""Chromium through the ignition of every kind of server, to the end; each page looked at in every light."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.walking import Looks, fill_in, go_on, log_in, name_of
from tests.live.serving import CLOCK, served

pytestmark = pytest.mark.slow

ROOTS = ("primary", "application_server", "ucm")
NODES = ("secondary", "expansion")


@pytest.mark.parametrize("platform", [*ROOTS, *NODES])
def test_a_server_is_set_up_by_browser(chromium: Browser, tmp_path: Path, platform: str) -> None:
    with served(platform, tmp_path / "unit", "--clock", CLOCK) as server:
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        console: list[str] = []
        page.on("console", lambda said: console.append(said.text) if said.type in ("error", "warning") else None)
        looks = Looks(page, platform)
        page.goto(server.url)
        looks.look("login")
        log_in(page, server.url)
        seen = []
        while name_of(page) != "review":
            seen.append(name_of(page))
            fill_in(page, seen[-1])
            looks.look(seen[-1])
            go_on(page)
        assert seen[0] == "licence"
        assert ("server_type" in seen) == (platform != "ucm")
        assert ("security" in seen) == (platform in ROOTS)
        looks.look("review")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("heading", name="This server is set up")).to_be_visible()
        looks.look("done")
        page.get_by_role("link", name="Log in").click()
        log_in(page, server.url, password="Ignition-2026-admin")
        expect(page.get_by_role("heading", name="server1", exact=True)).to_be_visible()
        looks.look("platform")
        context.close()
        assert console == []
        assert len(set(looks.titles)) == len(looks.titles), "every page has a title of its own"
        assert server.end()[0] == 0
