"""The levels of a service in real handshakes: the weakest that each takes, the oldest, and client certificates."""

from __future__ import annotations

import pytest
from OpenSSL import SSL

from firmware.release import BY_VERSION, RELEASES
from firmware.security import tls, tls_levels
from firmware.security.certificates import Identity
from firmware.security.settings import DISABLED, LEVELS, UNSECURE_ONLY
from firmware.security.tls_client import Check, Client, ServerEnd, handshake
from firmware.security.tls_levels import BOTH, HIGH, LOW, MEDIUM, ROWS, Parameters, oldest, parameters
from firmware.times import DAY
from tests.credentials.units import elliptic, issued
from tests.security.specimen import issue

SHOWN = issued(number=95)
R12, R11, R10, R6 = (BY_VERSION[version] for version in ("12.3", "11.0", "10.1", "6.2"))
SECURED = (BOTH, LOW, MEDIUM, HIGH)
# A peer that has nothing else: what stands for 3DES, AES-128 as the oldest phones speak it, AES-256.
ONLY = {"3DES": "CAMELLIA128-SHA", "AES-128": "AES128-SHA", "AES-256": "AES256-SHA"}
TAKEN = {
    ("6.2", BOTH): "3DES AES-128 AES-256", ("6.2", LOW): "3DES AES-128 AES-256",
    ("6.2", MEDIUM): "3DES AES-128 AES-256", ("6.2", HIGH): "3DES AES-128 AES-256",
    ("12.3", BOTH): "3DES AES-128 AES-256", ("12.3", LOW): "3DES AES-128 AES-256",
    ("12.3", MEDIUM): "AES-128 AES-256", ("12.3", HIGH): "AES-256",
}  # fmt: skip


def offered(level: str, release: str = "12.3") -> Parameters:
    found = parameters(level, BY_VERSION[release])
    assert found is not None
    return found


def meet(wanted: Parameters | None, ciphers: str = "", version: int = SSL.TLS1_2_VERSION, suites: str = "") -> str:
    """The cipher that a peer of this one version gets; empty: none."""
    peer = SSL.Context(SSL.TLS_CLIENT_METHOD)
    peer.set_min_proto_version(version)
    peer.set_max_proto_version(version)
    peer.set_cipher_list(f"{ciphers or 'ALL'}:@SECLEVEL=0".encode())
    if suites:
        peer.set_tls13_ciphersuites(suites.encode())
    here, there = SSL.Connection(tls.server_context(SHOWN, wanted)), SSL.Connection(peer)
    here.set_accept_state()
    there.set_connect_state()
    try:
        for _ in range(4):
            tls._shake(there, here)
            tls._shake(here, there)
    except SSL.Error:
        return ""
    return there.get_cipher_name() or ""


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_every_level_that_is_secured_has_parameters(release: object) -> None:
    for level in LEVELS:
        found = parameters(level, release)  # type: ignore[arg-type]  # it is one
        assert (found is None) == (level in (DISABLED, UNSECURE_ONLY))
        assert found is None or tls.server_context(SHOWN, found)
        assert found is None or tls.server_context(elliptic(), found)


@pytest.mark.parametrize(("release", "level"), TAKEN)
def test_the_weakest_cipher_of_a_level(release: str, level: str) -> None:
    taken = [name for name, cipher in ONLY.items() if meet(offered(level, release), cipher) == cipher]
    assert " ".join(taken) == TAKEN[release, level]


def test_what_protects_more_comes_first() -> None:
    for level in SECURED:
        assert meet(offered(level)) == "ECDHE-RSA-AES256-GCM-SHA384"


@pytest.mark.parametrize("level", SECURED)
def test_the_suites_of_tls_1_3(level: str) -> None:
    only_128 = meet(offered(level), version=SSL.TLS1_3_VERSION, suites="TLS_AES_128_GCM_SHA256")
    assert only_128 == ("" if level == HIGH else "TLS_AES_128_GCM_SHA256")
    assert meet(offered(level), version=SSL.TLS1_3_VERSION) == "TLS_AES_256_GCM_SHA384"


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
@pytest.mark.parametrize("level", SECURED)
def test_old_protocols_are_those_of_old_releases(level: str, version: int) -> None:
    for release in ("6.2", "8.1", "9.1", "10.0", "10.1"):
        assert meet(offered(level, release), version=version)
    for release in ("11.0", "11.1", "12.0", "12.3"):
        assert not meet(offered(level, release), version=version)
    assert not meet(None, version=version)


def test_no_cipher_without_authentication_or_encryption() -> None:
    for cipher in ("aNULL", "eNULL", "PSK"):
        for level in SECURED:
            assert meet(offered(level, "6.2"), cipher) == ""


def test_only_high_demands_a_certificate() -> None:
    for release in RELEASES:
        demanding = [level for level in SECURED if offered(level, release.version).client_certificate]
        assert demanding == [HIGH]


