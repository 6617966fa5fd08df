"""Firmware releases as data. What differs between releases is a value here, never code elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache, total_ordering

from firmware.basis import Fact, assumed, documented, inferred
from firmware.times import MINUTE


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """One firmware release.

    ``dated`` is the day the software was released; its year is the notBefore of a certificate made with the clock
    not set. ``lifetime`` is in days, ``generation_time`` in ms, ``tcs_capacity`` in certificates.
    ``certificate_at_first_start`` is False where the certificate is made only when first needed.
    """

    version: str
    dated: Fact[date]
    lifetime: Fact[int]
    generation_time: Fact[int]
    certificate_at_first_start: Fact[bool]
    offers_chain: Fact[bool]
    tcs_capacity: Fact[int]

    @property
    def number(self) -> tuple[int, ...]:
        return _number(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Release) and self.version == other.version

    def __lt__(self, other: Release) -> bool:
        return self.number < other.number

    def __hash__(self) -> int:
        return hash(self.version)

    def __str__(self) -> str:
        return self.version


@cache
def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


_SEVEN_YEARS = assumed(2555, "M: '7 years', undated")
_825_DAYS = documented(825, "A")
_825_FROM_11_1 = assumed(825, "A; the switch-over release is not documented")
_AT_ONCE = documented(True, "K9, SEED")
_LAZY = documented(False, "R62")
_ONE_MINUTE = documented(1 * MINUTE, "K9")
_SOME_MINUTES = inferred(3 * MINUTE, "RS: 'some minutes' on a security default")
_NO_CHAIN = documented(False, "K9")
_NO_CHAIN_YET = assumed(False, "as R9.1")
_CHAIN = assumed(True, "as R12")
_CHAIN_R12 = documented(True, "MC")
_TCS_25 = assumed(25)
_TCS_64 = assumed(64)

RELEASES: tuple[Release, ...] = (
    Release(
        "6.2",
        assumed(date(2012, 11, 1), "R62: its manual is of Nov 2012"),
        _SEVEN_YEARS,
        documented(5 * MINUTE, "R62"),
        _LAZY,
        _NO_CHAIN_YET,
        _TCS_25,
    ),
    Release(
        "8.1",
        assumed(date(2012, 7, 1)),
        _SEVEN_YEARS,
        assumed(5 * MINUTE, "as R6.2"),
        assumed(False, "as R6.2; documented otherwise only from R9.1 (K9)"),
        _NO_CHAIN_YET,
        _TCS_25,
    ),
    Release(
        "9.1",
        documented(date(2014, 12, 22), "Technical Bulletin 175"),
        _SEVEN_YEARS,
        _ONE_MINUTE,
        _AT_ONCE,
        _NO_CHAIN,
        _TCS_25,
    ),
    Release(
        "10.0",
        assumed(date(2016, 8, 1)),
        _SEVEN_YEARS,
        assumed(1 * MINUTE, "as R9.1"),
        _AT_ONCE,
        _NO_CHAIN_YET,
        _TCS_64,
    ),
    Release(
        "10.1",
        assumed(date(2017, 6, 1)),
        _SEVEN_YEARS,
        assumed(1 * MINUTE, "as R9.1"),
        _AT_ONCE,
        _NO_CHAIN_YET,
        _TCS_64,
    ),
    Release(
        "11.0",
        documented(date(2018, 5, 15), "Offer Definition R11.0"),
        _SEVEN_YEARS,
        assumed(1 * MINUTE, "as R9.1"),
        _AT_ONCE,
        _NO_CHAIN_YET,
        _TCS_64,
    ),
    Release(
        "11.1",
        documented(date(2020, 4, 7), "Offer Definition R11.1"),
        _825_FROM_11_1,
        _SOME_MINUTES,
        _AT_ONCE,
        _CHAIN,
        _TCS_64,
    ),
    Release("12.0", assumed(date(2024, 2, 1)), _825_DAYS, _SOME_MINUTES, _AT_ONCE, _CHAIN_R12, _TCS_64),
    Release(
        "12.3",
        assumed(date(2024, 10, 1), "SEED: its manual is of Oct 2024"),
        _825_DAYS,
        _SOME_MINUTES,
        _AT_ONCE,
        _CHAIN_R12,
        _TCS_64,
    ),
)

BY_VERSION: dict[str, Release] = {release.version: release for release in RELEASES}
DEFAULT_RELEASE = BY_VERSION["12.3"]
