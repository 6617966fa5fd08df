"""Syslog messages: the examples of the RFCs, and that whatever is said in them a strict reader can read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.credentials.syslog import FORMATS, LONGEST_3164, LONGEST_5424, Message, Severity, rfc3164, rfc5424
from firmware.times import LATEST, parse_time

BOM = b"\xef\xbb\xbf"
FAILED = "'su root' failed for lonvick on /dev/pts/8"
AT = parse_time("2003-10-11T22:14:15.003Z")


def test_the_example_of_rfc_3164() -> None:
    """5.4, example 1."""
    message = Message(Severity.CRITICAL, AT, "mymachine.example.com", "", FAILED, facility=4, application="su")
    assert rfc3164(message) == b"<34>Oct 11 22:14:15 mymachine su: " + FAILED.encode()


def test_the_examples_of_rfc_5424() -> None:
    """6.5, examples 1 and 3."""
    host = "mymachine.example.com"
    first = Message(Severity.CRITICAL, AT, host, "ID47", FAILED, facility=4, application="su")
    assert rfc5424(first) == f"<34>1 2003-10-11T22:14:15.003Z {host} su - ID47 - ".encode() + BOM + FAILED.encode()
    data = {"iut": "3", "eventSource": "Application", "eventID": "1011"}
    text = "An application event log entry..."
    third = Message(
        Severity.NOTICE, AT, host, "ID47", text, data, facility=20, application="evntslog", element="exampleSDID@32473"
    )
    assert (
        rfc5424(third)
        == (
            f"<165>1 2003-10-11T22:14:15.003Z {host} evntslog - ID47 "
            '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] '
        ).encode()
        + BOM
        + text.encode()
    )


def test_ours_is_of_local0() -> None:
    message = Message(Severity.WARNING, parse_time("2026-01-05T09:00:00Z"), "10.1.2.3", "certificate.x", "that is so")
    assert rfc3164(message) == b"<132>Jan  5 09:00:00 10.1.2.3 ipoffice: that is so", "the day is padded"
    assert rfc5424(message).startswith(b"<132>1 2026-01-05T09:00:00Z 10.1.2.3 ipoffice - certificate.x - ")


def test_a_clock_that_is_not_set() -> None:
    message = Message(Severity.ERROR, None, "server1", "x", "that is so")
    assert rfc3164(message) == b"<131>ipoffice: that is so", "the receiver adds time and host"
    assert rfc5424(message).startswith(b"<131>1 - server1 ipoffice - x - ")


@pytest.mark.parametrize(
    ("text", "ascii_text", "utf8"),
    [
        ("a\nb\0c", "a#012b#000c", "a#012b#000c"),
        ("é €", "#303#251 #342#202#254", "é €"),
        ("\x85\u2028\ud800", "#302#205#342#200#250#077", "#302#205#342#200#250#077"),
    ],
)
def test_what_has_no_business_in_a_log_is_escaped(text: str, ascii_text: str, utf8: str) -> None:
    message = Message(Severity.ERROR, AT, "h", "x", text)
    assert rfc3164(message).endswith(f"ipoffice: {ascii_text}".encode())
    assert rfc5424(message).endswith(BOM + utf8.encode())


def test_values_of_structured_data_are_escaped() -> None:
    assert rb'[certificate@6889 why="a\"b\\c\]d#012"]' in rfc5424(
        Message(Severity.ERROR, AT, "h", "x", "", {"why": 'a"b\\c]d\n'})
    )


def test_structured_data_that_is_too_long_is_left_out() -> None:
    message = rfc5424(Message(Severity.ERROR, AT, "h", "x", "text", {"why": "a" * LONGEST_5424}))
    assert message.endswith(b" ipoffice - x - " + BOM + b"text")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", ["x" * 5000, "é" * 5000, "\n" * 5000])
def test_a_text_that_is_too_long_is_cut_between_characters(format: str, text: str) -> None:
    message = FORMATS[format](Message(Severity.ERROR, AT, "h", "x", text))
    longest = {"rfc3164": LONGEST_3164, "rfc5424": LONGEST_5424}[format]
    assert longest - 8 < len(message) <= longest
    message.decode("utf-8")
    assert re.search(rb"(x|\xc3\xa9|#\d{3})\Z", message)


MONTH = rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
STRICT_3164 = re.compile(
    rb"<(\d{1,3})>(" + MONTH + rb" [ 1-3]\d [0-2]\d:[0-5]\d:[0-5]\d [!-~]+ )?[!-~]{1,32}: [ -~]*"
)  # fmt: skip
VALUE = rb'"([^"\\\]\x00-\x1f\x7f]|\\["\\\]])*"'
STRICT_5424 = re.compile(
    rb"<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z) [!-~]{1,255} [!-~]{1,48} - [!-~]{1,32} "
    rb"(-|\[certificate@6889( [a-z]{1,32}=" + VALUE + rb")+\]) \xef\xbb\xbf[^\x00-\x1f\x7f]*"
)  # fmt: skip

texts = st.text(st.characters(), max_size=1500)
messages = st.builds(
    Message,
    st.sampled_from(Severity),
    st.none() | st.integers(0, LATEST),
    texts,
    texts,
    texts,
    st.dictionaries(st.from_regex(r"[a-z]{1,12}", fullmatch=True), texts, max_size=4),
    st.integers(0, 23),
    texts,
)


@given(messages)
def test_a_strict_reader_can_read_it(message: Message) -> None:
    old, new = rfc3164(message), rfc5424(message)
    for data, strict, longest in ((old, STRICT_3164, LONGEST_3164), (new, STRICT_5424, LONGEST_5424)):
        assert len(data) <= longest
        match = strict.fullmatch(data)
        assert match is not None, data
        assert divmod(int(match[1]), 8) == (message.facility, message.severity)
    new.decode("utf-8")
