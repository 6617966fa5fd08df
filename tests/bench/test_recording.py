"""Recordings: written the same each time, read back with every line checked, run again, gone through, compared."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bench import expectations, replay, scenario
from firmware.bench.recording import differing, moments, reading, replaying
from firmware.bench.recording.tape import RunTape, head_of
from firmware.boot import running
from firmware.errors import BadInput, Unmet
from firmware.times import parse_time
from tests.bench.support import ROOT, Ipsim

FIRST = ROOT / "tests/scenarios/first_start.yaml"
TEXT = """\
name: A short one
unit: {platform: ip500v2, seed: 7}
clock: 2026-11-23T09:00:00Z
steps:
  - power_on
  - set_address: {lan1: 10.0.0.1/24}
  - expect: {state: running}
"""


def recorded(text: str = TEXT, seed: int | None = None, folder: Path = Path()) -> bytes:
    """The bytes of a recording."""
    read = scenario.parse(text, "short.yaml", folder)
    lines: list[str] = []
    replay.run(read, seed=seed, witnesses=[RunTape(lines.append, head_of(text, read, seed, folder))])
    return "".join(lines).encode()


def recording(text: str = TEXT, seed: int | None = None) -> reading.Recording:
    return reading.parse(recorded(text, seed), "short.jsonl")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(recorded())
    return path


def go_to(made: reading.Recording, to: str | None = None, condition: str | None = None, back: int = 0) -> Any:
    return moments.find(made, to, condition, back)


# What a recording is


def test_the_same_run_is_the_same_file() -> None:
    assert recorded() == recorded()


def test_a_run_that_is_recorded_does_what_it_does_otherwise() -> None:
    assert recording().events == [
        event._replace(data=json.loads(json.dumps(event.data)))
        for event in replay.run(scenario.parse(TEXT, "short.yaml")).events
    ]


def test_the_command_records_for_the_owner_only(ipsim: Ipsim, tmp_path: Path) -> None:
    made = tmp_path / "a.jsonl"
    ipsim.well("run", FIRST, "--seed", 7, "--record", made)
    head = json.loads(made.read_text().splitlines()[0])
    assert (head["recording"], head["seed"], head["units"]["unit"]["seed"]) == (1, 7, 7)
    assert head["scenario"] == FIRST.read_text()
    assert made.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" not in made.read_bytes()


def test_units_that_were_there_are_kept_beside_it(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    made = tmp_path / "a.jsonl"
    command = ("boot", "ip500v2", "--state", unit, "--record", made, "--clock")
    ipsim.well(*command, "2026-12-01")
    assert "each as it was recorded" in ipsim.well("replay", made, "--to", "running", "--state", tmp_path / "then")
    assert "a.jsonl.begin: is there already" in ipsim.refuses(*command, "2026-12-02")
    text = ipsim.well("scenario", made)
    assert text.startswith(f"# goes on with what is in {made}.begin: ")
    (tmp_path / "s.yaml").write_text(text)
    again = shutil.copytree(f"{made}.begin", tmp_path / "again")
    ipsim.well("run", tmp_path / "s.yaml", "--state", again, "--record", tmp_path / "b.jsonl")
    ipsim.well("diff", made, tmp_path / "b.jsonl")
    assert (again / "nvm.img").read_bytes() == (unit / "nvm.img").read_bytes()
    assert "each as it was recorded" in ipsim.well("replay", tmp_path / "b.jsonl")
    shutil.rmtree(f"{made}.begin")
    assert "is not there" in ipsim.refuses("replay", made)


def test_one_scenario_at_a_time(ipsim: Ipsim, tmp_path: Path) -> None:
    assert "one scenario at a time" in ipsim.refuses("run", FIRST, FIRST, "--record", tmp_path / "a.jsonl")
    assert not (tmp_path / "a.jsonl").exists()


def test_a_place_that_cannot_be_written(ipsim: Ipsim, tmp_path: Path) -> None:
    assert "No such file" in ipsim.refuses("run", FIRST, "--record", tmp_path / "none" / "a.jsonl")


def test_a_scenario_that_fails_is_recorded_with_why(ipsim: Ipsim, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(TEXT.replace("running", "'off'"))
    assert ipsim("run", tmp_path / "s.yaml", "--record", tmp_path / "a.jsonl").code == 1
    made = reading.load(tmp_path / "a.jsonl")
    assert made.end is not None
    assert made.end.end == "failed"
    assert made.steps[-1].after is not None
    assert "expected off" in made.steps[-1].after.objection
    assert "each as it was recorded" in ipsim.well("replay", tmp_path / "a.jsonl")


def test_a_card_that_goes_and_comes_is_followed() -> None:
    text = TEXT.replace("  - set", "  - cut_power\n  - remove: {slot: system-sd}\n  - power_on\n  - set").replace(
        "  - set_address: {lan1: 10.0.0.1/24}\n", ""
    )
    made = recording(text.replace("  - expect: {state: running}\n", "  - insert: {slot: system-sd, card: removed}\n"))
    held = [made.flash_after(step.number)["unit"]["system-sd"] for step in made.steps]
    assert held[2] is not None
    assert held[3] is None
    assert held[-1] == held[2]


def test_the_digest_of_a_part_is_that_of_its_bytes(ipsim: Ipsim, tmp_path: Path) -> None:
    """``head -c`` of an image and ``sha256sum`` give it."""
    ipsim.well("run", FIRST, "--state", tmp_path / "unit", "--record", tmp_path / "a.jsonl")
    made = reading.load(tmp_path / "a.jsonl")
    part = made.flash_after(len(made.steps) - 1)["unit"]["system-sd"]
    image = (tmp_path / "unit/system-sd.img").read_bytes()
    size = next(size for size in range(0, len(image), 512) if hashlib.sha256(image[:size]).hexdigest() == part.sha256)  # type: ignore[union-attr]
    assert size > 0


# What is no recording


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: [], ":1: is empty"),
        (lambda _: [b"PK\x03\x04\n"], ":1: "),
        (lambda _: [b"{}\n"], ":1: not what a recording begins with"),
        (lambda lines: [lines[0].replace(b'"recording":1', b'"recording":2'), *lines[1:]], ":1: recording format 2"),
        (lambda lines: [lines[0].replace(b'"live"', b'"alive"'), *lines[1:]], ":1: live: "),
        (lambda lines: lines[1:], ":1: not what"),
        (lambda lines: [*lines[:2], *lines[3:]], "the line does not follow"),
        (lambda lines: [*lines[:-1], lines[-1][:-20]], f":{len(recorded().splitlines())}: the line is cut short"),
        (lambda lines: [*lines, lines[-1]], "something stands after the end"),
        (lambda lines: [*lines[:4], lines[4].replace(b'"source":"unit"', b'"source":7'), *lines[5:]], ":5: "),
        (lambda lines: [*lines[:4], lines[4].replace(b'"time"', b'"tame"'), *lines[5:]], ":5: it has no 'time'"),
        (lambda lines: [*lines[:3], lines[3].replace(b"no button", b"a button"), *lines[4:]], "was changed"),
        (lambda lines: [*lines[:4], b"[" * 100_000 + b"\n"], ":5: "),
        (lambda lines: [*lines[:4], lines[4].replace(b'"state":', b'"stage":'), *lines[5:]], ":5: the event names no"),
    ],
)
def test_what_is_none_is_one_line(spoil: Any, says: str, ipsim: Ipsim, file: Path) -> None:
    file.write_bytes(b"".join(spoil(file.read_bytes().splitlines(keepends=True))))
    for command in (("replay", file), ("diff", file, file), ("scenario", file)):
        said = ipsim.refuses(*command)
        assert f"{file}:" in said
        assert says in said


def test_a_file_that_is_none(ipsim: Ipsim, tmp_path: Path) -> None:
    assert "No such file" in ipsim.refuses("replay", tmp_path / "none.jsonl")
    assert "Is a directory" in ipsim.refuses("replay", tmp_path)


@given(st.data())
def test_damage_is_refused_or_makes_no_difference_to_reading(data: st.DataObject) -> None:
    whole = recorded()
    at = data.draw(st.integers(0, len(whole) - 1))
    spoilt = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + data.draw(st.integers(0, 3)) :]
    try:
        made = reading.parse(spoilt, "x")
    except BadInput as error:
        assert "\n" not in str(error)
        assert re.match(r"x:[0-9]+: ", str(error))
    else:
        assert made.end is None or spoilt == whole


# Moments


def test_to_a_state_and_back() -> None:
    made = recording()
    at = go_to(made, "running")
    event = made.events[at.events - 1]
    assert (event.kind, event.data["state"]) == ("state", "running")
    for back in range(at.events + 1):
        assert go_to(made, "running", back=back).events == at.events - back


def test_to_a_step_and_to_a_time() -> None:
    made = recording()
    assert go_to(made, "0") == moments.Moment(0, 0, is_end=True)
    assert go_to(made, "1").step == 1
    assert go_to(made) == go_to(made, "3")
    at = go_to(made, "2026-11-23T09:01:00Z")
    assert made.events[at.events - 1].time <= parse_time("2026-11-23T09:01:00Z") < made.events[at.events].time
    assert go_to(made, "2030-01-01") == go_to(made)
    assert go_to(made, "2026-11-23T09:00:00Z").events >= 1


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("kind=certificate.generated", "certificate.generated"),
        ("state=running", "state"),
        ("kind=network.address, address=10.0.0.1/24", "network.address"),
        ("kind~certificate, kind!=certificate.due", "certificate.generating"),
        ("source=unit,generation=1,days=825", "certificate.generating"),
    ],
)
def test_the_first_event_that_is_such(condition: str, kind: str) -> None:
    made = recording()
    at = go_to(made, condition=condition)
    assert made.events[at.events - 1].kind == kind
    earlier = [event for event in made.events[: at.events - 1] if moments.condition_of(condition)(event)]
    assert earlier == []


def test_a_condition_counts_from_the_moment_on() -> None:
    made = recording()
    first = go_to(made, condition="kind=network.address")
    assert go_to(made, "1", "kind=network.address").events > first.events


@pytest.mark.parametrize(
    ("to", "condition", "back", "says"),
    [
        ("4", None, 0, "the steps 0 to 3"),
        ("runing", None, 0, "power.starting"),
        ("2020-01-01", None, 0, "begins at 2026-11-23T09:00:00Z"),
        ("1", None, 10_000, "there are only"),
        (None, "state", 0, "no condition such as"),
        (None, "", 0, "no condition such as"),
        (None, "__import__('os')=1", 0, "no condition such as"),
    ],
)
def test_a_moment_that_is_none(to: str | None, condition: str | None, back: int, says: str) -> None:
    with pytest.raises(BadInput, match=re.escape(says)):
        go_to(recording(), to, condition, back)


def test_a_condition_that_never_holds_is_an_answer() -> None:
    with pytest.raises(Unmet, match="no event with state=heaven"):
        go_to(recording(), condition="state=heaven")


# Run again


def test_at_every_event_the_state_is_that_of_the_journal() -> None:
    made = recording()
    state = "off"
    for index, event in enumerate(made.events, 1):
        state = event.data["state"] if event.kind == "state" else state
        seen = replaying.go_to(made, moments.Moment(made.step_of(index - 1).number, index, is_end=False))
        assert seen.difference is None
        assert (seen.time, seen.units["unit"].state) == (event.time, state)


def test_a_firmware_that_does_something_else(file: Path, ipsim: Ipsim, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first event that differs, before the moment or not; until there all is as it was."""
    require = running.require

    def slower(unit: Any, why: str) -> None:
        require(unit, why)
        unit.clock.advance_to(unit.clock.now + 1000)

    monkeypatch.setattr(running, "require", slower)
    assert "each as it was recorded" in ipsim.well("replay", file, "--to", 1)
    said = ipsim("replay", file, "--to", 2)
    assert said.code == 1
    assert "in step 2" in said.out
    assert "time: 2026-11-23T09:03:56Z | 2026-11-23T09:03:57Z" in said.out
    assert "it is not what was recorded" in said.err


