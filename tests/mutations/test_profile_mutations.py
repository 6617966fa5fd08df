"""Every field of every profile flipped in turn: inspect names the field that was flipped, and no other.

A certificate issued under the flipped profile is inspected against the true one. What a certificate cannot show has its
reason here, and the test that sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import platforms
from firmware.basis import Basis, Fact, assumed
from firmware.bench.inspection import Candidate, Outcome, Role, judge
from firmware.release import BY_VERSION
from firmware.security import authority, certificates
from firmware.security.certificates import Names, Signer
from firmware.security.keys import KeyKind, KeyPair, derive
from firmware.security.profiles import (
    BARE_SELF_SIGNED,
    CA_ISSUED,
    IP500V2_SELF_SIGNED,
    ROOT_CA,
    TEMPORARY,
    Profile,
)
from tests.security import authorities
from tests.security.specimen import CREATED, NAMES, UNIT

R12_3 = BY_VERSION["12.3"]
NOW = CREATED + 1000  # inspected as soon as it is made
WHO = replace(NAMES, given=("more.example.com",))
SIP = replace(NAMES, fqdn="pbx.example.com", sip_domain="example.com")

PRODUCTS = {
    profile.name: Candidate(platforms.load(platform), R12_3, role)
    for profile, platform, role in (
        (IP500V2_SELF_SIGNED, "ip500v2", Role.IDENTITY),
        (ROOT_CA, "primary", Role.ROOT),
        (CA_ISSUED, "primary", Role.IDENTITY),
        (BARE_SELF_SIGNED, "secondary", Role.IDENTITY),
        (TEMPORARY, "primary", Role.TEMPORARY),
    )
}

# (field, profile, or None for all of them): why no certificate shows it, and where it is seen.
NOT_VISIBLE = {
    ("may_issue", None): "what the unit does, not what it shows: test_profiles.py::test_it_signs_for_nobody_though_…",
    ("path_length", CA_ISSUED.name): "no CA can have none: test_a_path_length_without_a_ca_cannot_be_made",
    ("path_length", BARE_SELF_SIGNED.name): "as above",
    ("path_length", TEMPORARY.name): "as above",
    ("extended_key_usage_critical", BARE_SELF_SIGNED.name): "no such extension: test_bare.py says that there is none",
    ("key_usage_critical", BARE_SELF_SIGNED.name): "as above",
}

# A flipped key takes the signature with it where it is the signer's own: sha256WithRSA is a field of its own. [A, B, C]
TAKES_ALONG = {("key", name): {"signature_algorithm"} for name in PRODUCTS if name != CA_ISSUED.name}


@dataclass(frozen=True)
class Mutant:
    """A profile with another value in one field, or in those that go with it too."""

    profile: str
    field: str
    values: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.profile}: {self.field} {self.values[0][1]}"

    @property
    def flipped(self) -> Profile:
        facts: dict[str, Any] = {field: assumed(value) for field, value in self.values}
        return replace(PRODUCTS[self.profile].profile, **facts)


def _shortened(values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [values[:at] + values[at + 1 :] for at in range(len(values))]


def _another(value: Any) -> list[Any]:
    return [not value]


def _other_subjects(subject: tuple[tuple[str, str], ...]) -> Iterator[tuple[tuple[str, str], ...]]:
    yield from (one for one in _shortened(subject) if "CN" in dict(one))
    for at, (kind, text) in enumerate(subject):
        yield (*subject[:at], (kind, "XX" if kind == "C" else f"x{text}".replace("{", "_{")), *subject[at + 1 :])
    for at, (first, second) in enumerate(pairwise(subject)):
        yield (*subject[:at], second, first, *subject[at + 2 :])
    yield (*subject, ("OU", "more"))


def _other_entries(san: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Optional entries are left out where they are not set, so that they count for nothing here."""
    always = tuple(word for word in san if word not in ("fqdn", "sip_domain"))
    yield from _shortened(always)
    yield (*always, "given")
    if len(set(always)) > 1:
        yield always[::-1]


