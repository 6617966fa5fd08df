"""What a kill of ipsim leaves at each moment, laid by hand; tests/damage kills it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware.bench.state import JOURNAL
from tests.bench.support import Ipsim, contents

CLOCK = ("--clock", "2026-11-23T09:00:00Z")


@pytest.fixture
def fresh(ipsim: Ipsim, tmp_path: Path) -> dict[str, bytes]:
    """What a new unit's directory holds right after its creation, before its first start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("firmware.bench.start.start", lambda *_, **__: "running")
        ipsim.well("boot", "ip500v2", "--state", tmp_path / "fresh", *CLOCK)
    return contents(tmp_path / "fresh")


def lay(directory: Path, files: dict[str, bytes]) -> None:
    directory.mkdir()
    for name, data in files.items():
        (directory / name).write_bytes(data)


def new(data: dict[str, bytes], *names: str) -> dict[str, bytes]:
    """The files, these of them still under their temporary names."""
    return {f"{name}.new" if name in names else name: content for name, content in data.items()}


IMAGES = ("nvm.img", "system-sd.img")


def layouts(fresh: dict[str, bytes]) -> dict[str, tuple[dict[str, bytes], bool]]:
    """What a kill at each moment of the creation leaves, and whether there is a unit from then on."""
    lock = {"lock": b""}
    nvm, card, unit = (fresh[name] for name in (*IMAGES, "unit.json"))
    rest = {"nvm.img": nvm, "system-sd.img": card, "unit.json": unit, **lock}
    return {
        "nothing": ({}, False),
        "lock": (lock, False),
        "first image begun": (lock | {"nvm.img.new": nvm[:5000]}, False),
        "first image": (lock | {"nvm.img.new": nvm}, False),
        "both images": (lock | {"nvm.img.new": nvm, "system-sd.img.new": card}, False),
        "description begun": (new(rest, *IMAGES, "unit.json") | {"unit.json.new": b""}, False),
        "half the description": (new(rest, *IMAGES, "unit.json") | {"unit.json.new": unit[:100]}, False),
        "all but the last byte": (new(rest, *IMAGES, "unit.json") | {"unit.json.new": unit[:-1]}, False),
        "description": (new(rest, *IMAGES, "unit.json"), True),
        "one renamed": (new(rest, "system-sd.img", "unit.json"), True),
        "two renamed": (new(rest, "unit.json"), True),
        "all renamed": (rest, True),
    }


@pytest.mark.parametrize("moment", layouts(dict.fromkeys((*IMAGES, "unit.json"), b"")))
def test_a_creation_cut_short_rolls_forward_or_starts_over(
    ipsim: Ipsim, fresh: dict[str, bytes], tmp_path: Path, moment: str
) -> None:
    files, holds = layouts(fresh)[moment]
    lay(place := tmp_path / "unit", files)
    before = contents(place)
    looked = ipsim("show", "--state", place)
    assert (looked.code == 0) == (moment == "all renamed")
    assert looked.err.count("\n") == (moment != "all renamed")
    assert contents(place) == before
    # A seed of its own tells the unit that was begun (seed 0) from a new one.
    other = ipsim("boot", "ip500v2", "--state", place, "--seed", 5)
    assert (other.code == 2) == holds, other
    if holds:
        assert "identity generated" in ipsim.well("boot", "ip500v2", "--state", place)
    assert "all sound" in ipsim.well("fsck", "--state", place)
    assert not list(place.glob("*.new"))


def test_a_unit_whose_creation_was_cut_short_is_named_so(ipsim: Ipsim, fresh: dict[str, bytes], tmp_path: Path) -> None:
    files, _ = layouts(fresh)["one renamed"]
    lay(place := tmp_path / "unit", files)
    assert "its first start was cut short; ipsim boot goes on with it" in ipsim.refuses("show", "--state", place)


def test_a_description_half_written_beside_a_whole_one_counts_for_nothing(ipsim: Ipsim, unit: Path) -> None:
    (unit / "unit.json.new").write_bytes(b'{"format": 1,')
    assert "identity kept" in ipsim.well("boot", "ip500v2", "--state", unit)
    assert not (unit / "unit.json.new").exists()


@pytest.mark.parametrize(
    "line", [b'{"time":"2026-11-23T10:', b"[" * 50_000, b'"text"', b"\xff\xfe", b'{"time":"9999-12-31"}']
)
def test_a_journal_line_cut_short(ipsim: Ipsim, unit: Path, line: bytes) -> None:
    """It is passed over, it is left, and what comes after it has a line of its own."""
    whole = (unit / JOURNAL).read_bytes()
    (unit / JOURNAL).write_bytes(whole + line)
    ipsim.well("boot", "ip500v2", "--state", unit)
    journal = (unit / JOURNAL).read_bytes()
    assert journal.startswith(whole + line + b"\n{")
    assert json.loads(journal[len(whole + line) :].splitlines()[1])["kind"] == "power.on"


def test_time_goes_on_from_the_journal(ipsim: Ipsim, unit: Path) -> None:
    with (unit / JOURNAL).open("a") as journal:
        journal.write('{"time":"2027-06-01T00:00:00Z","source":"unit","kind":"state"}\n')
    assert "simulated time   2027-06-01T00:00:00Z" in ipsim.well("show", "--state", unit)
    refusal = ipsim.refuses("boot", "ip500v2", "--state", unit, "--clock", "2027-05-31")
    assert "holds a unit whose time is 2027-06-01T00:00:00Z; --clock 2027-05-31T00:00:00Z lies before it" in refusal
