"""``unit.json``: what a state directory holds of a unit besides its flash. Read with every value checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platforms
from firmware.appliance import Appliance
from firmware.bench import values
from firmware.bench.outside import look_at
from firmware.device.clock import Clock
from firmware.device.faults import BadBlock, Defect, StuckBit
from firmware.device.flash import FlashPart
from firmware.device.panel import Card
from firmware.errors import BadInput
from firmware.journal import Journal
from firmware.peers.network import SILENT

FORMAT = 1
_DEFECTS: dict[str, Callable[..., Defect]] = {"BadBlock": BadBlock, "StuckBit": StuckBit}


def describe(unit: Appliance) -> bytes:
    """A unit that is off, its flash left out."""
    description = {
        "format": FORMAT,
        "platform": unit.platform.name,
        "name": unit.name,
        "mac": unit.mac,
        "seed": unit.entropy.seed,
        "clock": unit.clock.state(),
        "slots": {
            slot.name: {"kind": slot.card.kind, "feature_key": slot.card.feature_key, "failed": slot.card.failed}
            if slot.card
            else None
            for slot in unit.slots.values()
        },
        "defects": {
            name: [[type(d).__name__, *(getattr(d, field) for field in d.__slots__)] for d in part.defects]
            for name, part in unit.parts().items()
            if part.defects
        },
    }
    return (json.dumps(description, indent=1) + "\n").encode()


def is_whole(data: bytes) -> bool:
    """Whether this is all of what :func:`describe` gave: a kill may have left the beginning only."""
    return data.endswith(b"\n}\n")


def read(data: bytes, path: Path) -> dict[str, Any]:
    """What :func:`describe` gave. BadInput when it is something else, or of a newer version."""
    try:
        description = json.loads(data)
        if not isinstance(description, dict) or type(version := description.get("format")) is not int or version < 1:
            raise ValueError("not an object with a format")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: no description of a unit ({error}); nothing was changed") from None
    if version > FORMAT:
        raise BadInput(f"{path}: written by a newer ipsim (format {version}, this one knows {FORMAT}); update ipsim")
    return description


def restore(description: dict[str, Any], path: Path, part: Callable[[Appliance, str], FlashPart]) -> Appliance:
    """The unit that was described; ``part`` gives it a flash part by name. BadInput when a value is none of ours."""
    try:
        platform = platforms.load(description["platform"])
    except (LookupError, TypeError):
        raise BadInput(f"{path}: of an unknown platform {values.brief(description.get('platform'))}") from None
    try:
        unit = Appliance(
            platform,
            mac=values.mac(description["mac"]),
            seed=values.seed(description["seed"]),
            name=values.unit_name(description["name"]),
            clock=_clock(**description["clock"]),
            surroundings=SILENT,
            journal=Journal(),
        )
        cards = {values.one_of(slot, platform.slots, "slot"): card for slot, card in description["slots"].items()}
        unit.attach_internal(part(unit, unit.internal.name))
        for slot, card in cards.items():
            if card is not None:
                unit.insert(slot, _card(part(unit, slot), **card))
        for name, rows in description["defects"].items():
            for row in rows:
                _add_defect(unit.parts()[name], *row)
        if platform.is_now is not None:  # its disk knows better, after a kill, what ignition has made of it
            unit.platform = platform.is_now(look_at(unit))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else error
        raise BadInput(f"{path}: the description of this unit is damaged ({what}); nothing was changed") from None
    return unit


def _clock(now: int, difference: int | None, since: int, battery_good: bool, drift_ppm: int) -> Clock:
    _require(0 <= _whole(now) < values.END and 0 <= _whole(since) <= now, "the clock's times")
    _require(abs(_whole(drift_ppm)) <= 1000 and type(battery_good) is bool, "the clock's battery and drift")
    _require(difference is None or abs(_whole(difference)) < values.END, "the clock's difference")
    return Clock.restore(now, difference, since, battery_good, drift_ppm)


def _card(part: FlashPart, kind: str | None, feature_key: str | None, failed: bool) -> Card:
    _require(isinstance(kind, str | None) and isinstance(feature_key, str | None), "a card's kind and feature key")
    _require(type(failed) is bool, "whether a card has failed")
    return Card(part, kind, feature_key, failed)


def _add_defect(part: FlashPart, kind: str, block: int, bit: int = 0, value: int = 0) -> None:
    geometry = part.geometry
    _require(0 <= _whole(block) < geometry.blocks, "a defect's block")
    _require(0 <= _whole(bit) < 8 * geometry.block_size and _whole(value) in (0, 1), "a defect's bit")
    part.add_defect(_DEFECTS[kind](block) if kind == "BadBlock" else _DEFECTS[kind](block, bit, value))


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{values.brief(value)} is no whole number")
    return value


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"{what} cannot be")
