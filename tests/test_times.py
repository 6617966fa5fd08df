"""Times and durations, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.times import LATEST, parse_duration, parse_time, show_duration, show_time


@given(st.integers(0, LATEST))
def test_a_time_is_read_as_it_is_written(ms: int) -> None:
    assert parse_time(show_time(ms)) == ms


@given(st.integers(0, 10**12))
def test_a_duration_is_read_as_it_is_written(ms: int) -> None:
    assert parse_duration(show_duration(ms)) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90s", 90_000),
        ("1h30m", 5_400_000),
        ("250ms", 250),
        ("2d", 172_800_000),
        ("1.5 min", 90_000),
        ("1.001s", 1_001),
    ],
)
def test_durations(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "soon", "5", "5x", "s", "-5s", "1h 5", "1e5s", "٣s", "9" * 400 + "s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration such as 90s, 10m or 1h30m"):
        parse_duration(text)


@given(st.integers(0, 10**10))
def test_a_duration_in_seconds_is_exact_to_the_millisecond(ms: int) -> None:
    assert parse_duration(f"{ms // 1000}.{ms % 1000:03}s") == ms


def test_what_is_longer_than_time_itself() -> None:
    with pytest.raises(ValueError, match="'3000000d' is longer than the years from 1970 to 9999"):
        parse_duration("3000000d")


@given(st.text())
def test_any_text_is_a_time_and_a_duration_or_a_value_error(text: str) -> None:
    for parse in (parse_time, parse_duration):
        try:
            assert parse(text) >= 0
        except ValueError as error:
            assert repr(text) in str(error)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"),
        ("2026-11-23T09:00:00+02:00", "2026-11-23T07:00:00Z"),
        ("2026-11-23", "2026-11-23T00:00:00Z"),
        ("2026-11-23T09:00:00.250", "2026-11-23T09:00:00.250Z"),
    ],
)
def test_times(text: str, shown: str) -> None:
    assert show_time(parse_time(text)) == shown


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "1969-12-31"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no ISO date or time|lies outside 1970 to 9999"):
        parse_time(text)
