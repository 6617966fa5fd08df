"""The values that people write – in scenarios and on the command line – each with its one check and its one message.

Each function takes what was written and returns the value, or raises ValueError with a sentence for the user.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import platforms
from firmware.device.entropy import SEED_LIMIT
from firmware.errors import BadInput
from firmware.platform import Platform
from firmware.release import BY_VERSION
from firmware.times import DAY, parse_duration, parse_time
from ignition import checks

# A century short of what a date can say, and of what a certificate made then may end with.
END = parse_time("9800-01-01")
LONGEST = 36_525 * DAY
DEEPEST_FOLDER = 16
LONGEST_NAME = 40
MOST_NAMED = 60  # of the names that are allowed, in an error

_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = _brief.maxlong = 60
_brief.maxlevel, _brief.maxlist, _brief.maxdict = 2, 4, 4


def brief(value: object) -> str:
    """``repr``, on one line of bearable length, however long or deep the value."""
    return _brief.repr(value)


def one_of(value: str, allowed: tuple[str, ...], what: str) -> str:
    """``value`` when it is allowed; the error names what is, and the nearest."""
    if value in allowed:
        return value
    near = get_close_matches(str(value)[:60], allowed, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    shown = allowed if len(allowed) <= MOST_NAMED else (*allowed[:MOST_NAMED], f"{len(allowed) - MOST_NAMED} more")
    known = f"{', '.join(shown)} {'is' if len(allowed) == 1 else 'are'} known"
    raise ValueError(f"unknown {what} {brief(value)}{hint}: {known}")


def printable(path: Path) -> str:
    """A file's name may hold anything; what errors and reports call it is a line of text."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(path))


def read_text(path: Path, what: str) -> str:
    """A file's text. BadInput says why there is none."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at offset {error.start}; {what} is a YAML text") from None


def platform(name: str) -> Platform:
    return platforms.load(one_of(name, platforms.names(), "platform"))


def release(version: object) -> str:
    return one_of(_text(version), tuple(BY_VERSION), "release")


# What a shell can complete: check -> the names that it allows.
NAMES: Mapping[str, Callable[[], tuple[str, ...]]] = {"platform": platforms.names, "release": lambda: tuple(BY_VERSION)}


def mac(text: object) -> str:
    """Twelve hex digits, with or without ``:`` or ``-``; lower case."""
    digits = re.sub(r"[:-]", "", _text(text)).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f"{brief(text)} is no MAC address: twelve hex digits such as 00e00705918e")
    if int(digits[:2], 16) & 1:
        raise ValueError(f"{text!r} is a group address, no unit's MAC")
    return digits


def seed(value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if isinstance(value, bool) or not 0 <= number < SEED_LIMIT:
        raise ValueError(f"{brief(value)} is no seed: a whole number from 0 to 2**256 - 1")
    return number


def interface(text: object) -> str:
    """An IPv4 address with its prefix length or mask, as ``a.b.c.d/prefix``."""
    try:
        parsed = IPv4Interface(_text(text))
    except ValueError:
        raise ValueError(f"{brief(text)} is no IPv4 address with a prefix such as 192.168.42.1/24") from None
    if "/" not in _text(text):
        raise ValueError(f"{text!r} has no prefix: write it as {text}/24")
    if parsed.network.prefixlen < 31 and parsed.ip in (
        parsed.network.network_address,
        parsed.network.broadcast_address,
    ):
        raise ValueError(f"{text!r} is the address of a network, not of a host in it")
    if parsed.ip.is_multicast or parsed.ip.is_unspecified or parsed.ip.is_loopback:
        raise ValueError(f"{text!r} is no address that a LAN port can have")
    return str(parsed)


def address(text: object) -> str:
    """An IPv4 address."""
    try:
        return str(IPv4Address(_text(text)))
    except ValueError:
        raise ValueError(f"{brief(text)} is no IPv4 address such as 192.168.42.1") from None


def lan(text: object) -> str:
    """What a LAN can be set to: an address, or ``dhcp``."""
    try:
        return "dhcp" if text == "dhcp" else interface(text)
    except ValueError as error:
        raise ValueError(f"{error}, or dhcp") from None


def moment(text: object) -> int:
    ms = parse_time(_text(text))
    if ms >= END:
        raise ValueError(f"{text!r} lies beyond the year 9799, where simulated time ends")
    return ms


def clock(text: object) -> int | None:
    """A time, or ``unset`` (None)."""
    try:
        return None if text == "unset" else moment(text)
    except ValueError as error:
        raise ValueError(f"{error}, or unset") from None


def clock_or_set(text: object) -> int | str | None:
    """As :func:`clock`, or the word ``set``: any time."""
    try:
        return "set" if text == "set" else clock(text)
    except ValueError as error:
        raise ValueError(f"{error}, or set") from None


def start_time(text: object) -> int | str:
    """What ``--clock`` takes: a time, or the word ``unset``."""
    found = clock(text)
    return "unset" if found is None else found


def duration(text: object) -> int:
    ms = parse_duration(_text(text))
    if ms > LONGEST:
        raise ValueError(f"{brief(text)} is more than a hundred years")
    return ms


def signed_duration(text: object) -> int:
    words = _text(text)
    return -duration(words[1:]) if words.startswith("-") else duration(words.removeprefix("+"))


def unit_name(text: object) -> str:
    """It also names a folder of a state directory."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", text):
        raise ValueError(f"{brief(text)} is no unit's name: up to 32 letters, digits, - and _")
    return text


