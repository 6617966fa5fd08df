"""IP Office judging a peer: the received-certificate checks, one table (certificates.md 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from firmware.basis import Fact, assumed, documented, inferred
from firmware.errors import BadInput
from firmware.release import BY_VERSION, Release
from firmware.security.trust import naming
from firmware.security.trust.chains import Chain, chains
from firmware.security.trust.members import Member, member
from firmware.security.trust.validation import (
    Purpose,
    Verdict,
    least_objected,
    objections_to_chain,
    objections_to_critical,
    objections_to_dates,
    objections_to_key,
    objections_to_purposes,
    unreadable_ones,
)


class Level(str, Enum):
    """How much is asked of a received certificate; set apart for management and for telephony."""

    NONE = "None"
    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    MEDIUM_REMOTE = "Medium + Remote"
    HIGH_REMOTE = "High + Remote"


# What each level asks: its own rows, and those of the levels that it contains.
_CONTAINS = {
    Level.NONE: (Level.NONE,),
    Level.LOW: (Level.NONE, Level.LOW),
    Level.MEDIUM: (Level.NONE, Level.LOW, Level.MEDIUM),
    Level.HIGH: (Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH),
    Level.MEDIUM_REMOTE: (Level.NONE, Level.LOW, Level.MEDIUM, Level.MEDIUM_REMOTE),
    Level.HIGH_REMOTE: (Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH, Level.MEDIUM_REMOTE),
}

_R6_2 = documented(BY_VERSION["6.2"], "R62")
# No document tells in which release R6.2's column became the current one: that of R9.1, which remade everything about
# certificates (K9), is taken.
_R9_1 = assumed(BY_VERSION["9.1"], "CC, Jun 2023; the switch-over release is not documented")
_REMOTE = assumed(BY_VERSION["11.0"], "CC, Jun 2023; the first release is not documented")
_R11_1_3 = assumed(BY_VERSION["12.0"], "CC: from R11.1.3 on; our 11.1 is 11.1.0")

OFFERED_SINCE: dict[Level, Fact[Release]] = {
    Level.NONE: _R6_2,
    Level.LOW: _R6_2,
    Level.MEDIUM: _R6_2,
    Level.HIGH: _R6_2,
    Level.MEDIUM_REMOTE: _REMOTE,
    Level.HIGH_REMOTE: _REMOTE,
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's certificate with all that the checks ask about it."""

    one: Member
    chain: Chain
    store: Sequence[bytes]
    own: Sequence[bytes]
    names: Sequence[str]
    now: int | None
    purpose: Purpose
    sip: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One row: ``level`` is the least that asks for it, ``since`` the first release, ``until`` the first one without.

    ``spared``: a system upgraded over ``since`` goes without it until its setting is changed away and back.
    """

    name: str
    level: Fact[Level]
    since: Fact[Release]
    objects: Callable[[Peer], Iterable[str]]
    until: Fact[Release] | None = None
    spared: bool = False

    def applies(self, release: Release) -> bool:
        return self.since.value <= release and (self.until is None or release < self.until.value)


def _in_date(peer: Peer) -> Iterator[str]:
    return objections_to_dates(peer.one, peer.now)


def _key_of(least: int, peer: Peer) -> Iterator[str]:
    return objections_to_key(peer.one, least)


def _chained(peer: Peer) -> Iterator[str]:
    """Signatures and issuers, and these are in date (assumed: the document speaks of a trust chain, no more)."""
    yield from objections_to_chain(peer.chain, peer.purpose)
    for der in peer.chain.path[1:]:
        issuer = member(der)
        yield from (f"{issuer.label}: {said}" for said in objections_to_dates(issuer, peer.now))


def _key_usage_present(peer: Peer) -> Iterator[str]:
    if peer.one.usages is None:
        yield "has no key usage"


def _purpose_fits(peer: Peer) -> Iterator[str]:
    return objections_to_purposes(peer.one, peer.purpose)


def _all_critical_known(peer: Peer) -> Iterator[str]:
    return objections_to_critical(peer.one)


def _not_self_signed(peer: Peer) -> Iterator[str]:
    if peer.one.is_self_signed:
        yield "self-signed"


def _not_reflected(peer: Peer) -> Iterator[str]:
    if peer.one.der in peer.own:
        yield "reflected: it is our own certificate"


def _copy_in_store(peer: Peer) -> Iterator[str]:
    if peer.one.der not in peer.store:
        yield "no copy of it in the store"


def _named(peer: Peer) -> Iterator[str]:
    is_for = naming.has_sip_domain if peer.sip else naming.has_alternative
    if peer.names and not any(is_for(peer.one, name) for name in peer.names):
        yield f"does not name {' or '.join(peer.names)}"


_LOW_6_2, _LOW = documented(Level.LOW, "R62"), documented(Level.LOW, "CC")
_MEDIUM_6_2, _MEDIUM = documented(Level.MEDIUM, "R62"), documented(Level.MEDIUM, "CC")
_HIGH_6_2, _HIGH = documented(Level.HIGH, "R62"), documented(Level.HIGH, "CC")

CHECKS: tuple[Check, ...] = (
    Check("in date", documented(Level.NONE, "R62, CC"), _R6_2, _in_date),
    Check("key of 512 bit", _LOW_6_2, _R6_2, partial(_key_of, 512), _R9_1),
    Check("key of 1024 bit, R6.2", _MEDIUM_6_2, _R6_2, partial(_key_of, 1024), _R9_1),
    # R62 says "in the store"; that a copy of the certificate itself is meant follows from chains being named nowhere.
    Check("in the store, R6.2", inferred(Level.MEDIUM, "R62"), _R6_2, _copy_in_store, _R9_1),
    Check("not reflected, R6.2", _MEDIUM_6_2, _R6_2, _not_reflected, _R9_1),
    Check("not self-signed, R6.2", _HIGH_6_2, _R6_2, _not_self_signed, _R9_1),
    Check("key of 1024 bit", _LOW, _R9_1, partial(_key_of, 1024)),
    Check("chain to a root", _MEDIUM, _R9_1, _chained),
    Check("key usage present", _MEDIUM, _R11_1_3, _key_usage_present, spared=True),
    Check("extended key usage fits", _MEDIUM, _R11_1_3, _purpose_fits, spared=True),
    Check("critical extensions known", _MEDIUM, _R11_1_3, _all_critical_known, spared=True),
    Check("key of 2048 bit", _HIGH, _R9_1, partial(_key_of, 2048)),
    Check("not self-signed", _HIGH, _R9_1, _not_self_signed),
    Check("not reflected", _HIGH, _R9_1, _not_reflected),
    Check("a copy in the store", _HIGH, _R9_1, _copy_in_store),
    Check("names the peer", documented(Level.MEDIUM_REMOTE, "CC, RFC 5922"), _REMOTE, _named),
)

# Whether an upgraded system keeps the old Medium in the levels built on it is not documented. "Medium + Remote" is
# Medium and more (assumed); High is a setting of its own, which takes the additions at once (assumed).
_KEEP_OLD_MEDIUM = (Level.MEDIUM, Level.MEDIUM_REMOTE)


def is_old_medium(set_under: Release) -> bool:
    """Whether a Medium that was set under this release asks less than one set under the latest. (CC)"""
    return set_under < _R11_1_3.value


def levels(release: Release) -> tuple[Level, ...]:
    """What the release offers to choose from."""
    return tuple(level for level in Level if OFFERED_SINCE[level].value <= release)


def checks(level: Level, release: Release, *, old_medium: bool = False) -> tuple[Check, ...]:
    """The rows that a level of a release asks for, in order. BadInput when the release does not offer it."""
    if level not in levels(release):
        raise BadInput(f"release {release} does not offer the level {level.value!r} of received-certificate checks")
    spares = old_medium and level in _KEEP_OLD_MEDIUM
    return tuple(
        check
        for check in CHECKS
        if check.level.value in _CONTAINS[level] and check.applies(release) and not (spares and check.spared)
    )


def received(
    presented: Sequence[bytes],
    store: Sequence[bytes],
    now: int | None,
    level: Level,
    release: Release,
    *,
    own: Sequence[bytes] = (),
    names: Sequence[str] = (),
    purpose: Purpose = Purpose.CLIENT,
    old_medium: bool = False,
    sip: bool = False,
) -> Verdict:
    """As IP Office judges a peer's certificate at a level of checks.

    ``now`` None: the clock is not set, and no dates are judged (assumed). ``own``: the unit's own certificates.
    ``names``: what the peer is known by; one of them in the SAN is enough, and () asks for none. ``old_medium``: the
    setting was taken over by an upgrade and has not been changed since. ``sip``: names by RFC 5922.
    """
    asked = checks(level, release, old_medium=old_medium)
    if unreadable := unreadable_ones(presented):
        return Verdict(unreadable, ())
    return least_objected(
        _verdict(Peer(member(presented[0]), chain, store, own, names, now, purpose, sip), asked)
        for chain in chains(tuple(presented), tuple(store))
    )


def _verdict(peer: Peer, asked: Iterable[Check]) -> Verdict:
    # Low's row and High's say the same of a key that is not supported; once is enough.
    objections = dict.fromkeys(said for check in asked for said in check.objects(peer))
    return Verdict(tuple(objections), peer.chain.path if peer.chain.holds else ())
