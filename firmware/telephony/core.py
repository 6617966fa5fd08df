"""What becomes of a whole message: the order of decisions of RFC 3261, 8.2, 16.3 to 16.5 and 17.2.3.

1. A response goes to the client transaction of its branch, if it comes from where that was sent; any other is
   dropped (RFC 6026, 7.3).
2. A request is checked (checks), then absorbed if it repeats one that is known; CANCEL and ACK go their own ways.
3. Our own Routes are taken off. A token leads into a dialog; a Request-URI of ours with a user is for an extension;
   without one it is for the unit itself: REGISTER and OPTIONS.
4. What is refused before a password was shown is refused without state.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.telephony.answers import ALLOW, KNOWN_METHODS, SERVER_METHODS, Answers, Refusal, stamp
from firmware.telephony.bindings import Bindings
from firmware.telephony.checks import Incoming, examine, require_nothing
from firmware.telephony.digest import Authenticator, Verdict
from firmware.telephony.flows import Chance, Event, Flow
from firmware.telephony.forwarding import Marks, reply_flow, server_key, take_own_via
from firmware.telephony.message import Request, Response, missing, write
from firmware.telephony.proxy import Proxy
from firmware.telephony.registrar import Challenged, Registrar, ours
from firmware.telephony.settings import Settings
from firmware.telephony.syntax import BadSyntax, cseq, legible
from firmware.telephony.timers import Timers
from firmware.telephony.transactions import Kind, State, Transaction, Transactions
from firmware.telephony.uris import read_address, read_uri

CAPABILITIES = (
    ("Allow", ALLOW),
    ("Accept", "application/sdp"),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "en"),
    ("Supported", ""),
)


class Core:
    """The registrar, the proxy and the transactions of one unit."""

    __slots__ = ("_answers", "_is_open", "_marks", "_send", "_tell", "bindings", "proxy", "registrar", "transactions")

    def __init__(
        self,
        settings: Settings,
        chance: Chance,
        timers: Timers,
        send: Callable[[Flow, bytes], None],
        is_open: Callable[[Flow], bool],
        tell: Callable[[Event], None],
    ) -> None:
        self._send, self._is_open, self._tell = send, is_open, tell
        self._answers = Answers(chance.generate(32), settings.server)
        self._marks = Marks(chance.generate(32))
        self.bindings = Bindings(timers)
        authenticator = Authenticator(settings, chance.generate(32), chance.generate(32))
        self.registrar = Registrar(settings, authenticator, self.bindings, tell)
        self.transactions = Transactions(timers, send)
        self.proxy = Proxy(self.registrar, self._answers, self.transactions, self._marks, send)

    @property
    def settings(self) -> Settings:
        return self.registrar.settings

    def reconfigure(self, settings: Settings) -> None:
        self.registrar.settings = settings
        self.registrar.authenticator.reconfigure(settings)
        self._answers = self.proxy.answers = Answers(self._answers.key, settings.server)

    def response(self, flow: Flow, response: Response, now: int) -> None:
        if response.defect or missing(response):
            return
        try:
            method = cseq(response.first("CSeq"))[1]
        except BadSyntax:
            return
        client = self.transactions.find((take_own_via(response), method))
        if client is None or not _came_back(client.flow, flow):
            return
        if client.context is None or response.headers["Via"]:
            self.transactions.respond(client, response, now)

    def request(self, flow: Flow, request: Request, now: int) -> None:
        via = stamp(request, flow)
        if via is None:
            if request.first("Via") and request.method != "ACK":
                reason = request.defect or "malformed Via"
                self._send(flow, write(self._answers.answer(request, request.status, reason)))
            return
        incoming = Incoming(request, flow, now, via)
        try:
            examine(incoming)
            self._dispatch(incoming)
        except Refusal as refusal:
            self._refused(incoming, refusal)

    def _refused(self, incoming: Incoming, refusal: Refusal) -> None:
        """An error without state; an ACK is never answered (17.2.1)."""
        if incoming.method == "ACK":
            return
        self._reply(incoming, self._answers.refuse(incoming.request, refusal))
        if isinstance(refusal, Challenged):
            if refusal.verdict is Verdict.WRONG:
                self._tell_refused(incoming, refusal.user, f"{refusal.status} {refusal.verdict.value}")
        elif incoming.method == "REGISTER":
            self._tell_refused(incoming, incoming.to_uri.user, str(refusal))

    def _tell_refused(self, incoming: Incoming, extension: str, why: str) -> None:
        self._tell(Event(incoming.now, "refused", legible(extension), "", incoming.flow.id, why))

    def _reply(self, incoming: Incoming, response: Response) -> None:
        self._send(reply_flow(incoming.flow, incoming.via), write(response))

    def _dispatch(self, incoming: Incoming) -> None:
        method = incoming.method
        known = self.transactions.find(server_key(incoming, "INVITE" if method == "ACK" else method))
        if known is not None and method != "ACK":
            self.transactions.happen(known, "request", incoming.now)
        elif known is not None and known.state is not State.ACCEPTED:
            self.transactions.happen(known, "ack", incoming.now)
        elif method == "CANCEL":
            self.proxy.cancel(incoming)
        else:
            self._route(incoming)

    def _route(self, incoming: Incoming) -> None:
        """16.4 and 16.5: where it goes."""
        onward = self._take_routes(incoming)
        if onward is not None:
            if not (onward.datagrams or self._is_open(onward)):
                raise Refusal(430)
            self.proxy.within(incoming, onward)
        elif incoming.method == "ACK":
            return
        elif not ours(self.settings, incoming.target.host, incoming.flow):
            raise Refusal(404, "no relaying to other domains")
        elif incoming.method == "REGISTER":
            self._register(incoming)
        elif incoming.target.user:
            self.proxy.begin(incoming)
        else:
            self._own(incoming)

    def _take_routes(self, incoming: Incoming) -> Flow | None:
        """Take off the Routes that are ours (16.4); the flow that the last of them names."""
        onward: Flow | None = None
        routes, call_id = incoming.routes, incoming.request.first("Call-ID")
        try:
            if routes and "lr" in incoming.target.parameters:  # a strict router came before us
                onward = self._marks.flow(incoming.target.user, call_id)
                incoming.request.uri = read_address(routes.pop()).uri
                incoming.target = read_uri(incoming.request.uri)
            while routes:
                uri = read_uri(read_address(routes[0]).uri)
                flow = self._marks.flow(uri.user, call_id)
                port = uri.port or incoming.flow.local[1]
                here = not uri.user and ours(self.settings, uri.host, incoming.flow) and port == incoming.flow.local[1]
                if flow is None and not here:
                    break
                onward = flow or onward
                del routes[0]
        except BadSyntax:
            raise Refusal(400, "malformed Route") from None
        return onward

    def _register(self, incoming: Incoming) -> None:
        response = self._answers.answer(incoming.request, 200, headers=self.registrar.register(incoming))
        if not incoming.flow.datagrams or len(self.transactions) >= self.settings.limits.transactions:
            self._reply(incoming, response)
            return
        key, back = server_key(incoming, incoming.method), reply_flow(incoming.flow, incoming.via)
        server = Transaction(Kind.SERVER, key, back, incoming.request)
        self.transactions.start(server, incoming.now)
        self.transactions.respond(server, response, incoming.now)

    def _own(self, incoming: Incoming) -> None:
        """A request to the unit itself that is no REGISTER (11.2; 8.2.1)."""
        if incoming.method not in SERVER_METHODS:
            status = 405 if incoming.method in KNOWN_METHODS else 501
            raise Refusal(status, headers=[("Allow", ", ".join(SERVER_METHODS))])
        require_nothing(incoming.request, "Require")
        require_nothing(incoming.request, "Proxy-Require")
        self._reply(incoming, self._answers.answer(incoming.request, 200, headers=CAPABILITIES))


def _came_back(sent: Flow, received: Flow) -> bool:
    """Whether a response came from where its request went: the connection, or that host (18.1.2)."""
    return sent.peer[0] == received.peer[0] if sent.datagrams and received.datagrams else sent.key == received.key
