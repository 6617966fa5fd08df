"""What a test asks for, by its marker or by the options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import platforms
from firmware.bench import values
from firmware.bench.pytest_plugin import EVERY
from firmware.errors import BadInput
from firmware.peers.endpoints import BY_NAME
from ignition import wizard as ignition

DEFAULT = {True: "primary", False: "ip500v2"}  # by whether it has to have a wizard
_OF_UNIT, _OF_ALL = ("release", "seed", "mac"), ("clock", "environment", "answers")


@dataclass(frozen=True)
class Asked:
    """``unit`` and ``head`` are written into the scenario that the unit comes from; ``where`` says who asks."""

    name: str
    unit: dict[str, Any]
    head: dict[str, Any]
    answers: dict[str, Any]
    where: str


def names(*, wizard: bool | None = None, release: str | None = None) -> tuple[str, ...]:
    """Every platform that fits."""
    fitting = (platforms.load(name) for name in platforms.names())
    if release is not None:
        release = _checked(values.release, release, "release")
    return tuple(
        platform.name
        for platform in fitting
        if (wizard is None or ignition.has_wizard(platform) == wizard)
        and (release is None or release in [known.version for known in platform.releases()])
    )


def several(item: pytest.Item, *, wizard: bool) -> tuple[str, ...]:
    """The platforms, where they are more than one."""
    marked = _marked(item)
    if marked:
        return marked if len(marked) > 1 else ()
    is_every = item.config.getoption("--ipsim-platform") == EVERY
    return names(wizard=wizard or None, release=_release(item)) if is_every else ()


def of(item: pytest.Item, parameter: object = None, *, wizard: bool = False) -> Asked:
    """What is asked for; ``parameter`` names one of several platforms."""
    marker, config = item.get_closest_marker("platform"), item.config
    told = dict(marker.kwargs) if marker else {}
    for name in told:
        _checked(lambda text: values.one_of(text, (*_OF_UNIT, *_OF_ALL), "argument"), name, "@pytest.mark.platform")
    option = config.getoption("--ipsim-platform")
    optional = None if option in (None, EVERY) else _checked(values.platform, option, "--ipsim-platform").name
    if wizard and optional not in names(wizard=True):
        optional = None
    marked = _marked(item)
    name = parameter if isinstance(parameter, str) else marked[0] if marked else optional or DEFAULT[wizard]
    where = "@pytest.mark.platform" if marker else "--ipsim-…"
    unit = {"platform": name, "release": _release(item), "seed": _seed(item), "mac": told.get("mac")}
    head: dict[str, Any] = {key: told[key] for key in ("clock", "environment") if key in told}
    return Asked(name, {k: v for k, v in unit.items() if v is not None}, head, told.get("answers", {}), where)


def endpoint(item: pytest.Item) -> str:
    marker = item.get_closest_marker("endpoint")
    name = marker.args[0] if marker and marker.args else "j100"
    return str(_checked(lambda text: values.one_of(text, tuple(BY_NAME), "endpoint"), name, "@pytest.mark.endpoint"))


def seed_option(config: pytest.Config) -> int | None:
    """Of ``--ipsim-seed``."""
    text = config.getoption("--ipsim-seed")
    return None if text is None else int(_checked(values.seed, text, "--ipsim-seed"))


def _marked(item: pytest.Item) -> tuple[str, ...]:
    """The names in the marker, also where they were given as one tuple."""
    marker = item.get_closest_marker("platform")
    args = marker.args if marker else ()
    return tuple(name for arg in args for name in ((arg,) if isinstance(arg, str) else arg))


def _release(item: pytest.Item) -> str | None:
    marker = item.get_closest_marker("platform")
    told = marker.kwargs.get("release") if marker else None
    if told is not None:
        return str(told)
    option = item.config.getoption("--ipsim-release")
    return None if option is None else str(_checked(values.release, option, "--ipsim-release"))


def _seed(item: pytest.Item) -> object:
    marker = item.get_closest_marker("platform")
    told = marker.kwargs.get("seed") if marker else None
    return seed_option(item.config) if told is None else told


def _checked(check: Any, value: object, where: str) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise BadInput(f"{where}: {error}") from None
