"""IP Office judging a peer: the documents' vectors, and for each row a certificate that violates only that row."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from firmware.basis import Basis
from firmware.errors import BadInput
from firmware.release import BY_VERSION, RELEASES
from firmware.security.trust import Level, Purpose, Verdict, levels, received
from firmware.security.trust.received import CHECKS, OFFERED_SINCE, checks
from firmware.times import DAY
from tests.security.trust import units
from tests.security.trust.pki import LEAF, MAIL, NOW, Made, Spec, chain, ders, make

R6_2, R9_1, R11_0, R11_1, R12_3 = (BY_VERSION[version] for version in ("6.2", "9.1", "11.0", "11.1", "12.3"))
REMOTE = (Level.MEDIUM_REMOTE, Level.HIGH_REMOTE)
CLASSIC = (Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH)
NOWHERE = "no chain to a certificate in the store: "


def _units(presented: bytes, *store: bytes, level: Level = Level.MEDIUM, **options: Any) -> tuple[str, ...]:
    return received((presented,), store, units.NOW, level, R12_3, **options).objections


def test_a_default_secondary_fails_medium() -> None:
    assert _units(units.SECONDARY, units.ROOT) == (
        f"{NOWHERE}server1 is self-signed and not there",
        "has no key usage",
    )
    assert _units(units.SECONDARY, units.SECONDARY) == ("has no key usage",)
    assert _units(units.SECONDARY, level=Level.LOW) == ()


def test_a_default_ip500v2_fails_high_even_when_in_the_store() -> None:
    assert _units(units.IP500V2, units.IP500V2, level=Level.HIGH) == ("self-signed",)
    assert _units(units.IP500V2, units.IP500V2) == ()


def test_one_that_the_primary_issued_fails_high_unless_a_copy_is_in_the_store() -> None:
    assert _units(units.ISSUED, units.ROOT, level=Level.HIGH) == ("no copy of it in the store",)
    assert _units(units.ISSUED, units.ROOT, units.ISSUED, level=Level.HIGH) == ()
    assert _units(units.ISSUED, units.ROOT) == ()


def test_remote_checks_of_units() -> None:
    remote = Level.MEDIUM_REMOTE
    assert _units(units.ISSUED, units.ROOT, level=remote, names=("192.168.42.1",)) == ()
    assert _units(units.ISSUED, units.ROOT, level=remote, names=("pbx.example.com", "server1")) == ()
    assert _units(units.ISSUED, units.ROOT, level=remote, names=("a.example.com", "10.0.0.1")) == (
        "does not name a.example.com or 10.0.0.1",
    )
    assert _units(units.ISSUED, units.ROOT, level=remote) == ()  # no names: none asked for


OWN, MIDDLE, ROOT = chain(Spec(), Spec("Mid"), LEAF)


@dataclass(frozen=True)
class Violation:
    """What violates one row and nothing else, at the least level that asks for it, in the row's first release."""

    row: str
    objection: str
    spec: Spec = LEAF
    presented: tuple[Made, ...] = ()
    store: tuple[Made, ...] | None = None
    own: tuple[Made, ...] = ()
    copied: bool = True  # whether a copy is in the store
    names: tuple[str, ...] = ("pbx.example.com",)

    def judged(self, level: Level, release: Any, **options: Any) -> Verdict:
        presented = self.presented or (make(self.spec, MIDDLE), MIDDLE)
        store = self.store if self.store is not None else (ROOT, *(presented[:1] if self.copied else ()))
        return received(
            ders(presented), ders(store), NOW, level, release, own=ders(self.own), names=self.names, **options
        )


