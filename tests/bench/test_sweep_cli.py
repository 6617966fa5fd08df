"""The command ``ipsim sweep``: what people and programs read of it, what it refuses, its exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from firmware.bench.cli_sweep import _scenario
from firmware.bench.sweep import live
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.start import Started, switch_on
from firmware.device.physics import BY_NAME, FAULTS
from tests.bench.support import Ipsim
from tests.sweep import bugs

pytestmark = pytest.mark.slow

FIRST = "tests/scenarios/first_start.yaml"
POWER_ON = "tests/zoo/scenarios/power_on.yaml"


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> Callable[[bugs.Plant], None]:
    return lambda plant: plant(monkeypatch)


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def test_the_first_start_has_no_finding(ipsim: Ipsim, tmp_path: Path) -> None:
    out = ipsim.well("sweep", FIRST, "--json", tmp_path / "a.json", "--junit", tmp_path / "a.xml")
    assert re.search(r"^open: covered 1 cut, [\d,]+ states, [\d,]+ transitions", out, re.M)
    assert "states/s" in out
    assert out.endswith("no finding\n")
    found = _json(tmp_path / "a.json")
    assert found["faults"] == [row.name for row in FAULTS if row.in_budget]
    assert (found["closed"], found["cuts"], found["findings"]) == (False, 1, [])
    assert found["states"] > 250
    assert found["transitions"] >= found["states"]
    assert found["states_per_second"] > 0
    suite = ElementTree.parse(tmp_path / "a.xml").getroot()[0]  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_it_is_proved(ipsim: Ipsim, tmp_path: Path) -> None:
    out = ipsim.well("sweep", FIRST, "--prove", "--json", tmp_path / "a.json")
    assert re.search(r"^closed: \d+ states, [\d,]+ transitions, any number of cuts$", out, re.M)
    assert _json(tmp_path / "a.json")["closed"] is True


def test_a_finding_is_told_with_an_id_that_leads_back_to_it(
    ipsim: Ipsim, tmp_path: Path, bug: Callable[[bugs.Plant], None]
) -> None:
    bug(bugs.no_crc)
    said = ipsim("sweep", FIRST, "--blame", "--json", tmp_path / "a.json", "--junit", tmp_path / "a.xml")
    assert said.code == 1
    assert re.fullmatch(r"ipsim: \d+ findings?\n", said.err)
    first = _json(tmp_path / "a.json")["findings"][0]
    assert f"{first['id']}  {first['checker']}: {first['text']}" in said.out
    assert (first["needs"], first["guarantee"]) == ("torn_program", BY_NAME["torn_program"].guarantee)
    assert first["guarantee"] in said.out
    assert "inevitable only by the cut" in said.out
    suite = ElementTree.parse(tmp_path / "a.xml").getroot()[0]  # noqa: S314 - our own file
    assert suite.get("failures") == suite.get("tests") != "0"
    again = ipsim("sweep", "--replay", first["id"], "--blame")
    assert again.code == 1
    assert f"{first['checker']}: {first['text']}" in again.err
    assert "> cut_power" in again.out
    assert "> power_on" in again.out


def test_a_finding_becomes_files_that_show_it(ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, test = tmp_path / "b.yaml", tmp_path / "test_b.py"
    with monkeypatch.context() as patch:
        bugs.no_crc(patch)
        said = ipsim("sweep", FIRST, "--shrink", "--write-scenario", scenario, "--write-test", test)
        assert said.code == 1
        assert "simplest: first_start-" in said.out
        assert ipsim("run", scenario).code == 1
    assert ipsim("run", scenario).code == 0
    assert len(test.read_text().splitlines()) < 30
    compile(test.read_text(), test.name, "exec")


def test_what_is_put_aside_is_gone_on_with(ipsim: Ipsim, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    said = ipsim("sweep", POWER_ON, "--prove", "--states", 40, "--keep", kept)
    assert said.code == 0
    assert f"put aside: --resume {kept} goes on" in said.err
    whole, rest = tmp_path / "whole.json", tmp_path / "rest.json"
    ipsim.well("sweep", POWER_ON, "--prove", "--json", whole)
    ipsim.well("sweep", POWER_ON, "--prove", "--resume", kept, "--json", rest)
    assert [_json(whole)[key] for key in ("closed", "states", "transitions", "coverage")] == [
        _json(rest)[key] for key in ("closed", "states", "transitions", "coverage")
    ]
    assert "is of another sweep" in ipsim.refuses("sweep", FIRST, "--prove", "--resume", kept)


def test_live_faults_strike_also_when_a_search_is_gone_on_with(ipsim: Ipsim, tmp_path: Path) -> None:
    kept, out = tmp_path / "kept", tmp_path / "a.json"
    options = (POWER_ON, "--faults", "cut,worn_out", "--at", "1-9")
    ipsim("sweep", *options, "--states", 4, "--keep", kept, "--json", out)
    first = _json(out)["live_runs"]
    ipsim.well("sweep", *options, "--resume", kept, "--json", out)
    assert 0 < _json(out)["live_runs"] == first <= 9


def test_first_cuts_are_where_one_wants_them(ipsim: Ipsim, tmp_path: Path) -> None:
    out = tmp_path / "a.json"

    def operations(at: str) -> int:
        ipsim.well("sweep", FIRST, "--at", at, "--faults", "cut", "--json", out)
        transitions = _json(out)["transitions"]
        assert isinstance(transitions, int)
        return transitions

    assert operations("45") == 2  # before and after
    assert operations("40-50") == 2 * 11
    assert operations("2.3-5") == 2 * 3
    assert 2 < operations("certificate.generating") < operations("all")
    assert "did you mean 'certificate.generating'" in ipsim.refuses("sweep", FIRST, "--at", "certificate.generated")
    assert "there is no such operation" in ipsim.refuses("sweep", FIRST, "--at", "100000")
    assert "give all, a state, or operations" in ipsim.refuses("sweep", FIRST, "--at", "5-x")


def test_flash_that_fails_while_it_works_is_beyond_the_budget(ipsim: Ipsim, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    ipsim.well("sweep", POWER_ON, "--faults", "bad_block,stuck_bit,misdirected,worn_out,metastable,disturb,rot",
               "--json", out)  # fmt: skip
    assert _json(out)["live_runs"] > 200


def test_a_returned_unit_is_swept_and_left_as_it_is(ipsim: Ipsim, tmp_path: Path) -> None:
    state = tmp_path / "unit"
    ipsim("boot", "ip500v2", "--state", state, "--seed", 5)
    before = {path.name: path.read_bytes() for path in state.iterdir()}
    out = ipsim.well("sweep", "--from", state, "--depth", 2)
    assert out.endswith("no finding\n")
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before
    assert "holds no unit" in ipsim.refuses("sweep", "--from", tmp_path / "none")
    again = ipsim("sweep", "--from", state, "--replay", f"{_ids(state)}-r")
    assert (again.code, again.err) == (0, ""), again
    assert "identity is due" not in again.out, "a new unit was started instead"


def test_live_faults_strike_the_returned_unit_too(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a new one in its place, which would have the scenario's seed."""
    state, out, story = tmp_path / "unit", tmp_path / "a.json", tmp_path / "named.yaml"
    story.write_text("name: A name\nunit: {platform: ip500v2}\nsteps:\n  - power_on\n"
                     "  - change_at_phone: {extension: 201, name: Front desk}\n  - shutdown\n")  # fmt: skip
    ipsim("boot", "ip500v2", "--state", state, "--seed", 5)
    seeds: list[int] = []

    def seen(run: Started) -> Started:
        seeds.append(run.unit.entropy.seed)
        return switch_on(run)

    monkeypatch.setattr(live, "switch_on", seen)
    ipsim.well("sweep", story, "--from", state, "--faults", "worn_out", "--json", out)
    assert _json(out)["live_runs"] > 0
    assert set(seeds) == {5}


