"""The flash map of a report: what it says lies where does lie there; what changed adds up; the film ends at the map."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware.appliance import Appliance
from firmware.bench import scenario
from firmware.bench.html import flash_view
from firmware.bench.html.places import BOOKS, Place, places
from firmware.bench.html.watch import PartShape, Watched
from firmware.bench.outside import look_at
from firmware.device.clock import Clock
from firmware.device.flash import FlashPart
from firmware.peers.network import SILENT
from firmware.storage.nvm import HEADER, CopyState, RecordStore
from firmware.storage.volume import format_volume, mounted
from platforms import load
from tests.bench.pages import watched
from tests.bench.support import ROOT

SIZES = (0, 1, 40, 120, 1023, 1024, 1025, 2043, 2044, 2045, 9000, 40_000)
CARD = "system-sd"


def _run(name: str) -> Watched:
    return watched(scenario.load(ROOT / "tests" / "scenarios" / f"{name}.yaml"))


@pytest.fixture(scope="module")
def run() -> Watched:
    return _run("network_of_a_primary")


def _shape(part: FlashPart) -> PartShape:
    return PartShape(part.image(), part.wear.tobytes(), part.operations)


def _contents(place: Place, part: FlashPart, size: int) -> bytes:
    """A file from the blocks that it is said to lie on, without the pointers of its skip list."""
    pieces = [part.blocks[place.blocks[0]]]
    pieces += [part.blocks[block][4 * (n & -n).bit_length() :] for n, block in enumerate(place.blocks[1:], 1)]
    return b"".join(pieces)[:size]


def _must_hold_its_files(unit: Appliance, name: str) -> int:
    part = look_at(unit).parts()[name]
    found = {place.name.partition(" (record ")[0]: place for place in places(unit, name, _shape(part))}
    with mounted(part) as volume:
        files = dict(volume.files())
        assert set(found) == {BOOKS, *files}
        for path, size in files.items():
            assert found[path].holds.startswith(f"{size} bytes")
            if found[path].blocks:
                assert _contents(found[path], part, size) == volume.read(path), path
    owned = [block for place in found.values() for block in place.blocks]
    assert len(set(owned)) == len(owned)
    return len(files)


def test_files_lie_where_the_map_says(run: Watched) -> None:
    units = run.report.units
    assert _must_hold_its_files(units["primary"], "disk") > 5
    assert _must_hold_its_files(units["branch"], CARD) >= 1


def test_files_of_every_size_are_followed() -> None:
    unit = _unit_with_a_card()
    part = unit.parts()[CARD]
    with mounted(part) as volume:
        for again in (1, 2):
            for size in SIZES:
                volume.replace(f"folder{size % 3}/deeper/{size}", bytes([again]) * size)
    assert _must_hold_its_files(unit, CARD) == len(SIZES)


def _unit_with_a_card() -> Appliance:
    platform = load("ip500v2")
    unit = Appliance(platform, mac="00e007000001", seed=7, clock=Clock(0), surroundings=SILENT)
    platform.furnish(unit, platform.releases()[-1])
    unit.rail.on = True
    format_volume(unit.parts()[CARD])
    return unit


def test_what_is_no_volume_is_said_to_be_none() -> None:
    unit = _unit_with_a_card()
    part = unit.parts()[CARD]
    part.erase(0)
    part.erase(1)
    (place,) = places(unit, CARD, _shape(part))
    assert place.name == "no volume that can be followed"
    assert place.blocks == ()


def test_records_lie_where_the_map_says(run: Watched) -> None:
    branch = run.report.units["branch"]
    found = {place.name: place for place in places(branch, "nvm", _shape(branch.internal))}
    records = look_at(branch).records
    assert isinstance(records, RecordStore)
    for name in records.names():
        for number, copy in enumerate(records.copies(name), 1):
            place = found[f"{name}, copy {number}"]
            raw = b"".join(branch.internal.blocks[block] for block in place.blocks)
            if copy.state is CopyState.GOOD:
                assert raw[HEADER.size :].startswith(copy.data)
                assert place.holds == f"number {copy.sequence}, {len(copy.data)} bytes"
            else:
                assert place.holds == copy.state.value
    assert found["security, copy 1"].holds.startswith("number ")


def test_the_changes_add_up(run: Watched) -> None:
    seen = flash_view.view(run)
    counted: dict[str, int] = {}
    for change in seen["changes"]:
        for part in change["parts"]:
            counted[part["name"]] = counted.get(part["name"], 0) + part["operations"]
    first, last = run.moments[0].parts, run.moments[-1].parts
    assert counted == {", ".join(key): last[key].operations - first[key].operations for key in last}
    assert all(a.parts != b.parts for a, b in pairwise(run.moments))


def test_the_film_ends_at_the_map(run: Watched) -> None:
    seen = flash_view.view(run)
    assert len(seen["film"]) == len(run.moments)
    for number, part in enumerate(seen["parts"]):
        cells = [(0, 0)] * part["blocks"]
        for moment in seen["film"]:
            for block, code, wear in moment[number]:
                cells[block] = (code, wear)
        assert cells == part["cells"]
        assert part["worn"] == max(wear for _, wear in cells)


def test_a_change_names_what_moved(run: Watched) -> None:
    lines = [
        line for change in flash_view.view(run)["changes"] if change["what"] == "power_on"
        for part in change["parts"] if part["name"] == "branch, nvm" for line in part["lines"]
    ]  # fmt: skip
    assert any(line.startswith("security: blank → number 1, ") for line in lines)
    assert any(line.startswith("level: blank → number 1, ") for line in lines)


def test_a_card_that_is_taken_out_is_away_from_then_on() -> None:
    run = _run("card_removed_while_running")
    seen = flash_view.view(run)
    whats = [part["what"] for change in seen["changes"] for part in change["parts"] if part["name"] == CARD]
    assert "removed" in whats
    away = [moment[1] is None for moment in seen["film"]]
    assert any(away)
    assert not away[0]


def test_spans() -> None:
    assert flash_view.spans((4, 1, 5, 6, 9)) == "1, 4–6, 9"
    assert flash_view.spans(()) == ""
