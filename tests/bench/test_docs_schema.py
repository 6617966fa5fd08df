"""The schema for editors: it takes every scenario that there is, and refuses what ipsim refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

from firmware.bench import answers, marked_yaml, scenario, values
from firmware.bench.marked_yaml import Marked
from firmware.bench.problems import Problems
from firmware.bench.schema.table import SCHEMAS
from firmware.bench.steps.table import STEPS
from firmware.bench.strategies import scenarios
from firmware.errors import BadInput
from tests.bench.support import ROOT, Ipsim, process

VALIDATORS = {name: jsonschema.Draft202012Validator(draw()) for name, draw in SCHEMAS.items()}
FILES = [*sorted((ROOT / "tests/scenarios").rglob("*.yaml")), *sorted((ROOT / "tests/zoo/scenarios").glob("*.yaml"))]


def objections(name: str, data: Any) -> list[str]:
    found = VALIDATORS[name].iter_errors(data)
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]


def read(text: str) -> Any:
    return marked_yaml.load(text, "f.yaml").data


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_schema_that_says_what_it_is(name: str) -> None:
    schema = VALIDATORS[name].schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:ipsim:{name}"
    assert schema["title"]
    assert schema["description"]


def as_in_an_editor(data: Any) -> Any:
    """What a reader of plain YAML 1.2 makes of a MAC such as 00e007000001."""
    if isinstance(data, dict):
        return {key: as_in_an_editor(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_in_an_editor(value) for value in data]
    return float(data) if isinstance(data, str) and re.fullmatch("[0-9]+e[0-9]+", data) else data


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_takes_every_scenario(file: Path) -> None:
    data = read(file.read_text("utf-8"))
    assert objections("scenario", data) == []
    assert objections("scenario", as_in_an_editor(data)) == []


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_it_takes_scenarios_that_chance_has_written(text: str) -> None:
    assert objections("scenario", read(text)) == []


@pytest.mark.parametrize("name", STEPS)
def test_a_steps_example_is_one(name: str) -> None:
    """The schema takes it, and so does a unit of some platform, without a word."""
    row = read(STEPS[name].example)
    assert objections("scenario", {"name": "x", "unit": {"platform": "ip500v2"}, "steps": [row]}) == []
    heads = ("{platform: ip500v2}", "{platform: primary}", "{platform: ip500v2_expansion}")
    assert any(is_taken(row, head) for head in heads)


def is_taken(row: Any, head: str) -> bool:
    text = f"name: x\nunits: {{a: {head}, donor: {{platform: ip500v2}}, branch: {{platform: ip500v2}}}}\nsteps: []\n"
    problems = Problems(Marked("f.yaml", {}))
    step, unit = scenario.read_step(
        _for_unit(row), 0, scenario.parse(text, "f.yaml").units, problems, ROOT / "tests/scenarios"
    )
    try:
        problems.raise_any()
    except BadInput:
        return False
    return step is not None and unit == "a"


def _for_unit(row: Any) -> Any:
    """The same step for the unit a."""
    if isinstance(row, str):
        return {row: {"unit": "a"}}
    name, fields = next(iter(row.items()))
    return {name: {"unit": "a", **(fields if isinstance(fields, dict) else {STEPS[name].scalar: fields})}}


def test_everything_in_it_is_explained() -> None:
    """An editor has a word to say at every step, and at every field of one."""
    known = VALIDATORS["scenario"].schema["$defs"]
    for name in STEPS:
        assert known[name]["description"], name
        lacking = [field for field, own in known[name].get("properties", {}).items() if not own.get("description")]
        assert lacking == [], name


WRONG = [
    "",
    "- a",
    "name: x\nsteps: []",
    "name: x\nunit: {platform: ip500v2}",
    "name: x\nunit: {platform: ip500v2}\nunits: {a: {platform: ip500v2}}\nsteps: []",
    "name: x\nunit: {platform: ip500v2}\nsteps: power_on",
    "name: [x]\nunit: {platform: ip500v2}\nsteps: []",
    "name: x\nunits: {a/b: {platform: ip500v2}}\nsteps: []",
]
WRONG_HEADS = [
    "unit: {}",
    "unit: {platform: ip500}",
    "unit: {platform: ip500v2, release: 12.1}",
    "unit: {platform: ip500v2, mac: 1z}",
    "unit: {platform: ip500v2, seed: -1}",
    "unit: {platform: ip500v2, battery: low}",
    "unit: {platform: ip500v2, mak: 1}",
    "unit: {platform: ip500v2, drift_ppm: 5000}",
    "unit: {platform: ip500v2}\nclock: later",
    "unit: {platform: ip500v2}\nstep: []",
    "unit: {platform: ip500v2}\nenvironment: {dhpc: {}}",
    "unit: {platform: ip500v2}\nenvironment: {dhcp: {lan3: 10.0.0.1/8}}",
    "unit: {platform: ip500v2}\nenvironment: {dns: {a: 5.5.5}}",
]
WRONG_STEPS = [
    "power_onn",
    "5",
    "{power_on: , wait: 5s}",
    "wait_for",
    "trust",
    "power_on: {untl: running}",
    "power_on: {until: runing}",
    "power_on: {holding: both}",
    "power_on: 5",
    "cut_power: {at_once: true}",
    "cut_power: {operation: 0}",
    "cut_power: {operation: 1, moment: later}",
    "wait",
    "wait: {}",
    "wait: {for: 5s, until: '09:00'}",
    "put_file: {path: a}",
    "corrupt: {part: disk, file: a, block: 1}",
    "wait: soon",
    "wait: {until: '25:00'}",
    "press: {button: reset}",
    "upgrade: 12.1",
    "set_address: {lan1: 10.0.0.1}",
    "set_service: {service: HTTP, level: Loud}",
    "phone: {name: desk, endpoint: tin}",
    "phone: {name: desk, extension: abc}",
    "corrupt: {part: nvm, record: securty}",
    "insert: {slot: left}",
    "put_file: {path: a, size: all}",
    "environment: {cloud: maybe}",
    "expect: {identity: same}",
    "expect: {happened: [powr.on]}",
    "expect: {happened: [{kind: powr.on}]}",
    "expect: {files: {'system-sd:a': gone}}",
    "expect: {cpu: blue}",
    "ignite: {netwrk: {}}",
    "ignite: {network: {mode: carrier pigeon}}",
    "fill: {host_nam: x}",
    "open: licenses",
    "third_party_signs: {authority: A, request: r.pem, to: s.pem, days: 0}",
]


@pytest.mark.parametrize(
    "text",
    [
        *WRONG,
        *(f"name: x\n{head}\nsteps: []\n" for head in WRONG_HEADS),
        *(f"name: x\nunit: {{platform: primary}}\nsteps:\n- {step}\n" for step in WRONG_STEPS),
    ],
)
def test_it_refuses_what_ipsim_refuses(text: str) -> None:
    with pytest.raises(BadInput):
        scenario.parse(text, "f.yaml")
    assert objections("scenario", read(text)) != []


@pytest.mark.parametrize("name", ["primary", "secondary", "expansion", "application_server", "ucm"])
def test_it_takes_the_answers_that_ipsim_prints(name: str) -> None:
    platform = values.platform(name)
    assert objections("answers", read(answers.template(platform))) == []
    assert objections("answers", read((ROOT / f"tests/answers/{name}.yaml").read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    ["[]", "netwrk: {}", "network: {hostname: x}", "network: {mode: tcp}", "licence: {accepted: maybe}",
     "initial_configuration: {}", "initial_configuration: {primary: nowhere}"],
)  # fmt: skip
def test_it_refuses_wrong_answers(text: str, tmp_path: Path) -> None:
    (file := tmp_path / "answers.yaml").write_text(text)
    platform = values.platform("primary")
    with pytest.raises(BadInput):
        answers.load(file, platform, platform.releases()[-1])
    assert objections("answers", read(text)) != []


def test_the_command_prints_it(ipsim: Ipsim) -> None:
    assert json.loads(ipsim.well("schema")) == VALIDATORS["scenario"].schema
    assert json.loads(ipsim.well("schema", "run")) == VALIDATORS["run"].schema
    assert "unknown schema 'scenari' (did you mean 'scenario'?)" in ipsim.refuses("schema", "scenari")


def test_it_is_the_same_in_every_process() -> None:
    printed = {process("schema", PYTHONHASHSEED=seed).out for seed in ("1", "2")}
    assert printed == {(ROOT / "docs/scenario.schema.json").read_text("utf-8")}


def test_a_yaml_reader_that_knows_json_only_takes_the_modeline(ipsim: Ipsim, tmp_path: Path) -> None:
    """The line is a comment to everybody but the editor's language server."""
    (file := tmp_path / "a.yaml").write_text(
        "# yaml-language-server: $schema=scenario.schema.json\nname: x\nunit: {platform: ip500v2}\nsteps: [power_on]\n"
    )
    assert yaml.safe_load(file.read_text())["name"] == "x"
    ipsim.well("run", file)