def _ids(state: Path) -> str:
    text, file = _scenario(None, state, None)
    return Plan(file.name, text, str(file.parent), images=str(state)).name


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((FIRST, "--faults", "torn_progam"), "unknown fault 'torn_progam' (did you mean 'torn_program'?)"),
        ((FIRST, "--prove", "--depth", "2"), "give no --depth with it"),
        ((FIRST, "--raw"), "--raw says how --prove"),
        ((), "give a scenario, or --from DIR, or --replay ID"),
        (("--replay", "nonsense"), "no id of a sweep; one looks like"),
        (("--replay", "no_such_story-0000-1.1b"), "no no_such_story.yaml below"),
        (("--replay", "first_start-0000-1.1b"), "has been changed since the id"),
        ((FIRST, "--replay", "first_start-0000-1.1b"), "is of another scenario"),
        (("--replay", "first_start-7887-9.r-99999f8"), "the flash has no bit 8 of block 99999"),
        (("--replay", "first_start-7887-2.5k-1b"), "nothing follows a fault of flash"),
        ((FIRST, "--seed", "9", "--replay", "first_start-7887-2.1b"), "or another --seed, --unit or --from"),
        ((FIRST, "--replay", "first_start-7887-2.1b", "--json", "x.json"), "--json belong to a search"),
        ((FIRST, "--unit", "nobody"), "has no unit nobody"),
        ((FIRST, "--cluster", "tcp://127.0.0.1:1"), "no Dask scheduler answers"),
        (("tests/scenarios/ucm_in_host.yaml", "--unit", "module"), "sits in"),
        (("nowhere.yaml",), "nowhere.yaml: No such file"),
    ],
)
def test_bad_input_is_one_line(ipsim: Ipsim, arguments: tuple[str, ...], why: str) -> None:
    assert why in ipsim.refuses("sweep", *arguments)
