"""The rows of endpoints: whole, with a basis each, and found by what a phone says of itself."""

from __future__ import annotations

import pytest

from firmware.basis import Basis
from firmware.peers.endpoints import (
    BY_NAME,
    ENDPOINTS,
    ClientCertificate,
    Endpoint,
    NameRule,
    TrustSource,
)
from firmware.security.tls_client import VERSIONS, Check

every_row = pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)


def test_every_row_of_the_document_is_there() -> None:
    """certificates.md, section 7; its row of SIP phones with a settings file is two here."""
    assert set(BY_NAME) == {"e129", "j100", "9600sip", "remote", "j129", "1100", "h323", "workplace"}
    assert len(BY_NAME) == len(ENDPOINTS)


@every_row
def test_every_value_is_a_fact_and_what_is_documented_names_its_source(row: Endpoint) -> None:
    facts = row.facts()
    assert len(facts) == len(Endpoint.__slots__) - 2  # all but the name and the title
    for name, fact in facts.items():
        assert fact.basis is not Basis.DOCUMENTED or fact.source, name


@every_row
def test_a_row_makes_sense(row: Endpoint) -> None:
    oldest, newest = (list(VERSIONS).index(fact.value) for fact in (row.oldest_tls, row.newest_tls))
    assert oldest <= newest
    assert set(row.transports.value) <= {"TLS", "TCP", "UDP"}
    needs_root = row.later.value is Check.FULL
    assert needs_root == (row.trust.value is not TrustSource.NOWHERE)
    assert (row.sip_names.value is NameRule.NONE) == (not row.transports.value or row.later.value is Check.NOTHING)


def test_what_is_documented() -> None:
    e129, j129, j100, phone = (BY_NAME[name] for name in ("e129", "j129", "j100", "1100"))
    assert (e129.at_first.value, e129.later.value, e129.later.cite()) == (
        Check.NOTHING,
        Check.NOTHING,
        "documented SEED",
    )
    assert (j100.at_first.value, j100.later.value, j100.later.cite()) == (Check.NAME, Check.FULL, "documented P")
    assert BY_NAME["remote"].at_first.value is Check.FULL
    assert j129.sip_names.value is NameRule.DOMAIN
    assert phone.transports.value == ("TLS", "TCP", "UDP")
    assert phone.trust.value is TrustSource.FINGERPRINT
    unsupported = {row.name for row in ENDPOINTS if row.client_certificate.value is ClientCertificate.UNSUPPORTED}
    assert unsupported == {"e129", "1100", "h323"}
