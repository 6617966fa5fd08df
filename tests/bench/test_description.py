"""unit.json: what was written is read; whatever else lies there is refused, whole and untouched."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import platforms
from firmware.bench import summary
from firmware.bench.state import StateDirectory
from firmware.errors import BadInput
from platforms.ip500v2 import PLATFORM
from tests.bench.support import Ipsim, contents, touched


def change(unit: Path, **changes: Any) -> None:
    path = unit / "unit.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no description of a unit (Expecting value"),
        ("{", "no description of a unit"),
        ("[]", "no description of a unit (not an object with a format)"),
        ("{}", "not an object with a format"),
        ('{"format": true}', "not an object with a format"),
        ('{"format": 0}', "not an object with a format"),
        ('{"format": "1"}', "not an object with a format"),
        ("[" * 100_000, "no description of a unit"),
        ("caf\xe9", "no description of a unit"),
        ('{"format": 2}', "written by a newer ipsim (format 2, this one knows 1); update ipsim"),
        ('{"format": 1}', "of an unknown platform None"),
        ('{"format": 1, "platform": ["x"]}', "of an unknown platform ['x']"),
        ('{"format": 1, "platform": "ucm9000"}', "of an unknown platform 'ucm9000'"),
        (
            '{"format": 1, "platform": "ip500v2"}',
            "the description of this unit is damaged (no 'mac'); nothing was changed",
        ),
    ],
)
def test_what_is_no_description(ipsim: Ipsim, unit: Path, text: str, says: str) -> None:
    (unit / "unit.json").write_text(text, "latin-1")
    before = touched(unit), contents(unit)
    for command in (["boot", "ip500v2"], ["show"]):
        refusal = ipsim.refuses(*command, "--state", unit)
        assert refusal.startswith(f"ipsim: {unit}/unit.json: ")
        assert says in refusal
    assert (touched(unit), contents(unit)) == before


CLOCK = {"now": 0, "difference": 0, "since": 0, "battery_good": True, "drift_ppm": 0}
CARD = {"kind": "A-law", "feature_key": None, "failed": False}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("mac", "00e0", "'00e0' is no MAC address"),
        ("mac", None, "is not text"),
        ("seed", -1, "is no seed"),
        ("seed", "x", "is no seed"),
        ("name", "../x", "is no unit's name"),
        ("clock", None, "damaged"),
        ("clock", {}, "missing"),
        ("clock", CLOCK | {"now": "x"}, "'x' is no whole number"),
        ("clock", CLOCK | {"now": 10**18}, "the clock's times cannot be"),
        ("clock", CLOCK | {"since": 5}, "the clock's times cannot be"),
        ("clock", CLOCK | {"drift_ppm": 10**6}, "the clock's battery and drift cannot be"),
        ("clock", CLOCK | {"battery_good": 1}, "the clock's battery and drift cannot be"),
        ("clock", CLOCK | {"difference": 1.5}, "1.5 is no whole number"),
        ("clock", CLOCK | {"more": 1}, "unexpected keyword argument"),
        ("slots", [], "damaged"),
        ("slots", {"third": None}, "unknown slot 'third': system-sd, optional-sd are known"),
        ("slots", {"../x": CARD}, "unknown slot '../x'"),
        ("slots", {"system-sd": {}}, "missing"),
        ("slots", {"system-sd": CARD | {"kind": 5}}, "a card's kind and feature key cannot be"),
        ("slots", {"system-sd": CARD | {"failed": None}}, "whether a card has failed cannot be"),
        ("defects", {"disk": [["BadBlock", 1]]}, "no 'disk'"),
        ("defects", {"nvm": [["Gremlin", 1]]}, "no 'Gremlin'"),
        ("defects", {"nvm": [["BadBlock", 9999]]}, "a defect's block cannot be"),
        ("defects", {"nvm": [["StuckBit", 1, 10**9, 0]]}, "a defect's bit cannot be"),
    ],
)
def test_a_value_that_cannot_be(ipsim: Ipsim, unit: Path, field: str, value: Any, says: str) -> None:
    change(unit, **{field: value})
    before = touched(unit), contents(unit)
    for command in (["boot", "ip500v2"], ["show"]):
        refusal = ipsim.refuses(*command, "--state", unit)
        assert refusal.startswith(f"ipsim: {unit}/unit.json: the description of this unit is damaged (")
        assert refusal.endswith("); nothing was changed\n")
        assert says in refusal
    assert (touched(unit), contents(unit)) == before


def test_a_unit_of_another_platform(ipsim: Ipsim, unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"ip500v2": PLATFORM, "ucm": dataclasses.replace(PLATFORM, name="ucm", title="UCM")}
    monkeypatch.setattr(platforms, "names", lambda: tuple(known))
    monkeypatch.setattr(platforms, "load", known.__getitem__)
    before = contents(unit)
    refusal = ipsim.refuses("boot", "ucm", "--state", unit)
    assert refusal == f"ipsim: {unit}: holds a unit with platform ip500v2, not ucm; give another --state\n"
    assert contents(unit) == before


pieces = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["nvm", "system-sd"])
)
odd = st.recursive(
    pieces, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
FIELDS = ["platform", "name", "mac", "seed", "clock", "slots", "defects"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FIELDS), odd, st.none() | st.sampled_from([*CLOCK, "system-sd", "optional-sd", "nvm"]))
def test_any_description_is_a_unit_or_bad_input(unit: Path, field: str, value: Any, below: str | None) -> None:
    path = unit / "unit.json"
    written = path.read_bytes()
    description = json.loads(written)
    if below is not None and isinstance(description[field], dict):
        value = description[field] | {below: value}
    path.write_text(json.dumps(description | {field: value}))
    try:
        with StateDirectory(unit, exclusive=False) as directory:
            found = directory.load()
    except BadInput as error:
        said = str(error)
    else:
        assert summary.show(summary.summarise(found))
        said = ""
    finally:
        path.write_bytes(written)
    assert "\n" not in said
