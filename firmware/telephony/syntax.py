"""The pieces that header values are made of (RFC 3261, 25.1): tokens, quoted strings, parameters, numbers.

Every expression is anchored and free of nested repetition, so that reading takes time linear in what is read.
"""

from __future__ import annotations

import re

from firmware.errors import IpsimError

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"  # noqa: S105 - what a token looks like, none itself
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.\-]*)|\[[0-9A-Fa-f:.]{2,45}\])"

_PARAMETER = re.compile(rf"[ \t]*;[ \t]*({TOKEN})(?:[ \t]*=[ \t]*({QUOTED}|[^ \t;,\"<>?=]+))?[ \t]*", re.DOTALL)
_CSEQ = re.compile(rf"0*([0-9]{{1,10}})[ \t]+({TOKEN})")
_NUMBER = re.compile(r"0*([0-9]{1,})")
_TOKEN = re.compile(TOKEN)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BETWEEN = re.compile(rf"(?:[^,\"<]|{QUOTED}|<[^>]*>)+", re.DOTALL)

LARGEST = 2**32 - 1


class BadSyntax(IpsimError):
    """A header value that its grammar does not allow; the text is fit to be a reason phrase."""


def parameters(text: str) -> dict[str, str | None]:
    """``;name=value;flag`` -> {name in lower case: value or None}. The first of two with one name counts."""
    found: dict[str, str | None] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            raise BadSyntax("malformed parameters")
        found.setdefault(match[1].lower(), match[2])
        position = match.end()
    return found


def write_parameters(values: dict[str, str | None]) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in values.items())


def split_list(value: str) -> list[str]:
    """The elements of a comma-separated value; commas within quotes and within ``<>`` separate nothing."""
    if "," not in value:
        return [value]
    if '"' not in value and "<" not in value:
        return [part.strip(" \t") for part in value.split(",")]
    elements, position = [], 0
    while True:
        match = _BETWEEN.match(value, position)
        if match is None:
            raise BadSyntax("malformed list")
        elements.append(match[0].strip(" \t"))
        position = match.end()
        if position == len(value):
            return elements
        if value[position] != ",":
            raise BadSyntax("unbalanced quotes or brackets")
        position += 1


def tokens(values: list[str]) -> list[str]:
    """All option tags of a header that may be given several times."""
    found = [part for value in values for part in split_list(value) if part]
    if not all(_TOKEN.fullmatch(part) for part in found):
        raise BadSyntax("malformed option tags")
    return found


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def cseq(value: str) -> tuple[int, str]:
    """(number, method); the number is below 2**31 (8.1.1.5)."""
    match = _CSEQ.fullmatch(value)
    if match is None or int(match[1]) >= 2**31:
        raise BadSyntax("malformed CSeq")
    return int(match[1]), match[2]


def number(value: str, what: str) -> int:
    """A number of any length, held at 2**32 - 1, the largest that any header of ours means (25.1, delta-seconds)."""
    match = _NUMBER.fullmatch(value)
    if match is None:
        raise BadSyntax(f"malformed {what}")
    return LARGEST if len(match[1]) > 10 else min(int(match[1]), LARGEST)


def unquoted(value: str) -> str:
    """The text of a quoted string, or the token as it is."""
    if value[:1] != '"':
        return value
    return _PAIR.sub(r"\1", value[1:-1]) if "\\" in value else value[1:-1]


def unescaped(text: str) -> str:
    """``%HH`` escapes resolved; bytes that are no UTF-8 become surrogates, so nothing is lost (19.1.2)."""
    if "%" not in text:
        return text
    raw = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text.encode("utf-8", "surrogateescape").decode("latin-1"))
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")


def legible(text: str, longest: int = 128) -> str:
    """A peer's text as it may stand in an event: printable, short, valid UTF-8."""
    text = text[:longest]
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
