"""How much may be in a trusted certificate store, and in what order it is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.release import BY_VERSION, RELEASES, Release
from firmware.security.importing import NotAccepted
from firmware.security.reading import fingerprint
from firmware.security.trusted_store import added, removed
from tests.credentials.units import roots
from tests.security.specimen import R12_3

CAPACITY = {"6.2": 25, "8.1": 25, "9.1": 25}  # certificates.md 4: assume 25 before R10, 64 since
indices = st.lists(st.integers(0, 9), max_size=12)


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_it_takes_as_many_as_the_release_has_room_for(release: Release) -> None:
    capacity = CAPACITY.get(release.version, 64)
    assert len(added((), roots(capacity), release)) == capacity
    with pytest.raises(NotAccepted, match=f"has room for {capacity} certificates and holds 0: {capacity + 1} more"):
        added((), roots(capacity + 1), release)


@given(indices, indices)
def test_each_is_there_once_in_the_order_of_its_arrival(before: list[int], more: list[int]) -> None:
    names = roots(10)
    store = added((), tuple(names[n] for n in before), R12_3)
    grown = added(store, tuple(names[n] for n in more), R12_3)
    assert grown == tuple(names[n] for n in dict.fromkeys([*before, *more]))
    assert grown[: len(store)] == store


def test_a_full_store_takes_what_it_has_already() -> None:
    full = added((), roots(25), BY_VERSION["9.1"])
    assert added(full, (roots(25)[3], roots(25)[24]), BY_VERSION["9.1"]) == full
    with pytest.raises(NotAccepted, match="holds 25: 1 more do not fit"):
        added(full, (roots(25)[3], roots(26)[25]), BY_VERSION["9.1"])


def test_an_over_full_store_takes_nothing_new_and_loses_nothing() -> None:
    over = added((), roots(30), R12_3)
    assert added(over, over[:2], BY_VERSION["9.1"]) == over
    with pytest.raises(NotAccepted):
        added(over, (roots(31)[30],), BY_VERSION["9.1"])


@given(indices, st.integers(0, 9))
def test_what_is_removed_is_gone_alone_and_what_is_not_there_is_named(before: list[int], unwanted: int) -> None:
    names = roots(10)
    store = added((), tuple(names[n] for n in before), R12_3)
    if unwanted in before:
        assert removed(store, names[unwanted]) == tuple(der for der in store if der != names[unwanted])
    else:
        with pytest.raises(NotAccepted, match=f"does not hold CN=Root {unwanted} ") as refusal:
            removed(store, names[unwanted])
        assert fingerprint(names[unwanted]) in str(refusal.value)
