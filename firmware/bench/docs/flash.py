"""Flash: what can go wrong with it, which part can show it, and what a sweep judges a start by."""

from __future__ import annotations

import platforms
from firmware.bench.docs.markdown import code, document, table
from firmware.bench.sweep.checkers import ALWAYS, CHECKERS
from firmware.device.flash import Geometry
from firmware.device.physics import FAULTS, DataSheet


def draw() -> str:
    parts = [
        "## Physical faults",
        "A fault strikes in what the cells hold when power goes (crash), before a start (rest), or while the flash "
        "works (live). Within the budget nothing that was committed may be lost; beyond it nothing may be wrong.",
        table(
            ("fault", "what happens", "strikes", "in the budget", "guarantee that rules it out"),
            [(code(row.name), row.about, row.strikes.value, _yes(row.in_budget), row.guarantee) for row in FAULTS],
        ),
        "## Data sheets",
        "What a part cannot do, it guarantees.",
        _sheets(),
        "## Parts",
        "Sizes are ours; the kinds of storage are documented.",
        table(("platform", "part", "data sheet", "blocks", "bytes a block", "bytes programmed at once"), _parts()),
        "## Checkers of a sweep",
        "What must hold after a start from a crash state, in this order; the first that objects is the finding.",
        table(
            ("checker", "what must hold", "holds"),
            [(row.name, row.about, "always" if row.promise == ALWAYS else "in the budget") for row in CHECKERS],
        ),
    ]
    return document("Flash", *parts)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _geometries() -> list[tuple[str, str, Geometry]]:
    found = []
    for name in platforms.names():
        platform = platforms.load(name)
        found.append((platform.title, platform.storage.name, platform.storage.geometry))
        found += [(platform.title, slot, platform.card) for slot in platform.slots]
    return found


def _sheets() -> str:
    sheets: list[DataSheet] = list(dict.fromkeys(geometry.sheet for _, _, geometry in _geometries()))
    rows = [(code(row.name), *(_yes(row.name in sheet.can) for sheet in sheets)) for row in FAULTS]
    groups = ("blocks moved at once", *(sheet.erase_group for sheet in sheets))
    return table(("can show", *(sheet.name for sheet in sheets)), [*rows, groups])


def _parts() -> list[tuple[object, ...]]:
    return [
        (title, code(part), geometry.sheet, geometry.blocks, geometry.block_size, geometry.program_unit)
        for title, part, geometry in _geometries()
    ]
