"""``ipsim boot``: the first start, the next, the plug pulled; and two boots that must give the same bytes anywhere."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest

from firmware.bench.cli_options import style
from firmware.bench.start import end
from firmware.bench.world import World
from firmware.platform import operate
from firmware.times import HOUR, SECOND, parse_time, show_time
from tests.bench.support import ACCEPTANCE, Ipsim, contents, process
from tests.boot.units import events, running

LAYOUT = (
    "the bytes of a unit's files have changed. If the layout was changed on purpose, the digest to expect is now\n    "
)
DIGEST = "6bd7334e43cdbc856ade34b4d60bc9275ce7cd9cb1222853eb4d3f399960cce0"


def digest(directory: Path) -> str:
    """SHA-256 over name and content of every file, in the order of names, each preceded by its length."""
    total = hashlib.sha256()
    for name, data in contents(directory).items():
        for piece in (name.encode(), data):
            total.update(len(piece).to_bytes(8, "big") + piece)
    return total.hexdigest()


def test_one_seed_gives_the_same_bytes_anywhere(ipsim: Ipsim, tmp_path: Path) -> None:
    one, other = tmp_path / "u1", tmp_path / "u2"
    ipsim.well(*ACCEPTANCE.split(), "--state", one)
    done = process(*ACCEPTANCE.split(), "--state", other, TZ="Asia/Tokyo", PYTHONHASHSEED="5", LC_ALL="C")
    assert (done.code, done.err) == (0, "")
    assert contents(one) == contents(other)
    assert digest(one) == DIGEST, LAYOUT + digest(one)


def test_quiet_it_says_only_what_came_of_it(ipsim: Ipsim, tmp_path: Path) -> None:
    told = ipsim.well(*ACCEPTANCE.split(), "--state", one := tmp_path / "u1")
    quiet = ipsim.well(*ACCEPTANCE.split(), "--state", other := tmp_path / "u2", "-q")
    assert [line.replace("/u2 ", "/u1 ") for line in quiet.splitlines()] == told.splitlines()[-2:]
    assert contents(one) == contents(other)


def last(output: str, word: str) -> str:
    return next(line for line in reversed(output.splitlines()) if word in line)


def test_generated_then_kept(ipsim: Ipsim, tmp_path: Path) -> None:
    first = ipsim.well("boot", "ip500v2", "--state", tmp_path / "u")
    second = ipsim.well("boot", "ip500v2", "--state", tmp_path / "u")
    fingerprint = last(first, "identity").removeprefix("identity generated: ")
    assert fingerprint.startswith("SHA-256 ")
    assert last(second, "identity") == f"identity kept: {fingerprint}"
    assert "first ever boot" in first
    assert "first ever boot" not in second
    assert last(second, "shutdown.done")
    assert f"ipsim cert --state {tmp_path / 'u'}" in last(second, "look at it")


def test_the_timeline_is_for_people(ipsim: Ipsim, unit: Path) -> None:
    """Time, state, what happened and why, LEDs; no colour where nobody sees it."""
    lines = ipsim.well("boot", "ip500v2", "--state", unit, "--clock", "2026-12-01T08:00:00Z").splitlines()
    assert lines[0] == "2026-12-01"
    assert lines[1] == "08:00:00       · power on, no button held"
    assert "[CPU alternating red/green; SD flashing red]" in lines[2]
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    coloured = style()("text", "red")
    assert (coloured, style()("text", "bold")) == ("\x1b[31mtext\x1b[0m", "\x1b[1mtext\x1b[0m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert style()("text", "red") == "text"


def test_with_the_plug_pulled(ipsim: Ipsim, tmp_path: Path) -> None:
    first = ipsim.well("boot", "ip500v2", "--state", tmp_path / "u", "--pull-plug")
    assert "POWER CUT: pulled by --pull-plug" in first
    assert "shutdown" not in first
    second = ipsim.well("boot", "ip500v2", "--state", tmp_path / "u")
    assert "configuration from default" in second  # it was in RAM only
    assert last(second, "identity").startswith("identity kept")


@pytest.mark.parametrize(
    ("option", "value", "what", "holds"),
    [
        ("--seed", "8", "seed", "7"),
        ("--mac", "00E007000001", "mac", "00e00705918e"),
        ("--release", "12.3", "release", "12.0"),
    ],
)
def test_another_value_than_the_unit_holds(
    ipsim: Ipsim, unit: Path, option: str, value: str, what: str, holds: str
) -> None:
    before = contents(unit)
    refusal = ipsim.refuses("boot", "ip500v2", "--state", unit, option, value)
    assert f"holds a unit with {what} {holds}, not {value.lower()}; leave it out or give another --state" in refusal
    assert contents(unit) == before


def test_the_values_that_it_holds_are_welcome(ipsim: Ipsim, unit: Path) -> None:
    asked = ("--seed", "7", "--mac", "00:e0:07:05:91:8e", "--release", "12.0")
    assert "identity kept" in ipsim.well("boot", "ip500v2", "--state", unit, *asked)


def now(place: Path) -> int:
    return int(json.loads((place / "unit.json").read_text())["clock"]["now"])


def test_the_clock_of_a_unit_goes_forward_only(ipsim: Ipsim, unit: Path) -> None:
    before = contents(unit)
    kept, early = show_time(now(unit)), show_time(now(unit) - SECOND)
    refusal = ipsim.refuses("boot", "ip500v2", "--state", unit, "--clock", early)
    assert f"holds a unit whose time is {kept}; --clock {early} lies before it: leave it out" in refusal
    assert "this unit's clock is set" in ipsim.refuses("boot", "ip500v2", "--state", unit, "--clock", "unset")
    assert contents(unit) == before
    assert f"\n{kept[11:19]}     power.starting" in ipsim.well("boot", "ip500v2", "--state", unit, "--clock", kept)


def test_without_a_clock_it_is_the_walls_then_time_goes_by(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: parse_time("2031-05-06T07:08:09Z") / 1000)
    place = tmp_path / "u"
    assert ipsim.well("boot", "ip500v2", "--state", place).startswith("2031-05-06\n07:08:09 ")
    left, written = now(place), (place / "unit.json").stat().st_mtime
    monkeypatch.setattr(time, "time", lambda: written + 3600.5)
    ipsim.well("boot", "ip500v2", "--state", place)
    started = next(
        json.loads(line) for line in (place / "journal.jsonl").read_text().splitlines()[-20:] if "power.on" in line
    )
    assert parse_time(started["time"]) == left + HOUR
    left = now(place)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # the wall clock was put back
    ipsim.well("boot", "ip500v2", "--state", place)
    assert now(place) > left


def test_looking_at_a_card_is_not_what_time_is_counted_from(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    written = (unit / "unit.json").stat().st_mtime_ns
    (tmp_path / "f").write_text("x")
    ipsim.well("card", "put", "--state", unit, tmp_path / "f", "f")
    assert (unit / "unit.json").stat().st_mtime_ns == written


def test_a_clock_that_is_not_set(ipsim: Ipsim, tmp_path: Path) -> None:
    place = tmp_path / "u"
    first = ipsim.well("boot", "ip500v2", "--state", place, "--clock", "unset", "--release", "11.1")
    assert "generating identity 1: clock not set, 825 days" in first
    assert "valid   2020-01-01T00:00:00Z to 2022-04-05T00:00:00Z" in first
    ipsim.well("boot", "ip500v2", "--state", place, "--clock", "unset")
    assert "the unit's clock not set" in ipsim.well("show", "--state", place)


def test_a_release_that_needs_no_certificate_yet(ipsim: Ipsim, tmp_path: Path) -> None:
    place = tmp_path / "u"
    said = ipsim.well("boot", "ip500v2", "--state", place, "--release", "6.2")
    assert said.endswith("identity: none yet; this release makes it when it is first needed\n")
    assert ipsim.refuses("cert", "--state", place) == f"ipsim: {place}: this unit holds no identity certificate yet\n"
    assert "identity           none" in ipsim.well("show", "--state", place)


def test_a_unit_that_does_not_come_up(ipsim: Ipsim, unit: Path) -> None:
    for name in ("system/primary/ip500v2.bin", "system/backup/ip500v2.bin"):
        ipsim("card", "rm", "--state", unit, name)
    data = bytearray((unit / "nvm.img").read_bytes())
    data[data.index(b"IP500V2\0") + 60] ^= 1
    data[data.rindex(b"IP500V2\0") + 60] ^= 1
    (unit / "nvm.img").write_bytes(data)
    said = ipsim("boot", "ip500v2", "--state", unit)
    assert said.code == 1
    assert (
        said.err == f"ipsim: {unit}: the unit stayed in firmware.none; ipsim fsck --state {unit} says what is wrong\n"
    )
    assert "POWER CUT: pulled: the unit did not come up" in said.out


def test_a_unit_that_has_shut_down_is_unplugged_as_one() -> None:
    """From its front panel, say: that is no unit that did not come up."""
    unit = running()
    world = World(unit.clock.now)
    world.add(unit)
    world.act(unit, lambda: operate(unit, "shutdown"))
    world.settle()
    assert unit.state == "shutdown.done"
    end(world, unit, pull_plug=False)
    assert events(unit, "power.off")[-1]["why"] == "unplugged after the shutdown"
