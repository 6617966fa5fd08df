"""TLS in memory: a server's context over an identity, and what a peer is shown in a handshake with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib  # pyOpenSSL itself has no call for the reason of a refusal

from firmware.memo import memoise
from firmware.security.certificates import Identity
from firmware.security.tls_levels import Parameters

# Whether a peer that presents this chain (DER), its own certificate first, is refused.
Refuses = Callable[[tuple[bytes, ...]], bool]

VERSIONS = {
    "TLS 1.0": SSL.TLS1_VERSION,
    "TLS 1.1": SSL.TLS1_1_VERSION,
    "TLS 1.2": SSL.TLS1_2_VERSION,
    "TLS 1.3": SSL.TLS1_3_VERSION,
}
_REJECTED = 28  # X509_V_ERR_CERT_REJECTED of OpenSSL's x509_vfy.h: to the peer a bad_certificate (42)
_CHUNK = 8 * 1024  # pyOpenSSL allocates as much at each read
_MOST_FLIGHTS = 10  # a handshake takes three at most


def server_context(
    identity: Identity,
    parameters: Parameters | None = None,
    *,
    ask_client: bool = False,
    fail_if_none: bool = False,
    refuses: Refuses | None = None,
) -> SSL.Context:
    """Key and chain of an identity; TLS 1.2 at least, unless ``parameters`` say otherwise. A listener may set more on
    it, so it is never shared.

    With ``ask_client`` a certificate is asked for, and any is taken whose key the peer has: it is for the caller to
    judge. ``fail_if_none``: a peer that presents none is refused. ``refuses`` judges what is presented within the
    handshake, so that a peer that is refused gets an alert.
    """
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Every chain that was accepted is presented: CAs of RSA 1024 and SHA-1 are real, a peer may refuse them.
    made.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    if parameters is not None:
        made.set_min_proto_version(VERSIONS[parameters.oldest])
        made.set_cipher_list(parameters.ciphers.encode())
        made.set_tls13_ciphersuites(parameters.suites.encode())
    own, *rest = (x509.load_der_x509_certificate(der) for der in identity.chain)
    made.use_certificate(own)
    for issuer in rest:
        made.add_extra_chain_cert(issuer)
    made.use_privatekey(identity.key.private)
    made.check_privatekey()
    if ask_client:
        _ask(made, fail_if_none, refuses or (lambda _chain: False))
    return made


def _ask(context: SSL.Context, fail_if_none: bool, refuses: Refuses) -> None:
    """Ask a peer for its certificate. OpenSSL, which holds no roots here, objects to one after the other and is
    overruled; last it comes to the peer's own, with nothing against it, and that is when the chain is judged."""
    context.set_verify(SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if fail_if_none else 0), lambda *_: True)
    helper: Any = context._verify_helper

    def accepts(holds: int, of: Any) -> int:
        is_own = lib.X509_STORE_CTX_get_error_depth(of) == 0 and holds
        is_refused = is_own and refuses(_chain_of(of))
        lib.X509_STORE_CTX_set_error(of, _REJECTED if is_refused else 0)
        return 0 if is_refused else 1

    # pyOpenSSL's own callback cannot say why it refuses, and the peer would be told of an internal error.
    helper.callback = ffi.callback(
        "int (*)(int, X509_STORE_CTX *)", accepts, onerror=lambda _type, error, _trace: helper._problems.append(error)
    )
    lib.SSL_CTX_set_verify(context._context, lib.SSL_CTX_get_verify_mode(context._context), helper.callback)


def _chain_of(of: Any) -> tuple[bytes, ...]:
    """The chain (DER) that a verification of OpenSSL's has built of what was presented."""
    stack = lib.X509_STORE_CTX_get1_chain(of)
    found = [crypto.X509._from_raw_x509_ptr(lib.sk_X509_value(stack, n)) for n in range(lib.sk_X509_num(stack))]
    lib.sk_X509_free(stack)
    return tuple(one.to_cryptography().public_bytes(serialization.Encoding.DER) for one in found)


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