def test_an_expectation_that_no_longer_holds(file: Path, ipsim: Ipsim, monkeypatch: pytest.MonkeyPatch) -> None:
    """No event and no flash tells it."""
    monkeypatch.setattr(expectations.Expect, "run", _fails)
    said = ipsim("replay", file)
    assert said.code == 1
    assert "step 3 ends otherwise: it was done | not today" in said.out
    assert json.loads(ipsim("replay", file, "--json").out)["difference"]["why"] == "it was done | not today"


def _fails(*_anything: object) -> None:
    raise Unmet("not today")


def test_the_moment_as_json(ipsim: Ipsim, file: Path) -> None:
    told = json.loads(ipsim.well("replay", file, "--break", "kind=certificate.generated", "--json"))
    assert told["units"]["unit"]["state"] == "certificate.generating"
    assert told["units"]["unit"]["identity"] == told["last"][-1]["sha256"]
    assert told["last"][-1]["kind"] == "certificate.generated"
    assert told["as_recorded"] is True


def test_a_moment_is_left_for_other_commands(ipsim: Ipsim, file: Path, tmp_path: Path) -> None:
    place = tmp_path / "then"
    ipsim.well("replay", file, "--to", "certificate.generating", "--state", place)
    assert "identity           none" in ipsim.well("show", "--state", place)
    assert "all sound" in ipsim.well("fsck", "--state", place)
    journal = [json.loads(line) for line in (place / "journal.jsonl").read_text().splitlines()]
    assert journal[-1]["state"] == "certificate.generating"
    assert "identity generated" in ipsim.well("boot", "ip500v2", "--state", place, "--clock", "2026-11-23T10:00:00Z")
    assert "holds a unit already" in ipsim.refuses("replay", file, "--state", place)


