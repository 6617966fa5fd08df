"""A person in front of chromium: looks at a page in every light, and goes on."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.bench.support import ROOT
from tests.ignition.browsing import PASSWORDS

SCREENSHOTS = ROOT / "build" / "screenshots"
WIDTHS = (1280, 390)
_AXE = Axe()


class Looks:
    """Every page that was looked at: no violation of axe's rules, nothing wider than the window, a picture of it."""

    def __init__(self, page: Page, name: str) -> None:
        self._page, self._name = page, name
        self._number = 0
        self.titles: list[str] = []
        (SCREENSHOTS / name).mkdir(parents=True, exist_ok=True)

    def look(self, what: str) -> None:
        self._number += 1
        self._page.wait_for_load_state()  # the address changes before the page is there
        self.titles.append(self._page.title())
        assert self.titles[-1], f"{what} has no title"
        for scheme in ("dark", "light"):
            self._page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                self._page.set_viewport_size({"width": width, "height": 800})
                wide = self._page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{what} at {width}: {wide} wide"
                self._judge(f"{what}, {scheme}, {width}")
                path = SCREENSHOTS / self._name / f"{self._number:02}-{what}-{width}-{scheme}.png"
                self._page.screenshot(path=path, full_page=True)
        self._page.set_viewport_size({"width": WIDTHS[0], "height": 800})

    def _judge(self, what: str) -> None:
        found = _AXE.run(self._page).response["violations"]
        assert not found, what + "".join(
            f"\n{v['id']}: {v['help']}: {[(n['html'], n['failureSummary']) for n in v['nodes']]}" for v in found
        )


def log_in(page: Page, url: str, user: str = "Administrator", password: str = "Administrator") -> None:  # noqa: S107
    page.goto(f"{url}/login")
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def fill_in(page: Page, name: str) -> None:
    """Answer a page as a person would; the answers are those of ``tests.ignition.browsing``."""
    if name == "licence":
        page.get_by_label("I accept").check()
    elif name == "network":
        page.get_by_label("IP address").fill("192.168.42.1")
        page.get_by_label("Subnet mask").fill("255.255.255.0")
        page.get_by_label("Host name").fill("server1")
    elif name == "time":
        page.get_by_label("Time zone").fill("Europe/Berlin")
    elif name == "passwords":
        for field, text in PASSWORDS.items():
            page.locator(f"#{field}").fill(text)


def name_of(page: Page) -> str:
    """The page of the wizard in the window."""
    return Path(page.url).name


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Save and continue").click()
