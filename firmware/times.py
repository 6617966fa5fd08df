"""Simulated time is an integer of milliseconds since 1970-01-01T00:00:00Z; here it is read and written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,15}))?\s*(ms|min|s|m|h|d)\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 253402300799_000  # 9999-12-31T23:59:59Z, the last time X.509 can write (RFC 5280, 4.1.2.5)


def to_datetime(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def from_datetime(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(4096)
def show_time(ms: int) -> str:
    """ISO 8601 in UTC; milliseconds only when there are any."""
    text = to_datetime(ms).replace(tzinfo=None).isoformat(timespec="milliseconds" if ms % 1000 else "seconds")
    return text + "Z"


def parse_time(text: str) -> int:
    """An ISO 8601 date or date-time; no zone means UTC. ValueError says what is wrong."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no ISO date or time such as 2026-11-23T09:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ms = from_datetime(moment)
    if not 0 <= ms <= LATEST:
        raise ValueError(f"{text!r} lies outside 1970 to 9999")
    return ms


def parse_duration(text: str) -> int:
    """``90s``, ``10m``, ``1h30m``, ``250ms``, ``2d`` -> milliseconds. ValueError says what is wrong."""
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise ValueError(f"{text!r} is no duration such as 90s, 10m or 1h30m")
    ms: int = sum(int(whole + digits) * _UNITS[unit] // 10 ** len(digits) for whole, digits, unit in parts)
    if ms > LATEST:
        raise ValueError(f"{text!r} is longer than the years from 1970 to 9999")
    return ms


def show_duration(ms: int) -> str:
    """The inverse of :func:`parse_duration`, in the largest units that fit."""
    if ms == 0:
        return "0s"
    text = ""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)):
        count, ms = divmod(ms, size)
        if count:
            text += f"{count}{unit}"
    return text
