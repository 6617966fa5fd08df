"""SIP URIs, name-addr and Via: reading and comparing them (RFC 3261, 19.1 and 20)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.telephony.syntax import HOST, QUOTED, TOKEN, BadSyntax, parameters, unescaped

_USER = r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+"
_PASSWORD = r"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*"  # noqa: S105 - the grammar of one, none itself
_URI = re.compile(
    rf"(sips?):(?:({_USER})(?::({_PASSWORD}))?@)?({HOST})(?::([0-9]{{1,5}}))?((?:;[^;?<>\"@\x00-\x20\x7f]+)*)(?:\?([^<>\"\x00-\x20\x7f]+))?",
    re.IGNORECASE,
)
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):[^<>\"\x00-\x20\x7f]+")
_NAME_ADDR = re.compile(rf"[ \t]*(?:({QUOTED})[ \t]*|((?:{TOKEN}[ \t]+)*(?:{TOKEN})?))<([^<>\"]*)>(.*)", re.DOTALL)
_ADDR_SPEC = re.compile(r"([^ \t;,?<>\"]+)([ \t]*(?:;.*)?)", re.DOTALL)
_VIA = re.compile(
    rf"({TOKEN})[ \t]*/[ \t]*({TOKEN})[ \t]*/[ \t]*({TOKEN})[ \t]+({HOST})(?:[ \t]*:[ \t]*([0-9]{{1,5}}))?(.*)",
    re.DOTALL,
)
# 19.1.4: these make two URIs different when only one of them has it.
_TELLING = ("user", "ttl", "method", "maddr", "transport")


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip or sips URI. ``user`` is unescaped; ``host`` in lower case; ``parameters`` by lower-case name."""

    scheme: str
    user: str
    password: str
    host: str
    port: int | None
    parameters: dict[str, str]
    headers: str

    def equivalent(self, other: Uri) -> bool:
        """Whether both mean the same (19.1.4)."""
        same = (self.scheme, self.user, self.password, self.host, self.port)
        if same != (other.scheme, other.user, other.password, other.host, other.port):
            return False
        mine, theirs = self.parameters, other.parameters
        if any(mine[name].lower() != theirs[name].lower() for name in mine.keys() & theirs.keys()):
            return False
        if any((name in mine) != (name in theirs) for name in _TELLING):
            return False
        return sorted(self.headers.lower().split("&")) == sorted(other.headers.lower().split("&"))


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr or addr-spec with its header parameters. ``uri`` is its text, which may be of any scheme."""

    uri: str
    parameters: dict[str, str | None]

    @property
    def tag(self) -> str | None:
        return self.parameters.get("tag")


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value (20.42)."""

    protocol: str
    transport: str
    host: str
    port: int | None
    parameters: dict[str, str | None]

    @property
    def sent_by(self) -> tuple[str, int | None]:
        return self.host.lower(), self.port

    @property
    def branch(self) -> str:
        return self.parameters.get("branch") or ""


def scheme(text: str) -> str:
    """The scheme of a URI of any kind, in lower case. BadSyntax when it is none."""
    if text[:4] == "sip:":
        return "sip"
    match = _OTHER.fullmatch(text)
    if match is None:
        raise BadSyntax("malformed URI")
    return match[1].lower()


def read_uri(text: str) -> Uri:
    match = _URI.fullmatch(text)
    if match is None:
        raise BadSyntax("malformed SIP URI")
    kind, user, password, host, port, after, headers = match.groups()
    if port is not None and int(port) > 65535:
        raise BadSyntax("malformed port of a SIP URI")
    found: dict[str, str] = {}
    if after:
        for part in after[1:].split(";"):
            name, _, value = part.partition("=")
            found.setdefault(unescaped(name).lower(), unescaped(value))
    return Uri(
        kind.lower(),
        unescaped(user or ""),
        unescaped(password or ""),
        host.lower(),
        None if port is None else int(port),
        found,
        headers or "",
    )


def read_address(text: str) -> Address:
    """Without angle brackets, parameters are the header's and a ``?`` or comma is not allowed (20.10)."""
    match = _NAME_ADDR.fullmatch(text)
    if match is not None:
        return Address(match[3], parameters(match[4]))
    match = _ADDR_SPEC.fullmatch(text)
    if match is None:
        raise BadSyntax("malformed address")
    return Address(match[1], parameters(match[2]))


def read_via(text: str) -> Via:
    match = _VIA.fullmatch(text)
    if match is None or (match[5] is not None and int(match[5]) > 65535):
        raise BadSyntax("malformed Via")
    return Via(
        f"{match[1]}/{match[2]}".upper(),
        match[3].upper(),
        match[4],
        None if match[5] is None else int(match[5]),
        parameters(match[6]),
    )
