"""Requests as bytes, one header changed at a time, and the answers to them."""

from __future__ import annotations

from sipmessage import Message, Response

from firmware.telephony.flows import Flow
from firmware.telephony.service import Service
from tests.telephony.phones import DOMAIN, NOW, SERVER, USERS, answer_to, frames

PEER = ("192.0.2.100", 6000)
BASE = {
    "Via": "SIP/2.0/TCP 192.0.2.100:6000;branch=z9hG4bKbase",
    "Max-Forwards": "70",
    "From": f"<sip:201@{DOMAIN}>;tag=1",
    "To": f"<sip:201@{DOMAIN}>",
    "Call-ID": "call-1",
    "CSeq": "1 REGISTER",
    "Content-Length": "0",
}


def message(method: str = "REGISTER", uri: str = f"sip:{DOMAIN}", **changes: str | list[str] | None) -> bytes:
    """``Max_Forwards="0"`` is a header, None leaves it out, a list gives it several times."""
    headers: dict[str, str | list[str] | None] = {**BASE, "CSeq": f"1 {method}"}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{method} {uri} SIP/2.0"]
    for name, value in headers.items():
        if value is not None:
            lines += [f"{name}: {one}" for one in ([value] if isinstance(value, str) else value)]
    return "\r\n".join([*lines, "", ""]).encode()


class Line:
    """A connection to a service, or a peer that sends datagrams."""

    def __init__(self, service: Service, transport: str = "TCP", number: int = 1) -> None:
        self.service, self.now = service, NOW
        self.flow = Flow(number, transport, PEER, SERVER, 0)
        self.closed = False
        self.serial = 0
        if transport != "UDP":
            service.opened(self.flow, self.now)

    def raw(self, data: bytes) -> bytes:
        out = self.service.received(self.flow, data, self.now)
        self.closed = self.closed or any(one.close for one in out)
        return b"".join(one.data for one in out)

    def send(self, data: bytes) -> list[Response]:
        found = [Message.parse(one) for one in frames(self.raw(data))]
        assert all(isinstance(one, Response) for one in found)
        return [one for one in found if isinstance(one, Response)]

    def ask(self, data: bytes) -> Response:
        (response,) = self.send(data)
        return response

    def register(
        self,
        user: str = "201",
        password: str | None = None,
        method: str = "REGISTER",
        **changes: str | list[str] | None,
    ) -> Response:
        """With credentials for a fresh nonce; each request has its own branch and CSeq."""
        self.serial += 1
        uri = f"sip:{DOMAIN}"
        via = f"SIP/2.0/{self.flow.transport} 192.0.2.100:6000;branch=z9hG4bK{self.flow.id}x{self.serial}"
        own = {"To": f"<sip:{user}@{DOMAIN}>", "From": f"<sip:{user}@{DOMAIN}>;tag=1"}
        given: dict[str, str | list[str] | None] = {
            "Via": via + "a",
            "CSeq": f"{self.serial} {method}",
            **own,
            **changes,
        }
        challenge = self.ask(message(method, uri, **given))
        if challenge.code != 401:
            return challenge
        first = challenge.headers.getlist("WWW-Authenticate")[0]
        secret = USERS.get(user, "none") if password is None else password
        given |= {"Via": via, "Authorization": answer_to(first, method, uri, user, secret)}
        return self.ask(message(method, uri, **given))
