"""Releases as data; literals from certificates.md section 3."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from itertools import pairwise

import pytest

from firmware.basis import Basis, Fact, assumed, documented, inferred
from firmware.release import BY_VERSION, DEFAULT_RELEASE, RELEASES, Release
from firmware.times import MINUTE

# version: dated, lifetime in days, minutes to generate, certificate at the first start, chain offered, store's capacity
TABLE = {
    "6.2": (date(2012, 11, 1), 2555, 5, False, False, 25),
    "8.1": (date(2012, 7, 1), 2555, 5, False, False, 25),
    "9.1": (date(2014, 12, 22), 2555, 1, True, False, 25),
    "10.0": (date(2016, 8, 1), 2555, 1, True, False, 64),
    "10.1": (date(2017, 6, 1), 2555, 1, True, False, 64),
    "11.0": (date(2018, 5, 15), 2555, 1, True, False, 64),
    "11.1": (date(2020, 4, 7), 825, 3, True, True, 64),
    "12.0": (date(2024, 2, 1), 825, 3, True, True, 64),
    "12.3": (date(2024, 10, 1), 825, 3, True, True, 64),
}


@pytest.mark.parametrize("version", TABLE)
def test_what_a_release_brings(version: str) -> None:
    release = BY_VERSION[version]
    assert TABLE[version] == (
        release.dated.value,
        release.lifetime.value,
        release.generation_time.value / MINUTE,
        release.certificate_at_first_start.value,
        release.offers_chain.value,
        release.tcs_capacity.value,
    )


def test_releases_are_in_order() -> None:
    assert [str(release) for release in RELEASES] == list(TABLE) == list(BY_VERSION)
    assert sorted(RELEASES, key=lambda release: release.version) != list(RELEASES)  # 10.0 is no text
    assert all(older < newer and newer > older and older <= newer for older, newer in pairwise(RELEASES))
    assert str(DEFAULT_RELEASE) == "12.3"


def test_a_release_is_its_version() -> None:
    assert BY_VERSION["9.1"] != "9.1"
    assert len({*RELEASES, *RELEASES}) == len(RELEASES) == 9


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_every_fact_has_a_basis_and_documented_ones_a_source(release: Release) -> None:
    facts = [getattr(release, field.name) for field in fields(release) if field.name != "version"]
    assert all(isinstance(fact, Fact) and isinstance(fact.basis, Basis) for fact in facts)
    assert all(fact.source for fact in facts if fact.basis is Basis.DOCUMENTED)


def test_the_switch_of_the_lifetime_is_not_documented() -> None:
    assert {str(release): release.lifetime.basis.value for release in RELEASES} == {
        **dict.fromkeys(("6.2", "8.1", "9.1", "10.0", "10.1", "11.0", "11.1"), "assumed"),
        "12.0": "documented",
        "12.3": "documented",
    }


@pytest.mark.parametrize(
    ("fact", "citation"),
    [
        (documented(1, "A"), "documented A"),
        (inferred(1, "B, C"), "inferred B, C"),
        (inferred(1), "inferred"),
        (assumed(1), "assumed"),
    ],
)
def test_a_fact_cites_its_basis_and_source(fact: Fact[int], citation: str) -> None:
    assert fact.cite() == citation
