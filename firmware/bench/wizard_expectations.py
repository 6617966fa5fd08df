"""What ``expect`` can demand of a wizard, of the browsers in front of it, and of what its ignition has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from firmware.appliance import Appliance
from firmware.bench.fields import PageName, PlatformName, RootChange
from firmware.bench.outside import authority_of, identity_of, look_at
from firmware.bench.steps.base import Step
from firmware.bench.steps.ignition import FIRST_BROWSER
from firmware.bench.world import World
from firmware.security.reading import public_key_of
from ignition import wizard
from ignition.starting import ignited_as

Check = Callable[[World, Appliance, Any], list[str]]


class WizardExpectations(Step):
    """The fields; ``root`` compares with the last ``expect`` that looked at it."""

    page: PageName | None = Field(None, description="the page in a browser's window")
    errors: dict[str, str] = Field({}, description="field -> a text in what is said at it; {} means that all is well")
    refused: str = Field("", description="a text in why nothing was done; empty: it was")
    browser: str = Field(FIRST_BROWSER, description="of which browser page, errors and refused are")
    ignited: bool = Field(True, description="whether ignition is done")
    platform: PlatformName | None = Field(None, description="what ignition has made of the unit")
    root: RootChange | None = Field(None, description="the root CA, compared with the last look at it")
    issued_by_root: bool = Field(True, description="whether the identity is signed by the unit's own or imported CA")


def _browser(world: World, unit: Appliance, step: Any) -> Any:
    return world.browsers.get((unit.name, step.browser))


def _page(world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    window = _browser(world, unit, step)
    found = window.page if window else "no browser"
    return [] if found == step.page else [f"page: expected {step.page}, found {found}"]


def _errors(world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    window = _browser(world, unit, step)
    found: Mapping[str, str] = window.errors if window else {}
    missing = [
        f"error at {name}: expected {text!r}, found {found.get(name)!r}"
        for name, text in step.errors.items()
        if text not in found.get(name, "") or name not in found
    ]
    return missing + [f"error at {name}: {text}" for name, text in found.items() if name not in step.errors]


def _refused(world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    window = _browser(world, unit, step)
    found = window.refused if window else ""
    if step.refused in found and bool(step.refused) == bool(found):
        return []
    return [f"refused: expected {step.refused or 'nothing'!r}, found {found or 'nothing'!r}"]


def _ignited(_world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    found = wizard.has_wizard(unit.platform) and ignited_as(look_at(unit)) is not None
    return [] if found is step.ignited else [f"ignited: expected {step.ignited}, found {found}"]


def _platform(_world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    found = unit.platform.name
    return [] if found == step.platform else [f"platform: expected {step.platform}, found {found}"]


def _root(world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    authority = authority_of(unit)
    before, now = world.roots.get(unit.name), authority.der if authority else None
    world.roots[unit.name] = now
    if now is None:
        found = "none"
    elif before is None:
        found = "imported" if authority and authority.is_imported else "generated"
    elif before == now:
        found = "kept"
    else:
        found = "renewed" if public_key_of(before) == public_key_of(now) else "new key"
    return [] if found == step.root else [f"root CA: expected {step.root}, found {found}"]


def _issued_by_root(_world: World, unit: Appliance, step: WizardExpectations) -> list[str]:
    authority, identity = authority_of(unit), identity_of(unit)
    found = bool(authority and identity and authority.der in identity.chain[1:])
    return [] if found is step.issued_by_root else [f"issued by the root CA: {found}"]


CHECKS: Mapping[str, Callable[[World, Appliance, Any], list[str]]] = {
    "page": _page,
    "errors": _errors,
    "refused": _refused,
    "ignited": _ignited,
    "platform": _platform,
    "root": _root,
    "issued_by_root": _issued_by_root,
}
