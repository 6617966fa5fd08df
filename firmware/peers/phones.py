"""A simulated phone: what it holds, and what it does when it meets a server, by the row of its endpoint.

A phone is a plain value; what it does gives the phone that it is from then on, and what happened. The far end is a
:class:`Contact`, so that the same phone meets a simulated unit in memory and a live one over a socket.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from firmware.basis import Fact
from firmware.peers.endpoints import Endpoint, NameRule, TrustSource
from firmware.security import importing, trust
from firmware.security.certificates import Identity
from firmware.security.importing import NotAccepted
from firmware.security.reading import describe, load
from firmware.security.tls_client import Check, Client, Pipe, Session, handshake, named
from firmware.security.trust import naming
from firmware.security.trust.members import member, signature_fault
from firmware.security.trust.validation import objections_to_names
from firmware.times import show_time

HTTPS, SIP = "https", "sip"
SETTINGS_FILE = "46xxsettings.txt"
SILENCE = "nobody answers"


class Contact(Protocol):
    """A server as a phone reaches it: ``by`` a name or an address, at ``address``; ``sip_domain``: "" for none."""

    @property
    def by(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def sip_domain(self) -> str: ...

    def tls(self, service: str) -> Pipe | None:
        """A new connection to its port of ``https`` or of ``sip`` over TLS; None: nobody answers."""

    def plain(self, transport: str) -> Pipe | None:
        """The same for SIP over TCP or UDP."""

    def fetch(self, path: str, *, secure: bool) -> bytes | None:
        """A file by HTTP, or by HTTPS once a handshake has succeeded; None: it is not served."""


class Happened(NamedTuple):
    """A line of a journal."""

    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to connect: by which transport; if it is refused, every objection and the alert that went over the wire."""

    transport: str
    session: Session | None = None
    pipe: Pipe | None = None
    objections: tuple[str, ...] = ()

    @property
    def connected(self) -> bool:
        return not self.objections

    def alert(self) -> str:
        """What the phone has sent, or else what the server has."""
        alerts = self.session.alerts if self.session else None
        if alerts and alerts.sent:
            return f"{alerts.sent} sent"
        return f"{alerts.received} received" if alerts and alerts.received else "none"


@dataclass(frozen=True, slots=True)
class Phone:
    """``clock`` is how far its clock is ahead of the true time in ms, None when it is not set. ``store`` are its roots
    (DER); ``loaded`` those of its settings file that count from its next reboot on. ``identity`` is shown to a server
    that asks for one, if it can be.
    """

    name: str
    endpoint: Endpoint
    extension: str = ""
    password: str = field(default="", repr=False)
    clock: int | None = 0
    store: tuple[bytes, ...] = ()
    loaded: tuple[bytes, ...] = ()
    identity: Identity | None = None

    @property
    def check(self) -> Fact[Check]:
        """What it validates now: without a root it cannot but do as at first."""
        return self.endpoint.later if self.store else self.endpoint.at_first

    def reads(self, now: int) -> int | None:
        return None if self.clock is None else now + self.clock

    def set_clock(self, reading: int | None, now: int) -> Phone:
        return replace(self, clock=None if reading is None else reading - now)

    def client(self, contact: Contact, service: str, now: int) -> Client:
        row = self.endpoint
        rule = (row.sip_names if service == SIP else row.https_names).value
        return Client(
            self.check.value, self.store, self.reads(now), wanted_names(rule, contact),
            contact.sip_domain if rule is NameRule.DOMAIN else "",
            row.oldest_tls.value, row.newest_tls.value, self.identity,
        )  # fmt: skip

    def attempt(self, contact: Contact, service: str, now: int) -> Attempt:
        """A handshake. OpenSSL decides it; the objections explain a refusal."""
        pipe = contact.tls(service)
        if pipe is None:
            return Attempt("TLS", objections=(SILENCE,))
        client = self.client(contact, service, now)
        session = handshake(client, pipe)
        return Attempt("TLS", session, pipe, () if session.is_open else explained(client, session))

    def attempts(self, contact: Contact, now: int) -> list[Attempt]:
        """SIP by each transport that it can, in its order, up to the first that connects."""
        made: list[Attempt] = []
        for transport in self.endpoint.transports.value:
            made.append(self.attempt(contact, SIP, now) if transport == "TLS" else _plain(contact, transport))
            if made[-1].connected:
                break
        return made

    def connect(self, contact: Contact, service: str, now: int) -> tuple[Phone, list[Happened]]:
        """Connect to a service; over HTTPS then load what there is for it."""
        if service == SIP:
            return self, [self.told(attempt, contact, SIP, now) for attempt in self.attempts(contact, now)]
        if self.endpoint.trust.value is TrustSource.FINGERPRINT and not self.store:
            return self._load_root(contact, secure=False)
        attempt = self.attempt(contact, HTTPS, now)
        happened = [self.told(attempt, contact, HTTPS, now)]
        phone = self
        if attempt.connected:
            phone, further = self._load(contact)
            happened += further
        return phone, happened

    def told(self, attempt: Attempt, contact: Contact, service: str, now: int) -> Happened:
        """An attempt as an event."""
        clock = self.reads(now)
        told = {"phone": self.name, "endpoint": self.endpoint.name, "service": service, "by": contact.by,
                "transport": attempt.transport, "clock": "not set" if clock is None else show_time(clock)}  # fmt: skip
        if not attempt.connected:
            return Happened("phone.refused", told | {"objections": list(attempt.objections), "alert": attempt.alert()})
        if attempt.session is None:
            return Happened("phone.connected", told | {"protocol": "none", "checked": "nothing"})
        checked = {"checked": self.check.value.value, "basis": self.check.cite()}
        return Happened("phone.connected", told | {"protocol": attempt.session.protocol, **checked})

    def reboot(self) -> tuple[Phone, list[Happened]]:
        """What its settings file has brought counts from here on. (P)"""
        phone = replace(self, store=self.loaded or self.store, loaded=())
        told = {"phone": self.name, "roots": len(phone.store), "checks": phone.check.value.value}
        return phone, [Happened("phone.rebooted", told | {"basis": phone.check.cite()})]

    def clear(self) -> tuple[Phone, list[Happened]]:
        """Back to what it was when it was new: no roots, no identity; its clock goes on."""
        told = {"phone": self.name, "roots": len(self.store)}
        return replace(self, store=(), loaded=(), identity=None), [Happened("phone.cleared", told)]

    def install_root(self, data: bytes) -> tuple[Phone, list[Happened]]:
        """Put the certificates of a PEM or DER file into its store. NotAccepted: it holds none."""
        phone, happened = self, []
        for der in importing.read_certificates(data):
            phone, told = phone._take_root(der)
            happened += told
        return phone, happened

    def _load(self, contact: Contact) -> tuple[Phone, list[Happened]]:
        if self.endpoint.trust.value is TrustSource.FINGERPRINT:
            return self._load_root(contact, secure=True)
        if self.endpoint.trust.value not in (TrustSource.SETTINGS_FILE, TrustSource.STAGED):
            return self, []
        text = contact.fetch(SETTINGS_FILE, secure=True)
        if text is None:
            return self, []
        names = named(settings_in(text).get("TRUSTCERTS", "").split(","))
        found = {name: _certificates(contact.fetch(name, secure=True)) for name in names}
        loaded = tuple(dict.fromkeys(der for ders in found.values() for der in ders))
        told = {"phone": self.name, "loaded": [name for name, ders in found.items() if ders],
                "missing": [name for name, ders in found.items() if not ders],
                "roots": [str(describe(der)["subject"]) for der in loaded]}  # fmt: skip
        return replace(self, loaded=loaded), [Happened("phone.settings", told)]

    def _load_root(self, contact: Contact, *, secure: bool) -> tuple[Phone, list[Happened]]:
        phone, happened = self, []
        for der in _certificates(contact.fetch(self.endpoint.root_file.value, secure=secure)):
            phone, told = phone._take_root(der)
            happened += told
        return phone, happened

    def _take_root(self, der: bytes) -> tuple[Phone, list[Happened]]:
        if der in self.store:
            return self, []
        told = {"phone": self.name, "subject": str(describe(der)["subject"]), "sha1": sha1(der)}
        how = "taken: put there by a person"
        if self.endpoint.trust.value is TrustSource.FINGERPRINT:
            if self.store and not _signed_by(der, self.store):
                return self, [Happened("phone.root", told | {"taken": "not taken: not signed by one that it holds"})]
            how = "taken: signed by one that it holds" if self.store else "taken: its fingerprint was accepted"
        return replace(self, store=(*self.store, der)), [Happened("phone.root", told | {"taken": how})]


