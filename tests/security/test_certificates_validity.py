"""When a certificate begins and ends: the vendor's rules, by another decoder and other arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.release import BY_VERSION
from firmware.security.certificates import validity
from firmware.security.profiles import IP500V2_SELF_SIGNED
from firmware.times import parse_time, show_time
from tests.security.specimen import decode, issue

# release: the year it was made in, the days its certificates last (certificates.md section 3; years: release dates)
RELEASES = {
    "6.2": (2012, 2555),
    "8.1": (2012, 2555),
    "9.1": (2014, 2555),
    "10.0": (2016, 2555),
    "10.1": (2017, 2555),
    "11.0": (2018, 2555),
    "11.1": (2020, 825),
    "12.0": (2024, 825),
    "12.3": (2024, 825),
}


def test_no_release_is_left_out() -> None:
    assert tuple(RELEASES) == tuple(BY_VERSION)


@given(
    reading=st.integers(0, parse_time("2100-12-31T23:59:59Z")),
    release=st.sampled_from(tuple(RELEASES)),
)
@example(reading=0, release="12.3")
@example(reading=parse_time("2050-01-01T23:59:59.999Z"), release="12.3")  # notBefore the last second of 2049
@example(reading=parse_time("2050-01-02T00:00:00Z"), release="12.3")  # and the first of 2050
@example(reading=parse_time("2047-09-29T23:59:59Z"), release="12.3")  # the same for notAfter
@example(reading=parse_time("2047-09-30T00:00:00Z"), release="12.3")
def test_a_certificate_begins_24_hours_before_its_creation(reading: int, release: str) -> None:
    begins = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=reading // 1000, hours=-24)
    ends = begins + timedelta(days=RELEASES[release][1])
    found = decode(issue(clock=reading, release=BY_VERSION[release]).der)
    assert found["not before"] == written(begins)
    assert found["not after"] == written(ends)


def written(moment: datetime) -> tuple[str, str]:
    """RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from then on."""
    return ("utc_time" if moment.year < 2050 else "general_time", moment.isoformat())


@pytest.mark.parametrize("release", RELEASES)
def test_with_no_clock_it_begins_on_1_january_of_the_releases_year(release: str) -> None:
    begins = datetime(RELEASES[release][0], 1, 1, tzinfo=UTC)
    found = decode(issue(clock=None, release=BY_VERSION[release]).der)
    assert found["not before"] == written(begins)
    assert found["not after"] == written(begins + timedelta(days=RELEASES[release][1]))


def test_times_are_whole_seconds() -> None:
    begins, ends = validity(IP500V2_SELF_SIGNED, BY_VERSION["12.3"], parse_time("2024-11-24T09:00:00.750Z"))
    assert (show_time(begins), show_time(ends)) == ("2024-11-23T09:00:00Z", "2027-02-26T09:00:00Z")


def test_no_certificate_outlasts_the_last_time_that_can_be_written() -> None:
    found = decode(issue(clock=parse_time("9999-06-01T00:00:00Z")).der)
    assert found["not before"] == ("general_time", "9999-05-31T00:00:00+00:00")
    assert found["not after"] == ("general_time", "9999-12-31T23:59:59+00:00")
