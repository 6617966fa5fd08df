"""What ``--json`` gives is what its schema says, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from firmware.bench.cli import COMMANDS
from firmware.bench.cli import ipsim as command_line
from firmware.bench.schema.table import OUTPUTS, SCHEMAS
from tests.bench.support import ROOT, Ipsim

SCENARIOS = ROOT / "tests" / "scenarios"


def check(name: str, text: str) -> Any:
    data = json.loads(text)
    found = jsonschema.Draft202012Validator(SCHEMAS[name]()).iter_errors(data)
    assert [f"{list(error.absolute_path)}: {error.message[:300]}" for error in found] == []
    return data


def test_every_command_with_json_has_a_schema() -> None:
    with click.Context(command_line) as context:
        found = {name: command_line.get_command(context, name) for name in COMMANDS}
    asked = [name for name, command in found.items() if command and any("--json" in one.opts for one in command.params)]
    assert sorted(asked) == sorted(OUTPUTS)


def test_a_unit(ipsim: Ipsim, tmp_path: Path) -> None:
    ipsim.well("boot", "ip500v2", "--state", tmp_path / "u")
    told = check("show", ipsim.well("show", "--state", tmp_path / "u", "--json"))
    assert told["identity"]["generation"] == 1
    assert check("fsck", ipsim.well("fsck", "--state", tmp_path / "u", "--json")) == []
    (file := tmp_path / "id.pem").write_text(ipsim.well("cert", "--state", tmp_path / "u"))
    check("inspect", ipsim.well("inspect", file, "--json"))


def test_a_server_before_and_after_its_ignition(ipsim: Ipsim, tmp_path: Path) -> None:
    ipsim.well("boot", "primary", "--state", tmp_path / "u")
    assert check("show", ipsim.well("show", "--state", tmp_path / "u", "--json"))["authority"] is None
    ipsim.well("ignite", "primary", "--state", tmp_path / "u")
    assert check("show", ipsim.well("show", "--state", tmp_path / "u", "--json"))["authority"]


def test_a_finding_of_fsck(ipsim: Ipsim, tmp_path: Path) -> None:
    ipsim.well("boot", "ip500v2", "--state", tmp_path / "u")
    image = next(path for path in (tmp_path / "u").iterdir() if path.stem == "nvm")
    data = image.read_bytes()
    image.write_bytes(bytes(len(data) // 2) + data[len(data) // 2 :])
    said = ipsim("fsck", "--state", tmp_path / "u", "--json")
    assert said.code == 1
    assert check("fsck", said.out)


@pytest.mark.parametrize(
    "name", ["first_start", "ignite_primary", "network_of_a_primary", "card_failed", "ucm_in_host"]
)
def test_a_run(name: str, ipsim: Ipsim, tmp_path: Path) -> None:
    ipsim.well("run", SCENARIOS / f"{name}.yaml", "--json", tmp_path / "run.json")
    assert check("run", (tmp_path / "run.json").read_text("utf-8"))[0]["passed"]


def test_a_sweep(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "a.yaml").write_text("name: x\nunit: {platform: ip500v2}\nsteps: [power_on]\n")
    ipsim("sweep", file, "--faults", "all", "--at", "1-60", "--findings", 3, "--json", tmp_path / "sweep.json")
    assert check("sweep", (tmp_path / "sweep.json").read_text("utf-8"))["states"]


def test_the_rules(ipsim: Ipsim) -> None:
    assert check("rules", ipsim.well("rules", "--json", "-"))
    checked = ipsim.well(
        "rules", "--check", "--platform", "primary", "--release", "12.3", "--trigger", "ignition", "--json", "-"
    )
    assert check("rules", checked)[0]["after"]["certificate"]


def test_the_platforms_and_the_installation(ipsim: Ipsim) -> None:
    assert check("platforms", ipsim.well("platforms", "--json"))
    assert check("doctor", ipsim("doctor", "--json").out)


def test_recordings(ipsim: Ipsim, tmp_path: Path) -> None:
    one, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for file, seed in ((one, 7), (other, 8)):
        ipsim.well("run", SCENARIOS / "first_start.yaml", "--seed", seed, "--record", file)
    assert check("replay", ipsim.well("replay", one, "--to", "running", "--json"))["as_recorded"]
    assert check("diff", ipsim("diff", one, other, "--json").out)["event"] is not None
    assert check("diff", ipsim.well("diff", one, one, "--json")) is None
