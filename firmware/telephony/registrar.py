"""The registrar (RFC 3261, 10.3).

The steps of the RFC, in its order, are the table ``STEPS``; each reads what earlier ones found and either adds to it
or refuses. Nothing is changed before all have passed: a REGISTER is done whole or not at all (step 7).

What is ours to decide:

1. The wrong password is 401 again, not 403 (22.1: the phone may ask its user); the right password of another
   extension is 403 (step 4).
2. An expiry that makes no sense is the usual one (10.2.1.1); one below the shortest is 423, one above the longest is
   shortened (10.3, step 7). An expiry of 0 always unregisters.
3. The same Call-ID with a CSeq that has not grown is 500: a stray or repeated request (step 7).
4. A contact is a sip or sips URI; more bindings than the limit are 403.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware.memo import memoise
from firmware.telephony.answers import REASONS, Refusal
from firmware.telephony.bindings import Binding, Bindings
from firmware.telephony.checks import Incoming, require_nothing
from firmware.telephony.digest import Authenticator, Verdict
from firmware.telephony.flows import Event, Flow
from firmware.telephony.message import values_of
from firmware.telephony.settings import Settings
from firmware.telephony.syntax import BadSyntax, legible, number
from firmware.telephony.uris import Address, Uri, read_address, read_uri
from firmware.times import SECOND, to_datetime

_Q = re.compile(r"0(?:\.([0-9]{0,3}))?|1(?:\.0{0,3})?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Wanted(NamedTuple):
    """One contact of a request; ``seconds`` 0 removes it."""

    contact: str
    uri: Uri
    seconds: int
    q: int


@dataclass(slots=True)
class Attempt:
    """One REGISTER on its way through the steps."""

    registrar: Registrar
    incoming: Incoming
    user: str = ""
    extension: str = ""
    everything: bool = False
    wanted: list[Wanted] = field(default_factory=list)
    bindings: tuple[Binding, ...] = ()


class Registrar:
    """The steps and what they need. ``tell`` hears the events."""

    __slots__ = ("authenticator", "bindings", "settings", "tell")

    def __init__(
        self, settings: Settings, authenticator: Authenticator, bindings: Bindings, tell: Callable[[Event], None]
    ) -> None:
        self.settings, self.authenticator, self.bindings, self.tell = settings, authenticator, bindings, tell

    def register(self, incoming: Incoming) -> list[tuple[str, str]]:
        """The headers of the 200; Refusal is any other answer."""
        attempt = Attempt(self, incoming)
        for step in STEPS:
            step(attempt)
        now = incoming.now
        headers = [("Contact", _shown(binding, now)) for binding in attempt.bindings]
        return [*headers, ("Date", _date(now // SECOND))]


def ours(settings: Settings, host: str, flow: Flow) -> bool:
    """Whether this names the unit: one of its names and addresses, or where the request arrived."""
    name = host.strip("[]")
    return name in settings.domains or name == flow.local[0]


def in_our_domain(attempt: Attempt) -> None:
    """Step 1: a registrar registers for its own domains; we do not forward to others."""
    if not ours(attempt.registrar.settings, attempt.incoming.target.host, attempt.incoming.flow):
        raise Refusal(404, "not this registrar's domain")


def without_extensions(attempt: Attempt) -> None:
    """Step 2."""
    require_nothing(attempt.incoming.request, "Require")
    require_nothing(attempt.incoming.request, "Proxy-Require")


def authenticated(attempt: Attempt) -> None:
    """Step 3."""
    attempt.user = authenticate(attempt.registrar.authenticator, attempt.incoming, 401)


def authorised(attempt: Attempt) -> None:
    """Step 4: each user registers itself."""
    uri = attempt.incoming.to_uri
    if ours(attempt.registrar.settings, uri.host, attempt.incoming.flow):
        attempt.extension = uri.user
    if attempt.extension and attempt.extension != attempt.user:
        raise Refusal(403, "not your extension")


def known(attempt: Attempt) -> None:
    """Step 5: the address-of-record is one of our domains."""
    if attempt.extension not in attempt.registrar.settings.users:
        raise Refusal(404)


def contacts_read(attempt: Attempt) -> None:
    """Step 6, and the first half of 7: ``*`` stands alone and with Expires: 0; every contact has its expiry."""
    request = attempt.incoming.request
    attempt.bindings = attempt.registrar.bindings.of(attempt.extension, attempt.incoming.now)
    try:
        values = values_of(request, "Contact")
        if "*" in values:
            if len(values) > 1 or number(request.first("Expires"), "Expires") != 0:
                raise Refusal(400, "Contact: * stands alone and with Expires: 0")
            attempt.everything = True
            return
        attempt.wanted = [_wanted(attempt, value) for value in values]
    except BadSyntax as error:
        raise Refusal(400, f"Contact: {error}") from None


def in_order(attempt: Attempt) -> None:
    """Step 7: of one Call-ID, only a higher CSeq changes a binding."""
    incoming = attempt.incoming
    call_id = incoming.request.first("Call-ID")
    for binding in attempt.bindings:
        if binding.call_id == call_id and incoming.number <= binding.cseq and _touched(attempt, binding):
            raise Refusal(500, "CSeq is not higher than before")


def _touched(attempt: Attempt, binding: Binding) -> bool:
    return attempt.everything or any(_same(binding, wanted) for wanted in attempt.wanted)


def updated(attempt: Attempt) -> None:
    """Step 7: all changes at once."""
    incoming, registrar = attempt.incoming, attempt.registrar
    kept = [] if attempt.everything else list(attempt.bindings)
    changes = [("unregistered", binding, "by request") for binding in attempt.bindings if attempt.everything]
    for wanted in attempt.wanted:
        old = [binding for binding in kept if _same(binding, wanted)]
        kept = [binding for binding in kept if binding not in old] if old else kept
        if wanted.seconds:
            new = _binding(attempt, wanted)
            kept.append(new)
            changes.append(("refreshed" if old else "registered", new, new.user_agent))
        else:
            changes.extend(("unregistered", binding, "by request") for binding in old)
    if len(kept) > registrar.settings.limits.contacts:
        raise Refusal(403, "too many contacts")
    if changes:
        attempt.bindings = tuple(kept)
        registrar.bindings.replace(attempt.extension, attempt.bindings)
    for kind, binding, why in changes:
        contact = legible(binding.contact)
        registrar.tell(Event(incoming.now, kind, attempt.extension, contact, incoming.flow.id, why))


STEPS: tuple[Callable[[Attempt], None], ...] = (
    in_our_domain,
    without_extensions,
    authenticated,
    authorised,
    known,
    contacts_read,
    in_order,
    updated,
)

_HEADERS = {401: ("Authorization", "WWW-Authenticate"), 407: ("Proxy-Authorization", "Proxy-Authenticate")}


class Challenged(Refusal):
    """401 or 407. ``verdict`` says why: only a wrong password is worth an event."""

    def __init__(self, status: int, verdict: Verdict, user: str, headers: list[tuple[str, str]]) -> None:
        super().__init__(status, REASONS[status], headers)
        self.verdict, self.user = verdict, user


def authenticate(authenticator: Authenticator, incoming: Incoming, status: int) -> str:
    """The user whose password the request shows; otherwise a challenge with ``status`` 401 or 407 (22.2, 22.3)."""
    asked, challenging = _HEADERS[status]
    try:
        verdict, user = authenticator.judge(incoming.request, asked, incoming.now)
    except BadSyntax as error:
        raise Refusal(400, str(error)) from None
    if verdict is Verdict.RIGHT:
        return user
    headers = authenticator.challenge(challenging, incoming.now, stale=verdict is Verdict.STALE)
    raise Challenged(status, verdict, user, headers)


def _wanted(attempt: Attempt, value: str) -> Wanted:
    settings = attempt.registrar.settings
    address = read_address(value)
    seconds = _seconds(settings, address.parameters.get("expires") or attempt.incoming.request.first("Expires"))
    if 0 < seconds < settings.shortest:
        raise Refusal(423, headers=[("Min-Expires", str(settings.shortest))])
    return Wanted(address.uri, _contact_uri(attempt, address.uri), min(seconds, settings.longest), _q(address))


def _contact_uri(attempt: Attempt, text: str) -> Uri:
    """A refresh names a contact that was read before."""
    for binding in attempt.bindings:
        if binding.contact == text:
            return binding.uri
    return read_uri(text)


def _seconds(settings: Settings, text: str) -> int:
    try:
        return number(text, "expiry")
    except BadSyntax:
        return settings.usual


def _q(address: Address) -> int:
    """The preference in thousandths; without one it is 1 (10.2.1.2)."""
    text = address.parameters.get("q")
    if text is None:
        return 1000
    match = _Q.fullmatch(text)
    if match is None:
        raise BadSyntax("malformed q")
    return 1000 if text.startswith("1") else int((match[1] or "").ljust(3, "0"))


def _same(binding: Binding, wanted: Wanted) -> bool:
    return binding.contact == wanted.contact or binding.uri.equivalent(wanted.uri)


def _binding(attempt: Attempt, wanted: Wanted) -> Binding:
    incoming = attempt.incoming
    return Binding(
        attempt.extension,
        wanted.contact,
        wanted.uri,
        incoming.flow,
        incoming.request.first("Call-ID"),
        incoming.number,
        wanted.q,
        incoming.now + wanted.seconds * 1000,
        legible(incoming.request.first("User-Agent")),
    )


def _shown(binding: Binding, now: int) -> str:
    """Every binding with the time it has left (step 8)."""
    q = "" if binding.q == 1000 else f";q=0.{binding.q:03d}".rstrip("0").rstrip(".")
    return f"<{binding.contact}>;expires={binding.seconds_left(now)}{q}"


@memoise(64)
def _date(seconds: int) -> str:
    """RFC 1123 in GMT, whatever the locale (20.17)."""
    moment = to_datetime(seconds * SECOND)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    return f"{day}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment.year:04d} {moment:%H:%M:%S} GMT"
