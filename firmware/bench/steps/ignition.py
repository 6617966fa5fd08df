"""Ignition: at one go from answers, or page by page at one or several browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench import answers, unattended
from firmware.bench.answers import Given
from firmware.bench.browser import Browser
from firmware.bench.fields import Known, PageName
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.problems import Problems
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.errors import BadInput
from ignition import pages, wizard

FIRST_BROWSER = "browser"


def _lacks_wizard(step: str, place: Place, problems: Problems, known: Known) -> bool:
    """Whether the step's unit goes through no ignition; then that is said."""
    if wizard.has_wizard(known.platform):
        return False
    problems.add(place, f"{step} is not possible on {known.platform.named}: it has no wizard")
    return True


class Ignite(Step):
    """Ignite a Linux server at one go: switch it on, answer every page, apply. What is left out is as in the built-in
    answers (``ipsim ignite PLATFORM --print-answers``)."""

    name = "ignite"
    example = "ignite: {network: {host_name: pbx, address: 10.1.2.3}}"
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    given: Given = answers.BUILT_IN

    @classmethod
    def field_names(cls) -> list[str]:
        return ["unit", *(page.name for page in pages.ASKED), answers.UTILITY]

    @classmethod
    def secrets(cls) -> frozenset[str]:
        return answers.PASSWORDS

    @classmethod
    def read(
        cls, fields: dict[str, Any], place: Place, problems: Problems, known: Known | None, folder: Path
    ) -> Step | None:
        told = {name: value for name, value in fields.items() if name != "unit"}
        if known is None or _lacks_wizard(cls.name, place, problems, known):
            return None
        given = answers.check(told, place, problems, known.platform, known.release, folder)
        return cls(unit=fields.get("unit"), refusal=None, given=given)

    def run(self, world: World, unit: Appliance) -> None:
        unattended.ignite(world, unit, self.given)


class BrowserStep(Step):
    """A step at a browser."""

    browser: str = Field(FIRST_BROWSER, description="which, where there are several: any name")

    @classmethod
    def read(
        cls, fields: dict[str, Any], place: Place, problems: Problems, known: Known | None, folder: Path
    ) -> Step | None:
        if known is not None and _lacks_wizard(cls.name, place, problems, known):
            return None
        return super().read(fields, place, problems, known, folder)

    def window(self, world: World, unit: Appliance) -> Browser:
        return world.browsers.setdefault((unit.name, self.browser), Browser(self.browser))

    def opened(self, world: World, unit: Appliance) -> Browser:
        """The window, with a page in it. BadInput: without one the step would do nothing."""
        window = self.window(world, unit)
        if not window.page:
            raise BadInput(f"the browser {self.browser!r} shows no page: log_in or open comes first")
        return window


class LogIn(BrowserStep):
    """Log in to the wizard; without a password, with that of the installation."""

    name = "log_in"
    settles = True
    example = "log_in: {user: root, browser: second}"
    user: str = Field("Administrator", description="root or Administrator")
    password: str = Field("Administrator", description="what is typed; left out: the installation's")

    @classmethod
    def secrets(cls) -> frozenset[str]:
        return answers.PASSWORDS

    def run(self, world: World, unit: Appliance) -> None:
        self.window(world, unit).log_in(world, unit, self.user, self.password)
        self.settle(world)


class Open(BrowserStep):
    """Open a page of the wizard by its address."""

    name = "open"
    scalar = "page"
    example = "open: network"
    page: PageName = Field(description="the page's name")

    def run(self, world: World, unit: Appliance) -> None:
        self.window(world, unit).open(world, unit, self.page)


class Fill(BrowserStep):
    """Fill in fields of the page in the window: a value a field, true and false for what is ticked, the path of a file
    to send."""

    name = "fill"
    example = "fill: {host_name: pbx}"
    typed: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def field_names(cls) -> list[str]:
        return ["unit", "browser", *(field.name for page in pages.PAGES for field in page.fields)]

    @classmethod
    def secrets(cls) -> frozenset[str]:
        return answers.PASSWORDS

    @classmethod
    def read(
        cls, fields: dict[str, Any], place: Place, problems: Problems, known: Known | None, folder: Path
    ) -> Step | None:
        by_name = {field.name: field for page in pages.PAGES for field in page.fields}
        typed = {}
        for name, value in fields.items():
            if name in ("unit", "browser"):
                continue
            if name not in by_name:
                problems.add_strange((*place, name), name, ["browser", *by_name], "field of the wizard")
                continue
            try:
                typed[name] = answers.as_typed(by_name[name], value, folder)
            except ValueError as error:
                problems.add((*place, name), str(error))
        rest: dict[str, Any] = {name: fields[name] for name in ("unit", "browser") if name in fields}
        return super().read({**rest, "typed": typed}, place, problems, known, folder)

    def run(self, world: World, unit: Appliance) -> None:
        self.opened(world, unit).fill(self.typed)


class Submit(BrowserStep):
    """Send the page in the window; ``again``: the form that was sent last, once more."""

    name = "submit"
    settles = True
    example = "submit: {again: true}"
    again: bool = Field(False, description="the form that was sent last, once more")

    def run(self, world: World, unit: Appliance) -> None:
        window = self.opened(world, unit)
        if self.again and window.sent is None:
            raise BadInput(f"the browser {self.browser!r} has sent nothing that could be sent again")
        window.submit(world, unit, again=self.again)
        self.settle(world)


class Back(BrowserStep):
    """Go back to the page before."""

    name = "back"
    example = "back"

    def run(self, world: World, unit: Appliance) -> None:
        self.opened(world, unit).back(world, unit)