def wanted_names(rule: NameRule, contact: Contact) -> tuple[str, ...]:
    """The names that a certificate must have for this contact: at most one host name and one address."""
    if rule is NameRule.NONE:
        return ()
    first = {NameRule.REACHED: contact.by, NameRule.SERVER: contact.by, NameRule.DOMAIN: contact.sip_domain}
    own = () if rule is NameRule.REACHED else (contact.address,)
    return named((first.get(rule, ""), *own))


def explained(client: Client, session: Session) -> tuple[str, ...]:
    """Every objection to what was shown, at the client's time and by its store; if there is none, what went wrong."""
    found = objections(client, session.presented) if session.presented else ()
    if found and session.alerts.received is None:
        return found
    if session.alerts.received is not None:
        return (f"the server refuses: {session.alerts.received}",)
    return (f"no handshake: {session.why}",)


def objections(client: Client, presented: Sequence[bytes]) -> tuple[str, ...]:
    """What such a client has against a chain, in sentences."""
    if client.check is Check.NOTHING:
        return ()
    own = member(presented[0])
    is_domain = bool(client.sip_domain) and naming.has_sip_domain(own, client.sip_domain)
    names = tuple(name for name in client.names if not (is_domain and name == client.sip_domain))
    if client.check is Check.NAME:
        return tuple(objections_to_names(own, names))
    return trust.validate(presented, client.store, client.now, names=names).objections


def settings_in(text: bytes) -> dict[str, str]:
    """``SET NAME value`` lines of a 46xx settings file; the last of a name counts."""
    found = {}
    for line in text.decode("utf-8", "replace").splitlines():
        word, _, rest = line.strip().partition(" ")
        name, _, value = rest.strip().partition(" ")
        if word == "SET" and name:
            found[name] = value.strip().strip('"')
    return found


def sha1(der: bytes) -> str:
    """The fingerprint as a phone shows it."""
    return hashlib.sha1(der, usedforsecurity=False).digest().hex(":").upper()


def _plain(contact: Contact, transport: str) -> Attempt:
    pipe = contact.plain(transport)
    return Attempt(transport, pipe=pipe, objections=() if pipe else (SILENCE,))


def _certificates(data: bytes | None) -> tuple[bytes, ...]:
    """Those of a file; () when it is none."""
    try:
        return importing.read_certificates(data) if data else ()
    except NotAccepted:
        return ()


def _signed_by(der: bytes, held: Sequence[bytes]) -> bool:
    issuer = load(der).issuer
    return any(load(root).subject == issuer and not signature_fault(der, root) for root in held)
