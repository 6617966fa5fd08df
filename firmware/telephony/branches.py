"""One request and the phones it was sent to: the response context of RFC 3261, 16.7."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from firmware.telephony.bindings import Binding
from firmware.telephony.checks import Incoming
from firmware.telephony.message import Response
from firmware.telephony.transactions import Transaction

_MORE_TELLING = frozenset({401, 407, 415, 420, 484})  # 16.7, step 6: these help the caller to try again
_CHALLENGES = ("WWW-Authenticate", "Proxy-Authenticate")


@dataclass(slots=True, eq=False)
class Context:
    """``groups`` are the phones not tried yet, the most preferred first; phones of one group ring together.

    ``caller`` and ``callee`` are extensions of a call that begins, empty inside a dialog. ``stopping``: whatever is
    still under way is to be cancelled.
    """

    server: Transaction
    incoming: Incoming
    caller: str = ""
    callee: str = ""
    groups: list[list[Binding]] = field(default_factory=list)
    clients: list[Transaction] = field(default_factory=list)
    cancelling: set[Transaction] = field(default_factory=set)
    failures: list[Response] = field(default_factory=list)
    ringing: bool = False
    answered: bool = False
    cancelled: bool = False
    stopping: bool = False

    def done(self, client: Transaction) -> None:
        if client in self.clients:
            self.clients.remove(client)
        self.cancelling.discard(client)


def by_preference(bindings: tuple[Binding, ...]) -> list[list[Binding]]:
    """Groups of equal q, highest first (16.6)."""
    ordered = sorted(bindings, key=lambda binding: -binding.q)
    return [list(group) for _, group in groupby(ordered, key=lambda binding: binding.q)]


def best(failures: list[Response]) -> Response:
    """The failure to send on: 6xx, else of the lowest class (step 6), with everybody's challenges (step 7)."""
    chosen = min(failures, key=_rank)
    if chosen.status in (401, 407):
        for name in _CHALLENGES:
            challenges = [value for failure in failures for value in failure.headers.get(name, ())]
            if challenges:
                chosen.headers[name] = challenges
    return chosen


def _rank(response: Response) -> tuple[int, int]:
    group = response.status // 100
    if group == 6:
        return 0, 0
    return group, 0 if response.status in _MORE_TELLING else 2 if response.status == 503 else 1
