"""Responses that the service gives itself (RFC 3261, 8.2.6 and 21), and the refusals that lead to them.

1. Via, From, Call-ID and CSeq are the request's; To gets a tag if it has none.
2. The tag is a MAC over what names the request, so a retransmitted request gets the same one without any state
   (8.2.7).
3. A reason phrase is the standard one, or for 400 says what is wrong (21.4.1); it never repeats the peer's text.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.errors import IpsimError
from firmware.telephony.flows import Flow
from firmware.telephony.message import Headers, Request, Response, values_of
from firmware.telephony.syntax import BadSyntax, write_parameters
from firmware.telephony.uris import Via, read_via

REASONS = {
    100: "Trying",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    423: "Interval Too Brief",
    430: "Flow Failed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    487: "Request Terminated",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
}
SERVER_METHODS = ("REGISTER", "OPTIONS")
ALLOW = "REGISTER, OPTIONS, INVITE, ACK, CANCEL, BYE"
# Methods of RFCs 3261, 3262, 3311, 3428, 3515, 3903, 6086, 6665: known, so 405 and not 501 where they do not apply.
_KNOWN = "REGISTER OPTIONS INVITE ACK CANCEL BYE PRACK UPDATE MESSAGE REFER PUBLISH INFO SUBSCRIBE NOTIFY"
KNOWN_METHODS = frozenset(_KNOWN.split())


class Refusal(IpsimError):
    """A request that is answered with an error: its status, reason phrase and further headers."""

    def __init__(self, status: int, reason: str = "", headers: Iterable[tuple[str, str]] = ()) -> None:
        self.status, self.reason, self.headers = status, reason or REASONS[status], tuple(headers)
        super().__init__(f"{status} {self.reason}")


@dataclass(frozen=True, slots=True)
class Answers:
    """``key`` makes the tags; ``server`` is the Server header."""

    key: bytes = field(repr=False)
    server: str

    def answer(
        self, request: Request, status: int, reason: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> Response:
        theirs = request.headers
        ours: Headers = {"Via": theirs["Via"]}
        ours.update({name: theirs[name][:1] for name in ("From", "To", "Call-ID", "CSeq") if name in theirs})
        if status == 100 and "Timestamp" in theirs:  # 8.2.6.1
            ours["Timestamp"] = theirs["Timestamp"]
        to = request.first("To")
        if status > 100 and to and not _has_tag(to):
            ours["To"] = [f"{to};tag={self._tag(request)}"]
        for name, value in headers:
            ours.setdefault(name, []).append(value)
        ours["Server"] = [self.server]
        phrase = reason or REASONS[status]
        return Response(status, phrase[0].upper() + phrase[1:], ours)

    def refuse(self, request: Request, refusal: Refusal) -> Response:
        return self.answer(request, refusal.status, refusal.reason, refusal.headers)

    def _tag(self, request: Request) -> str:
        named = "\n".join(request.first(name) for name in ("Via", "From", "Call-ID", "CSeq"))
        return hmac.digest(self.key, named.encode("utf-8", "surrogateescape"), "sha256").hex()[:16]


def _has_tag(to: str) -> bool:
    """Whether To has a tag parameter; its text may be malformed."""
    after = to.rpartition(">")[2].lower()
    return any(part.partition("=")[0].strip() == "tag" for part in after.split(";")[1:])


def stamp(request: Request, flow: Flow) -> Via | None:
    """Note in the top Via where the request really came from (18.2.1; RFC 3581, 4). None: it cannot be read."""
    try:
        values = values_of(request, "Via")
        via = read_via(values[0])
    except (BadSyntax, IndexError):
        return None
    wants_port = "rport" in via.parameters
    if wants_port or via.host.strip("[]") != flow.peer[0]:
        via.parameters["received"] = flow.peer[0]
    if wants_port:
        via.parameters["rport"] = str(flow.peer[1])
    values[0] = write_via(via)
    request.headers["Via"] = values
    return via


def write_via(via: Via) -> str:
    port = "" if via.port is None else f":{via.port}"
    return f"{via.protocol}/{via.transport} {via.host}{port}{write_parameters(via.parameters)}"