_SELF_SIGNED = make(LEAF.but(ca=True))
VIOLATIONS = (
    Violation("in date", "expired 2026-01-04T09:00:00Z", LEAF.but(ends=-1)),
    Violation("in date", "not valid before 2026-01-06T09:00:00Z", LEAF.but(begins=1)),
    Violation("key of 512 bit", "key of 510 bit; 512 is the least", LEAF.but(key="rsa 510")),
    Violation("key of 1024 bit, R6.2", "key of 1000 bit; 1024 is the least", LEAF.but(key="rsa 1000")),
    Violation("in the store, R6.2", "no copy of it in the store", copied=False),
    Violation("not reflected, R6.2", "reflected: it is our own certificate", own=(OWN,)),
    Violation("not self-signed, R6.2", "self-signed", presented=(_SELF_SIGNED,), store=(_SELF_SIGNED,)),
    Violation("key of 1024 bit", "key of 1000 bit; 1024 is the least", LEAF.but(key="rsa 1000")),
    Violation(
        "key of 1024 bit", "its key is neither RSA nor on a curve, which is not supported", LEAF.but(key="ed25519")
    ),
    Violation("chain to a root", f"{NOWHERE}the issuer Root is not there", store=(OWN,)),
    Violation("chain to a root", "the signature of pbx.example.com is not by Mid", LEAF.but(signed_by="x")),
    Violation(
        "chain to a root",
        "Mid: expired 2026-01-04T09:00:00Z",
        presented=tuple(chain(Spec(), Spec("Mid", ends=-1), LEAF)[:2]),
    ),
    Violation("key usage present", "has no key usage", LEAF.but(usages=None)),
    Violation("extended key usage fits", "its extended key usage does not have clientAuth", LEAF.but(purposes=(MAIL,))),
    Violation(
        "critical extensions known", "its critical extension 1.3.6.1.4.1.99999.1 is not known", LEAF.but(unknown=True)
    ),
    Violation("key of 2048 bit", "key of 1024 bit; 2048 is the least", LEAF.but(key="rsa 1024")),
    Violation("not self-signed", "self-signed", presented=(_SELF_SIGNED,), store=(_SELF_SIGNED,)),
    Violation("not reflected", "reflected: it is our own certificate", own=(OWN,)),
    Violation("a copy in the store", "no copy of it in the store", copied=False),
    Violation("names the peer", "does not name b.example.com", names=("b.example.com",)),
)
BELOW = {Level.LOW: Level.NONE, Level.MEDIUM: Level.LOW, Level.HIGH: Level.MEDIUM, Level.MEDIUM_REMOTE: Level.HIGH}


def test_every_row_has_its_violation() -> None:
    assert {violation.row for violation in VIOLATIONS} == {check.name for check in CHECKS}


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda violation: f"{violation.row}: {violation.objection}")
def test_what_violates_one_row_gets_that_objection(violation: Violation) -> None:
    (check,) = [check for check in CHECKS if check.name == violation.row]
    level = check.level.value
    assert violation.judged(level, check.since.value).objections == (violation.objection,)
    if level in BELOW:
        assert violation.judged(BELOW[level], check.since.value).accepted


# Typed from certificates.md 5; the rows of each release and level.
_OLD_LOW = ["in date", "key of 512 bit"]
_OLD_MEDIUM = [*_OLD_LOW, "key of 1024 bit, R6.2", "in the store, R6.2", "not reflected, R6.2"]
_LOW, _CHAIN = ["in date", "key of 1024 bit"], ["chain to a root"]
_ADDED = ["key usage present", "extended key usage fits", "critical extensions known"]
_STRICT = ["key of 2048 bit", "not self-signed", "not reflected", "a copy in the store"]
ASKED = {
    ("6.2", "8.1"): (["in date"], _OLD_LOW, _OLD_MEDIUM, [*_OLD_MEDIUM, "not self-signed, R6.2"]),
    ("9.1", "10.0", "10.1", "11.0", "11.1"): (["in date"], _LOW, _LOW + _CHAIN, _LOW + _CHAIN + _STRICT),
    ("12.0", "12.3"): (["in date"], _LOW, _LOW + _CHAIN + _ADDED, _LOW + _CHAIN + _ADDED + _STRICT),
}


