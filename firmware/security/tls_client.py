"""A TLS client with a clock and a store of its own, and the server that it meets in memory; the alerts of both.

Bytes go through a pipe: what is given to it reaches the far end, and what comes back is the far end's answer. So the
same client shakes hands in memory (:class:`ServerEnd`) and, with another pipe, over a socket. OpenSSL decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from ipaddress import IPv4Address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib  # pyOpenSSL itself has no call for the names that OpenSSL compares

from firmware.security.certificates import Identity, is_address
from firmware.security.trust import naming
from firmware.security.trust.members import member
from firmware.times import to_datetime

Pipe = Callable[[bytes], bytes]
Application = Callable[[bytes], bytes]

_CHUNK = 64 * 1024
_MOST_FLIGHTS = 10  # a handshake takes three at most
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h
_WRONG_HOST, _WRONG_ADDRESS = 62, 64  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH

VERSIONS = {"TLS 1.2": SSL.TLS1_2_VERSION, "TLS 1.3": SSL.TLS1_3_VERSION}  # what OpenSSL still offers

# RFC 8446, 6 and, for those that are reserved there, RFC 5246, 7.2.
_ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that went over the wire."""

    number: int

    def __str__(self) -> str:
        return f"{_ALERTS.get(self.number, 'unknown')} ({self.number})"


class Check(str, Enum):
    """What a client validates of the certificate that it is shown."""

    NOTHING = "nothing"
    NAME = "name"
    FULL = "chain, dates and name"


@dataclass(frozen=True, slots=True)
class Client:
    """How a client shakes hands. ``now`` None: its clock is not set, and it judges no dates.

    ``names``: at most one host name and one address; the certificate must be for both. ``sip_domain`` is the one of
    them that a ``sip:`` URI in the certificate may stand for, too. ``identity`` is shown to a server that asks.
    """

    check: Check
    store: tuple[bytes, ...] = ()
    now: int | None = None
    names: tuple[str, ...] = ()
    sip_domain: str = ""
    oldest: str = "TLS 1.2"
    newest: str = "TLS 1.3"
    identity: Identity | None = None

    def context(self) -> SSL.Context:
        made = SSL.Context(SSL.TLS_CLIENT_METHOD)
        made.set_min_proto_version(VERSIONS[self.oldest])
        made.set_max_proto_version(VERSIONS[self.newest])
        made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        store = made.get_cert_store()
        assert store is not None
        for der in self.store:
            store.add_cert(crypto.X509.from_cryptography(x509.load_der_x509_certificate(der)))
        if self.now is None:
            store.set_flags(_NO_CHECK_TIME)
        else:
            store.set_time(to_datetime(self.now))
        if self.identity is not None:
            _show(made, self.identity)
        return made

    def _accepts(self, _of: Any, shown: crypto.X509, error: int, depth: int, holds: int) -> bool:
        """OpenSSL's verdict on one certificate or one error; the client may see it less strictly, never more."""
        if error in (_WRONG_HOST, _WRONG_ADDRESS):
            der = shown.to_cryptography().public_bytes(serialization.Encoding.DER)
            is_domain = error == _WRONG_HOST and self.sip_domain != ""
            return is_domain and naming.has_sip_domain(member(der), self.sip_domain)
        return bool(holds) or self.check is Check.NAME

    def connection(self, alerts: Alerts) -> SSL.Connection:
        """Ready to shake hands; ``alerts`` hears of those that go over it."""
        context = self.context()
        alerts.watch(context)
        made = SSL.Connection(context)
        if self.check is Check.NOTHING:
            made.set_verify(SSL.VERIFY_NONE)
        else:
            made.set_verify(SSL.VERIFY_PEER, self._accepts)
        wanted = lib.SSL_get0_param(made._ssl)
        for name in self.names if self.check is not Check.NOTHING else ():
            if is_address(name):
                lib.X509_VERIFY_PARAM_set1_ip(wanted, IPv4Address(name).packed, 4)
            else:
                lib.X509_VERIFY_PARAM_set1_host(wanted, name.encode(), len(name.encode()))
        for name in self.names:
            if not is_address(name):
                made.set_tlsext_host_name(name.encode())
        made.set_connect_state()
        return made


def _show(context: SSL.Context, identity: Identity) -> None:
    own, *rest = (x509.load_der_x509_certificate(der) for der in identity.chain)
    context.use_certificate(own)
    for issuer in rest:
        context.add_extra_chain_cert(issuer)
    context.use_privatekey(identity.key.private)


