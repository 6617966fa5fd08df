"""``ipsim inspect`` judges: each field that is not a profile's own, the ranking, what people and programs read of it.

The fields of a profile have tests/mutations/test_profile_mutations.py, the reading of files test_inspection_target.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import platforms
from firmware.basis import assumed
from firmware.bench.inspection import Candidate, Outcome, Role, grouped, judge, search
from firmware.bench.inspection_fields import COMPARISONS
from firmware.release import BY_VERSION
from firmware.security import certificates
from firmware.security.keys import KeyPair, derive
from firmware.security.profiles import CA_ISSUED, IP500V2_SELF_SIGNED, TEMPORARY, Profile
from firmware.times import DAY, HOUR, parse_time
from tests.security import test_bare, test_ca_issued, test_root_ca
from tests.security.specimen import CREATED, NAMES, UNIT, changed, issue

NOW = CREATED + 30 * DAY
R12_3 = BY_VERSION["12.3"]
IP500V2 = Candidate(platforms.load("ip500v2"), R12_3, Role.IDENTITY)
PRIMARY = Candidate(platforms.load("primary"), R12_3, Role.IDENTITY)
ROOT, IDENTITY = test_root_ca.root(), test_ca_issued.identity(test_root_ca.root())
KEY = derive(UNIT, "identity", 1)


def outcomes(chain: tuple[bytes, ...], candidate: Candidate = IP500V2, now: int = NOW) -> dict[str, Outcome]:
    """The fields that do not conform."""
    rows = judge(chain, candidate, now).rows
    return {row.field: row.outcome for row in rows if row.outcome in (Outcome.DIFFERS, Outcome.READING)}


def altered(der: bytes, change: Callable[[Any], None], key: KeyPair = KEY) -> bytes:
    """A certificate with another body, signed again; by a library that lets anything through."""
    certificate = asn1.Certificate.load(der)
    body = certificate["tbs_certificate"].copy()
    change(body)
    private = key.private
    assert isinstance(private, rsa.RSAPrivateKey)
    signed = private.sign(body.dump(force=True), padding.PKCS1v15(), hashes.SHA256())
    whole = asn1.Certificate(
        {
            "tbs_certificate": body,
            "signature_algorithm": certificate["signature_algorithm"],
            "signature_value": core.OctetBitString(signed),
        }
    )
    return bytes(whole.dump(force=True))


def put(field: str, value: Any) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body[field] = value

    return change


def extend(oid: str, value: bytes) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body["extensions"].append({"extn_id": oid, "critical": False, "extn_value": core.ParsableOctetString(value)})

    return change


def rename(text: str) -> Callable[[Any], None]:
    """Another CN in the subject, the issuer and the SAN."""

    def change(body: Any) -> None:
        for name in ("subject", "issuer"):
            body[name].chosen[0][0]["value"] = asn1.DirectoryString(name="utf8_string", value=core.UTF8String(text))
        for extension in body["extensions"]:
            if extension["extn_id"].native == "subject_alt_name":
                extension["extn_value"].parsed[0] = asn1.GeneralName(name="dns_name", value=asn1.DNSName(text))

    return change


def nameless(body: Any) -> None:
    body["subject"] = body["issuer"] = asn1.Name.build({})


DIFFERS, READING = Outcome.DIFFERS, Outcome.READING
ALTERED = {
    "a serial number of 21 bytes": (put("serial_number", 1 << 160), {"serial_bytes": DIFFERS}),
    "serial number 0": (put("serial_number", 0), {"serial_bytes": DIFFERS}),
    "a negative serial number": (put("serial_number", -5), {"serial_bytes": DIFFERS}),
    "a small serial number": (put("serial_number", 1), {"serial_bytes": READING}),
    "another issuer": (put("issuer", asn1.Name.build({"common_name": "x"})), {"issuer": DIFFERS}),
    "no name": (nameless,
                {"subject": DIFFERS, "san": DIFFERS}),
    "one more extension": (extend("1.3.6.1.5.5.7.1.1", b"0\0"), {"further_extensions": READING}),
    "a MAC in capitals": (rename("ipoffice-00E00705918E.avaya.com"), {"subject": DIFFERS}),
    "a MAC with a colon": (rename("ipoffice-00:e0:07:05:91:8e.avaya.com"), {"subject": DIFFERS}),
    "another MAC": (rename("ipoffice-00e007059190.avaya.com"), {}),
    "something after the name": (rename("ipoffice-00e00705918e.avaya.com\nx"), {"subject": DIFFERS}),
}  # fmt: skip


@pytest.mark.parametrize("what", ALTERED)
def test_a_field_that_no_profile_has(what: str) -> None:
    change, expected = ALTERED[what]
    assert outcomes((altered(issue().der, change),)) == expected


def test_signing_again_changes_nothing_by_itself() -> None:
    assert altered(issue().der, lambda _: None) == issue().der


def test_a_certificate_of_version_1() -> None:
    def downgrade(body: Any) -> None:
        body["version"] = "v1"
        del body["extensions"]

    assert outcomes((altered(issue().der, downgrade),)) == dict.fromkeys(
        ("version", "san", "extended_key_usage", "ca", "key_usage"), DIFFERS
    )


@pytest.mark.parametrize("digest", [certificates.Digest.SHA384, certificates.Digest.SHA512])
def test_another_digest(digest: certificates.Digest) -> None:
    number, dates = 1 << 100, certificates.validity(IP500V2_SELF_SIGNED, R12_3, CREATED)
    der = certificates.issue(IP500V2_SELF_SIGNED, NAMES, KEY, None, number, *dates, digest)
    assert outcomes((der,)) == {"signature_algorithm": DIFFERS}


@pytest.mark.parametrize(
    ("chain", "candidate"), [((issue().der,), IP500V2), (IDENTITY.chain, PRIMARY)], ids=["own", "ca"]
)
def test_a_signature_that_does_not_hold(chain: tuple[bytes, ...], candidate: Candidate) -> None:
    spoilt = chain[0][:-1] + bytes([chain[0][-1] ^ 1])
    assert outcomes((spoilt, *chain[1:]), candidate) == {"signature": DIFFERS}


def test_bits_beyond_a_list_that_may_continue_are_our_readings() -> None:
    more = (*IP500V2_SELF_SIGNED.key_usage.value, "cRLSign")
    assert outcomes((issue(changed("key_usage", more)).der,)) == {"key_usage": READING}
    assert outcomes((issue(changed("key_usage", more[1:])).der,)) == {"key_usage": DIFFERS}


@pytest.mark.parametrize(
    ("now", "differs"),
    [(CREATED, False), (CREATED - HOUR + 1000, False), (CREATED - HOUR - 1000, True), (CREATED + 3000 * DAY, False)],
    ids=str,
)
def test_a_certificate_from_the_future_is_odd(now: int, differs: bool) -> None:
    assert ("backdate" in outcomes((issue().der,), now=now)) is differs


def test_one_older_than_its_release_is_odd_unless_the_clock_was_not_set() -> None:
    assert outcomes((issue(clock=None).der,)) == {}
    assert outcomes((issue(clock=parse_time("2023-12-31")).der,)) == {"backdate": READING}


def under(ca: Any, number: int) -> bytes:
    dates = certificates.validity(CA_ISSUED, R12_3, CREATED)
    return certificates.issue(CA_ISSUED, NAMES, KEY, ca.signer, number, *dates)


def seen(chain: tuple[bytes, ...], field: str, candidate: Candidate = PRIMARY) -> tuple[str, Outcome]:
    (row,) = [row for row in judge(chain, candidate, NOW).rows if row.field == field]
    return row.found, row.outcome


def test_the_serial_number_beside_the_roots() -> None:
    first = ROOT.serial_of(UNIT, CA_ISSUED, 1)
    for number, found, outcome in (
        (first, "the issuer's + 1", Outcome.CONFORMS),
        (first + 4, "the issuer's + 5 (a later identity)", Outcome.CONFORMS),
        (first - 1, "unrelated to the issuer's", DIFFERS),
        (1 << 100, "unrelated to the issuer's", DIFFERS),
    ):
        assert seen((under(ROOT, number), ROOT.der), "serial_after_root") == (found, outcome)


def test_a_ca_renewed_later_has_another_serial_number() -> None:
    renewed = test_root_ca.root(renewals=1, clock=CREATED + DAY)
    found = seen((IDENTITY.der, renewed.der), "serial_after_root")
    assert found == ("the issuer's certificate was renewed since", Outcome.NOT_VISIBLE)
    assert outcomes((IDENTITY.der, renewed.der), PRIMARY) == {}


def test_an_identity_without_its_issuer_is_judged_as_far_as_it_goes() -> None:
    assert outcomes(IDENTITY.chain[:1], PRIMARY) == {}
    for field in ("serial_after_root", "signature"):
        assert seen(IDENTITY.chain[:1], field) == ("the issuer is not there", Outcome.NOT_VISIBLE)


def test_an_identity_beside_a_ca_that_is_not_its_issuer() -> None:
    assert outcomes((IDENTITY.der, issue().der), PRIMARY) == {"issuer": DIFFERS}
    other = test_root_ca.root(2)  # of the same name
    assert set(outcomes((IDENTITY.der, other.der), PRIMARY)) == {
        "signature", "serial_after_root", "authority_key_identifier",
    }  # fmt: skip


def test_every_field_of_a_profile_has_a_comparison() -> None:
    assert {field.name for field in fields(Profile)} - {"name"} <= set(COMPARISONS)


EXPANSION_TOO = ["IP500 V2, {}", "IP500 V2, Server Edition expansion, {}"]
ROOTS = ["Application Server{}", "Server Edition Primary{}", "Unified Communication Module{}"]
NODES = ["Server Edition Expansion (Linux), {}", "Server Edition Secondary, {}"]
CALLED_ROOT = ", root CA certificate, releases 8.1 to 12.3"
SERVERS = ["Application Server", "Server Edition Expansion (Linux)", "Server Edition Primary",
           "Server Edition Secondary", "Unified Communication Module"]  # fmt: skip
FITS: dict[str, tuple[tuple[bytes, ...], list[str]]] = {
    "an IP500 V2's": ((issue().der,), [title.format("releases 11.1 to 12.3") for title in EXPANSION_TOO]),
    "an old IP500 V2's": (
        (issue(release=BY_VERSION["9.1"], clock=parse_time("2015-06-01")).der,),
        ["IP500 V2, releases 6.2, 8.1, 9.1", "IP500 V2, Server Edition expansion, releases 8.1, 9.1"],
    ),
    "an identity": (IDENTITY.chain, [title.format(", releases 11.1 to 12.3") for title in ROOTS]),
    "a root": ((ROOT.der,), [title.format(CALLED_ROOT) for title in ROOTS]),
    "a node's": ((test_bare.bare().der,), [title.format("releases 11.1 to 12.3") for title in NODES]),
    "a temporary one": (
        (issue(TEMPORARY).der,),
        [f"{title}, certificate before an ignition, releases 8.1 to 12.3" for title in SERVERS],
    ),
}


@pytest.mark.parametrize("whose", FITS)
def test_what_fits_best(whose: str) -> None:
    chain, titles = FITS[whose]
    groups = grouped(search(chain, None, None, None, NOW))
    best = [str(group) for group in groups if group.rank == (0, 0)]
    assert [title.replace("6.2, 8.1, 9.1", "6.2 to 9.1") for title in titles] == best
    assert [group.rank for group in groups] == sorted(group.rank for group in groups)


def test_what_no_document_describes_is_not_the_best_of_what_fits_badly() -> None:
    """A temporary certificate's fields are all assumed: nothing could be documented to differ from them."""
    chain = (issue(replace(TEMPORARY, ca=assumed(True))).der,)
    assert not [one for one in search(chain, None, None, None, NOW) if one.candidate.role is Role.TEMPORARY]
    assert search(chain, PRIMARY.platform, "12.3", Role.TEMPORARY, NOW)[0].rank == (0, 1)
