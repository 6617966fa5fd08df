"""Cells that say the same, as one line: platforms together, releases as a span."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Generic, TypeVar

import platforms
from firmware.bench.rules.case import Cell
from firmware.bench.rules.triggers import table
from firmware.platform import Platform
from firmware.release import Release

T = TypeVar("T")
EVERY = "every release"


@dataclass(frozen=True)
class Line(Generic[T]):
    """What is the same for these platforms and releases of one trigger; ``members`` are its cells' values."""

    trigger: str
    platforms: tuple[str, ...]
    releases: str
    members: tuple[T, ...]

    @property
    def title(self) -> str:
        return table().triggers[self.trigger].title

    @property
    def who(self) -> str:
        return "any" if self.platforms == platforms.names() else ", ".join(self.platforms)


def grouped(values: Iterable[T], cell: Callable[[T], Cell], same: Callable[[T], Hashable]) -> list[Line[T]]:
    """Lines by trigger, in the order of the triggers. Releases that a platform does not exist for are left out."""
    found: dict[tuple[str, str, Hashable], dict[str, list[T]]] = {}
    by_trigger: dict[tuple[str, str], list[T]] = {}
    for value in values:
        where = cell(value)
        if where.release in where.platform.releases():
            by_trigger.setdefault((where.trigger, where.platform.name), []).append(value)
    for (trigger, platform), members in by_trigger.items():
        for key, span in _runs(sorted(members, key=lambda value: cell(value).release), cell, same):
            label = _span(cell(span[0]).platform, [cell(value).release for value in span])
            found.setdefault((trigger, label, key), {}).setdefault(platform, []).extend(span)
    order = list(table().triggers)
    lines = [
        Line(trigger, tuple(sorted(by_platform)), label, tuple(chain.from_iterable(by_platform.values())))
        for (trigger, label, _), by_platform in found.items()
    ]
    return sorted(lines, key=lambda line: order.index(line.trigger))


def _runs(
    members: list[T], cell: Callable[[T], Cell], same: Callable[[T], Hashable]
) -> Iterator[tuple[Hashable, list[T]]]:
    """Members of releases that follow each other and say the same."""
    every = cell(members[0]).platform.releases()
    gaps = [every.index(cell(value).release) - count for count, value in enumerate(members)]
    for (key, _), run in groupby(zip(members, gaps, strict=True), lambda pair: (same(pair[0]), pair[1])):
        yield key, [value for value, _ in run]


def _span(platform: Platform, releases: list[Release]) -> str:
    """Releases that follow each other, in words."""
    every = platform.releases()
    first, last = releases[0], releases[-1]
    if len(releases) == len(every):
        return EVERY
    if first == every[0]:
        return f"before {every[len(releases)]}"
    if last == every[-1] and len(releases) > 1:
        return f"{first} and later"
    return f"{first}" if first == last else f"{first} to {last}"
