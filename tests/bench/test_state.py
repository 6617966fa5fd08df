"""A unit's directory: what it holds, who may open it, and that whatever is not ours is refused and left as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firmware.bench import orders, state
from firmware.bench.orders import Order
from firmware.bench.state import StateDirectory, holds_unit
from platforms.ip500v2 import PLATFORM
from tests.bench.support import Ipsim, contents, touched


def images(unit: Any) -> dict[str, Any]:
    return {name: (part.image(), part.wear, part.operations) for name, part in unit.parts().items()}


def test_what_is_created_is_loaded(tmp_path: Path) -> None:
    made = orders.new_unit(Order(PLATFORM, "11.1", "00e007000001", 2**255, "left"), 1_000_000)
    made.clock.drift_ppm = -7
    with StateDirectory(tmp_path / "new" / "unit") as directory:
        directory.create(made)
    with StateDirectory(tmp_path / "new" / "unit") as directory:
        found = directory.load()
    assert images(found) == images(made)
    assert (found.mac, found.entropy.seed, found.name) == ("00e007000001", 2**255, "left")
    assert found.clock.state() == made.clock.state()
    assert found.platform is PLATFORM


def test_only_the_owner_may_read(unit: Path) -> None:
    modes = {name: mode & 0o777 for name, (_, mode) in touched(unit).items()}
    assert modes.pop(str(unit)) == 0o700
    assert set(modes.values()) == {0o600}
    assert sorted(contents(unit)) == ["journal.jsonl", "lock", "nvm.img", "system-sd.img", "unit.json"]


def test_one_at_a_time(ipsim: Ipsim, unit: Path) -> None:
    before = contents(unit)
    in_use = f"ipsim: {unit}: in use by another ipsim; wait for it or give another --state\n"
    with StateDirectory(unit):
        for command in (["boot", "ip500v2"], ["show"], ["cert"], ["fsck"], ["card", "ls"]):
            assert ipsim.refuses(*command, "--state", unit) == in_use
        other = (
            f"from firmware.bench.state import StateDirectory as S; from pathlib import Path; S(Path({str(unit)!r}))"
        )
        done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, timeout=60, check=False)
        assert "in use by another ipsim" in done.stderr
    with StateDirectory(unit, exclusive=False):
        assert ipsim("show", "--state", unit).code == 0
        assert ipsim.refuses("boot", "ip500v2", "--state", unit) == in_use
    assert contents(unit) == before


def test_of_two_that_begin_at_once_the_second_finds_the_first(
    unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for a unit and locking, another process may have made one: it is never made anew."""
    place = tmp_path / "race"
    asked: list[Path] = []

    def first_look(directory: Path) -> bool:
        asked.append(directory)
        if len(asked) == 1:
            shutil.copytree(unit, place)
            return False
        return holds_unit(directory)

    monkeypatch.setattr(orders, "holds_unit", first_look)
    directory, found, is_new = orders.open_unit(Order(PLATFORM), place, lambda: pytest.fail("made anew"), None)
    directory.close()
    assert not is_new
    assert found.entropy.seed == 7


@pytest.mark.parametrize("kind", ["file", "below a file", "foreign", "name"])
def test_what_is_no_state_directory(ipsim: Ipsim, tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "precious.txt").write_text("x")
    before = touched(tmp_path), contents(tmp_path)
    place, says = {
        "file": ("file", "is a file, not a state directory; give another --state"),
        "below a file": ("file/below", "Not a directory; check the --state directory"),
        "foreign": ("foreign", "holds 'precious.txt' but no unit.json: no state directory; give an empty or a new one"),
        "name": ("n" * 300, "File name too long; check the --state directory"),
    }[kind]
    assert says in ipsim.refuses("boot", "ip500v2", "--state", tmp_path / place)
    assert ipsim.refuses("show", "--state", tmp_path / place)
    assert (touched(tmp_path), contents(tmp_path)) == before


def test_no_unit_to_look_at(ipsim: Ipsim, tmp_path: Path) -> None:
    for command in ("show", "cert", "fsck", "card ls"):
        refusal = ipsim.refuses(*command.split(), "--state", tmp_path / "none")
        assert (
            refusal == f"ipsim: {tmp_path}/none: holds no unit; ipsim boot ip500v2 --state {tmp_path}/none makes one\n"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device")])
def test_what_cannot_be_written(
    ipsim: Ipsim, unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    before = contents(unit)
    real = os.open

    def refusing(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) and str(tmp_path) in str(path):
            raise OSError(error.errno, error.strerror, str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refusing)
    for place in (unit, tmp_path / "new"):
        refusal = ipsim.refuses("boot", "ip500v2", "--state", place)
        assert refusal == f"ipsim: {place}/lock: {error.strerror}; check the --state directory\n"
    monkeypatch.undo()
    assert contents(unit) == before


def test_no_room_for_a_new_unit_leaves_no_half_of_one(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:100])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(state, "_write", full)
    assert "No space left on device" in ipsim.refuses("boot", "ip500v2", "--state", tmp_path / "unit")
    assert set(contents(tmp_path / "unit")) <= {"lock"}
    monkeypatch.undo()
    assert ipsim("boot", "ip500v2", "--state", tmp_path / "unit").code == 0


def test_the_disk_fills_up_meanwhile(ipsim: Ipsim, unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device", "unit.json.new")

    monkeypatch.setattr(state, "_write", full)
    assert ipsim("boot", "ip500v2", "--state", unit).err == (
        "ipsim: unit.json.new: No space left on device; check the --state directory\n"
    )
    monkeypatch.undo()
    assert "identity kept" in ipsim.well("boot", "ip500v2", "--state", unit)


def test_defects_and_cards_stay(ipsim: Ipsim, tmp_path: Path) -> None:
    place = tmp_path / "unit"
    (tmp_path / "s.yaml").write_text("""\
name: x
unit: {platform: ip500v2}
steps:
  - corrupt: {part: nvm, block: 100, how: bad_block}
  - corrupt: {part: system-sd, block: 200, bit: 9, how: stuck_at_0}
  - insert: {slot: optional-sd, release: "11.1", kind: µ-law, feature_key: null}
  - fail_card: optional-sd
""")
    ipsim.well("run", tmp_path / "s.yaml", "--state", place)
    assert sorted(contents(place))[3:5] == ["optional-sd.img", "system-sd.img"]
    with StateDirectory(place, exclusive=False) as directory:
        found = directory.load()
    assert [str(d) for part in found.parts().values() for d in part.defects] == [
        "BadBlock(block=100)", "StuckBit(block=200, bit=9, value=0)",
    ]  # fmt: skip
    card = found.slots["optional-sd"].card
    assert card
    assert (card.kind, card.feature_key, card.failed) == ("µ-law", None, True)
    (tmp_path / "s.yaml").write_text("name: x\nunit: {platform: ip500v2}\nsteps: [remove: {slot: optional-sd}]\n")
    ipsim.well("run", tmp_path / "s.yaml", "--state", place)
    assert "optional-sd.img" not in contents(place)
    assert "optional-sd        empty" in ipsim.well("show", "--state", place)
