"""No scenario, however odd, ends in anything but a report or a refusal that names its place."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.bench import fsck, marked_yaml, replay, report, scenario, summary
from firmware.bench.orders import new_unit
from firmware.bench.world import World
from firmware.errors import BadInput, FirmwareError, Unmet
from tests.bench.support import ROOT

TEXTS = [path.read_text("utf-8") for path in sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))]
WORDS = sorted({word.strip(",{}[]") for text in TEXTS for word in text.split()})
ODD = ["", "null", "-1", "0", "99999999999", "1.5", "[]", "{}", "true", "'", ":", "- ", "\n", "*a", "&a ", "9999d", "é"]

DATA: list[dict[str, Any]] = [marked_yaml.load(text, "f").data for text in TEXTS]
STEPS = [step for data in DATA if "units" not in data for step in data["steps"]]
VALUES = [
    value
    for step in STEPS
    if isinstance(step, dict)
    for f in step.values()
    if isinstance(f, dict)
    for value in f.values()
]

VALUES += [
    "9799-12-31T23:59:59Z",
    "1970-01-01",
    "3653d",
    "36525d",
    "0s",
    "unset",
    "10.0.0.0/31",
    "é" * 200,
    "nvm",
    0,
    1,
    10**9,
]
EXTREME = [
    {"set_clock": "9799-12-31T23:59:59Z"}, {"set_clock": "1970-01-01"}, {"set_clock": {"battery": "flat"}},
    {"environment": {"ntp": {"error": "-36525d"}}}, {"environment": {"ntp": {"error": "36525d"}}}, {"wait": "200d"},
    {"corrupt": {"part": "nvm", "block": 3, "how": "bad_block"}}, {"corrupt": {"part": "system-sd", "block": 0}},
    {"corrupt": {"part": "system-sd", "block": 1, "how": "stuck_at_0"}}, {"format_card": {"slot": "system-sd"}},
    {"change_at_phone": {"extension": 201, "name": "😀" * 60}}, {"put_file": {"path": "a/b/c", "size": 0}},
    {"insert": {"slot": "system-sd", "card": "blank"}}, {"remove": {"slot": "system-sd"}},
    {"put_file": {"path": "system", "text": "a"}}, {"put_file": {"path": "system/primary/config.cfg", "text": "a"}},
    {"put_file": {"path": "system/primary/ip500v2.bin/x", "text": "a"}},
    {"cut_power": {"operation": 1, "moment": "after"}},
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A scenario's text in which a few words are replaced by others or by odd ones, or left out."""
    words = draw(st.sampled_from(TEXTS)).split(" ")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(words) - 1))
        words[at] = draw(st.sampled_from(WORDS) | st.sampled_from(ODD) | st.text(max_size=3))
    return " ".join(words)


@st.composite
def shuffled(draw: st.DrawFn) -> str:
    """Steps of all scenarios in any order, some of their values exchanged."""
    head = {key: value for key, value in draw(st.sampled_from(DATA)).items() if key not in ("units", "steps")}
    steps = draw(st.lists(st.sampled_from(STEPS + EXTREME), min_size=1, max_size=8))
    for index in draw(st.sets(st.integers(0, len(steps) - 1), max_size=2)):
        if isinstance(steps[index], dict) and isinstance(fields := next(iter(steps[index].values())), dict) and fields:
            key = draw(st.sampled_from(sorted(fields)))
            steps[index] = {next(iter(steps[index])): fields | {key: draw(st.sampled_from(VALUES))}}
    return yaml.safe_dump({"unit": {"platform": "ip500v2"}, **head, "steps": ["power_on", *steps]}, sort_keys=False)


@settings(max_examples=60)
@given(mutated())
def test_any_text_is_run_or_refused(text: str) -> None:
    is_run_or_refused(text)


@settings(max_examples=60)
@given(shuffled())
def test_any_order_of_steps_is_survived(text: str) -> None:
    """Also when the run goes on after a step that could not be done, as no run of a scenario does."""
    try:
        loaded = scenario.parse(text, "f.yaml")
    except BadInput as error:
        assert all(line.startswith("f.yaml:") for line in str(error).splitlines())
        return
    (_, order), world = loaded.units["unit"], World(loaded.head.clock)
    world.add(unit := new_unit(order, loaded.head.clock, loaded.head.environment.network(world)))
    for planned in loaded.steps:
        with suppress(BadInput, Unmet, FirmwareError):
            planned.step.run(world, unit)
        assert summary.show(summary.summarise(unit))
    fsck.check(unit)


def is_run_or_refused(text: str) -> None:
    try:
        result = replay.run(scenario.parse(text, "f.yaml"))
    except BadInput as error:
        said = str(error)
    else:
        assert report.as_json([result])
        assert report.as_junit([(result, 0.0)])
        return
    assert all(line.startswith("f.yaml:") for line in said.splitlines())
