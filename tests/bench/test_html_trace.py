"""``--trace``: the Trace Event Format, as ui.perfetto.dev reads it, in simulated time."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from firmware.times import parse_time
from tests.bench.support import ROOT, Ipsim

NAMES = ("network_of_a_primary", "cut_while_committing", "card_removed_while_running")
FILES = tuple(ROOT / "tests" / "scenarios" / f"{name}.yaml" for name in NAMES)


@pytest.fixture
def trace(ipsim: Ipsim, tmp_path: Path) -> dict[str, Any]:
    ipsim.well("run", *FILES, "--trace", tmp_path / "t.json", "--json", tmp_path / "run.json")
    found: dict[str, Any] = json.loads((tmp_path / "t.json").read_text("utf-8"))
    found["runs"] = json.loads((tmp_path / "run.json").read_text("utf-8"))
    return found


def test_its_structure(trace: dict[str, Any]) -> None:
    rows = trace["traceEvents"]
    assert trace["displayTimeUnit"] == "ms"
    assert {row["ph"] for row in rows} == {"M", "X", "i", "C"}
    for row in rows:
        assert type(row["pid"]) is int
        assert type(row["ts"]) is int
        assert row["ts"] >= 0
        assert isinstance(row["name"], str)
        assert isinstance(row["args"], dict)
        if row["ph"] == "X":
            assert type(row["dur"]) is int
            assert row["dur"] >= 0
        if row["ph"] in "Xi":
            assert type(row["tid"]) is int
        if row["ph"] == "i":
            assert row["s"] == "t"
        if row["ph"] == "C":
            assert all(type(value) is int for value in row["args"].values())


def test_every_process_and_thread_has_a_name(trace: dict[str, Any]) -> None:
    rows = trace["traceEvents"]
    processes = {row["pid"]: row["args"]["name"] for row in rows if row["name"] == "process_name"}
    threads = {(row["pid"], row["tid"]) for row in rows if row["name"] == "thread_name"}
    assert {row["pid"] for row in rows} == set(processes)
    assert {(row["pid"], row["tid"]) for row in rows if row["ph"] in "Xi"} <= threads
    units = [name for run in trace["runs"] for name in run["units"]]
    assert sorted(processes.values()) == sorted([run["scenario"] for run in trace["runs"]] + units)


def test_slices_of_a_thread_follow_each_other(trace: dict[str, Any]) -> None:
    slices = defaultdict(list)
    for row in trace["traceEvents"]:
        if row["ph"] == "X":
            slices[row["pid"], row["tid"]].append(row)
    for rows in slices.values():
        assert [a for a, b in pairwise(rows) if a["ts"] + a["dur"] > b["ts"]] == []


def test_it_holds_every_event_at_its_time(trace: dict[str, Any]) -> None:
    rows = trace["traceEvents"]
    begins = [parse_time(run["begins"]) for run in trace["otherData"]["runs"]]
    journal = [
        (1000 * (parse_time(event["time"]) - begin), event)
        for run, begin in zip(trace["runs"], begins, strict=True)
        for event in run["journal"]
    ]
    states = sorted((at, event["state"]) for at, event in journal if event["kind"] == "state")
    others = sorted((at, event["kind"]) for at, event in journal if event["kind"] != "state")
    assert sorted((r["ts"], r["name"]) for r in rows if r["ph"] == "X" and "state" in r["args"]) == states
    assert sorted((r["ts"], r["name"]) for r in rows if r["ph"] == "i") == others
    steps = [row["args"]["step"] for row in rows if row["ph"] == "X" and "step" in row["args"]]
    assert steps == [step["step"] for run in trace["runs"] for step in run["steps"]]


def test_counters_end_at_the_operations_of_each_part(trace: dict[str, Any]) -> None:
    rows = trace["traceEvents"]
    names = {row["pid"]: row["args"]["name"] for row in rows if row["name"] == "process_name"}
    last = {(names[r["pid"]], r["name"]): r["args"]["operations"] for r in rows if r["ph"] == "C"}
    flash = trace["runs"][0]["units"]["primary"]["flash"]["disk"]
    assert last["primary", "flash operations: disk"] <= flash["operations"]
    assert last["primary", "flash operations: disk"] > 300


def test_no_secret_is_in_it(trace: dict[str, Any]) -> None:
    assert "Carried-" not in json.dumps(trace["traceEvents"])
