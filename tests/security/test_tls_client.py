"""The TLS client: OpenSSL decides at a simulated time, trust.validate explains, and alerts are those on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from OpenSSL import SSL

from firmware.peers.phones import objections
from firmware.security import tls
from firmware.security.certificates import Identity
from firmware.security.tls_client import VERSIONS, Check, Client, ServerEnd, Session, handshake, named
from firmware.security.trust import Purpose
from firmware.times import DAY
from tests.boot.units import START
from tests.credentials.units import issued
from tests.security.trust.pki import Made
from tests.security.trust.situations import Situation, situations

NAME, ADDRESS = "pbx.example.com", "192.168.42.1"
SHOWN = issued(number=70, names=(NAME, ADDRESS))
ROOT = SHOWN.chain[-1]
BOTH = tuple(VERSIONS)
every_version = pytest.mark.parametrize("version", BOTH)


def meet(client: Client, identity: Identity = SHOWN, end: ServerEnd | None = None) -> tuple[Session, ServerEnd]:
    end = end or ServerEnd(tls.server_context(identity))
    return handshake(client, end), end


def client(version: str = "TLS 1.3", check: Check = Check.FULL, **changes: object) -> Client:
    given = {"store": (ROOT,), "now": START, "names": (NAME, ADDRESS), "oldest": version, "newest": version}
    return Client(check, **{**given, **changes})  # type: ignore[arg-type]  # any field


@every_version
def test_it_connects_and_carries_what_is_sent(version: str) -> None:
    end = ServerEnd(tls.server_context(SHOWN), lambda data: b"<" + data + b">")
    session, _ = meet(client(version), end=end)
    assert (session.is_open, end.is_open, session.protocol) == (True, True, version)
    assert session.presented == SHOWN.chain
    assert (session.exchange(b"one"), session.exchange(b"two")) == (b"<one>", b"<two>")
    assert (session.alerts.sent, session.alerts.received) == (None, None)


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no root": ({"store": ()}, "unknown_ca (48)", "no chain to a certificate in the store"),
    "late": ({"now": START + 10_000 * DAY}, "certificate_expired (45)", "expired"),
    "early": ({"now": START - 10_000 * DAY}, "bad_certificate (42)", "not valid before"),
    "host": ({"names": ("x.example.com",)}, "bad_certificate (42)", "does not name x.example.com"),
    "address": ({"names": (NAME, "10.0.0.1")}, "bad_certificate (42)", "does not name 10.0.0.1"),
}


@every_version
@pytest.mark.parametrize("which", WRONG)
def test_a_refusal_is_explained_and_its_alert_reaches_the_server(version: str, which: str) -> None:
    changes, alert, objection = WRONG[which]
    session, end = meet(refusing := client(version, **changes))
    assert not session.is_open
    assert not end.is_open
    assert str(session.alerts.sent) == str(end.alerts.received) == alert
    assert any(text.find(objection) >= 0 for text in objections(refusing, session.presented))


@every_version
def test_a_check_of_the_name_alone_asks_for_no_root_and_no_dates(version: str) -> None:
    lax = {"store": (), "now": START + 10_000 * DAY}
    assert meet(client(version, Check.NAME, **lax))[0].is_open
    session, end = meet(client(version, Check.NAME, **lax, names=("x.example.com",)))
    assert not session.is_open
    assert str(end.alerts.received) == "bad_certificate (42)"
    assert meet(client(version, Check.NOTHING, **lax, names=("x.example.com",)))[0].is_open


def test_a_clock_that_is_not_set_judges_no_dates() -> None:
    old = issued(number=71, days=1, age=900 * DAY, names=(NAME,))
    assert meet(client(now=None, names=(NAME,)), old)[0].is_open
    assert not meet(client(names=(NAME,)), old)[0].is_open


def test_a_sip_uri_stands_for_the_domain_and_for_nothing_else() -> None:
    from tests.security.trust.pki import LEAF, Spec, make

    root = make(Spec("Root"))
    leaf = make(LEAF.but(alternatives=("sip:example.com", ADDRESS), name="pbx"), root)
    for domain, names, opens in (
        ("example.com", ("example.com", ADDRESS), True),
        ("", ("example.com", ADDRESS), False),
        ("other.com", ("other.com", ADDRESS), False),
        ("example.com", ("example.com", "10.0.0.1"), False),
    ):
        made = client(store=(root.der,), names=names, sip_domain=domain)
        session = handshake(made, ServerEnd(context_of((leaf,))))
        assert session.is_open == opens == (not objections(made, session.presented))


@every_version
def test_no_common_version_is_the_servers_refusal(version: str) -> None:
    other = next(name for name in BOTH if name != version)
    context = tls.server_context(SHOWN)
    context.set_min_proto_version(VERSIONS[other])
    context.set_max_proto_version(VERSIONS[other])
    session, _ = meet(client(version), end=ServerEnd(context))
    assert not session.is_open
    assert "protocol_version (70)" in (str(session.alerts.received), str(session.alerts.sent))


@every_version
def test_a_server_that_demands_a_certificate_refuses_one_that_has_none(version: str) -> None:
    def demanding() -> ServerEnd:
        context = tls.server_context(SHOWN)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        return ServerEnd(context)

    session, end = meet(client(version), end=demanding())
    assert not session.is_open
    assert not end.is_open
    assert session.alerts.received == end.alerts.sent
    assert str(session.alerts.received) in ("certificate_required (116)", "handshake_failure (40)")
    assert meet(client(version, identity=issued(number=72)), end=demanding())[0].is_open


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_far_end_that_speaks_no_tls_is_a_failure_and_no_fault(answer: bytes) -> None:
    session = handshake(client(), lambda _data: answer)
    assert not session.is_open
    assert session.why
    assert session.presented == ()


def context_of(shown: tuple[Made, ...]) -> SSL.Context:
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_cipher_list(b"ALL:@SECLEVEL=0")  # the one that shows them is not to mind them
    made.use_certificate(shown[0].certificate)
    made.use_privatekey(shown[0].key)
    for one in shown[1:]:
        made.add_extra_chain_cert(one.certificate)
    return made


@given(situations().filter(lambda situation: situation.purpose is Purpose.SERVER))
@settings(max_examples=150, deadline=None)
def test_the_explanation_is_the_verdict(situation: Situation) -> None:
    """Where there is one way up only: of several, OpenSSL takes one and does not come back."""
    presented, store, now = situation.arguments()
    full = Client(Check.FULL, tuple(store), now, tuple(situation.names))
    session = handshake(full, ServerEnd(context_of(situation.presented)))
    found = objections(full, presented)
    assert session.is_open == (not found) or (not found and situation.has_a_choice())
    assert session.is_open or session.alerts.sent is not None


def test_names_once_and_in_order() -> None:
    assert named(("b", "", "a", "b")) == ("b", "a")
