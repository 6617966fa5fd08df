"""Every scenario file of tests/scenarios holds, the same each time; a wrong one says what is wrong and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench import replay, scenario
from firmware.bench.expectations import Expect
from firmware.bench.replay import Report
from tests.bench.support import ROOT, Ipsim, contents

FILES = sorted((ROOT / "tests" / "scenarios").rglob("*.yaml"))


def test_there_are_enough() -> None:
    assert len(FILES) >= 15
    assert ROOT / "tests" / "scenarios" / "first_start.yaml" in FILES


def bytes_of(report: Report) -> tuple[list[str], dict[str, dict[str, tuple[bytes, ...]]]]:
    images = {name: {key: part.image() for key, part in unit.parts().items()} for name, unit in report.units.items()}
    return [event.line() for event in report.events], images


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_holds_and_gives_the_same_each_time(file: Path) -> None:
    loaded = scenario.load(file)
    assert any(isinstance(planned.step, Expect) for planned in loaded.steps)
    first, second = replay.run(loaded), replay.run(scenario.load(file))
    assert [outcome.objection for outcome in first.outcomes if outcome.objection] == []
    assert len(first.outcomes) == len(loaded.steps)
    assert bytes_of(first) == bytes_of(second)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_in_files_it_is_what_it_is_in_memory(file: Path, tmp_path: Path) -> None:
    loaded = scenario.load(file)
    in_memory, in_files = replay.run(loaded), replay.run(loaded, state=tmp_path / "state")
    assert in_files.passed
    assert bytes_of(in_files) == bytes_of(in_memory)


WRONG = """\
name: Wrong
unit: {platform: ip500v2}
steps:
  - power_on
  - expect:
      state: running
      identity: kept
      lan1: 10.9.9.9/24
      happened: [clock.set]
  - shutdown
"""


def test_a_wrong_expectation_names_its_place_and_what_was_found(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "wrong.yaml").write_text(WRONG)
    said = ipsim("run", file)
    assert said.code == 1
    assert said.err == "ipsim: 1 of 1 scenario failed\n"
    line = next(line for line in said.out.splitlines() if "wrong.yaml:5" in line)
    assert line.startswith(f"  {file}:5:5: expect: identity: expected kept, found generated; ")
    assert "LAN1: expected 10.9.9.9/24, found 192.168.42.1/24" in line
    assert "clock.set did not happen; what did: power.on, state, firmware.chosen" in line
    assert "shutdown.ordered" not in said.out  # what comes after says nothing


def test_a_power_cut_that_never_comes_is_an_error(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "cut.yaml").write_text(
        "name: x\nunit: {platform: ip500v2}\nsteps: [cut_power: {operation: 9999}, power_on]\n"
    )
    said = ipsim("run", file)
    assert said.code == 1
    assert f"{file}:3:9: cut_power: the power cut at " in said.out
    assert "never came; unit is running after" in said.out


FIRST = """\
name: Make it
unit: {platform: ip500v2, mac: 00e007000001, seed: 9}
steps: [power_on, set_address: {lan1: 10.0.0.1/24}, shutdown, expect: {identity: generated}]
"""
SECOND = """\
name: Find it again
unit: {platform: ip500v2}
steps:
  - expect: {state: "off", lan1: null, generation: 1}
  - power_on
  - expect: {identity: generated, generation: 1, lan1: 10.0.0.1/24, fit: false, configuration_from: file}
"""


def test_a_unit_kept_in_files_is_found_by_the_next_run(ipsim: Ipsim, tmp_path: Path) -> None:
    for name, text in (("first.yaml", FIRST), ("second.yaml", SECOND)):
        (tmp_path / name).write_text(text)
    state = tmp_path / "state"
    ipsim.well("run", tmp_path / "first.yaml", "--state", state)
    ipsim.well("run", tmp_path / "second.yaml", "--state", state)
    assert "mac 00e007000001" in ipsim.well("show", "--state", state).lower()
    before = contents(state)
    assert "holds a unit with seed 9, not 5; leave it out" in ipsim.refuses(
        "run", tmp_path / "second.yaml", "--state", state, "--seed", 5
    )
    assert contents(state) == before


FLAT = """\
name: A flat battery
unit: {platform: ip500v2, battery: flat, clock: 2026-01-05T09:00:00Z}
steps: [power_on, expect: {clock: set}]
"""


def test_a_unit_left_running_has_lost_its_power_meanwhile(ipsim: Ipsim, tmp_path: Path) -> None:
    (tmp_path / "flat.yaml").write_text(FLAT)
    ipsim.well("run", tmp_path / "flat.yaml", "--state", tmp_path / "state")
    (tmp_path / "flat.yaml").write_text(FLAT.replace("clock: set", "clock: unset"))
    ipsim.well("run", tmp_path / "flat.yaml", "--state", tmp_path / "state")


def test_a_unit_of_several_can_be_looked_at_alone(ipsim: Ipsim, tmp_path: Path) -> None:
    state = tmp_path / "state"
    ipsim.well("run", ROOT / "tests/scenarios/card_moved.yaml", "--state", state)
    assert sorted(path.name for path in state.iterdir()) == ["new", "old"]
    (tmp_path / "alone.yaml").write_text(
        "name: x\nunit: {platform: ip500v2}\nsteps: [power_on, expect: {generation: 1}]\n"
    )
    assert ipsim("run", tmp_path / "alone.yaml", "--state", state / "new").code == 0


def test_several_files_show_a_line_each(ipsim: Ipsim, tmp_path: Path) -> None:
    (wrong := tmp_path / "wrong.yaml").write_text(WRONG)
    said = ipsim("run", FILES[0], wrong, FILES[1], "--state", tmp_path / "state")
    assert said.code == 1
    assert [line.split()[0] for line in said.out.splitlines() if line.startswith(("passed", "FAILED"))] == [
        "passed", "FAILED", "passed",
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == sorted(
        [FILES[0].stem, "wrong", FILES[1].stem]
    )


def test_two_files_of_one_name_cannot_share_a_state(ipsim: Ipsim, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for file in (tmp_path / "x.yaml", tmp_path / "a" / "x.yaml"):
        file.write_text(FIRST)
    files = [tmp_path / "x.yaml", tmp_path / "a" / "x.yaml"]
    assert "the same name" in ipsim.refuses("run", *files, "--state", tmp_path / "state")
    assert ipsim("run", *files).code == 0
