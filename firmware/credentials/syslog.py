"""Syslog messages as bytes: RFC 3164, which IP Office sends (EV), and RFC 5424.

Facility, tag and texts are not documented: all assumed. No function here knows a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from firmware.basis import assumed
from firmware.configuration import SYSLOG_FORMATS
from firmware.times import show_time, to_datetime

LOCAL0 = assumed(16, "the facility is not documented")
APPLICATION = assumed("ipoffice", "the tag is not documented")
ELEMENT = assumed("certificate@6889", "Avaya's enterprise number; RFC 5424 wants one in a name of ours")

LONGEST_3164 = 1024  # RFC 3164, 4.1
LONGEST_5424 = 2048  # RFC 5424, 6.1: what a receiver should be able to take
_NIL = "-"
_BOM = b"\xef\xbb\xbf"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Severity(IntEnum):
    """Those that are used. (RFC 5424, 6.2.1)"""

    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5


@dataclass(frozen=True, slots=True)
class Message:
    """``clock`` is what the sender's clock shows (UTC), None: not set. ``kind`` is the MSGID, ``data`` the structured
    data of RFC 5424, which an RFC 3164 message has no place for."""

    severity: Severity
    clock: int | None
    host: str
    kind: str
    text: str
    data: Mapping[str, str] = field(default_factory=dict)
    facility: int = LOCAL0.value
    application: str = APPLICATION.value
    element: str = ELEMENT.value

    @property
    def priority(self) -> str:
        return f"<{self.facility * 8 + self.severity}>"


def rfc3164(message: Message) -> bytes:
    """``<PRI>Mmm dd hh:mm:ss HOST TAG: text`` in seven-bit ASCII, of at most 1024 bytes.

    A clock that is not set has no place in it: then the message goes without time and host, which the receiver adds.
    (RFC 3164, 4.3.2)
    """
    head = "" if message.clock is None else f"{_time_of_3164(message.clock)} {_host_of_3164(message.host)} "
    start = f"{message.priority}{head}{_name(message.application, 32)}: ".encode()
    return start + _cut(message.text, LONGEST_3164 - len(start), ascii_only=True)


def rfc5424(message: Message) -> bytes:
    """``<PRI>1 TIME HOST APP PROCID MSGID STRUCTURED-DATA text`` in UTF-8, of at most 2048 bytes.

    Structured data that would make it longer is left out.
    """
    time = _NIL if message.clock is None else show_time(message.clock)
    names = (_name(message.host, 255), _name(message.application, 48), _NIL, _name(message.kind, 32))
    start = f"{message.priority}1 {time} {' '.join(names)} ".encode()
    elements = _structured(message)
    if len(start) + len(elements) + 1 + len(_BOM) > LONGEST_5424:
        elements = _NIL.encode()
    start += elements + b" " + _BOM
    return start + _cut(message.text, LONGEST_5424 - len(start))


FORMATS: Mapping[str, Callable[[Message], bytes]] = dict(zip(SYSLOG_FORMATS, (rfc3164, rfc5424), strict=True))


def _time_of_3164(clock: int) -> str:
    """The day is padded with a space. It should be local time; a unit's zone is not modelled, so it is UTC."""
    moment = to_datetime(clock)
    return f"{_MONTHS[moment.month - 1]} {moment.day:2} {moment:%H:%M:%S}"


def _host_of_3164(host: str) -> str:
    """An address, or a name without its domain. (RFC 3164, 4.1.2)"""
    is_address = host.replace(".", "").isdigit()
    return _name(host if is_address else host.partition(".")[0], 255)


def _name(text: str, longest: int) -> str:
    """A field of the header: printable ASCII without spaces."""
    return "".join(char if "!" <= char <= "~" else "_" for char in text[:longest]) or _NIL


def _structured(message: Message) -> bytes:
    if not message.data:
        return _NIL.encode()
    pairs = (f'{_name(name, 32)}="'.encode() + _value(text) + b'"' for name, text in message.data.items())
    return b" ".join((f"[{message.element}".encode(), *pairs)) + b"]"


def _value(text: str) -> bytes:
    r"""``"``, ``\`` and ``]`` are escaped. (RFC 5424, 6.3.3)"""
    return b"".join(b"\\" + piece if piece in (b'"', b"\\", b"]") else piece for piece in _pieces(text, False))


def _pieces(text: str, ascii_only: bool) -> Iterator[bytes]:
    """The text in pieces that belong together: a character, or ``#ooo`` for each byte of one that has no business in
    a log. (Octal as rsyslog writes it: assumed)"""
    for char in text:
        raw = char.encode("utf-8", "replace")
        may_stand = char.isprintable() and (char.isascii() or not ascii_only)
        yield raw if may_stand else b"".join(b"#%03o" % byte for byte in raw)


def _cut(text: str, room: int, *, ascii_only: bool = False) -> bytes:
    """As much of the text as there is room for; no character and no escape is cut in two."""
    fitting = bytearray()
    for piece in _pieces(text, ascii_only):
        if len(fitting) + len(piece) > room:
            break
        fitting += piece
    return bytes(fitting)
