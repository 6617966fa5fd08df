"""LEDs, buttons and card slots: what a person at the device sees and touches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firmware.device.flash import FlashPart
from firmware.times import show_duration


class Light(Enum):
    """A pattern of one LED: a name for people, and its steps as (colour, ms), repeated for ever.

    One step means steady. The documents name the patterns; the step lengths are assumed.
    """

    OFF = ("off", (("off", 1000),))
    GREEN = ("green", (("green", 1000),))
    RED = ("red", (("red", 1000),))
    ORANGE = ("orange", (("orange", 1000),))
    ALTERNATING = ("alternating red/green", (("red", 500), ("green", 500)))
    FLASHING_GREEN = ("flashing green", (("green", 500), ("off", 500)))
    FLASHING_RED = ("flashing red", (("red", 500), ("off", 500)))
    FLASHING_ORANGE = ("flashing orange", (("orange", 500), ("off", 500)))
    FAST_RED = ("fast flashing red", (("red", 125), ("off", 125)))
    AMBER = ("amber", (("amber", 1000),))
    RED_AMBER = ("red-amber", (("red", 500), ("amber", 500)))
    RED_EVERY_5_S = ("red once in 5 s", (("red", 100), ("off", 4900)))

    def __init__(self, label: str, steps: tuple[tuple[str, int], ...]) -> None:
        self.label = label
        self.steps = steps


@dataclass(frozen=True, slots=True)
class Band:
    """Holding a button from ``since`` up to ``until`` ms (None: for ever) does ``action`` (None: nothing)."""

    since: int
    until: int | None
    action: str | None
    light: Light | None = None

    def __str__(self) -> str:
        upper = f" to {show_duration(self.until)}" if self.until is not None else " and more"
        return f"{show_duration(self.since)}{upper}"


def band_of(bands: tuple[Band, ...], held: int) -> Band:
    """The band in which a button held for ``held`` ms is let go."""
    return next(band for band in bands if band.since <= held and (band.until is None or held < band.until))


@dataclass(slots=True)
class Card:
    """A memory card: its flash part, its type, and the feature key that formatting on a PC destroys.

    ``kind`` is the regional type (A-law, µ-law, …) or None for a card that is none of ours.
    """

    part: FlashPart
    kind: str | None
    feature_key: str | None
    failed: bool = False

    def copy(self, part: FlashPart) -> Card:
        return Card(part, self.kind, self.feature_key, self.failed)


@dataclass(slots=True)
class Slot:
    """A card slot; ``name`` is also the name under which its card's volume is known."""

    name: str
    card: Card | None = None