@pytest.mark.parametrize("versions", ASKED)
def test_what_each_level_asks_for(versions: tuple[str, ...]) -> None:
    for release in (BY_VERSION[version] for version in versions):
        for level, rows in zip(CLASSIC, ASKED[versions], strict=True):
            assert [check.name for check in checks(level, release)] == rows
        for level, rows in zip(REMOTE, ASKED[versions][2:], strict=True):
            if release >= R11_0:
                assert [check.name for check in checks(level, release)] == [*rows, "names the peer"]


def test_without_violations_every_level_of_every_release_accepts() -> None:
    for release in RELEASES:
        for level in levels(release):
            verdict = Violation("none", "").judged(level, release)
            assert verdict == Verdict((), ders((OWN, MIDDLE, ROOT)))


def test_every_objection_not_only_the_first() -> None:
    worst = Violation(
        "", "", LEAF.but(key="rsa 1000", ends=-1, usages=None, unknown=True, purposes=(MAIL,)), copied=False
    )
    assert worst.judged(Level.HIGH, R12_3).objections == (
        "expired 2026-01-04T09:00:00Z",
        "key of 1000 bit; 1024 is the least",
        "has no key usage",
        "its extended key usage does not have clientAuth",
        "its critical extension 1.3.6.1.4.1.99999.1 is not known",
        "key of 1000 bit; 2048 is the least",
        "no copy of it in the store",
    )


def test_an_upgraded_system_keeps_the_old_medium() -> None:
    bare = Violation("", "", LEAF.but(usages=None, unknown=True, purposes=(MAIL,)))
    for level, kept in ((Level.MEDIUM, True), (Level.MEDIUM_REMOTE, True), (Level.HIGH, False)):
        assert bare.judged(level, R12_3, old_medium=True).accepted is kept
        assert not bare.judged(level, R12_3).accepted
        assert bare.judged(level, R11_1).accepted


def test_the_purpose_is_the_peers() -> None:
    mail = Violation("", "", LEAF.but(purposes=(MAIL,)))
    for purpose, word in ((Purpose.CLIENT, "clientAuth"), (Purpose.SERVER, "serverAuth")):
        verdict = mail.judged(Level.MEDIUM, R12_3, purpose=purpose)
        assert verdict.objections == (f"its extended key usage does not have {word}",)


def test_sip_names() -> None:
    wild = Violation("", "", LEAF.but(alternatives=("*.example.com",)))
    assert wild.judged(Level.MEDIUM_REMOTE, R12_3).accepted
    assert wild.judged(Level.MEDIUM_REMOTE, R12_3, sip=True).objections == ("does not name pbx.example.com",)


def test_no_dates_with_the_clock_not_set() -> None:
    own, middle, root = chain(Spec(ends=-1), Spec("Mid", ends=-1), LEAF.but(begins=1))
    for level in CLASSIC:
        assert received(ders((own, middle)), ders((root, own)), None, level, R12_3).accepted
    assert not received(ders((own, middle)), ders((root, own)), NOW + 5 * DAY, Level.MEDIUM, R12_3).accepted


def test_levels() -> None:
    assert levels(R6_2) == levels(R9_1) == CLASSIC
    assert levels(R11_0) == levels(R12_3) == (*CLASSIC, *REMOTE)
    with pytest.raises(BadInput, match=r"release 6\.2 does not offer the level 'Medium \+ Remote'"):
        received((OWN.der,), (), NOW, Level.MEDIUM_REMOTE, R6_2)


def test_a_level_never_asks_less_than_the_one_below() -> None:
    for release in RELEASES:
        rows = {level: checks(level, release) for level in levels(release)}
        for lower, higher in pairwise(CLASSIC):
            assert set(rows[lower]) <= set(rows[higher])
        for remote, plain in zip(REMOTE, (Level.MEDIUM, Level.HIGH), strict=True):
            assert remote not in rows or set(rows[plain]) < set(rows[remote])


def test_every_row_has_its_basis_and_source() -> None:
    facts = [fact for check in CHECKS for fact in (check.level, check.since, check.until) if fact]
    for fact in (*facts, *OFFERED_SINCE.values()):
        assert fact.basis in Basis
        assert fact.source
