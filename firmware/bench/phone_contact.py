"""A unit as a phone of the bench reaches it, in memory: what it offers now, and what it objects to in the phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from OpenSSL import SSL

from firmware.appliance import Appliance
from firmware.bench.hosting import network_of
from firmware.bench.outside import presented_by
from firmware.boot.running import RUNNING
from firmware.configuration import sip_password
from firmware.credentials import preferences, provisioning, telephony
from firmware.errors import Unmet
from firmware.peers.phones import SIP, Phone
from firmware.security import tls, tls_levels
from firmware.security.certificates import Identity
from firmware.security.settings import DISABLED, UNSECURE_ONLY
from firmware.security.tls_client import Alert, Application, Pipe, ServerEnd
from firmware.telephony.flows import DEFAULT_PORTS, Flow
from firmware.telephony.service import Service
from firmware.telephony.settings import Settings

_MISSING = (40, 116)  # the alerts of a server that was shown no certificate: handshake_failure, certificate_required

Verdict = Callable[[tuple[bytes, ...]], list[str]]


class Door:
    """What a unit says of the client certificate of one connection, told once, in its journal."""

    def __init__(self, unit: Appliance, peer: str, service: str, verdict: Verdict) -> None:
        self._unit, self._verdict = unit, verdict
        self._told = {"peer": peer, "service": service}
        self._objections: list[str] | None = None  # None: nothing was presented

    def refuses(self, chain: tuple[bytes, ...]) -> bool:
        self._objections = self._verdict(chain)
        return bool(self._objections)

    def tell(self, alert: Alert | None) -> None:
        """The handshake is over; ``alert`` is what the unit has ended it with."""
        if self._objections is None and alert is not None and alert.number in _MISSING:
            self.refuses(())
        if self._objections:
            self._unit.note("peer.refused", **self._told, objections=self._objections)
        elif self._objections is not None and alert is None:
            self._unit.note("peer.accepted", **self._told)


class WatchedEnd(ServerEnd):
    """The unit's end of a connection on which it asks for a client certificate."""

    def __init__(self, context: SSL.Context, application: Application, door: Door) -> None:
        super().__init__(context, application)
        self._door: Door | None = door

    def __call__(self, data: bytes) -> bytes:
        answer = super().__call__(data)
        if self._door is not None and (self.is_open or self.alerts.sent is not None):
            self._door.tell(self.alerts.sent)
            self._door = None
        return answer


@dataclass(frozen=True, slots=True)
class UnitContact:
    """``lan``: at which of its LANs the unit is reached; None: at none of them. ``phone`` is the one that reaches it,
    whose client certificate it may ask for."""

    unit: Appliance
    by: str
    lan: int | None
    phone: Phone | None = None

    @property
    def address(self) -> str:
        configuration = self.unit.ram.configuration
        return configuration.lans[self.lan].address if configuration and self.lan is not None else ""

    @property
    def sip_domain(self) -> str:
        configuration = self.unit.ram.configuration
        return configuration.sip_domain if configuration else ""

    def tls(self, service: str) -> Pipe | None:
        is_offered = self._has_sip_tls() if service == SIP else self._serves(secure=True)
        if self.lan is None or not is_offered:
            return None
        try:
            identity = presented_by(self.unit, telephony=service == SIP)
        except Unmet:
            return None
        return self._sip_end(identity) if service == SIP else self._https_end(identity)

    def _has_sip_tls(self) -> bool:
        return self.lan is not None and self.unit.state == RUNNING and telephony.sip_tls_in_force(self.unit)[self.lan]

    def _sip_end(self, identity: Identity) -> Pipe:
        unit, setting = self.unit, telephony.client_certificates(self.unit)
        endpoint = self.phone.endpoint if self.phone else None
        door = self._door("telephony", lambda chain: telephony.client_verdict(unit, chain, endpoint))
        context = tls.server_context(
            identity, tls_levels.of_registrar(unit.release), ask_client=setting != telephony.OFF,
            fail_if_none=setting == telephony.REQUIRED, refuses=door.refuses,
        )  # fmt: skip
        return WatchedEnd(context, self._registrar("TLS"), door)

    def _https_end(self, identity: Identity) -> Pipe:
        """By the level of the service HTTP; what is asked for is judged by the checks of management. (S, CC)"""
        parameters = tls_levels.parameters(self._http_level(), self.unit.release)
        asks = parameters is not None and parameters.client_certificate
        door = self._door(
            "management",
            lambda chain: preferences.judge(self.unit, chain) if chain else [telephony.NONE_PRESENTED.value],
        )
        context = tls.server_context(identity, parameters, ask_client=asks, fail_if_none=asks, refuses=door.refuses)
        return WatchedEnd(context, lambda _data: b"", door)

    def _door(self, service: str, verdict: Verdict) -> Door:
        return Door(self.unit, self.phone.name if self.phone else "somebody", service, verdict)

    def plain(self, transport: str) -> Pipe | None:
        """The registrar's TCP and UDP are on."""
        return self._registrar(transport) if self.lan is not None and self.unit.state == RUNNING else None

    def _registrar(self, transport: str) -> Pipe:
        """A connection to the unit's registrar. Each has a registrar of its own: it remembers nobody."""
        unit, configuration = self.unit, self.unit.ram.configuration
        assert configuration is not None
        assert self.lan is not None
        named = (configuration.sip_domain, configuration.sip_fqdn, *(lan.address for lan in configuration.lans))
        password = sip_password(unit.entropy)
        users = {extension: password for extension, _ in configuration.users}
        settings = Settings(tuple(filter(None, named)), users)
        service = Service(settings, unit.entropy.drbg("sip nonces of a phone of the bench"))
        flow = Flow(1, transport, ("192.0.2.100", 5060), (self.address, DEFAULT_PORTS[transport]), self.lan)
        if not flow.datagrams:
            service.opened(flow, unit.clock.now)
        return lambda data: b"".join(out.data for out in service.received(flow, data, unit.clock.now))

    def fetch(self, path: str, *, secure: bool) -> bytes | None:
        if self.lan is None or not self._serves(secure=secure):
            return None
        found = provisioning.files(self.unit, self.lan).get(path)
        return found() if found else None

    def _http_level(self) -> str:
        settings = self.unit.ram.settings
        return dict(settings.services)["HTTP"] if settings and self.unit.state == RUNNING else DISABLED

    def _serves(self, *, secure: bool) -> bool:
        """By the level of the service HTTP. (S)"""
        level = self._http_level()
        without = (DISABLED, UNSECURE_ONLY)
        return level not in without if secure else level in (UNSECURE_ONLY, "Unsecure + Secure")


def reach(unit: Appliance, lan: int, by: str | None, phone: Phone | None = None) -> UnitContact:
    """The unit by a name that DNS knows or by an address, or else by that of one of its LANs (0 is LAN1)."""
    configuration = unit.ram.configuration
    own = [each.address for each in configuration.lans] if configuration else []
    if by is None:
        return UnitContact(unit, own[lan] if own else f"LAN{lan + 1}", lan if own else None, phone)
    address = network_of(unit).resolve(by)
    return UnitContact(unit, by, own.index(address) if address in own else None, phone)