def line(text: object) -> str:
    """One line of text, for a terminal and a report to show as it is."""
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise ValueError(f"{brief(text)} is no line of text")
    return text


def short_name(text: object) -> str:
    """The name of a CA, which makes part of the names in its certificates: those have 64 bytes at most."""
    name = line(text)
    if len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"{brief(text)} is too long a name: {LONGEST_NAME} characters (bytes of UTF-8) are the most")
    return name


def optional_host_name(text: object) -> str:
    return "" if text == "" else host_name(text)


def dns_or_address(text: object) -> str:
    """A name by which a machine is reached: an IPv4 address or a DNS name."""
    try:
        return str(IPv4Address(_text(text)))
    except ValueError:
        return host_name(text)


def user_name(text: object) -> str:
    """What a user's name may be in the simulated configuration."""
    name = _text(text)
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise ValueError(f"{brief(text)} is no user's name: 1 to 60 printable characters")
    return name


def host_name(text: object) -> str:
    """What a server can be called: its certificates bear the name."""
    try:
        return checks.host_name(_text(text))
    except ValueError as error:
        raise ValueError(f"{brief(text)} is no host name: {error}") from None


def card_path(text: object) -> str:
    """A file's or folder's path on a card, without a slash at its ends."""
    path = text.strip("/") if isinstance(text, str) else ""
    names = path.split("/")
    if any(name in ("", ".", "..") or len(name.encode("utf-8", "replace")) > 255 for name in names):
        raise ValueError(f"{brief(text)} is no path on a card such as system/primary/config.cfg")
    if not path.isprintable() or path == ".new":
        raise ValueError(f"{brief(text)} is not for use on a card")
    if len(names) > DEEPEST_FOLDER:
        raise ValueError(f"{brief(text)} lies more than {DEEPEST_FOLDER} folders deep")
    return path


def time_of_day(text: object) -> int:
    """``HH:MM`` -> ms past midnight."""
    match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", _text(text))
    if not match:
        raise ValueError(f"{brief(text)} is no time of day such as 03:30")
    return (int(match[1]) * 60 + int(match[2])) * 60_000 % DAY


def _text(value: object) -> str:
    # A release or a time may look like a number to YAML; true and lists never do.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{brief(value)} is not text")
    if len(text := str(value)) > 200:
        raise ValueError(f"{brief(text)} is too long")
    return text


def secret(value: object) -> str:
    """A password of a scenario; what is wrong with it never shows it."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("a password is a text of printable characters; write it in quotes if it is a number")
    return value
