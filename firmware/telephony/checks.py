"""Whether a request can be understood at all (RFC 3261, 8.1.1, 8.2.2 and 16.3, steps 1 and 2).

The checks run in the order of the table; the first that fails names the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from firmware.telephony.answers import Refusal
from firmware.telephony.flows import TLS, Flow
from firmware.telephony.message import Request, missing, values_of
from firmware.telephony.syntax import BadSyntax, cseq, number, tokens
from firmware.telephony.uris import Address, Uri, Via, read_address, read_uri, read_via, scheme

_NOWHERE = Uri("sip", "", "", "", None, {}, "")
_NOBODY = Address("", {})


@dataclass(slots=True)
class Incoming:
    """A request and what was read of it."""

    request: Request
    flow: Flow
    now: int
    via: Via
    number: int = 0
    sender: Address = _NOBODY
    sender_uri: Uri = _NOWHERE
    to: Address = _NOBODY
    to_uri: Uri = _NOWHERE
    target: Uri = _NOWHERE
    max_forwards: int = 70
    routes: list[str] = field(default_factory=list)

    @property
    def method(self) -> str:
        return self.request.method


def _whole(incoming: Incoming) -> None:
    request = incoming.request
    if request.defect:
        raise Refusal(request.status, request.defect)
    if absent := missing(request):
        raise Refusal(400, absent)


def _sequence(incoming: Incoming) -> None:
    incoming.number, method = cseq(incoming.request.first("CSeq"))
    if method != incoming.method:
        raise Refusal(400, "CSeq names another method")


def _parties(incoming: Incoming) -> None:
    incoming.sender, incoming.sender_uri = _party(incoming.request.first("From"), "From")
    incoming.to, incoming.to_uri = _party(incoming.request.first("To"), "To")


def _party(text: str, name: str) -> tuple[Address, Uri]:
    """From and To may be of any scheme (8.1.1.2); of another one than ours, they name nobody here."""
    try:
        address = read_address(text)
        return address, read_uri(address.uri) if scheme(address.uri) in ("sip", "sips") else _NOWHERE
    except BadSyntax:
        raise Refusal(400, f"malformed {name}") from None


def _vias(incoming: Incoming) -> None:
    for value in incoming.request.headers["Via"][1:]:
        read_via(value)


def _target(incoming: Incoming) -> None:
    """8.2.2.1: another scheme is 416; headers have no place in a Request-URI (19.1.1, table 1)."""
    if scheme(incoming.request.uri) not in ("sip", "sips"):
        raise Refusal(416)
    incoming.target = read_uri(incoming.request.uri)
    if incoming.target.headers:
        raise Refusal(400, "headers in the Request-URI")
    if incoming.target.scheme == "sips" and incoming.flow.transport != TLS:
        raise Refusal(403, "sips needs TLS")


def _hops(incoming: Incoming) -> None:
    text = incoming.request.first("Max-Forwards")
    if text:
        incoming.max_forwards = number(text, "Max-Forwards")
        if incoming.max_forwards > 255:
            raise Refusal(400, "Max-Forwards is above 255")


def _routes(incoming: Incoming) -> None:
    incoming.routes = values_of(incoming.request, "Route")


CHECKS: tuple[Callable[[Incoming], None], ...] = (_whole, _sequence, _parties, _vias, _target, _hops, _routes)


def examine(incoming: Incoming) -> None:
    """Read the request; Refusal says how to answer one that cannot be."""
    try:
        for check in CHECKS:
            check(incoming)
    except BadSyntax as error:
        raise Refusal(400, str(error)) from None


def require_nothing(request: Request, name: str) -> None:
    """We support no extension, so any that is required is one too many (8.2.2.3, 16.3 step 5)."""
    if name not in request.headers:
        return
    try:
        unsupported = tokens(request.headers[name])
    except BadSyntax as error:
        raise Refusal(400, str(error)) from None
    if unsupported:
        raise Refusal(420, headers=[("Unsupported", ", ".join(unsupported))])
