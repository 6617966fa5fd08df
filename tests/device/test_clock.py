"""The only clock there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware.device.clock import Clock


def test_it_shows_the_time_until_it_is_lost() -> None:
    clock = Clock(1_000)
    clock.advance_to(5_000)
    assert clock.read() == 5_000
    clock.lose()
    assert clock.read() is None
    clock.set(7_000)
    clock.advance_to(6_000)
    assert clock.read() == 8_000


def test_time_never_runs_backwards() -> None:
    clock = Clock(5_000)
    clock.advance_to(1_000)
    assert clock.now == 5_000


def test_a_flat_battery_loses_it_with_the_power_a_good_one_does_not() -> None:
    good, flat = Clock(0), Clock(0, battery_good=False)
    good.power_lost()
    flat.power_lost()
    assert (good.read(), flat.read()) == (0, None)


def test_it_drifts() -> None:
    fast = Clock(0, drift_ppm=100)
    fast.advance_to(10_000_000)
    assert fast.read() == 10_001_000
    fast.set(10_000_000)
    assert fast.read() == 10_000_000


@given(
    st.integers(0, 10**14),
    st.none() | st.integers(0, 10**14),
    st.booleans(),
    st.integers(-1000, 1000),
    st.integers(0, 10**9),
)
def test_its_state_makes_the_same_clock(now: int, reading: int | None, good: bool, drift: int, later: int) -> None:
    clock = Clock(now, is_set=False, battery_good=good, drift_ppm=drift)
    if reading is not None:
        clock.set(reading)
    copies = [Clock.restore(**clock.state()), clock.copy()]  # type: ignore[arg-type]  # the values are as restore takes them
    for each in (clock, *copies):
        each.advance_to(now + later)
    assert [each.read() for each in copies] == [clock.read()] * 2
    assert [each.state() for each in copies] == [clock.state()] * 2
