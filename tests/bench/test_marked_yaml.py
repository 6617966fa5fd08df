"""YAML 1.2 scalars, the place of every value, and no text that makes it fail in another way than BadInput."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.bench.marked_yaml import DEEPEST, LARGEST, load
from firmware.errors import BadInput


def read(text: str) -> Any:
    return load(text, "f").data


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        load(text, "f")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("", None), ("true", True), ("FALSE", False),
        ("12", 12), ("-7", -7), ("+7", 7), ("0", 0), ("0o17", 15), ("0x1F", 31),
        ("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("2.5e3", 2500.0),
        # Numbers, truth values and dates of YAML 1.1 are text.
        ("yes", "yes"), ("off", "off"), ("NO", "NO"), ("1:30", "1:30"), ("1_000", "1_000"), ("0b11", "0b11"),
        ("2026-11-23", "2026-11-23"), ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"), ("<<", "<<"), ("=", "="),
        # A MAC address is text whatever its digits look like, as long as it begins with a zero.
        ("00e007000001", "00e007000001"), ("001122334455", "001122334455"), ("007", "007"), ("00e0.5", "00e0.5"),
        ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("! 12", "12"), ("!!int 12", 12), ("!!float 1", 1.0),
        ("[a, 1, [~]]", ["a", 1, [None]]), ("{a: {b: 1}, 2: c}", {"a": {"b": 1}, "2": "c"}),
        ("!!seq [a]", ["a"]), ("!!map {a: b}", {"a": "b"}), ("|\n 12\n", "12\n"),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    data = read(text)
    assert data == value
    assert type(data) is type(value)


def test_every_value_has_its_place() -> None:
    marked = load("a: 1\nsteps:\n  - {x: [p, q]}\n", "dir/f.yaml")
    assert marked.where(("a",)) == "dir/f.yaml:1:1"
    assert marked.where(("steps",)) == "dir/f.yaml:2:1"
    assert marked.where(("steps", 0, "x")) == "dir/f.yaml:3:6"
    assert marked.where(("steps", 0, "x", 1)) == "dir/f.yaml:3:13"
    assert marked.where(("steps", 0, "not there", 9)) == "dir/f.yaml:3:5"  # the nearest thing around it
    assert load("", "f").where(()) == "f:1:1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1, 2\nb: 3", "f:2:2: malformed YAML: did not find expected ',' or ']'"),
        ("a: b: c", "f:1:5: malformed YAML: mapping values are not allowed in this context"),
        ("\tb", "f:1:1: malformed YAML: found character that cannot start any token"),
        ("a: 1\nb: \x07", "f:2:4: malformed YAML: unacceptable character #x0007"),
        ("a\n---\nb", "f:2:1: one document is expected, here begins another"),
        ("a: 1\nb: 2\na: 3", "f:3:1: 'a' is given twice"),
        ("{[a]: 1}", "f:1:2: a key must be a plain word"),
        ("a: &x [1, *x]", "f:1:11: an alias that contains itself"),
        ("&x {a: {b: *x}}", "f:1:12: an alias that contains itself"),
        ("a: *x", "f:1:4: the alias *x is of no value that comes before it"),
        ("a: !!int abc", "f:1:4: 'abc' is no int"),
        ("a: !!bool maybe", "f:1:4: 'maybe' is no bool"),
        ("a: !!float x", "f:1:4: 'x' is no float"),
        ("a: !!python/object:os.system ls", "f:1:4: the tag tag:yaml.org,2002:python/object:os.system means nothing"),
        ("a: !thing {b: c}", "f:1:4: the tag !thing means nothing here"),
        ("a: !!set [b]", "f:1:4: the tag tag:yaml.org,2002:set means nothing here"),
        ("a: " + "9" * 5000, "f:1:4: a number of 5000 digits; 100 are the most"),
        ("a: 0x" + "f" * 5000, "f:1:4: a number of 5002 digits"),
        ("[" * 100_000, f"f:1:{DEEPEST + 1}: nested more than {DEEPEST} deep"),
        ("- " * 3000, f"f:1:{2 * DEEPEST + 1}: nested more than {DEEPEST} deep"),
    ],
)  # fmt: skip
def test_refusals_name_the_place(text: str, says: str) -> None:
    assert says in refusal(text)
    assert "\n" not in refusal(text)


def test_an_alias_is_the_same_value_and_stands_at_its_own_place() -> None:
    marked = load("a: &x {y: [1]}\nb: *x\n", "f")
    assert marked.data["a"] is marked.data["b"]
    assert marked.where(("a", "y", 0)) == "f:1:12"
    assert marked.where(("b", "y", 0)) == "f:2:1"


def test_an_anchor_can_be_given_again() -> None:
    assert read("[&x 1, *x, &x 2, *x]") == [1, 1, 2, 2]


def laughs(levels: int, width: int) -> str:
    lines = ["l0: &l0 x"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_of_aliases_do_not_grow_without_end() -> None:
    assert f"more than {LARGEST:,} values" in refusal(laughs(30, 10))
    assert "nested more than" in refusal(laughs(2000, 1))
    assert read(laughs(4, 10))["l3"][9][9][9] == "x"


def plain(data: Any) -> bool:
    if isinstance(data, dict):
        return all(isinstance(key, str) and plain(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(plain, data))
    return data is None or isinstance(data, str | int | float | bool)


yamlish = st.text(st.sampled_from("ab01.:-_ \n\t#[]{}&*!|>'\"%@`,?~é\x00\x85\u2028\ufeff\U0001f600"), max_size=60)


@given(st.text() | yamlish)
@example("\ufeff")
@example("--- !")
@example("%YAML 3.0\n---\na")
@example("&a &b c")
@example("? a")
def test_any_text_is_data_or_bad_input(text: str) -> None:
    try:
        marked = load(text, "f")
    except BadInput as error:
        said = str(error)
    else:
        assert plain(marked.data)
        return
    assert said.startswith("f:")
    assert "\n" not in said


bmp = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))  # YAML has no surrogate pairs
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | bmp


@given(scalars)
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    read_back = read(json.dumps({"v": value}))["v"]
    assert read_back == value or (isinstance(value, float) and math.isclose(float(read_back), value))
