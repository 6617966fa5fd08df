"""A run as a trace for ui.perfetto.dev and chrome://tracing, in their JSON format (Trace Event Format)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from firmware.bench.html.timeline_view import durations
from firmware.bench.html.watch import Watched
from firmware.bench.timeline import sentence
from firmware.times import show_time

_STEPS, _STATES, _EVENTS = 1, 2, 3  # threads
_US = 1000  # microseconds in a millisecond
Row = dict[str, Any]


def as_trace(runs: Sequence[Watched]) -> bytes:
    """Each run has a process for its steps and one for each unit: its states as slices, what it says as instants, the
    operations of each of its flash parts as a counter. Times are simulated, from the beginning of the run on."""
    rows: list[Row] = []
    process = 1
    for run in runs:
        rows += _scenario(process, run)
        for name in run.report.units:
            process += 1
            rows += _unit(process, name, run)
        process += 1
    begun = [{"scenario": run.report.scenario.file, "begins": show_time(run.begin)} for run in runs]
    document = {"traceEvents": rows, "displayTimeUnit": "ms", "otherData": {"clock": "simulated", "runs": begun}}
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "backslashreplace")


def _scenario(process: int, run: Watched) -> Iterator[Row]:
    yield _named(process, 0, "process_name", run.report.scenario.name)
    yield _named(process, _STEPS, "thread_name", "steps")
    ends = [*run.began[1:], run.end]
    for outcome, start, end in zip(run.report.outcomes, run.began, ends, strict=False):
        told = {"step": outcome.planned.text, "where": outcome.planned.where, "objection": outcome.objection}
        yield _slice(process, _STEPS, outcome.planned.step.name, start - run.begin, end - start, told)


def _unit(process: int, name: str, run: Watched) -> Iterator[Row]:
    yield _named(process, 0, "process_name", name)
    yield _named(process, _STATES, "thread_name", "states")
    yield _named(process, _EVENTS, "thread_name", "events")
    lasting, counted = durations(run), dict[str, int]()
    for index, event in enumerate(run.report.events):
        if event.source != name:
            continue
        at = event.time - run.begin
        for part, operations in run.operations[index].items():
            if counted.get(part) != operations:
                counted[part] = operations
                yield {"ph": "C", "pid": process, "ts": at * _US, "name": f"flash operations: {part}",
                       "args": {"operations": operations}}  # fmt: skip
        if event.kind == "state":
            yield _slice(process, _STATES, event.data["state"], at, lasting[index], event.data)
        else:
            yield {"ph": "i", "pid": process, "tid": _EVENTS, "ts": at * _US, "s": "t", "cat": "event",
                   "name": event.kind, "args": {"text": sentence(event), **event.data}}  # fmt: skip


def _slice(process: int, thread: int, name: str, at: int, lasts: int, told: Row) -> Row:
    return {"ph": "X", "pid": process, "tid": thread, "ts": at * _US, "dur": lasts * _US, "cat": "simulated",
            "name": name, "args": told}  # fmt: skip


def _named(process: int, thread: int, what: str, name: str) -> Row:
    return {"ph": "M", "pid": process, "tid": thread, "ts": 0, "name": what, "args": {"name": name}}
