"""The certificates that a TLS server presents. Nothing is verified here: whatever it shows is to be judged.

Old appliances are peers too: any protocol version and cipher that the library still has will do.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import time
from contextlib import suppress

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from firmware.bench.inspection_case import printable
from firmware.errors import BadInput

CONNECT_TIME = 5.0  # seconds
HANDSHAKE_TIME = 5.0
PROBE_TIME = 3.0
_CHUNK = 16 * 1024
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: servers without RFC 5746


class _NoTls(Exception):
    """Why no certificate was shown."""


def presented(host: str, port: int, name: str | None) -> tuple[bytes, ...]:
    """The chain (DER) that ``host:port`` presents when asked for ``name``. BadInput says what is there instead."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with _connected(host, port, where) as peer:
        try:
            return _shake_hands(peer, name or _name_of(host))
        except _NoTls as error:
            reason = str(error)
    raise BadInput(f"{where}: no TLS: {reason}; {_probe(host, port, where)}")


def _connected(host: str, port: int, where: str) -> socket.socket:
    try:
        return socket.create_connection((host, port), CONNECT_TIME)
    except TimeoutError:
        raise BadInput(f"{where}: no answer in {CONNECT_TIME:g} s") from None
    except socket.gaierror:
        raise BadInput(f"{where}: no host of this name is known") from None
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no name that a host can have"
        raise BadInput(f"{where}: {why or error}") from None


def _name_of(host: str) -> str | None:
    """What to ask for when nothing is said: an address is no name (RFC 6066, 3)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    return None


def _context() -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_options(_LEGACY_SERVER_CONNECT)
    return context


def _shake_hands(peer: socket.socket, name: str | None) -> tuple[bytes, ...]:
    """A server that refuses us for want of a client certificate has shown its own before: that is enough."""
    connection = SSL.Connection(_context())
    connection.set_connect_state()
    if name is not None:
        connection.set_tlsext_host_name(name.encode("idna"))
    deadline, failure = time.monotonic() + HANDSHAKE_TIME, None
    while failure is None:
        try:
            connection.do_handshake()
            break
        except SSL.WantReadError:
            failure = _exchange(connection, peer, deadline)
        except SSL.Error as error:
            failure = _reason(error)
    chain = _chain(connection)
    if not chain:
        raise _NoTls(failure or "the peer presents no certificate")
    with suppress(SSL.Error, OSError):
        connection.shutdown()
        _send(connection, peer)
    return chain


def _exchange(connection: SSL.Connection, peer: socket.socket, deadline: float) -> str | None:
    """Send what is to be sent, wait for an answer; what went wrong."""
    try:
        _send(connection, peer)
        data = _receive(peer, deadline)
    except TimeoutError:
        return f"no handshake in {HANDSHAKE_TIME:g} s"
    except OSError as error:
        return f"{error.strerror or error}".lower()
    if not data:
        return "the peer closed the connection"
    connection.bio_write(data)
    return None


def _send(connection: SSL.Connection, peer: socket.socket) -> None:
    with suppress(SSL.WantReadError):
        while True:
            peer.sendall(connection.bio_read(_CHUNK))


def _receive(peer: socket.socket, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    peer.settimeout(left)
    return peer.recv(_CHUNK)


def _reason(error: SSL.Error) -> str:
    """OpenSSL's own words for it."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(entries[-1][2]) if entries else "the connection ended"


def _chain(connection: SSL.Connection) -> tuple[bytes, ...]:
    try:
        chain = connection.get_peer_cert_chain(as_cryptography=True)
    except ValueError:
        raise _NoTls("a certificate that the peer presents cannot be read") from None
    return tuple(dict.fromkeys(certificate.public_bytes(Encoding.DER) for certificate in chain or ()))


def _probe(host: str, port: int, where: str) -> str:
    """Whether something there speaks SIP in clear (RFC 3261, 11: OPTIONS asks without starting anything)."""
    tag = secrets.token_hex(8)
    request = (
        f"OPTIONS sip:{where} SIP/2.0\r\nVia: SIP/2.0/TCP ipsim.invalid;branch=z9hG4bK{tag};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:ipsim@ipsim.invalid>;tag={tag}\r\nTo: <sip:{where}>\r\n"
        f"Call-ID: {tag}@ipsim.invalid\r\nCSeq: 1 OPTIONS\r\nContact: <sip:ipsim@ipsim.invalid;transport=tcp>\r\n"
        "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
    )
    answer, deadline = b"", time.monotonic() + PROBE_TIME
    with suppress(OSError, BadInput), _connected(host, port, where) as peer:
        peer.settimeout(PROBE_TIME)
        peer.sendall(request.encode())
        while b"\n" not in answer and len(answer) < _CHUNK and (data := _receive(peer, deadline)):
            answer += data
    first = printable(answer.splitlines()[0].decode("utf-8", "replace")[:60]) if answer else ""
    if answer.startswith(b"SIP/2.0 "):
        return f"it speaks SIP without TLS ({first})"
    return f"in clear it says {first!r}" if answer else "nor does it answer a SIP OPTIONS in clear"
