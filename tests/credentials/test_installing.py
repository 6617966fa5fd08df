"""An identity from outside: taken whole wherever TLS is spoken, or refused with not a byte of the unit changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.appliance import Appliance
from firmware.errors import Full, NotNow
from firmware.security import tls
from firmware.security.certificates import Identity
from firmware.security.importing import LARGEST_FILE
from firmware.security.settings import Origin
from firmware.times import DAY
from tests.boot import units as boot
from tests.boot.cuts import crash_states
from tests.boot.units import (
    cut_power,
    do,
    events,
    held,
    identity_of,
    images,
    overprograms,
    start_again,
)
from tests.credentials.units import (
    KINDS,
    PASSWORD,
    a_request,
    another_key,
    answer_to,
    elliptic,
    issued,
    p12_of,
    pem_of,
    pem_with_key,
    presented,
    refused,
    request_of,
    roots,
    settings_in_use,
    settings_on_flash,
    third_party,
    unit_of,
)
from tests.ignition.units import ignited
from tests.security import authorities as made_by_others

FORMS: dict[str, Callable[[Identity], tuple[bytes, str]]] = {
    "PKCS#12": lambda made: (p12_of(made), PASSWORD),
    "PEM": lambda made: (pem_with_key(made), ""),
}


# A ready identity.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_set_is_shown_by_every_tls_interface_also_after_a_restart(kind: str, form: str) -> None:
    unit = unit_of(kind)
    before = settings_in_use(unit)
    data, password = FORMS[form](issued())
    do(unit, "set_identity", data=data, password=password)
    for _ in range(2):
        found = settings_in_use(unit)
        assert (found.identity, found.telephony, found.origin) == (issued(), None, Origin.SET)
        assert found.trusted == (*before.trusted, *third_party().chain)
        assert found.generation == before.generation
        for telephony in (False, True):
            assert tls.shown(presented(unit, telephony=telephony)) == issued().chain
        start_again(unit)
    assert unit.platform.objections(unit)  # it names a phone: said, and kept all the same


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_one_takes_its_place_and_the_signers_of_the_last_one_stay_trusted(kind: str) -> None:
    unit = do(unit_of(kind), "set_identity", data=pem_with_key(issued()))
    do(unit, "set_identity", data=pem_with_key(issued("Other")))
    assert presented(unit) == issued("Other")
    assert {*third_party().chain, *third_party("Other").chain} <= set(settings_in_use(unit).trusted)


@cache
def _small() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  # small on purpose


def _revocations() -> bytes:
    root = third_party().signers[-1]
    now = x509.load_der_x509_certificate(root.der).not_valid_before_utc
    builder = x509.CertificateRevocationListBuilder(x509.load_der_x509_certificate(root.der).subject, now, now)
    return builder.sign(root.key.private, hashes.SHA256()).public_bytes(Encoding.PEM)


def _large() -> Identity:
    """A certificate of some 150 kB: more than an NVM has room for, and less than a file may have."""
    return issued(names=("phone.example.com", *(f"{'x' * 60}.{number}.example.com" for number in range(1800))))


def _expired() -> Identity:
    return issued(age=11 * DAY, days=10)


REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "wrong password": (lambda: p12_of(issued()), "other", "the password does not open the file"),
    "no password": (lambda: p12_of(issued()), "", "the password does not open the file"),
    "a password with a NUL": (lambda: p12_of(issued()), "p\0", "a character that no password can hold"),
    "expired": (lambda: p12_of(_expired()), PASSWORD, "expired: CN=phone.example.com was valid until 2026-11-22T09:"),
    "not valid yet": (lambda: p12_of(issued(age=-2 * DAY)), PASSWORD, "not valid yet: CN=phone.example.com begins"),
    "another's key": (
        lambda: pem_with_key(Identity(another_key(), issued().chain)), "",
        "the private key is not that of any certificate in the file",
    ),
    "no key": (lambda: pem_of(*issued().chain), "", "the file holds no private key"),
    "no certificate": (lambda: pem_with_key(Identity(another_key(), ())), "", "the private key is not that of any"),
    "a small key": (lambda: made_by_others.pem(
        _small(), made_by_others.certificate(made_by_others.Spec(), _small())
    ), "", "the RSA key has 1024 bits; 2048 is the least"),
    "PKCS#12 cut short": (lambda: p12_of(issued())[:-100], PASSWORD, "or the file is damaged"),
    "PEM cut short": (lambda: pem_with_key(issued())[:-40], "", "the file is cut short"),
    "huge": (lambda: bytes(LARGEST_FILE + 1), "", f"the file has {LARGEST_FILE + 1} bytes; {LARGEST_FILE} is the most"),
    "a request": (a_request, "", "the file holds no private key"),
    "revocations": (_revocations, "", "the file holds no private key"),
    "a request with the key to it": (
        lambda: pem_with_key(Identity(another_key(), ())) + a_request(), "",
        "the private key is not that of any certificate in the file",
    ),
    "nothing": (lambda: b"", "", "neither a PKCS#12 nor a PEM file"),
    "garbage": (lambda: bytes(range(256)) * 9, PASSWORD, "neither a PKCS#12 nor a PEM file"),
    "a DER certificate": (lambda: issued().der, "", "neither a PKCS#12 nor a PEM file"),
}  # fmt: skip


@pytest.mark.parametrize("telephony", [False, True])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_has_one_sentence_and_changes_nothing(name: str, telephony: bool) -> None:
    make, password, says = REFUSED[name]
    said = refused(unit_of("ip500v2"), "set_identity", data=make(), password=password, telephony=telephony)
    assert said.startswith("the certificate is not taken: ")
    assert says in said
    assert "PRIVATE" not in said


@pytest.mark.parametrize("name", ["wrong password", "another's key", "huge", "garbage"])
def test_a_server_refuses_it_too(name: str) -> None:
    make, password, says = REFUSED[name]
    assert says in refused(unit_of("primary"), "set_identity", data=make(), password=password)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_the_unit_has_no_room_for_is_refused_whole(kind: str) -> None:
    data = pem_with_key(_large())
    assert 100_000 < len(data) < LARGEST_FILE
    said = refused(unit_of(kind), "set_identity", error=Full, data=data)
    assert " bytes, not 14" in said


def test_without_a_clock_its_dates_are_not_judged() -> None:
    unit = unit_of("ip500v2")
    unit.clock.lose()
    do(unit, "set_identity", data=p12_of(_expired()), password=PASSWORD)
    assert presented(unit).der == _expired().der


@pytest.mark.parametrize("telephony", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_has_no_room_for_its_signers_refuses_the_whole(kind: str, telephony: bool) -> None:
    unit = unit_of(kind)
    free = 64 - len(settings_in_use(unit).trusted)
    do(unit, "trust", data=pem_of(*roots(free - 1)))
    said = refused(unit, "set_identity", data=pem_with_key(issued()), telephony=telephony)
    assert said == (
        "the certificate is not taken: the trusted certificate store has room for 64 certificates and holds 63: "
        "2 more do not fit"
    )
    do(unit, "distrust", data=roots(1)[0])
    do(unit, "set_identity", data=pem_with_key(issued()), telephony=telephony)
    assert presented(unit, telephony=telephony) == issued()


def test_only_a_running_unit_takes_one() -> None:
    unit = boot.shut_down()
    before = images(unit)
    for operation, arguments in (("set_identity", {"data": p12_of(issued()), "password": PASSWORD}),
                                 ("share_identity", {})):  # fmt: skip
        with pytest.raises(NotNow, match="its certificate cannot be set"):
            do(unit, operation, **arguments)
    assert images(unit) == before


# Telephony's own.


@pytest.mark.parametrize("kind", KINDS)
def test_telephony_presents_its_own_until_it_shares_management_s_again(kind: str) -> None:
    unit = unit_of(kind)
    own = identity_of(unit)
    do(unit, "set_identity", data=pem_with_key(issued()), telephony=True)
    for _ in range(2):
        assert tls.shown(presented(unit, telephony=True)) == issued().chain
        assert presented(unit).der == own.der
        assert settings_in_use(unit).origin is Origin.MADE
        assert set(third_party().chain) <= set(settings_in_use(unit).trusted)
        start_again(unit)
    do(unit, "share_identity")
    assert presented(start_again(unit), telephony=True).der == own.der


def test_a_security_default_leaves_telephony_nothing_of_its_own() -> None:
    unit = do(unit_of("ip500v2"), "set_identity", data=pem_with_key(issued()), telephony=True)
    do(unit, "default_security")
    assert settings_in_use(unit).telephony is None
    assert presented(unit, telephony=True) == presented(unit)


# The chain.


@pytest.mark.parametrize("kind", KINDS)
def test_the_chain_is_offered_when_that_is_set_and_not_else(kind: str) -> None:
    unit = do(unit_of(kind), "set_identity", data=pem_with_key(issued()))
    assert tls.shown(presented(unit)) == issued().chain
    do(unit, "set_chain", offered=False)
    for _ in range(2):
        assert tls.shown(presented(unit)) == issued().chain[:1]
        assert tls.shown(presented(unit, telephony=True)) == issued().chain[:1]
        start_again(unit)
    do(unit, "set_chain", offered=True)
    assert tls.shown(presented(start_again(unit))) == issued().chain
    do(unit, "default_security")
    assert settings_in_use(unit).offers_chain is True


def test_the_chain_is_what_the_store_leads_to_and_no_more() -> None:
    unit = do(unit_of("ip500v2"), "set_identity", data=pem_with_key(issued()))
    do(unit, "distrust", data=third_party().root)
    assert tls.shown(presented(unit)) == issued().chain[:2]
    do(unit, "distrust", data=third_party().signer.der)
    assert tls.shown(presented(unit)) == issued().chain[:1]
    do(unit, "trust", data=pem_of(third_party().root, third_party().signer.der))
    assert tls.shown(presented(unit)) == issued().chain


@pytest.mark.parametrize("release", ["9.1", "10.0"])
def test_before_11_1_a_unit_offers_no_chain_unless_it_is_told_to(release: str) -> None:
    unit = do(boot.running(release), "set_identity", data=pem_with_key(issued()))
    assert tls.shown(presented(unit)) == issued().chain[:1]
    do(unit, "set_chain", offered=True)
    assert tls.shown(presented(unit)) == issued().chain


# What is set stays; what was made here follows.

CHANGES: dict[str, tuple[str, dict[str, object]]] = {
    "address": ("set_address", {"lan": 0, "interface": "10.9.9.9/24"}),
    "host name": ("set_host_name", {"host_name": "other.example.com"}),
    "SIP names": ("set_sip", {"domain": "example.com", "fqdn": "sip.example.com"}),
    "a new CA": ("create_authority", {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_identity_that_was_set_is_not_made_anew_where_one_that_was_made_is(name: str) -> None:
    operation, arguments = CHANGES[name]
    made = unit_of("primary")
    before = held(made)
    do(made, operation, **arguments)
    assert held(made)[1] == before[1] + 1
    assert identity_of(made).key != before[0].key if before[0] else False
    assert made.platform.objections(made) == []
    unit = do(unit_of("primary"), "set_identity", data=pem_with_key(issued()))
    do(unit, operation, **arguments)
    assert identity_of(unit) == issued()
    assert identity_of(start_again(unit)) == issued()
    assert len(events(unit, "certificate.generated")) == 1  # by ignition


def test_an_identity_that_was_set_goes_with_a_security_default() -> None:
    unit = do(unit_of("primary"), "set_identity", data=pem_with_key(issued()))
    do(unit, "default_security")
    assert settings_in_use(unit).origin is Origin.MADE
    assert unit.ram.authority is not None
    assert identity_of(unit).chain[1:] == unit.ram.authority.chain
    do(unit, "set_address", lan=0, interface="10.9.9.9/24")
    assert unit.platform.objections(unit) == []


def test_with_automatic_renewal_off_one_that_was_made_here_stays_too() -> None:
    unit = do(unit_of("primary"), "set_renewal", automatic=False)
    before = identity_of(unit)
    do(unit, "set_address", lan=0, interface="10.9.9.9/24")
    do(unit, "set_sip", fqdn="sip.example.com")
    assert identity_of(start_again(unit)) == before
    do(unit, "set_renewal", automatic=True)
    do(unit, "set_sip", fqdn="other.example.com")
    assert "other.example.com" in str(identity_of(unit).certificate.extensions)
    assert unit.platform.objections(unit) == []


# Power cuts.

CUT: dict[str, tuple[Callable[[], Appliance], str, Callable[[Appliance], dict[str, object]]]] = {
    "set": (lambda: unit_of("ip500v2"), "set_identity", lambda _: {"data": pem_with_key(elliptic())}),
    "set for telephony": (
        lambda: unit_of("ip500v2"), "set_identity",
        lambda _: {"data": pem_with_key(elliptic()), "telephony": True},
    ),
    "set on a server": (ignited, "set_identity", lambda _: {"data": pem_with_key(elliptic())}),
    "request": (ignited, "make_request", lambda _: {}),
    "answer": (
        lambda: do(ignited(), "make_request"), "import_certificate",
        lambda unit: {"data": pem_of(*answer_to(request_of(unit)))},
    ),
    "chain": (lambda: unit_of("ip500v2"), "set_chain", lambda _: {"offered": False}),
    "checks": (lambda: unit_of("ip500v2"), "set_checks", lambda _: {"management": "High", "telephony": "Low"}),
}  # fmt: skip


def _cut(name: str, sample: int | None = None) -> None:
    make, operation, arguments_of = CUT[name]
    base = make()
    arguments = arguments_of(base)
    before, after = settings_on_flash(base), settings_on_flash(do(base.copy(), operation, **arguments))
    found = set()
    for cut, crashed in crash_states(base, lambda unit: do(unit, operation, **arguments), sample=sample):
        at_rest = settings_on_flash(crashed)
        assert at_rest in (before, after), cut
        unit = start_again(crashed)
        assert settings_in_use(unit) == at_rest, cut
        assert identity_of(unit).is_whole(), cut
        assert overprograms(unit) == 0, cut
        found.add(at_rest)
    assert found == {before, after} or sample is not None


@pytest.mark.parametrize("name", CUT)
def test_a_power_cut_leaves_the_old_or_the_new_whole(name: str) -> None:
    _cut(name, sample=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CUT)
def test_a_power_cut_in_any_form_leaves_the_old_or_the_new_whole(name: str) -> None:
    _cut(name)


def test_a_unit_that_is_cut_off_says_what_it_is_no_more() -> None:
    """Nothing of an identity that was being set is left in RAM."""
    unit = do(unit_of("ip500v2"), "set_identity", data=pem_with_key(elliptic()))
    cut_power(unit)
    assert (unit.ram.settings, unit.ram.identity) == (None, None)
    with pytest.raises(NotNow):
        do(unit, "set_chain", offered=True)
