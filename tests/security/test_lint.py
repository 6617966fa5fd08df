"""pkilint's RFC 5280 rules over each kind of certificate that the product makes: exactly these findings, each meant.

The vendor's certificates are not all that the RFC wants. A finding that is new, or gone, is a change of what we make.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from pkilint import loader  # type: ignore[import-untyped]
from pkilint.pkix import certificate, extension, name  # type: ignore[import-untyped]

from firmware.release import BY_VERSION
from firmware.security import authority, certificates
from firmware.security.keys import derive
from firmware.security.profiles import (
    BARE_SELF_SIGNED,
    CA_ISSUED,
    IP500V2_SELF_SIGNED,
    ROOT_CA,
    TEMPORARY,
    Profile,
)
from tests.security.specimen import CREATED, NAMES, UNIT

R12_3 = BY_VERSION["12.3"]
MAIL = ("pkix.subject_email_address_not_in_san", "ERROR")
NOT_CRITICAL = ("pkix.key_usage_extension_not_critical", "WARNING")
AGREEMENT = ("pkix.key_usage_value_prohibited_for_rsa", "ERROR")
METHOD_1 = ("pkix.subject_key_identifier_method_1_identified", "INFO")
NO_SKI_OF_CA = ("pkix.certificate_skid_ca_missing", "ERROR")
NO_SKI = ("pkix.certificate_skid_end_entity_missing", "WARNING")
NO_AKI = ("pkix.authority_key_identifier_extension_absent", "ERROR")
NO_URI = ("pkix.invalid_uri_syntax", "ERROR")
ONE_LABEL = ("pkix.invalid_domain_name_syntax", "ERROR")

REASONS = {
    MAIL: "documented [A, B, C]: E is in the subject, and no SAN has an e-mail entry (RFC 5280, 4.1.2.6)",
    NOT_CRITICAL: "documented for the root [B], assumed for the others (RFC 5280, 4.2.1.3: SHOULD)",
    AGREEMENT: "documented [A]: keyAgreement over an RSA key (RFC 3279, 2.3.1); the issued identity's is as A",
    METHOD_1: "the SKI is the SHA-1 of the key, as most CAs have it (RFC 5280, 4.2.1.2): a remark, no fault",
    NO_SKI_OF_CA: "assumed absent, as A does not show it; a CA MUST have one (RFC 5280, 4.2.1.2)",
    NO_SKI: "assumed absent, as C does not show it (RFC 5280, 4.2.1.2: SHOULD)",
    NO_AKI: "assumed absent, as C does not show it; only a self-signed CA may go without (RFC 5280, 4.2.1.1)",
    NO_URI: "documented [B]: the root's one SAN entry is a URI that holds the bare CN (RFC 5280, 4.2.1.6)",
    ONE_LABEL: "pkilint wants a dot in a DNS name; the wizard takes a bare host name, and so does RFC 1034, 3.5",
}

IDENTITY = {MAIL, NOT_CRITICAL, AGREEMENT, METHOD_1}
FINDINGS = {
    IP500V2_SELF_SIGNED.name: (IP500V2_SELF_SIGNED, NAMES.host, {NO_SKI_OF_CA, MAIL, AGREEMENT, NOT_CRITICAL}),
    ROOT_CA.name: (ROOT_CA, NAMES.host, {MAIL, NO_URI, NOT_CRITICAL, METHOD_1}),
    CA_ISSUED.name: (CA_ISSUED, "server1.example.com", IDENTITY),
    f"{CA_ISSUED.name}, of a host without a domain": (CA_ISSUED, NAMES.host, IDENTITY | {ONE_LABEL}),
    BARE_SELF_SIGNED.name: (BARE_SELF_SIGNED, NAMES.host, {NO_SKI, NO_AKI, MAIL}),
    TEMPORARY.name: (TEMPORARY, NAMES.host, {NO_SKI, NO_AKI, NOT_CRITICAL}),
}


def made(profile: Profile, host: str) -> bytes:
    """A certificate of this kind, as the product makes it."""
    names, clock = replace(NAMES, host=host), CREATED
    ca = authority.make(ROOT_CA, UNIT, 1, names, R12_3, clock)
    if profile is ROOT_CA:
        return ca.der
    signer = ca.signer if profile is CA_ISSUED else None
    number = ca.serial_of(UNIT, profile, 1) if signer else certificates.serial(UNIT, profile, 1)
    dates = certificates.validity(profile, R12_3, clock)
    return certificates.issue(profile, names, derive(UNIT, "identity", 1), signer, number, *dates)


@cache
def linter() -> tuple[object, object]:
    """(loader, rules), put together as pkilint's own command ``lint_pkix_cert`` does."""
    rules = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    return loader.RFC5280CertificateDocumentLoader(), rules


def findings(der: bytes) -> list[tuple[str, str]]:
    documents, rules = linter()
    document = documents.load_der_document(der, "")  # type: ignore[attr-defined]
    results = rules.validate(document.root)  # type: ignore[attr-defined]
    found = [each.finding for result in results for each in result.finding_descriptions]
    return sorted((finding.code, finding.severity.name) for finding in found)


@pytest.mark.parametrize("kind", FINDINGS)
def test_exactly_these_findings(kind: str) -> None:
    profile, host, expected = FINDINGS[kind]
    assert findings(made(profile, host)) == sorted(expected)


def test_every_finding_has_its_reason() -> None:
    assert set(REASONS) == {finding for _, _, expected in FINDINGS.values() for finding in expected}


def test_the_rules_are_at_work() -> None:
    """One bit of a root's SKI changed: its signature does not hold either, so it is self-signed no more."""
    der = made(ROOT_CA, NAMES.host)
    at = der.rindex(bytes.fromhex("551d0e04160414")) + 7
    odd = findings(der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :])
    unknown = ("pkix.unknown_subject_key_identifier_calculation_method", "NOTICE")
    assert odd == sorted({MAIL, NO_URI, NOT_CRITICAL, NO_AKI, unknown})