def test_a_file_that_the_scenario_names_must_be_the_same(ipsim: Ipsim, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes((ROOT / "tests/scenarios/first_start.yaml").read_bytes())
    text = TEXT.replace("  - expect", "  - trust: {file: root.pem, refusal: cert}\n  - expect")
    (tmp_path / "s.yaml").write_text(text)
    made = tmp_path / "a.jsonl"
    ipsim("run", tmp_path / "s.yaml", "--record", made)
    assert list(reading.load(made).head.files) == ["root.pem"]
    (tmp_path / "root.pem").write_bytes(b"another")
    assert "is not the file that was there" in ipsim.refuses("replay", made)


# Compared


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (TEXT.replace("seed: 7", "seed: 8"), "certificate.generated"),
        (TEXT.replace("platform: ip500v2", 'platform: ip500v2, release: "10.0"'), "firmware.chosen"),
        (TEXT.replace("platform: ip500v2", "platform: ip500v2_expansion"), "certificate.generated"),
        (TEXT.replace("10.0.0.1", "10.0.0.2"), "network.address"),
    ],
)
def test_where_two_runs_part(other: str, kind: str) -> None:
    one, two = recording(), recording(other)
    found = differing.difference(one, two)
    assert found is not None
    assert found.event is not None
    first, second = found.events
    assert first is not None
    assert second is not None
    assert first.kind == second.kind == kind
    assert one.events[: found.event - 1] == two.events[: found.event - 1]
    assert found.before == one.events[max(0, found.event - 4) : found.event - 1]


