"""Simulated phones and the wires between them and a service, all in memory. They read SIP with ``sipmessage``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sipmessage import Message, Request, Response

from firmware.device.entropy import HmacDrbg
from firmware.telephony.flows import Flow, Outgoing
from firmware.telephony.service import Service
from firmware.telephony.settings import Settings

NOW = 1_790_000_000_000
DOMAIN = "pbx.example.com"
USERS = {str(number): f"secret-{number}" for number in range(201, 209)}
SERVER = ("192.0.2.1", 5060)

Drop = Callable[[int], bool]


def settings(**changes: object) -> Settings:
    return Settings(**{"domains": (DOMAIN, SERVER[0]), "users": USERS, **changes})  # type: ignore[arg-type]  # any field


def service(chosen: Settings | None = None) -> Service:
    return Service(chosen or settings(), HmacDrbg(b"a seed for the tests"))


def answer_to(challenge: str, method: str, uri: str, user: str, password: str, nc: int = 1) -> str:
    """Digest credentials, from the RFC's formula and hashlib alone."""
    given = dict(part.split("=", 1) for part in challenge.removeprefix("Digest ").split(", "))
    realm, nonce = given["realm"].strip('"'), given["nonce"].strip('"')
    hashed = hashlib.sha256 if given.get("algorithm") == "SHA-256" else hashlib.md5

    def h(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    cnonce = "0a4f113b"
    middle = f"{nonce}:{nc:08x}:{cnonce}:auth"
    response = h(f"{h(f'{user}:{realm}:{password}')}:{middle}:{h(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm={given.get("algorithm", "MD5")}, cnonce="{cnonce}", qop=auth, nc={nc:08x}'
    )


def frames(data: bytes) -> list[bytes]:
    """The messages in what a connection carried."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
        found.append(head + b"\r\n\r\n" + rest[:length])
        data = rest[length:]
    return found


def routes_of(message: Request | Response) -> list[str]:
    return [value for header in message.headers.getlist("Record-Route") for value in header.split(", ")]


@dataclass
class Sent:
    """Something that is sent again until it is answered."""

    data: bytes
    due: int
    interval: int = 500
    give_up: int = 0


@dataclass
class Call:
    """One call as a phone sees it. ``state``: calling, ringing, confirmed, over; ``status`` of what ended it."""

    call_id: str
    mine: str
    theirs: str
    target: str = ""
    routes: list[str] = field(default_factory=list)
    invite: Request | None = None
    state: str = "calling"
    status: int = 0
    cseq: int = 1
    request: str = ""
    branch: str = ""


class Phone:
    """A user agent: registers, calls, rings, answers, hangs up; sends again what is lost when it uses datagrams."""

    def __init__(self, world: World, user: str, transport: str = "TCP", port: int = 5060, lan: int = 0) -> None:
        self.world, self.user, self.transport = world, user, transport
        self.local = ("192.0.2.100", port)
        self.flow = Flow(next(world.numbers), transport, self.local, SERVER, lan)
        self.calls: dict[str, Call] = {}
        self.responses: list[Response] = []
        self.requests: list[Request] = []
        self.pending: dict[tuple[str, str], Sent] = {}
        self.served: dict[tuple[str, str], bytes] = {}
        self.sent: dict[tuple[str, str], bytes] = {}
        self.again: dict[tuple[str, str], tuple[str, str, dict[str, str]]] = {}
        self.serial = count(1)
        self.cseq = count(1)
        self.password = USERS.get(user, "none")
        self.algorithm = "SHA-256"
        self.waits = transport == "UDP"
        world.phones.append(self)
        if transport != "UDP":
            world.service.opened(self.flow, world.now)

    # Sending

    def uri(self, user: str) -> str:
        return f"sip:{user}@{DOMAIN}"

    @property
    def contact(self) -> str:
        suffix = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        return f"sip:{self.user}@{self.local[0]}:{self.local[1]}{suffix}"

    def name(self, method: str) -> str:
        return f"z9hG4bK{self.user}x{self.local[1]}x{next(self.serial)}{method.lower()}"

    def request(self, method: str, uri: str, headers: dict[str, str], branch: str = "", body: bytes = b"") -> str:
        """Send; a request but ACK is sent again until something comes back."""
        branch = branch or self.name(method)
        via = f"SIP/2.0/{self.transport} {self.local[0]}:{self.local[1]};branch={branch};rport"
        lines = [f"{method} {uri} SIP/2.0", f"Via: {via}", "Max-Forwards: 70"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value]
        lines += [f"User-Agent: Test/{self.user}", f"Content-Length: {len(body)}", "", ""]
        data = "\r\n".join(lines).encode() + body
        if method != "ACK" and self.waits:
            self.pending[branch, method] = Sent(data, self.world.now + 500, give_up=self.world.now + 32_000)
        self.again[branch, method] = (method, uri, headers)
        self.sent[branch, method] = data
        self.world.to_service(self, data)
        return branch

    def register(self, expires: int = 3600, contact: str | None = None) -> str:
        uri = f"sip:{DOMAIN}"
        own = f"<{self.uri(self.user)}>"
        headers = {"From": f"{own};tag=r{self.user}", "To": own, "Call-ID": f"reg-{self.user}-{self.local[1]}"}
        headers |= {"CSeq": f"{next(self.cseq)} REGISTER", "Expires": str(expires)}
        headers["Contact"] = f"<{self.contact}>" if contact is None else contact
        return self.request("REGISTER", uri, headers)

    def call(self, user: str) -> Call:
        number = next(self.cseq)
        call = Call(f"call-{self.user}-{number}", f"<{self.uri(self.user)}>;tag=c{number}", f"<{self.uri(user)}>")
        call.cseq, call.request = number, self.uri(user)
        self.calls[call.call_id] = call
        call.branch = self.name("INVITE")
        headers = self._dialog(call, "INVITE") | {"Contact": f"<{self.contact}>"}
        self.request("INVITE", call.request, headers, branch=call.branch)
        return call

    def _dialog(self, call: Call, method: str) -> dict[str, str]:
        headers = {"From": call.mine, "To": call.theirs, "Call-ID": call.call_id, "CSeq": f"{call.cseq} {method}"}
        return headers | {"Route": ", ".join(call.routes)}

    def hang_up(self, call: Call) -> None:
        call.cseq += 1
        self.request("BYE", call.target, self._dialog(call, "BYE"))

    def reinvite(self, call: Call) -> None:
        call.cseq += 1
        self.request("INVITE", call.target, self._dialog(call, "INVITE") | {"Contact": f"<{self.contact}>"})

    def cancel(self, call: Call) -> None:
        headers = {"From": call.mine, "To": f"<{call.request}>", "Call-ID": call.call_id, "CSeq": f"{call.cseq} CANCEL"}
        self.request("CANCEL", call.request, headers, branch=call.branch)

    def reply(self, request: Request, status: int, reason: str, tag: str = "", extra: str = "") -> None:
        to = str(request.headers["To"])
        if tag and "tag=" not in to:
            to += f";tag={tag}"
        lines = [f"SIP/2.0 {status} {reason}"]
        lines += [f"Via: {via}" for via in request.headers.getlist("Via")]
        lines += [f"Record-Route: {value}" for value in request.headers.getlist("Record-Route")]
        lines += [f"From: {request.headers['From']}", f"To: {to}", f"Call-ID: {request.call_id}"]
        lines += [f"CSeq: {request.headers['CSeq']}", *([extra] if extra else []), "Content-Length: 0", "", ""]
        data = "\r\n".join(lines).encode()
        key = (str(request.via[0].parameters["branch"]), request.method)
        self.served[key] = data
        if request.method == "INVITE" and status >= 200 and (self.waits or status < 300):
            self.pending[request.call_id, "ACK"] = Sent(data, self.world.now + 500, give_up=self.world.now + 32_000)
        self.world.to_service(self, data)

    def answer(self, call: Call, status: int = 200, reason: str = "OK") -> None:
        assert call.invite is not None
        call.state = "answered" if status < 300 else "over"
        call.status = status
        self.reply(call.invite, status, reason, f"a{self.user}", f"Contact: <{self.contact}>")

    # Receiving

    def take(self, data: bytes) -> None:
        message = Message.parse(data)
        if isinstance(message, Response):
            self._response(message)
        else:
            self._request(message)

    def _response(self, response: Response) -> None:
        branch, method = str(response.via[0].parameters["branch"]), response.cseq.method
        sent = self.pending.get((branch, method))
        if sent is not None:
            if response.code >= 200 or method == "INVITE":
                del self.pending[branch, method]
            else:
                sent.interval = 4000
        self.responses.append(response)
        if response.code in (401, 407) and (branch, method) in self.again:
            self._acknowledge_failure(response, branch, method)
            self._authenticate(response, branch, method)
        elif method == "INVITE" and response.code >= 180:
            self._of_call(response, branch)

    def _authenticate(self, response: Response, branch: str, method: str) -> None:
        _, uri, headers = self.again.pop((branch, method))
        asked, given = (
            ("WWW-Authenticate", "Authorization")
            if response.code == 401
            else ("Proxy-Authenticate", "Proxy-Authorization")
        )
        challenges = response.headers.getlist(asked)
        challenge = next(one for one in challenges if f"algorithm={self.algorithm}" in one)
        if given in headers and "stale=true" not in challenge:
            return  # the password is wrong
        number = next(self.cseq)
        credentials = answer_to(challenge, method, uri, self.user, self.password)
        again = self.request(method, uri, headers | {"CSeq": f"{number} {method}", given: credentials})
        call = self.calls.get(response.call_id)
        if call is not None:
            call.cseq, call.branch = number, again

    def _acknowledge_failure(self, response: Response, branch: str, method: str) -> None:
        if method != "INVITE" or (branch, method) not in self.again:
            return
        _, uri, headers = self.again[branch, method]
        kept = {name: headers.get(name, "") for name in ("From", "Call-ID", "Route")}
        number = response.cseq.sequence
        self.request("ACK", uri, kept | {"To": str(response.headers["To"]), "CSeq": f"{number} ACK"}, branch=branch)

    def _of_call(self, response: Response, branch: str) -> None:
        call = self.calls[response.call_id]
        call.theirs = str(response.headers["To"])
        if response.code < 200:
            call.state = "ringing"
        elif response.code < 300:
            if call.state != "confirmed":  # a route set is made once (RFC 3261, 12.2.1.2)
                call.routes = routes_of(response)[::-1]
            call.state, call.status = "confirmed", response.code
            call.target = str(response.contact[0].uri)
            number = response.cseq.sequence
            self.request("ACK", call.target, self._dialog(call, "ACK") | {"CSeq": f"{number} ACK"})
        else:
            call.state, call.status = "over", response.code
            self._acknowledge_failure(response, branch, "INVITE")

    def _request(self, request: Request) -> None:
        key = (str(request.via[0].parameters["branch"]), request.method)
        if key in self.served:
            self.world.to_service(self, self.served[key])
            return
        self.requests.append(request)
        if request.method == "ACK":
            self.pending.pop((request.call_id, "ACK"), None)
            call = self.calls[request.call_id]
            call.state = "confirmed" if call.state == "answered" else call.state
        elif request.method == "INVITE":
            self._invited(request)
        elif request.method == "CANCEL":
            self.reply(request, 200, "OK")
            call = self.calls[request.call_id]
            if call.state == "ringing":
                self.answer(call, 487, "Request Terminated")
        else:
            if request.method == "BYE":
                self.calls[request.call_id].state = "over"
            self.reply(request, 200, "OK", f"a{self.user}")

    def _invited(self, request: Request) -> None:
        call = self.calls.get(request.call_id)
        if call is not None and call.state == "confirmed":
            call.invite = request
            self.answer(call)
            return
        call = Call(request.call_id, f"{request.headers['To']};tag=a{self.user}", str(request.headers["From"]))
        call.target, call.state, call.invite = str(request.contact[0].uri), "ringing", request
        call.routes = routes_of(request)
        self.calls[request.call_id] = call
        self.reply(request, 180, "Ringing", f"a{self.user}", f"Contact: <{self.contact}>")

    def tick(self, now: int) -> None:
        for key, sent in list(self.pending.items()):
            if sent.give_up <= now:
                del self.pending[key]
            elif sent.due <= now:
                sent.interval = min(2 * sent.interval, 4000)
                sent.due = now + sent.interval
                self.world.to_service(self, sent.data)


class World:
    """A service, its phones, and one clock. ``drop(n)`` says whether the n-th datagram is lost."""

    def __init__(self, chosen: Settings | None = None, drop: Drop | None = None) -> None:
        self.service = service(chosen)
        self.now = NOW
        self.phones: list[Phone] = []
        self.numbers = count(1)
        self.datagrams = count()
        self.drop = drop or (lambda _number: False)
        self.closed: list[int] = []
        self._queue: list[tuple[Phone, bytes]] = []
        self._busy = False

    def to_service(self, phone: Phone, data: bytes) -> None:
        if phone.flow.datagrams and self.drop(next(self.datagrams)):
            return
        self._queue.append((phone, data))
        if not self._busy:
            self._run()

    def _run(self) -> None:
        self._busy = True
        while self._queue:
            phone, data = self._queue.pop(0)
            self.deliver(self.service.received(phone.flow, data, self.now))
        self._busy = False

    def deliver(self, outgoing: list[Outgoing]) -> None:
        streams: dict[int, bytes] = {}
        for out in outgoing:
            if out.close:
                self.closed.append(out.flow.id)
            elif not out.flow.datagrams:
                streams[out.flow.id] = streams.get(out.flow.id, b"") + out.data
            elif not self.drop(next(self.datagrams)):
                self._phone(out.flow).take(out.data)
        for phone in self.phones:
            for data in frames(streams.pop(phone.flow.id, b"")):
                phone.take(data)

    def _phone(self, flow: Flow) -> Phone:
        return next(phone for phone in self.phones if phone.flow.datagrams and phone.local == flow.peer)

    def advance(self, ms: int, step: int = 100) -> None:
        until = self.now + ms
        while self.now < until:
            self.now = min(until, self.now + step)
            due = self.service.due()
            if due is not None and due <= self.now:
                self.deliver(self.service.tick(self.now))
                if not self._busy:
                    self._run()
            for phone in self.phones:
                phone.tick(self.now)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.service.events]
