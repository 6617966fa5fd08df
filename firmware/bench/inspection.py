"""Judge a certificate against what a platform and release make, or find the platform and release that fit best.

A difference in a documented field is the certificate's fault; one in an inferred or assumed field may be our reading's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import groupby
from typing import Any

import platforms
from firmware.basis import Basis, Fact
from firmware.bench.inspection_case import Case, Seen, printable
from firmware.bench.inspection_fields import COMPARISONS, variables
from firmware.errors import BadInput
from firmware.platform import Platform
from firmware.release import BY_VERSION, Release
from firmware.security.profiles import TEMPORARY, Profile
from firmware.security.reading import load
from ignition.wizard import has_wizard


class Role(str, Enum):
    """What a platform uses a certificate as."""

    IDENTITY = "identity"
    ROOT = "root"
    TEMPORARY = "temporary"


class Outcome(str, Enum):
    CONFORMS = "conforms"
    DIFFERS = "differs"
    READING = "differs from our reading"
    NOT_VISIBLE = "not visible"


@dataclass(frozen=True)
class Row:
    """One field compared."""

    field: str
    expected: str
    found: str
    basis: str
    outcome: Outcome


@dataclass(frozen=True)
class Candidate:
    """What a certificate may be: a platform's, of a release, in a role."""

    platform: Platform
    release: Release
    role: Role

    @property
    def profile(self) -> Profile:
        profile = _profiles(self.platform).get(self.role)
        if profile is None:
            raise BadInput(f"{self.platform.named} has no {_CALLED[self.role]}")
        return profile

    @property
    def root(self) -> Profile | None:
        return self.platform.root_profile if self.role is Role.IDENTITY else None


@dataclass(frozen=True)
class Judgement:
    """How a certificate compares with a candidate; ``names`` is what stands for the words in braces."""

    candidate: Candidate
    rows: tuple[Row, ...]
    names: dict[str, str]

    def differing(self, outcome: Outcome) -> list[Row]:
        return [row for row in self.rows if row.outcome is outcome]

    @cached_property
    def rank(self) -> tuple[int, int]:
        """(documented differences, other ones): the less, the better."""
        return len(self.differing(Outcome.DIFFERS)), len(self.differing(Outcome.READING))


_CALLED = {
    Role.IDENTITY: "identity certificate",
    Role.ROOT: "root CA certificate",
    Role.TEMPORARY: "certificate before an ignition",
}


def _profiles(platform: Platform) -> dict[Role, Profile]:
    profiles = {Role.IDENTITY: platform.profile}
    if platform.root_profile is not None:
        profiles[Role.ROOT] = platform.root_profile
    return profiles | ({Role.TEMPORARY: TEMPORARY} if has_wizard(platform) else {})


def judge(chain: tuple[bytes, ...], candidate: Candidate, now: int) -> Judgement:
    """The first certificate of a chain against a candidate, at a time in ms."""
    with warnings.catch_warnings(action="ignore"):  # of odd serial numbers and names: they are judged here
        own, *others = map(load, chain)
        case = Case(own, tuple(others), candidate.profile, candidate.release, candidate.root, now)
        facts = case.facts()
        rows = tuple(_row(field, facts[field], compare(case, facts[field]))
                     for field, compare in COMPARISONS.items() if field in facts)  # fmt: skip
        names = variables(own.subject, case.profile.subject.value) or {}
    return Judgement(candidate, rows, {word: printable(text) for word, text in names.items()})


def _row(field: str, fact: Fact[Any], seen: Seen) -> Row:
    if seen.fits is None:
        outcome = Outcome.NOT_VISIBLE
    elif seen.fits:
        outcome = Outcome.CONFORMS
    else:
        outcome = Outcome.DIFFERS if fact.basis is Basis.DOCUMENTED and seen.certain else Outcome.READING
    return Row(field, printable(seen.expected), printable(seen.found), fact.cite(), outcome)


def candidates(platform: Platform | None, release: str | None, role: Role | None) -> Iterator[Candidate]:
    """Every one that is left by what is given."""
    for one in [platform] if platform else map(platforms.load, platforms.names()):
        for each in one.releases():
            for kind in _profiles(one):
                if release in (None, each.version) and role in (None, kind):
                    yield Candidate(one, each, kind)


def search(
    chain: tuple[bytes, ...], platform: Platform | None, release: str | None, role: Role | None, now: int
) -> list[Judgement]:
    """Every candidate judged, the best first. BadInput when nothing is left to judge against.

    Of one platform and release it is the identity that is meant, unless a role is asked for.
    """
    if platform and release:
        role = role or Role.IDENTITY
    judged = [judge(chain, candidate, now) for candidate in candidates(platform, release, role)]
    if not judged:
        raise BadInput(_nothing_left(platform, release, role))
    return sorted((one for one in judged if role or not _is_guess(one)), key=lambda one: one.rank)


def _is_guess(judged: Judgement) -> bool:
    """What no document describes cannot be contradicted by one: without a role asked for, it must fit whole."""
    is_assumed = all(fact.basis is Basis.ASSUMED for _, fact in judged.candidate.profile.facts())
    return is_assumed and judged.rank != (0, 0)


def _nothing_left(platform: Platform | None, release: str | None, role: Role | None) -> str:
    if platform and release and BY_VERSION[release] not in platform.releases():
        return f"{platform.title} exists from release {platform.since} on; {release} was asked for"
    called = _CALLED[role or Role.IDENTITY]
    return f"{platform.named} has no {called}" if platform else f"no platform of release {release} has a {called}"


@dataclass(frozen=True)
class Group:
    """Releases of a platform that a certificate fits equally."""

    judged: tuple[Judgement, ...]

    @property
    def newest(self) -> Judgement:
        """Of the newest release, of which most is documented: it stands for the group."""
        return self.judged[-1]

    @property
    def rank(self) -> tuple[int, int]:
        return self.newest.rank

    def __str__(self) -> str:
        candidate = self.newest.candidate
        role = "" if candidate.role is Role.IDENTITY else f", {_CALLED[candidate.role]}"
        releases = [one.candidate.release for one in self.judged]
        return f"{candidate.platform.title}{role}, {_span(releases, candidate.platform.releases())}"


def _span(releases: list[Release], every: tuple[Release, ...]) -> str:
    """``releases 11.1 to 12.3`` where more than two follow each other, or their list."""
    first = every.index(releases[0])
    if len(releases) > 2 and tuple(releases) == every[first : first + len(releases)]:
        return f"releases {releases[0]} to {releases[-1]}"
    return f"release{'s' if len(releases) > 1 else ''} {', '.join(map(str, releases))}"


def grouped(judged: list[Judgement]) -> list[Group]:
    """The same platform, role and number of differences together, the best first."""

    def key(one: Judgement) -> tuple[tuple[int, int], str, Role]:
        return one.rank, one.candidate.platform.name, one.candidate.role

    return [Group(tuple(group)) for _, group in groupby(sorted(judged, key=key), key)]
