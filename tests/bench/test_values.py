"""Each value's check, by examples; every error says what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.bench import values
from firmware.times import DAY, HOUR, MINUTE, SECOND, parse_time, show_time

Check = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("check", "text", "value"),
    [
        (values.release, "12.3", "12.3"), (values.release, 12.3, "12.3"), (values.release, 10.0, "10.0"),
        (values.mac, "00:E0:07:05-91-8E", "00e00705918e"),
        (values.mac, 442233445566, "442233445566"), (values.mac, "001122334455", "001122334455"),
        (values.seed, 7, 7), (values.seed, "0", 0), (values.seed, str(2**256 - 1), 2**256 - 1),
        (values.interface, "10.0.0.1/8", "10.0.0.1/8"), (values.interface, "10.0.0.1/255.255.0.0", "10.0.0.1/16"),
        (values.interface, "10.0.0.0/31", "10.0.0.0/31"),
        (values.lan, "dhcp", "dhcp"), (values.lan, "10.0.0.1/8", "10.0.0.1/8"),
        (values.moment, "1970-01-01", 0), (values.moment, "1970-01-01T01:00:00+01:00", 0),
        (values.moment, "1970-01-02T00:00:00.5Z", DAY + 500),
        (values.clock, "unset", None), (values.clock, "1970-01-02", DAY), (values.clock_or_set, "set", "set"),
        (values.clock_or_set, "unset", None),
        (values.start_time, "unset", "unset"), (values.start_time, "1970-01-02", DAY),
        (values.duration, "1h30m", HOUR + 30 * MINUTE), (values.duration, "250ms", 250),
        (values.duration, "1.5 d", 36 * HOUR),
        (values.signed_duration, "-30s", -30 * SECOND), (values.signed_duration, "+2h", 2 * HOUR),
        (values.signed_duration, "2h", 2 * HOUR),
        (values.time_of_day, "00:00", 0), (values.time_of_day, "23:59", DAY - MINUTE),
        (values.unit_name, "old-1", "old-1"), (values.user_name, "Zoë at 5", "Zoë at 5"), (values.user_name, 5, "5"),
        (values.card_path, "/system/primary/", "system/primary"), (values.card_path, "ünï/x", "ünï/x"),
    ],
)  # fmt: skip
def test_what_is_accepted(check: Check, text: Any, value: Any) -> None:
    assert check(text) == value


@pytest.mark.parametrize(
    ("check", "text", "says"),
    [
        (values.platform, "ip500", r"unknown platform 'ip500' \(did you mean 'ip500v2'\?\): .*ip500v2,.* are known"),
        (values.release, "12.1", r"unknown release '12.1' \(did you mean '12.3'\?\): 6.2, 8.1, .* 12.3 are known"),
        (values.release, True, "True is not text"),
        (values.mac, "00e0", "'00e0' is no MAC address: twelve hex digits such as 00e00705918e"),
        (values.mac, "00e00705918g", "is no MAC address"),
        (values.mac, "01e00705918e", "'01e00705918e' is a group address"),
        (values.seed, -1, "-1 is no seed: a whole number from 0 to"),
        (values.seed, 2**256, "is no seed"),
        (values.seed, True, "True is no seed"),
        (values.seed, 1.5, "1.5 is no seed"),
        (values.seed, "9" * 5000, "is no seed"),
        (values.interface, "10.0.0.1", "'10.0.0.1' has no prefix: write it as 10.0.0.1/24"),
        (values.interface, "10.0.0.256/8", "is no IPv4 address with a prefix such as 192.168.42.1/24"),
        (values.interface, "10.0.0.0/8", "is the address of a network, not of a host in it"),
        (values.interface, "10.255.255.255/8", "is the address of a network, not of a host in it"),
        (values.interface, "127.0.0.1/8", "is no address that a LAN port can have"),
        (values.interface, "fe80::1/64", "is no IPv4 address"),
        (values.interface, None, "None is not text|is no IPv4 address"),
        (values.lan, "auto", "'auto' is no IPv4 address with a prefix such as 192.168.42.1/24, or dhcp"),
        (values.moment, "yesterday", "'yesterday' is no ISO date or time such as 2026-11-23T09:00:00Z"),
        (values.moment, "2026-02-30", "is no ISO date"),
        (values.moment, "1969-12-31", "lies outside 1970"),
        (values.moment, "9999-01-01", "lies beyond the year 9799"),
        (values.clock, "set", "'set' is no ISO date or time such as .*, or unset"),
        (values.clock_or_set, "sett", "or unset, or set"),
        (values.duration, "5", "'5' is no duration such as 90s, 10m or 1h30m"),
        (values.duration, "5 weeks", "is no duration"),
        (values.duration, "-5s", "is no duration"),
        (values.duration, "9" * 300 + "d", "'999.*999d' is too long"),
        (values.duration, "9" * 12 + "h", "longer than the years from 1970 to 9999"),
        (values.signed_duration, "--5s", "is no duration"),
        (values.time_of_day, "24:00", "'24:00' is no time of day such as 03:30"),
        (values.time_of_day, "9:00", "is no time of day"),
        (values.time_of_day, "0٣:30", "is no time of day"),
        (values.unit_name, "../up", "is no unit's name: up to 32 letters, digits, - and _"),
        (values.unit_name, "", "is no unit's name"),
        (values.line, "a\x1b[31m", r"'a\\x1b\[31m' is no line of text"), (values.line, " ", "is no line of text"),
        (values.user_name, "x" * 61, "is no user's name: 1 to 60 printable characters"),
        (values.user_name, "a\nb", "is no user's name"),
        (values.card_path, "", "'' is no path on a card such as system/primary/config.cfg"),
        (values.card_path, "//", "is no path"),
        (values.card_path, "a/../b", "is no path"),
        (values.card_path, "a//b", "is no path"),
        (values.card_path, "a" * 256, "is no path"),
        (values.card_path, "a/" * 16 + "b", "lies more than 16 folders deep"),
        (values.card_path, "a\nb", "is not for use on a card"),
        (values.card_path, ".new", "is not for use on a card"),
    ],
)  # fmt: skip
def test_what_is_refused(check: Check, text: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check(text)


CHECKS: list[Check] = [
    values.platform, values.release, values.mac, values.seed, values.interface, values.lan, values.moment, values.clock,
    values.clock_or_set, values.start_time, values.duration, values.signed_duration, values.time_of_day,
    values.unit_name, values.user_name, values.line, values.card_path,
]  # fmt: skip

numbers = st.from_regex(r"[0-9]{1,30}(\.[0-9]+)?(ms|s|m|h|d)?", fullmatch=True)


@pytest.mark.parametrize("check", CHECKS)
@settings(max_examples=30)
@given(value=st.text() | numbers | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.text()))
@example(value="9" * 5000)
@example(value=10**5000)
@example(value="0001-01-01T00:00:00+23:59")
def test_anything_is_a_value_or_a_value_error_of_one_line(check: Check, value: Any) -> None:
    try:
        check(value)
    except ValueError as error:
        said = str(error)
    else:
        return
    assert said
    assert len(said.splitlines()) == 1
    assert len(said) < 500


@given(st.integers(0, values.END - 1))
def test_a_time_comes_back_as_it_was_shown(ms: int) -> None:
    assert values.moment(show_time(ms)) == ms


def test_brief_is_short() -> None:
    deep: list[Any] = []
    for _ in range(40):
        deep = [deep] * 10
    assert len(values.brief(deep)) < 500
    assert len(values.brief("x" * 10_000)) < 70
    assert values.brief("a\nb") == r"'a\nb'"
    assert parse_time("9800-01-01") == values.END