def test_every_row_says_how_it_is_known() -> None:
    assert len({(row.level, row.since.value) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert all(fact.source for fact in (row.since, row.floor, row.client_certificate))
    assert [oldest(release).value for release in (R6, R10, R11, R12)] == ["TLS 1.0", "TLS 1.0", "TLS 1.2", "TLS 1.2"]


def test_the_registrar_takes_what_its_oldest_phones_speak() -> None:
    for release in RELEASES:
        assert meet(tls_levels.of_registrar(release), "AES128-SHA") == "AES128-SHA"


# Asking for a client certificate.

VERSIONS = ("TLS 1.2", "TLS 1.3")
every_version = pytest.mark.parametrize("version", VERSIONS)
SELF_SIGNED = issue()
CLIENTS = {
    "with its chain": issued(number=96),
    "alone": Identity(issued(number=96).key, issued(number=96).chain[:1]),
    "without its root": Identity(issued(number=96).key, issued(number=96).chain[:2]),
    "self-signed": SELF_SIGNED,
    "expired": issued(number=97, days=1, age=900 * DAY),
    "elliptic": elliptic(number=96),
}


def asked(
    version: str, identity: Identity | None, answer: bool, *, fail_if_none: bool = False
) -> tuple[str, list[int]]:
    """The alert that the peer gets, and the lengths of the chains that were judged."""
    judged: list[tuple[bytes, ...]] = []

    def refuses(chain: tuple[bytes, ...]) -> bool:
        judged.append(chain)
        return answer

    context = tls.server_context(SHOWN, ask_client=True, fail_if_none=fail_if_none, refuses=refuses)
    end = ServerEnd(context)
    session = handshake(Client(Check.NOTHING, oldest=version, newest=version, identity=identity), end)
    assert session.is_open == end.is_open == (session.alerts.received is None)
    assert all(identity is not None and set(chain) <= set(identity.chain) for chain in judged)
    assert all(identity is not None and chain[0] == identity.der for chain in judged)
    return str(session.alerts.received or ""), [len(chain) for chain in judged]


@every_version
@pytest.mark.parametrize("kind", CLIENTS)
def test_whatever_is_presented_is_judged_once_and_the_verdict_counts(version: str, kind: str) -> None:
    """OpenSSL itself objects to none of them: dates and trust are for the verdict."""
    lengths = [len(CLIENTS[kind].chain)]
    assert asked(version, CLIENTS[kind], False) == ("", lengths)
    assert asked(version, CLIENTS[kind], True) == ("bad_certificate (42)", lengths)


@every_version
def test_who_presents_none_is_refused_only_where_one_is_required(version: str) -> None:
    missing = {"TLS 1.2": "handshake_failure (40)", "TLS 1.3": "certificate_required (116)"}
    assert asked(version, None, True) == ("", [])
    assert asked(version, None, False, fail_if_none=True) == (missing[version], [])
    assert asked(version, CLIENTS["alone"], False, fail_if_none=True) == ("", [1])


@every_version
def test_without_a_verdict_any_is_taken(version: str) -> None:
    for identity in (SELF_SIGNED, None):
        end = ServerEnd(tls.server_context(SHOWN, ask_client=True))
        assert handshake(Client(Check.NOTHING, oldest=version, newest=version, identity=identity), end).is_open


@every_version
def test_who_is_not_asked_shows_nothing(version: str) -> None:
    def never(_chain: tuple[bytes, ...]) -> bool:
        raise AssertionError

    end = ServerEnd(tls.server_context(SHOWN, refuses=never))
    assert handshake(Client(Check.NOTHING, oldest=version, newest=version, identity=SELF_SIGNED), end).is_open


@every_version
def test_an_error_of_the_verdict_is_no_acceptance(version: str) -> None:
    def fails(_chain: tuple[bytes, ...]) -> bool:
        raise KeyError("a fault of ours")

    end = ServerEnd(tls.server_context(SHOWN, ask_client=True, refuses=fails))
    with pytest.raises(KeyError, match="a fault of ours"):
        handshake(Client(Check.NOTHING, oldest=version, newest=version, identity=SELF_SIGNED), end)
    assert not end.is_open


@every_version
def test_one_context_judges_each_connection_by_its_own_chain(version: str) -> None:
    judged: list[int] = []

    def refuses(chain: tuple[bytes, ...]) -> bool:
        judged.append(len(chain))
        return False

    context = tls.server_context(SHOWN, ask_client=True, refuses=refuses)
    kinds = ("with its chain", "alone", "self-signed", "with its chain")
    pairs = [(SSL.Connection(context), _peer_of(CLIENTS[kind], version)) for kind in kinds]
    for here, there in pairs:
        here.set_accept_state()
        there.set_connect_state()
    for _ in range(4):  # by turns
        for here, there in pairs:
            tls._shake(there, here)
            tls._shake(here, there)
    assert judged == [3, 1, 1, 3]


def _peer_of(identity: Identity, version: str) -> SSL.Connection:
    return SSL.Connection(Client(Check.NOTHING, oldest=version, newest=version, identity=identity).context())