@dataclass(slots=True)
class Alerts:
    """The first alert sent and the first received on a connection."""

    sent: Alert | None = None
    received: Alert | None = None

    def watch(self, context: SSL.Context) -> None:
        context.set_info_callback(self._hear)

    def _hear(self, _of: Any, where: int, value: int) -> None:
        if where & SSL.SSL_CB_ALERT and value & 0xFF:  # a close_notify is no complaint
            if where & SSL.SSL_CB_WRITE:
                self.sent = self.sent or Alert(value & 0xFF)
            else:
                self.received = self.received or Alert(value & 0xFF)


@dataclass(slots=True)
class Session:
    """What a handshake came to. ``presented`` is the chain shown (DER), ``why`` what OpenSSL says of a failure."""

    connection: SSL.Connection
    pipe: Pipe
    alerts: Alerts
    presented: tuple[bytes, ...] = ()
    is_open: bool = False
    why: str = ""
    _unread: bytes = b""

    @property
    def protocol(self) -> str:
        return {version: name for name, version in VERSIONS.items()}.get(self.connection.get_protocol_version(), "")

    def exchange(self, data: bytes) -> bytes:
        """Send something over the connection; what comes back."""
        self.connection.send(data)
        self._receive()
        found, self._unread = self._unread, b""
        return found

    def _receive(self) -> None:
        answer = self.pipe(_drained(self.connection))
        try:
            if answer:
                self.connection.bio_write(answer)
            while True:
                self._unread += self.connection.recv(_CHUNK)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_open = False
        except SSL.Error as error:
            self.is_open, self.why = False, _reason(error)


def handshake(client: Client, pipe: Pipe) -> Session:
    """Shake hands. A refusal by either side is a result, told in alerts; a far end that goes silent is one, too."""
    alerts = Alerts()
    made = client.connection(alerts)
    session = Session(made, pipe, alerts)
    try:
        session.is_open = _shake(session)
        session.why = "" if session.is_open else "the far end does not answer"
    except SSL.Error as error:
        session.why = _verify_error(made) or _reason(error)
    session.presented = tuple(
        certificate.public_bytes(serialization.Encoding.DER)
        for certificate in made.get_peer_cert_chain(as_cryptography=True) or ()
    )
    if session.is_open:
        session._receive()  # in TLS 1.3 a server judges the client only now
    elif alerts.sent:
        pipe(_drained(made))
    return session


def _shake(session: Session) -> bool:
    for _ in range(_MOST_FLIGHTS):
        try:
            session.connection.do_handshake()
            return True
        except SSL.WantReadError:
            answer = session.pipe(_drained(session.connection))
        if not answer:
            break
        session.connection.bio_write(answer)
    return False


def _verify_error(connection: SSL.Connection) -> str:
    """What OpenSSL has against the certificate that it was shown; empty: nothing."""
    number = lib.SSL_get_verify_result(connection._ssl)
    return str(ffi.string(lib.X509_verify_cert_error_string(number)).decode()) if number else ""


def _reason(error: SSL.Error) -> str:
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(one[-1]) for one in reasons) or "the connection was lost"


def _drained(connection: SSL.Connection) -> bytes:
    found = b""
    try:
        while True:
            found += connection.bio_read(_CHUNK)
    except SSL.WantReadError:
        return found


class ServerEnd:
    """A server's end of one connection, as the pipe of a client in memory. ``application`` answers what it is sent."""

    def __init__(self, context: SSL.Context, application: Application = lambda _data: b"") -> None:
        self.alerts = Alerts()
        self.alerts.watch(context)
        self._connection = SSL.Connection(context)
        self._connection.set_accept_state()
        self._application = application
        self.is_open = False

    def __call__(self, data: bytes) -> bytes:
        try:
            if data:
                self._connection.bio_write(data)
            if not self.is_open:
                self._connection.do_handshake()
                self.is_open = True
            for plain in iter(partial(self._connection.recv, _CHUNK), b""):
                if answer := self._application(plain):
                    self._connection.send(answer)
        except SSL.WantReadError:
            pass
        except SSL.Error:  # it has sent an alert, or got one
            self.is_open = False
        return _drained(self._connection)


def named(names: Sequence[str]) -> tuple[str, ...]:
    """Each name once, in order, empty ones left out."""
    return tuple(dict.fromkeys(filter(None, names)))