def test_the_blocks_that_differ_and_what_lies_there(ipsim: Ipsim, tmp_path: Path) -> None:
    for seed in (7, 8):
        ipsim.well(
            "run", FIRST, "--seed", seed, "--record", tmp_path / f"{seed}.jsonl", "--state", tmp_path / f"{seed}"
        )
    said = ipsim("diff", tmp_path / "7.jsonl", tmp_path / "8.jsonl", "--json")
    assert said.code == 1
    (found,) = json.loads(said.out)["flash"]
    assert (found["unit"], found["part"]) == ("unit", "nvm")
    assert list(found["places"]) == ["security, copy 1", "security, copy 2"]
    one, two = ((tmp_path / f"{seed}/nvm.img").read_bytes() for seed in (7, 8))
    size = scenario.load(FIRST).units["unit"][1].platform.storage.geometry.block_size
    blocks = range(scenario.load(FIRST).units["unit"][1].platform.storage.geometry.blocks)
    assert found["blocks"] == [n for n in blocks if one[n * size : (n + 1) * size] != two[n * size : (n + 1) * size]]
    shown = ipsim("diff", tmp_path / "7.jsonl", tmp_path / "8.jsonl").out
    assert "unit: seed: 7 | 8" in shown
    assert "security, copy 1: " in shown


def test_one_that_goes_on(ipsim: Ipsim, tmp_path: Path) -> None:
    longer = TEXT + "  - shutdown\n"
    found = differing.difference(recording(), recording(longer))
    assert found is not None
    assert found.events[0] is None
    assert found.events[1] is not None
    assert found.events[1].kind == "shutdown.ordered"


def test_equal_events_and_another_flash() -> None:
    """A bit that nobody has met yet: no event, but another digest."""
    one = TEXT.replace("  - expect", "  - corrupt: {part: nvm, block: 200, bit: 1}\n  - expect")
    two = TEXT.replace("  - expect", "  - corrupt: {part: nvm, block: 200, bit: 2}\n  - expect")
    first, second = recording(one), recording(two)
    second.events[:] = first.events  # the step itself tells the bit
    found = differing.difference(first, second)
    assert found is not None
    assert (found.event, found.step) == (None, 3)
    assert [blocks.blocks for blocks in found.blocks] == [[200]]


def test_equal(ipsim: Ipsim, file: Path) -> None:
    assert "equal" in ipsim.well("diff", file, file)
    assert json.loads(ipsim.well("diff", file, file, "--json")) is None


# As a scenario


def test_the_seed_that_counts_is_in_the_scenario(ipsim: Ipsim, tmp_path: Path) -> None:
    ipsim.well("run", FIRST, "--record", tmp_path / "a.jsonl")
    assert ipsim.well("scenario", tmp_path / "a.jsonl") == FIRST.read_text()
    ipsim.well("run", FIRST, "--seed", 9, "--record", tmp_path / "b.jsonl")
    (tmp_path / "b.yaml").write_text(ipsim.well("scenario", tmp_path / "b.jsonl"))
    ipsim.well("run", tmp_path / "b.yaml", "--record", tmp_path / "c.jsonl")
    ipsim.well("diff", tmp_path / "b.jsonl", tmp_path / "c.jsonl")


SCENARIOS = sorted((ROOT / "tests/scenarios").rglob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_runs_again_as_it_was_recorded(path: Path) -> None:
    text = path.read_text()
    read = scenario.parse(text, str(path), path.parent)
    lines: list[str] = []
    replay.run(read, witnesses=[RunTape(lines.append, head_of(text, read, None, path.parent))])
    made = reading.parse("".join(lines).encode(), "x")
    assert "PRIVATE KEY" not in "".join(lines)
    assert replaying.go_to(made, go_to(made)).difference is None
