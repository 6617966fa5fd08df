"""Damaged images: number n is the same image on any machine, so that a failure is told by its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from firmware.appliance import Appliance
from tests.damage import bases, blocks, contents

Harm = Callable[[Random, Appliance, str], str]

# Plain damage is caught by a checksum at once: what passes one comes more often.
HARMS: tuple[tuple[Harm, int], ...] = (
    (blocks.noise, 6), (blocks.flips, 6), (blocks.swapped, 6), (blocks.doubled, 6), (blocks.filled, 6),
    (blocks.rolled, 4), (blocks.stale, 8), (blocks.foreign, 6), (blocks.header, 8), (blocks.metadata, 16),
    (blocks.container, 3), (contents.record, 24), (contents.sealed, 6), (contents.file, 20),
)  # fmt: skip
_KINDS, _WEIGHTS = zip(*HARMS, strict=True)
MOST_HARMS = 4
WITHIN_BUDGET = 0.15  # of the images of units with redundant records


@dataclass(frozen=True)
class Image:
    """A unit, off, with damage done to its parts; ``told`` says what."""

    name: str
    unit: Appliance
    told: tuple[str, ...]
    is_within_budget: bool = False  # promise 1 holds

    @property
    def lies(self) -> bool:
        return any(line.startswith("lies:") for line in self.told)

    def __str__(self) -> str:
        return "; ".join((self.name, *self.told))


def image(number: int, seed: int = 0) -> Image:
    """The damaged image of this number."""
    return made(bases.NAMES[number % len(bases.NAMES)], Random(f"damage {seed} {number}"))  # noqa: S311


def made(name: str, chance: Random) -> Image:
    """A base of this name, harmed as chance has it."""
    unit = bases.anew(bases.base(name))
    twins = contents.twins(unit)
    if twins and chance.random() < WITHIN_BUDGET:
        return Image(name, unit, (contents.one_copy(chance, unit, chance.choice(twins)),), is_within_budget=True)
    count = min(1 + int(chance.expovariate(0.8)), MOST_HARMS)
    told = tuple(_harm(chance, unit, name) for _ in range(count))
    return Image(name, unit, told)


def _harm(chance: Random, unit: Appliance, name: str) -> str:
    (harm,) = chance.choices(_KINDS, _WEIGHTS)
    return harm(chance, unit, name)  # type: ignore[no-any-return]  # by zip
