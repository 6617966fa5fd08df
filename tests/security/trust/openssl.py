"""OpenSSL's opinion of the same certificates at the same simulated time: by its verifier, and by a real handshake."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from functools import cache
from ipaddress import ip_address
from typing import Any

from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from firmware.security.trust import Purpose
from firmware.times import to_datetime
from tests.security.trust.pki import LEAF, Made, make

_L: Any = lib
_F: Any = ffi
_OWN = make(LEAF.but(name="the judging server"))


@cache
def as_openssl(der: bytes) -> crypto.X509:
    return crypto.load_certificate(crypto.FILETYPE_ASN1, der)


def _store(ders: Sequence[bytes], now: int, into: crypto.X509Store | None = None) -> crypto.X509Store:
    store = into or crypto.X509Store()
    for der in ders:
        store.add_cert(as_openssl(der))
    store.set_time(to_datetime(now))
    return store


def _set_names(parameters: Any, names: Sequence[str]) -> None:
    """At most one host name and one address: OpenSSL demands both."""
    for name in names:
        try:
            packed = ip_address(name).packed
        except ValueError:
            assert _L.X509_VERIFY_PARAM_set1_host(parameters, name.encode(), len(name)) == 1
        else:
            assert _L.X509_VERIFY_PARAM_set1_ip(parameters, packed, len(packed)) == 1


def takes_host(name: str) -> bool:
    """OpenSSL 4 can only be asked for what may be a host name; one that begins with a dot means any of a domain."""
    parameters = _F.gc(_L.X509_VERIFY_PARAM_new(), _L.X509_VERIFY_PARAM_free)
    taken = _L.X509_VERIFY_PARAM_set1_host(parameters, name.encode(), len(name)) == 1
    _L.ERR_clear_error()
    return taken and not name.startswith(".")


def objection(
    presented: Sequence[bytes],
    store: Sequence[bytes],
    now: int,
    names: Sequence[str] = (),
    purpose: Purpose = Purpose.SERVER,
) -> str:
    """What X509_verify_cert says first, as a client (or server) that leaves every flag at its default; "" is well."""
    trusted = _store(store, now)
    if names:
        parameters = _F.gc(_L.X509_VERIFY_PARAM_new(), _L.X509_VERIFY_PARAM_free)
        _set_names(parameters, names)
        _L.X509_VERIFY_PARAM_set_time(parameters, calendar.timegm(to_datetime(now).timetuple()))
        assert _L.X509_STORE_set1_param(trusted._store, parameters) == 1
    wanted = _L.X509_PURPOSE_SSL_SERVER if purpose is Purpose.SERVER else _L.X509_PURPOSE_SSL_CLIENT
    assert _L.X509_STORE_set_purpose(trusted._store, wanted) == 1
    others = [as_openssl(der) for der in presented[1:]]
    try:
        crypto.X509StoreContext(trusted, as_openssl(presented[0]), others).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return ""


def handshake_accepts(
    presented: Sequence[Made],
    store: Sequence[Made],
    now: int,
    names: Sequence[str] = (),
    purpose: Purpose = Purpose.SERVER,
) -> bool:
    """Whether a TLS handshake in memory succeeds in which one end shows these and the other judges them."""
    shows, judges = SSL.Context(SSL.TLS_METHOD), SSL.Context(SSL.TLS_METHOD)
    shows.set_cipher_list(b"ALL:@SECLEVEL=0")  # the one that shows them is not to mind them
    shows.use_certificate(presented[0].certificate)
    shows.use_privatekey(presented[0].key)
    for one in presented[1:]:
        shows.add_extra_chain_cert(one.certificate)
    judges.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, None)
    trusted = judges.get_cert_store()
    assert trusted is not None
    _store([one.der for one in store], now, trusted)
    if purpose is Purpose.CLIENT:  # then the judging end is the server, which needs a certificate of its own
        judges.use_privatekey(_OWN.key)
        judges.use_certificate(_OWN.certificate)
    showing, judging = SSL.Connection(shows, None), SSL.Connection(judges, None)
    _set_names(_L.SSL_get0_param(judging._ssl), names)
    server, client = (showing, judging) if purpose is Purpose.SERVER else (judging, showing)
    server.set_accept_state()
    client.set_connect_state()
    return _shake(server, client)


def _shake(server: SSL.Connection, client: SSL.Connection) -> bool:
    for _ in range(6):
        for one, other in ((client, server), (server, client)):
            try:
                one.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return False
            try:
                while data := one.bio_read(65536):
                    other.bio_write(data)
            except SSL.WantReadError:
                pass
    return True
