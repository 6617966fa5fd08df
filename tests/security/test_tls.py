"""TLS in memory: what a peer is shown is what was set, in order, and no old protocol shows it."""

from __future__ import annotations

import pytest
from OpenSSL import SSL

from firmware.security import tls
from firmware.security.certificates import Identity
from firmware.security.keys import KeyKind
from tests.credentials.units import elliptic, issued
from tests.security.specimen import changed, issue


def client(newest: int) -> SSL.Context:
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_max_proto_version(newest)
    made.set_cipher_list(b"ALL:@SECLEVEL=0")
    return made


def handshake(identity: Identity, context: SSL.Context) -> str:
    """The protocol that both agree on. SSL.Error: they do not."""
    server, peer = SSL.Connection(tls.server_context(identity)), SSL.Connection(context)
    server.set_accept_state()
    peer.set_connect_state()
    for _ in range(10):
        done = 0
        for here, there in ((peer, server), (server, peer)):
            try:
                here.do_handshake()
                done += 1
            except SSL.WantReadError:
                pass
            try:
                while True:
                    there.bio_write(here.bio_read(65536))
            except SSL.WantReadError:
                pass
        if done == 2:
            return str(peer.get_protocol_version_name())
    raise AssertionError("the handshake never ends")


@pytest.mark.parametrize(
    "identity",
    [issue(), issue(changed("key", KeyKind.P_256)), issued(), elliptic(), issued("Deep")],
    ids=["RSA", "P-256", "with its chain", "P-256 under RSA", "another"],
)
def test_a_peer_is_shown_the_chain_in_its_order(identity: Identity) -> None:
    assert tls.shown(identity) == identity.chain
    assert tls.shown(Identity(identity.key, identity.chain[:1])) == identity.chain[:1]


def test_a_peer_is_shown_what_was_set_even_where_it_is_out_of_order() -> None:
    """It is the unit's business what it offers: nothing is put right on the way."""
    made = issued()
    own, between, root = made.chain
    assert tls.shown(Identity(made.key, (own, root, between))) == (own, root, between)
    assert tls.shown(Identity(made.key, (own, root))) == (own, root)


@pytest.mark.parametrize(("newest", "name"), [(SSL.TLS1_2_VERSION, "TLSv1.2"), (SSL.TLS1_3_VERSION, "TLSv1.3")])
def test_tls_1_2_and_1_3_are_spoken(newest: int, name: str) -> None:
    assert handshake(issued(), client(newest)) == name


@pytest.mark.parametrize("newest", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_nothing_older_is_spoken(newest: int) -> None:
    with pytest.raises(SSL.Error):
        handshake(issued(), client(newest))


def test_a_key_that_is_not_the_certificate_s_serves_nobody() -> None:
    with pytest.raises(SSL.Error):
        tls.server_context(Identity(issue().key, issued().chain))


def test_a_context_is_never_shared() -> None:
    assert tls.server_context(issued()) is not tls.server_context(issued())
