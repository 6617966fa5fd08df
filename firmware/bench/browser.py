"""A person at a browser in front of the wizard, as a scenario drives one: opens, fills in, submits, goes back.

It has no network: it calls the engine that the web pages call, and keeps what such a page would hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from firmware.appliance import Appliance
from firmware.bench.world import World
from firmware.errors import FirmwareError
from ignition import pages, wizard
from ignition.pages import LOGIN
from ignition.sessions import LogInFirst
from ignition.wizard import NotYet, Shown


@dataclass(frozen=True)
class Form:
    """What a browser sends: the page, its fields, the tag of the form."""

    page: str
    values: Mapping[str, str]
    tag: str | None


@dataclass
class Browser:
    """``page`` is the page in its window; ``errors`` what is said at the fields, ``refused`` why nothing was done."""

    name: str
    page: str = ""
    values: dict[str, str] = field(default_factory=dict)
    tag: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    sent: Form | None = None

    def open(self, world: World, unit: Appliance, page: str) -> None:
        """Type a page's address, or follow a link to it."""
        if page == LOGIN:
            self._show_login()
            return
        self._ask(world, unit, lambda: wizard.open_page(unit, self.name, page))

    def fill(self, values: Mapping[str, str]) -> None:
        """Type into the fields of the page in the window."""
        self.values.update(values)

    def submit(self, world: World, unit: Appliance, *, again: bool = False) -> None:
        """Send the page; or the form that was sent last, once more."""
        form = self.sent if again and self.sent else Form(self.page, dict(self.values), self.tag)
        self.sent = form
        if form.page == LOGIN:
            self.log_in(world, unit, form.values.get("user", ""), form.values.get("password", ""))
            return
        self._ask(world, unit, lambda: wizard.submit(unit, self.name, form.page, form.values, form.tag))

    def back(self, world: World, unit: Appliance) -> None:
        self._ask(world, unit, lambda: wizard.back(unit, self.name, self.page))

    def log_in(self, world: World, unit: Appliance, user: str, password: str) -> None:
        def logged_in() -> Shown:
            wizard.log_in(unit, user, password, self.name)
            return wizard.open_page(unit, self.name, pages.frontier(wizard.server(unit)).name)

        self._ask(world, unit, logged_in)

    def _ask(self, world: World, unit: Appliance, request: Callable[[], Shown]) -> None:
        """Send a request and show what comes back; a server that loses its power answers nothing."""
        answers: list[Shown | FirmwareError] = []

        def ask() -> None:
            try:
                answers.append(request())
            except FirmwareError as error:
                answers.append(error)

        self.errors, self.refused = {}, ""
        world.act(unit, ask)
        match answers:
            case [Shown() as shown]:
                self._show(shown)
            case [LogInFirst() as error]:
                self._show_login()
                self.refused = str(error)
            case [NotYet() as error]:
                self.open(world, unit, error.page)
                self.refused = str(error)
            case [FirmwareError() as error]:
                self.refused = str(error)
            case _:
                self.refused = "no answer: the server has no power"

    def _show(self, shown: Shown) -> None:
        self.page, self.tag, self.errors = shown.page.name, shown.tag, shown.errors
        self.values = dict(shown.values)

    def _show_login(self) -> None:
        self.page, self.tag, self.values = LOGIN, None, {}
        self.errors = {}
