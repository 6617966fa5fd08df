"""Time zones by the tz database, from the ``tzdata`` package: the same on any machine, whatever its system has."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from firmware.times import from_datetime


@cache
def names() -> tuple[str, ...]:
    """Every zone, in alphabetical order."""
    return tuple(sorted(files("tzdata").joinpath("zones").read_text("ascii").split()))


@cache
def zone(name: str) -> ZoneInfo:
    """LookupError when there is no such zone."""
    if name not in names():
        raise LookupError(name)
    place = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with place.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def to_ms(local: datetime, name: str) -> int:
    """The moment that the clocks of a zone show as ``local``; of two such moments the first.

    ValueError when they never show it: it falls into the hour that summer time leaves out.
    """
    moment = local.replace(tzinfo=zone(name)).astimezone(UTC)
    if moment.astimezone(zone(name)).replace(tzinfo=None) != local:
        raise ValueError(f"{local:%Y-%m-%d %H:%M} does not exist in {name}: summer time skips it.")
    return from_datetime(moment)
