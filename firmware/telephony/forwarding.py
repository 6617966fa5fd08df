"""A request as it goes on to a phone (RFC 3261, 16.6), and what belongs to it: Record-Route, branches, ACK, CANCEL.

1. Two Record-Route values are added, one for each side, because the sides may differ in transport and address
   (RFC 5658). Each holds a token that names the flow to its phone, so a request inside the dialog finds its way
   back to that flow (RFC 5626, 5.3).
2. A token carries a MAC over the flow and the Call-ID: nobody can make one, or use one of another call.
3. A branch is the magic cookie, a MAC over what names the request as it came in (16.3, step 4: a request that comes
   back unchanged shows it again: a loop), a serial number, and a MAC over both that no stranger can guess.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from firmware.telephony.answers import Refusal
from firmware.telephony.checks import Incoming
from firmware.telephony.flows import DEFAULT_PORTS, UDP, Flow
from firmware.telephony.message import Request, Response, values_of
from firmware.telephony.syntax import BadSyntax
from firmware.telephony.uris import Via, read_via

COOKIE = "z9hG4bK"
_ROUTED = ("INVITE", "SUBSCRIBE", "REFER")  # these make dialogs


def place(address: tuple[str, int]) -> str:
    """``host:port``, an IPv6 address in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(slots=True)
class Marks:
    """Branches and tokens of one service, under its key."""

    key: bytes = field(repr=False)
    serial: int = 0

    def _mac(self, *parts: str) -> bytes:
        return hmac.digest(self.key, "\0".join(parts).encode("utf-8", "surrogateescape"), "sha256")

    def _loop(self, incoming: Incoming) -> str:
        tags = (incoming.sender.tag or "", incoming.to.tag or "")
        request = incoming.request
        named = (request.uri, request.first("Call-ID"), str(incoming.number), request.method, *incoming.routes, *tags)
        return COOKIE + self._mac("loop", *named).hex()[:16]

    def branch(self, incoming: Incoming) -> str:
        self.serial += 1
        start = f"{self._loop(incoming)}.{self.serial}"
        return f"{start}.{self._mac('branch', start).hex()[:16]}"

    def refuse_loop(self, incoming: Incoming) -> None:
        """482 when one of the Vias is ours and about this very request."""
        vias = incoming.request.headers["Via"]
        if len(vias) > 1 and any(read_via(via).branch.startswith(self._loop(incoming) + ".") for via in vias):
            raise Refusal(482)

    def token(self, flow: Flow, call_id: str) -> str:
        named = [flow.id, flow.transport, *flow.peer, *flow.local, flow.lan]
        return urlsafe_b64encode(self._seal("\0".join(map(str, named)), call_id)).decode().rstrip("=")

    def _seal(self, named: str, call_id: str) -> bytes:
        return self._mac("token", named, call_id)[:12] + named.encode()

    def flow(self, token: str, call_id: str) -> Flow | None:
        """The flow that a token of this call names; None when it is not one of ours."""
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            named = sealed[12:].decode()
        except ValueError:
            return None
        if not hmac.compare_digest(sealed, self._seal(named, call_id)):
            return None
        number, transport, peer, peer_port, local, local_port, lan = named.split("\0")
        return Flow(int(number), transport, (peer, int(peer_port)), (local, int(local_port)), int(lan))


def forwarded(incoming: Incoming, onto: Flow, uri: str, marks: Marks, credentials: list[str]) -> Request:
    """The copy that goes on: Request-URI, Via, Max-Forwards, routes (16.6, steps 2 to 8)."""
    request = incoming.request
    branch = marks.branch(incoming)
    via = f"SIP/2.0/{onto.transport} {place(onto.local)};branch={branch}"
    headers = {"Via": [via, *request.headers["Via"]]}
    headers.update({name: values for name, values in request.headers.items() if name != "Via"})
    headers["Max-Forwards"] = [str(incoming.max_forwards - 1)]
    headers["Route"] = incoming.routes
    headers["Proxy-Authorization"] = credentials
    if request.method in _ROUTED and incoming.to.tag is None:
        headers["Record-Route"] = [*_records(incoming, onto, marks), *request.headers.get("Record-Route", ())]
    return Request(request.method, uri, {name: values for name, values in headers.items() if values}, request.body)


def _records(incoming: Incoming, onto: Flow, marks: Marks) -> list[str]:
    """The side of the called phone first: it is nearer to it (16.6, step 4)."""
    return [_record(onto, incoming, marks), _record(incoming.flow, incoming, marks)]


def _record(side: Flow, incoming: Incoming, marks: Marks) -> str:
    token = marks.token(side, incoming.request.first("Call-ID"))
    transport = "" if side.transport == UDP else f";transport={side.transport.lower()}"
    return f"<{incoming.target.scheme}:{token}@{place(side.local)}{transport};lr>"


def branch_of(request: Request) -> str:
    return read_via(request.headers["Via"][0]).branch


def acknowledgement(request: Request, response: Response) -> Request:
    """The ACK for a failure, from what was sent and the To of what came back (17.1.1.3)."""
    return _follow(request, "ACK", response.headers["To"])


def cancellation(request: Request) -> Request:
    """9.1."""
    return _follow(request, "CANCEL", request.headers["To"])


def _follow(request: Request, method: str, to: list[str]) -> Request:
    headers = {"Via": request.headers["Via"][:1], "Max-Forwards": ["70"], "From": request.headers["From"], "To": to}
    headers["Call-ID"] = request.headers["Call-ID"]
    headers["CSeq"] = [f"{request.first('CSeq').split()[0]} {method}"]
    if "Route" in request.headers:
        headers["Route"] = request.headers["Route"]
    return Request(method, request.uri, headers)


def reply_flow(flow: Flow, via: Via) -> Flow:
    """Where responses go (18.2.2, RFC 3581, 4): the connection, or the source address with the port of the Via.

    ``maddr`` is not followed, so no response leaves for a host that did not ask.
    """
    if not flow.datagrams or via.parameters.get("rport") is not None:
        return flow
    return Flow(flow.id, UDP, (flow.peer[0], via.port or DEFAULT_PORTS[UDP]), flow.local, flow.lan)


def take_own_via(response: Response) -> str:
    """Remove our Via, the top one, from a response and return its branch; nothing when it cannot be read."""
    try:
        values = values_of(response, "Via")
        branch = read_via(values[0]).branch
    except (BadSyntax, IndexError):
        return ""
    response.headers["Via"] = values[1:]
    return branch


def server_key(incoming: Incoming, method: str) -> tuple[object, ...]:
    """Which transaction a request belongs to (17.2.3): branch, sender and ``method`` (INVITE for its ACK and CANCEL).

    The address it really came from is part of it: nobody else can end a call by guessing. A branch without the
    magic cookie is of RFC 2543 and names nothing: there the dialog and the CSeq do, without the tag of To, which an
    ACK has and its INVITE has not.
    """
    via, request = incoming.via, incoming.request
    if via.branch.startswith(COOKIE) and via.branch != COOKIE:
        return (via.branch, via.sent_by, method, incoming.flow.peer[0])
    named = (request.uri, incoming.sender.tag, request.first("Call-ID"), incoming.number)
    return (*named, via.branch, via.sent_by, method, incoming.flow.peer[0])
