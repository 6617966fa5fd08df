"""One event a line, whatever is in it; a copy shares the past and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.journal import Event, Journal

NOON = 1_767_614_400_000  # 2026-01-05T12:00:00Z

# Half a surrogate pair as well: a name that a file or a peer gave is not always text.
texts = st.text(st.characters(max_codepoint=0xDBFF) | st.characters(min_codepoint=0xE000))
values: st.SearchStrategy[Any] = st.recursive(st.none() | st.booleans() | st.integers() | texts, st.lists, max_leaves=5)


def test_a_line_begins_with_time_source_and_kind() -> None:
    event = Event(NOON, "unit", "card.inserted", {"slot": "system-sd", "kind_of_law": "µ"})
    assert event.line() == (
        '{"time":"2026-01-05T12:00:00Z","source":"unit","kind":"card.inserted","slot":"system-sd","kind_of_law":"µ"}'
    )


@given(st.dictionaries(texts.filter(lambda key: key not in ("time", "source", "kind")), values, max_size=4))
def test_any_event_is_one_line_of_json_in_utf_8(data: dict[str, Any]) -> None:
    line = Event(NOON, "unit", "kind", data).line().encode()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"time": "2026-01-05T12:00:00Z", "source": "unit", "kind": "kind", **data}


@pytest.mark.parametrize("key", ["time", "source", "kind"])
def test_data_cannot_pass_for_what_every_event_has(key: str) -> None:
    journal = Journal()
    with pytest.raises(ValueError, match=f"data of an event cannot be called {key}"):
        journal.add(NOON, "unit", "started", {key: "forged"})
    assert journal.events == []


def test_the_listener_hears_each_event_as_it_comes() -> None:
    journal, heard = Journal(), list[Event]()
    journal.add(0, "unit", "before", {})
    journal.listener = heard.append
    journal.add(1, "unit", "after", {})
    assert [event.kind for event in heard] == ["after"]
    assert [event.kind for event in journal.events] == ["before", "after"]


def test_events_are_found_by_kind_in_order() -> None:
    journal = Journal()
    for time, kind in enumerate(("state", "led", "state", "alarm")):
        journal.add(time, "unit", kind, {})
    assert [event.time for event in journal.of_kind("state", "alarm")] == [0, 2, 3]


def test_a_copy_shares_the_past_and_nothing_else() -> None:
    journal, heard = Journal(), list[Event]()
    journal.listener = heard.append
    journal.add(0, "unit", "past", {})
    copy = journal.copy()
    copy.add(1, "unit", "its own", {})
    assert [event.kind for event in copy.events] == ["past", "its own"]
    assert journal.events == heard == [Event(0, "unit", "past", {})]
