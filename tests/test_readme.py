"""The README's examples are run, and what it shows is what they print; beside it, rooms, dependencies and sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import platforms
from firmware.bench import replay, report, scenario
from firmware.bench.cli import COMMANDS, ipsim

ROOT = Path(__file__).parents[1]
README, DEVELOPMENT, SOURCES = (
    (ROOT / name).read_text("utf-8") for name in ("README.md", "docs/development.md", "docs/sources.md")
)


def block(marker: str) -> str:
    """The fenced block after ``<!-- marker -->``."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no block marked {marker!r}"
    return found[1]


def test_the_scenario_passes_and_its_report_ends_as_shown() -> None:
    result = replay.run(scenario.parse(block("scenario"), "stale_name.yaml"))
    assert result.passed
    printed = report.text(result)
    shown = block("report").removeprefix("...\n")
    assert printed.endswith(shown.rstrip("\n")), f"the report now ends:\n{printed[-len(shown) :]}"


PRINTED = {"from: make run": ("boot", "ip500v2"), "from: make run, ignition": ("ignite", "primary")}


@pytest.mark.parametrize("marker", PRINTED)
def test_a_command_prints_what_the_readme_shows(marker: str, tmp_path: Path) -> None:
    """The README shows runs of 2026-11-23, shortened; every line of it must be printed, in order."""
    command = [*PRINTED[marker], "--state", str(tmp_path / "unit"), "--clock", "2026-11-23T09:00:00Z"]
    printed = CliRunner().invoke(ipsim, command, catch_exceptions=False).output.splitlines()
    position = 0
    for line in block(marker).splitlines():
        if line != "...":
            assert line in printed[position:], f"not printed, or not in this order: {line}"
            position = printed.index(line, position) + 1


def test_every_command_is_named() -> None:
    assert [name for name in COMMANDS if f"`ipsim {name}" not in README] == []


def test_every_room_and_dependency_is_named() -> None:
    rooms = [p.name for p in (ROOT / "firmware").iterdir() if p.is_dir() and (p / "__init__.py").exists()]
    assert [room for room in rooms if f"`firmware/{room}/`" not in DEVELOPMENT] == []
    dependencies = re.findall(r'^    "([A-Za-z0-9-]+)>=', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    missing = [name for name in dependencies if f"`{name}`" not in README]
    assert missing == []


def test_the_number_of_scenarios_is_right() -> None:
    count = len(list((ROOT / "tests" / "scenarios").glob("*.yaml")))
    assert f"There are {count} in `tests/scenarios/`" in README


@pytest.mark.parametrize("name", platforms.names())
def test_every_source_key_in_the_product_is_explained(name: str) -> None:
    platform = platforms.load(name)
    profiles = [profile for profile in (platform.profile, platform.root_profile) if profile is not None]
    sources = [fact.source for profile in profiles for _, fact in profile.facts()]
    sources += [rule.outcome.source for rule in platform.policy]
    keys = {key for source in sources for key in re.findall(r"\b[A-Z]{1,5}\d*\b", source)}
    keys -= {"CA", "CN", "SKI", "IP", "IP500", "V2", "R9", "R6"}
    assert [key for key in sorted(keys) if f"`{key}`" not in SOURCES] == []
