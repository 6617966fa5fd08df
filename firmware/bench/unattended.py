"""Ignition without a person: page by page through the same engine as a browser, from answers that are at hand."""

from __future__ import annotations

from functools import partial

from firmware.appliance import Appliance
from firmware.bench import hosting
from firmware.bench.answers import Given
from firmware.bench.world import Asking, World
from firmware.errors import Unmet
from firmware.platform import operate
from ignition import pages, sessions, wizard
from ignition.pages import LOGIN, REVIEW, Page

TOKEN = "unattended"  # noqa: S105  # names the session; nothing is guarded by it here


class PageRefused(Unmet):
    """A page did not take its answers; ``page`` and ``errors`` by field say which."""

    def __init__(self, page: str, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{page}, {name}: {text}" for name, text in errors.items()))
        self.page, self.errors = page, errors


def ignite(world: World, unit: Appliance, given: Given) -> bool:
    """Answer every page, apply, and wait until the unit rests. PageRefused when a page does not take its answers.

    A power cut that strikes on the way ends it; the unit is off then. Whether the answers were asked for: they are not
    where the unit was ignited already, or only finishes an Apply that had begun.
    """
    if unit.platform.bring_up.accepts(unit, "power_on") and not unit.rail.on:
        hosting.require_own_power(world, unit)
        world.act(unit, partial(operate, unit, "power_on"))
        world.settle()
    if not wizard.is_open(unit):
        return False
    _log_in(world, unit, given)
    answered: set[str] = set()
    while wizard.is_open(unit):
        order = pages.visible(wizard.server(unit))
        page = next(page for page in order if page.name not in answered)
        answered.add(page.name)
        values = given.of(page, wizard.server(unit)) if page.name != REVIEW else {}
        _submit(world, unit, page, values)
    world.settle()
    if given.utility and unit.state == "running":
        world.act(unit, partial(operate, unit, "initial_configuration", **given.utility))
        world.settle()
    return True


def _submit(world: World, unit: Appliance, page: Page, values: dict[str, str]) -> None:
    asking = Asking(partial(wizard.submit, unit, TOKEN, page.name, values))
    world.act(unit, asking)
    if asking.results and asking.results[0].errors:
        raise PageRefused(page.name, dict(asking.results[0].errors))


def _log_in(world: World, unit: Appliance, given: Given) -> None:
    form = given.of(pages.BY_NAME[LOGIN], wizard.server(unit))
    try:
        world.act(unit, Asking(partial(wizard.log_in, unit, form["user"], form["password"], TOKEN)))
    except (sessions.WrongPassword, sessions.Blocked) as error:
        raise PageRefused(LOGIN, {"password": str(error)}) from None
