"""A SIP message: bytes to values and back (RFC 3261, 7).

1. Reading never raises: what is wrong first is kept as ``defect`` and ``status`` of the answer it deserves, so that
   the answer can still be built from the headers that were understood.
2. Text is UTF-8; bytes that are none travel through as surrogates and leave as they came.
3. Headers are values by name, in the order of the message; compact names are written out, and so are folded lines.
   A carriage return or line feed alone is a defect: it could end a line for somebody else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.telephony.syntax import TOKEN, BadSyntax, is_token, number, split_list

Headers = dict[str, list[str]]

_NAMES = """
Accept Accept-Contact:a Accept-Encoding Accept-Language Alert-Info Allow Allow-Events:u Authentication-Info
Authorization Call-ID:i Call-Info Contact:m Content-Disposition Content-Encoding:e Content-Language Content-Length:l
Content-Type:c CSeq Date Error-Info Event:o Expires From:f Identity:y In-Reply-To Max-Forwards Min-Expires
MIME-Version Organization Priority Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Record-Route Refer-To:r
Referred-By:b Reject-Contact:j Reply-To Request-Disposition:d Require Retry-After Route RSeq Server Session-Expires:x
SIP-ETag SIP-If-Match Subject:s Supported:k Timestamp To:t Unsupported User-Agent Via:v Warning WWW-Authenticate
"""
_SPELT = [name.split(":") for name in _NAMES.split()]
_BY_NAME = {spelling.lower(): spellings[0] for spellings in _SPELT for spelling in spellings}

ONCE = ("To", "From", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires")
NEEDED = ("Via", "To", "From", "Call-ID", "CSeq")

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([^ \t]+) SIP/([0-9]+\.[0-9]+)", re.IGNORECASE)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE | re.DOTALL)
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")


@dataclass(slots=True)
class Request:
    method: str
    uri: str
    headers: Headers
    body: bytes = b""
    version: str = "2.0"
    defect: str = ""
    status: int = 400

    def first(self, name: str) -> str:
        """The only or first value, or nothing."""
        values = self.headers.get(name)
        return values[0] if values else ""


@dataclass(slots=True)
class Response:
    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    defect: str = ""

    def first(self, name: str) -> str:
        values = self.headers.get(name)
        return values[0] if values else ""


Message = Request | Response


def read_head(data: bytes, most_headers: int) -> Message:
    """The start line and headers, without the empty line that ends them."""
    text = data.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    headers, defect = _read_headers(lines)
    message = _start(lines[0], headers)
    if isinstance(message, Request) and len(lines) > most_headers + 1:
        message.status, defect = 513, "Too Many Headers"
    message.defect = message.defect or defect
    return message


def _start(line: str, headers: Headers) -> Message:
    if line[:4].upper() == "SIP/":
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            return Response(0, "", headers, defect="malformed status line")
        return Response(int(match[1]), match[2] or "", headers)
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        return Request(line.partition(" ")[0], "", headers, defect="malformed request line")
    request = Request(match[1], match[2], headers, version=match[3])
    if match[3] != "2.0":
        request.status, request.defect = 505, "Version Not Supported"
    return request


def _read_headers(lines: list[str]) -> tuple[Headers, str]:
    headers: Headers = {}
    defect = ""
    known = _BY_NAME
    for line in lines[1:]:
        spelt, colon, value = line.partition(":")
        name = known.get(spelt.rstrip(" \t").lower())
        if name is None:
            name = spelt.rstrip(" \t")
            if not colon or not is_token(name):
                defect = defect or "malformed header line"
                continue
        value = value.strip(" \t")
        if name in headers:
            headers[name].append(value)
            if name in ONCE:
                defect = defect or f"more than one {name}"
        else:
            headers[name] = [value]
    if any("\r" in line or "\n" in line for line in lines):
        defect = defect or "a line ends with CR or LF alone"
    return headers, defect


def missing(message: Message) -> str:
    """What every message has to have and this one has not (8.1.1)."""
    return next((f"{name} is missing" for name in NEEDED if not message.first(name)), "")


def content_length(message: Message) -> int | None:
    """None when it is not said. BadSyntax when it cannot be understood, or is said twice."""
    values = message.headers.get("Content-Length")
    if values is None:
        return None
    if len(values) > 1:
        raise BadSyntax("more than one Content-Length")
    return number(values[0], "Content-Length")


def values_of(message: Message, name: str) -> list[str]:
    """Every element of a header that is a comma-separated list and may be given several times."""
    return [part for value in message.headers.get(name, ()) for part in split_list(value)]


def write(message: Message) -> bytes:
    """The message with the Content-Length that its body has."""
    if isinstance(message, Request):
        lines = [f"{message.method} {message.uri} SIP/2.0"]
    else:
        lines = [f"SIP/2.0 {message.status} {message.reason}"]
    for name, values in message.headers.items():
        if name != "Content-Length":
            lines.extend(f"{name}: {value}" for value in values)
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + message.body
