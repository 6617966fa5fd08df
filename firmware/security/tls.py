"""TLS in memory: a server's context over an identity, and what a peer is shown in a handshake with it."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

from firmware.memo import memoise
from firmware.security.certificates import Identity

_CHUNK = 8 * 1024  # pyOpenSSL allocates as much at each read
_MOST_FLIGHTS = 10  # a handshake takes three at most


def server_context(identity: Identity) -> SSL.Context:
    """TLS 1.2 at least; key and chain of an identity. A listener may set more on it, so it is never shared."""
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    own, *rest = (x509.load_der_x509_certificate(der) for der in identity.chain)
    made.use_certificate(own)
    for issuer in rest:
        made.add_extra_chain_cert(issuer)
    made.use_privatekey(identity.key.private)
    made.check_privatekey()
    return made


@lru_cache(1)
def _curious() -> SSL.Context:
    """A client that validates nothing and looks at everything."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return made


@memoise(4096)
def shown(identity: Identity) -> tuple[bytes, ...]:
    """The chain (DER) that a peer is shown in a real handshake with a server of this identity: the same each time."""
    server, client = SSL.Connection(server_context(identity)), SSL.Connection(_curious())
    server.set_accept_state()
    client.set_connect_state()
    for _ in range(_MOST_FLIGHTS):
        is_done = [_shake(here, there) for here, there in ((client, server), (server, client))]
        if all(is_done):
            break
    chain = client.get_peer_cert_chain(as_cryptography=True) or []
    return tuple(certificate.public_bytes(serialization.Encoding.DER) for certificate in chain)


def _shake(here: SSL.Connection, there: SSL.Connection) -> bool:
    """One side's turn; whether its handshake is done."""
    is_done = False
    with suppress(SSL.WantReadError):
        here.do_handshake()
        is_done = True
    with suppress(SSL.WantReadError):
        while True:
            there.bio_write(here.bio_read(_CHUNK))
    return is_done