def _other_usages(usages: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield from _shortened(usages)
    yield from ((*usages, more) for more in certificates._USAGES if more not in usages)


def _other_purposes(purposes: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield from _shortened(purposes)
    yield from ((*purposes, more) for more in certificates._PURPOSES if more not in purposes)
    if len(purposes) > 1:
        yield purposes[::-1]


OTHERS: dict[str, Any] = {
    "key": lambda _: [KeyKind.P_256],
    "serial_bytes": lambda _: [4],
    "subject": _other_subjects,
    "backdate": lambda _: [0],
    "san": _other_entries,
    "extended_key_usage": _other_purposes,
    "extended_key_usage_critical": _another,
    "ca": _another,
    "path_length": lambda length: [1, None if length is not None else 0],
    "basic_constraints_critical": _another,
    "key_usage": _other_usages,
    "key_usage_critical": _another,
    "subject_key_identifier": _another,
    "authority_key_identifier": _another,
    "lifetime": lambda days: [days + 1, days - 1, 2 * days],
}


def _mutants() -> Iterator[Mutant]:
    for name, candidate in PRODUCTS.items():
        facts: dict[str, Fact[Any]] = {"lifetime": R12_3.lifetime} | dict(candidate.profile.facts())
        for field, fact in facts.items():
            if (field, None) in NOT_VISIBLE or (field, name) in NOT_VISIBLE:
                continue
            for value in OTHERS[field](fact.value):
                along = (("path_length", None),) if field == "ca" else ()
                yield Mutant(name, field, ((field, value), *along))


MUTANTS = list(_mutants())


def chain(profile: Profile, candidate: Candidate, names: Names = WHO, *, imported: bool = False) -> tuple[bytes, ...]:
    """A certificate by a profile, as a unit in the candidate's role makes it; ``imported``: under a CA from outside."""
    dates = certificates.validity(profile, R12_3, CREATED)
    key = derive(UNIT, "identity", 1, profile.key.value)
    signer, number = None, certificates.serial(UNIT, profile, 1)
    if candidate.root is not None:
        ca = authority.make(ROOT_CA, UNIT, 1, names, R12_3, CREATED)
        signer, number = (_imported(), number) if imported else (ca.signer, ca.serial_of(UNIT, profile, 1))
    der = certificates.issue(profile, names, key, signer, number, *dates)
    return (der, signer.der) if signer else (der,)


def _imported() -> Signer:
    return Signer(KeyPair(_pkcs8(authorities.ROOT_KEY)), authorities.der(authorities.ROOT))


def _pkcs8(key: Any) -> bytes:
    found: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return found


def named(chain: tuple[bytes, ...], candidate: Candidate) -> set[str]:
    """The fields that inspect says differ, whatever their basis."""
    rows = judge(chain, candidate, NOW).rows
    return {row.field for row in rows if row.outcome in (Outcome.DIFFERS, Outcome.READING)}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_true_certificate_conforms(name: str) -> None:
    assert named(chain(PRODUCTS[name].profile, PRODUCTS[name]), PRODUCTS[name]) == set()


@pytest.mark.parametrize("names", [SIP, replace(SIP, fqdn=""), replace(SIP, sip_domain="")], ids=repr)
def test_so_does_an_identity_with_the_sip_registrars_names(names: Names) -> None:
    assert named(chain(CA_ISSUED, PRODUCTS[CA_ISSUED.name], names), PRODUCTS[CA_ISSUED.name]) == set()


def test_so_does_one_under_an_imported_ca() -> None:
    assert named(chain(CA_ISSUED, PRODUCTS[CA_ISSUED.name], imported=True), PRODUCTS[CA_ISSUED.name]) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_inspect_names_the_flipped_field_and_no_other(mutant: Mutant) -> None:
    candidate = PRODUCTS[mutant.profile]
    # Under the own root the serial number is the root's + 1; by the profile it goes under an imported one.
    made = chain(mutant.flipped, candidate, imported=mutant.field == "serial_bytes")
    assert named(made, candidate) == {mutant.field} | TAKES_ALONG.get((mutant.field, mutant.profile), set())


# Documented, and yet no fault of a certificate that differs: of which profiles and values, and why.
EXCUSED: dict[str, Callable[[Profile, Any], bool]] = {
    "backdate": lambda *_: True,  # the creation time is not seen
    "serial_bytes": lambda *_: True,  # no page says how large "large" is
    # The release's lifetime is documented of an IP500 V2 only.
    "lifetime": lambda profile, _: profile.lifetime is None and profile is not IP500V2_SELF_SIGNED,
    "key_usage": lambda profile, value: profile is IP500V2_SELF_SIGNED and set(value) > set(profile.key_usage.value),
    "extended_key_usage": lambda profile, value: sorted(value) == sorted(profile.extended_key_usage.value),
}


def weighs(mutant: Mutant) -> Outcome:
    """A documented field that differs is the certificate's fault."""
    profile, value = PRODUCTS[mutant.profile].profile, mutant.values[0][1]
    fact = dict(profile.facts()).get(mutant.field, R12_3.lifetime)
    is_excused = mutant.field in EXCUSED and EXCUSED[mutant.field](profile, value)
    return Outcome.DIFFERS if fact.basis is Basis.DOCUMENTED and not is_excused else Outcome.READING


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_difference_weighs_what_its_basis_does(mutant: Mutant) -> None:
    candidate = PRODUCTS[mutant.profile]
    rows = judge(chain(mutant.flipped, candidate, imported=mutant.field == "serial_bytes"), candidate, NOW).rows
    assert [row.outcome for row in rows if row.field == mutant.field] == [weighs(mutant)]


@pytest.mark.parametrize("name", PRODUCTS)
def test_no_field_of_a_profile_is_left_out(name: str) -> None:
    every = {field.name for field in fields(Profile)} - {"name"}
    tried = {mutant.field for mutant in MUTANTS if mutant.profile == name}
    assert tried | {field for field, whose in NOT_VISIBLE if whose in (None, name)} == every
    assert Counter(mutant.profile for mutant in MUTANTS)[name] > len(tried)


@pytest.mark.parametrize("profile", [CA_ISSUED, BARE_SELF_SIGNED, TEMPORARY], ids=lambda profile: str(profile.name))
def test_a_path_length_without_a_ca_cannot_be_made(profile: Profile) -> None:
    with pytest.raises(ValueError, match="path_length must be None when ca is False"):
        chain(replace(profile, path_length=assumed(0)), PRODUCTS[profile.name])


@pytest.mark.parametrize("name", PRODUCTS)
def test_whether_it_may_issue_leaves_no_trace(name: str) -> None:
    candidate = PRODUCTS[name]
    flipped = replace(candidate.profile, may_issue=assumed(not candidate.profile.may_issue.value))
    assert chain(flipped, candidate) == chain(candidate.profile, candidate)
