"""The proxy (RFC 3261, 16): from one registered phone to another, and back.

1. A request that begins something is sent on for a registered extension that shows its password (407) and calls
   itself by its own number (403). Nothing is kept before that, so strangers cannot make the service hold anything.
2. A request inside a dialog is sent on because its Route holds our token of that call (see forwarding).
3. Phones of one preference ring together, the next preference when all of those have failed. Only INVITE forks.
4. The service resolves no names and opens no connections: what is not one of its extensions is 404.
5. sips reaches only phones on TLS; an extension that has none is 480.
6. A phone whose connection is lost answers 503, which goes on as 500 (16.7, step 6; 16.9).
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.telephony.answers import Answers, Refusal
from firmware.telephony.bindings import Binding, Bindings
from firmware.telephony.branches import Context, best, by_preference
from firmware.telephony.checks import Incoming, require_nothing
from firmware.telephony.flows import TLS, Event, Flow
from firmware.telephony.forwarding import (
    Marks,
    acknowledgement,
    branch_of,
    cancellation,
    forwarded,
    reply_flow,
    server_key,
)
from firmware.telephony.message import Request, Response, write
from firmware.telephony.registrar import Registrar, authenticate, ours
from firmware.telephony.syntax import legible
from firmware.telephony.transactions import T1, Kind, State, Transaction, Transactions
from firmware.telephony.uris import Uri


class Proxy:
    """Hears of the transactions' ends; holds nothing of its own: what is under way hangs on the transactions."""

    __slots__ = ("answers", "marks", "registrar", "send", "transactions")

    def __init__(
        self,
        registrar: Registrar,
        answers: Answers,
        transactions: Transactions,
        marks: Marks,
        send: Callable[[Flow, bytes], None],
    ) -> None:
        self.registrar, self.answers, self.marks, self.send = registrar, answers, marks, send
        self.transactions = transactions
        transactions.owner = self

    @property
    def bindings(self) -> Bindings:
        return self.registrar.bindings

    # Requests

    def begin(self, incoming: Incoming) -> None:
        """A request to an extension, outside any dialog. A Refusal raised here is answered without state."""
        self._may_pass(incoming)
        caller = self._caller(incoming)
        server = self._open(incoming)
        context = server.context = Context(server, incoming, caller, legible(incoming.target.user))
        try:
            context.groups = self._targets(incoming)
        except Refusal as refusal:
            self._finish(context, self.answers.refuse(incoming.request, refusal))
            return
        self._next_group(context)

    def within(self, incoming: Incoming, onto: Flow) -> None:
        """A request inside a dialog, over the flow that its token names."""
        self._may_pass(incoming)
        if incoming.method == "ACK":
            self.send(onto, write(self._copy(incoming, onto, incoming.request.uri)))
            return
        server = self._open(incoming)
        server.context = Context(server, incoming)
        self._forward(server.context, onto, incoming.request.uri)

    def cancel(self, incoming: Incoming) -> None:
        """CANCEL of an INVITE that we sent on (16.10); 481 when there is none."""
        found = self.transactions.find(server_key(incoming, "INVITE"))
        if found is None:
            raise Refusal(481)
        self.send(reply_flow(incoming.flow, incoming.via), write(self.answers.answer(incoming.request, 200)))
        if found.context is not None and not found.over:
            found.context.cancelled = True
            self._stop(found.context, incoming.now)

    def flow_closed(self, flow: Flow, now: int) -> None:
        """Requests on the connection will get no response; requests from it need none."""
        for transaction in self.transactions.on_flow(flow):
            if transaction.kind in (Kind.CLIENT, Kind.CLIENT_INVITE):
                self.transactions.happen(transaction, "gone", now)
            else:
                self.transactions.drop(transaction)
                if transaction.context is not None:
                    self._stop(transaction.context, now)

    def _may_pass(self, incoming: Incoming) -> None:
        """16.3, steps 3 to 5."""
        if incoming.max_forwards == 0:
            raise Refusal(483)
        self.marks.refuse_loop(incoming)
        require_nothing(incoming.request, "Proxy-Require")
        if incoming.routes:
            raise Refusal(404, "no way to this Route")

    def _caller(self, incoming: Incoming) -> str:
        """16.3, step 6."""
        user = authenticate(self.registrar.authenticator, incoming, 407)
        if user != self._extension(incoming.sender_uri, incoming.flow):
            raise Refusal(403, "From is not your extension")
        if not self.bindings.of(user, incoming.now):
            raise Refusal(403, "not registered")
        return user

    def _extension(self, uri: Uri, flow: Flow) -> str:
        return uri.user if ours(self.registrar.settings, uri.host, flow) else ""

    def _targets(self, incoming: Incoming) -> list[list[Binding]]:
        """16.5: the location service."""
        if incoming.target.user not in self.registrar.settings.users:
            raise Refusal(404)
        found = self.bindings.of(incoming.target.user, incoming.now)
        if incoming.target.scheme == "sips":
            found = tuple(binding for binding in found if binding.flow.transport == TLS)
        if not found:
            raise Refusal(480)
        groups = by_preference(found)
        return groups if incoming.method == "INVITE" else [groups[0][-1:]]

    def _open(self, incoming: Incoming) -> Transaction:
        limit = self.registrar.settings.limits.transactions
        if len(self.transactions) >= limit:
            raise Refusal(503, headers=[("Retry-After", "32")])
        kind = Kind.SERVER_INVITE if incoming.method == "INVITE" else Kind.SERVER
        server = Transaction(
            kind, server_key(incoming, incoming.method), reply_flow(incoming.flow, incoming.via), incoming.request
        )
        self.transactions.start(server, incoming.now)
        if kind is Kind.SERVER_INVITE:
            self.transactions.respond(server, self.answers.answer(incoming.request, 100), incoming.now)
        return server

    def _copy(self, incoming: Incoming, onto: Flow, uri: str) -> Request:
        credentials = incoming.request.headers.get("Proxy-Authorization", [])
        return forwarded(incoming, onto, uri, self.marks, self.registrar.authenticator.without_ours(credentials))

    def _forward(self, context: Context, onto: Flow, uri: str) -> None:
        incoming = context.incoming
        request = self._copy(incoming, onto, uri)
        kind = Kind.CLIENT_INVITE if incoming.method == "INVITE" else Kind.CLIENT
        key = (branch_of(request), request.method)
        client = Transaction(kind, key, onto, request, context, sent=write(request))
        context.clients.append(client)
        self.transactions.start(client, incoming.now)

    def _next_group(self, context: Context) -> None:
        for binding in context.groups.pop(0):
            self._forward(context, binding.flow, binding.contact.partition("?")[0])

    # Responses

    def passed(self, client: Transaction, response: Response, now: int) -> None:
        """A response from a phone, without our Via (16.7)."""
        context = client.context
        if context is None:  # the answer to our own CANCEL
            return
        context.incoming.now = now
        if response.status < 200:
            self._provisional(context, client, response, now)
            return
        context.done(client)
        if response.status < 300:
            self._success(context, response, now)
            return
        context.failures.append(response)
        if response.status >= 600:
            self._stop(context, now)
        self._settle(context, now)

    def silent(self, client: Transaction, now: int) -> None:
        """No response came: as if 408 (16.8)."""
        self._without(client, 408, now)

    def lost(self, client: Transaction, now: int) -> None:
        """The connection is gone: as if 503 (16.9)."""
        self._without(client, 503, now)

    def _without(self, client: Transaction, status: int, now: int) -> None:
        context = client.context
        if context is not None:
            context.incoming.now = now
            context.done(client)
            status = 487 if context.cancelled else status
            context.failures.append(self.answers.answer(context.incoming.request, status))
            self._settle(context, now)

    def late(self, client: Transaction, now: int) -> None:
        """Timer C (16.8): cancel; and a phone that does not even answer that is given up (9.1)."""
        context = client.context
        if context is None:
            return
        if client.state is State.PROCEEDING and client not in context.cancelling:
            self._cancel(context, client, now)
        else:
            self.transactions.drop(client)
            self.silent(client, now)

    def acknowledgement(self, client: Transaction, response: Response) -> bytes:
        return write(acknowledgement(client.request, response))

    def _provisional(self, context: Context, client: Transaction, response: Response, now: int) -> None:
        if context.stopping:
            self._cancel(context, client, now)
        elif response.status > 100:
            self.transactions.respond(context.server, response, now)
            if response.status == 180 and context.caller and not context.ringing:
                context.ringing = True
                self._tell(context, "call.ringing", "")

    def _success(self, context: Context, response: Response, now: int) -> None:
        first, context.answered = not context.answered, True
        if first or context.incoming.method == "INVITE":
            self.transactions.respond(context.server, response, now)
        if not first:
            return
        self._stop(context, now)
        if context.caller and context.incoming.method == "INVITE":
            self._tell(context, "call.answered", "")
        elif context.incoming.method == "BYE":
            self._tell(context, "call.ended", "BYE")

    def _settle(self, context: Context, now: int) -> None:
        """When no phone is left: the next group, or the best of the failures (16.7, step 6)."""
        if context.clients or context.answered:
            return
        if context.groups and not context.stopping:
            self._next_group(context)
            return
        chosen = best(context.failures)
        if chosen.status == 408 and context.incoming.method != "INVITE":
            self.transactions.drop(context.server)  # RFC 4320, 4.2: the other side has given up by itself
            return
        if chosen.status == 503:
            chosen = self.answers.answer(context.incoming.request, 500)
        self._finish(context, chosen)

    def _finish(self, context: Context, response: Response) -> None:
        self.transactions.respond(context.server, response, context.incoming.now)
        if context.caller and context.incoming.method == "INVITE":
            self._tell(context, "call.ended", str(response.status))

    def _stop(self, context: Context, now: int) -> None:
        """Cancel what is under way and try nobody else (16.7, step 10)."""
        context.stopping = True
        for client in tuple(context.clients):
            if client.state is State.PROCEEDING:
                self._cancel(context, client, now)

    def _cancel(self, context: Context, client: Transaction, now: int) -> None:
        """Only an INVITE that was provisionally answered can be cancelled (9.1); the others are when they are."""
        if client.kind is not Kind.CLIENT_INVITE or client in context.cancelling:
            return
        context.cancelling.add(client)
        request = cancellation(client.request)
        cancel = Transaction(Kind.CLIENT, (client.key[0], "CANCEL"), client.flow, request, sent=write(request))
        self.transactions.start(cancel, now)
        self.transactions.postpone(client, "C", now + 64 * T1)

    def _tell(self, context: Context, kind: str, detail: str) -> None:
        incoming = context.incoming
        caller = context.caller or legible(self._extension(incoming.sender_uri, incoming.flow))
        callee = context.callee or legible(self._extension(incoming.to_uri, incoming.flow))
        self.registrar.tell(Event(incoming.now, kind, caller, callee, incoming.flow.id, detail))
