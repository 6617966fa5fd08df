"""A memo remembers results, and can be told not to."""

from __future__ import annotations

from collections.abc import Callable

from firmware.memo import forget, memoise, memos_off


def doubling(calls: list[int]) -> Callable[[int], int]:
    """A memoised function that notes when it is really called."""

    @memoise(2)
    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    return double


def test_a_result_is_computed_once_until_forgotten() -> None:
    double = doubling(calls := list[int]())
    assert [double(number) for number in (1, 1, 2, 1)] == [2, 2, 4, 2]
    assert calls == [1, 2]
    forget()
    assert double(1) == 2
    assert calls == [1, 2, 1]


def test_with_the_memos_off_everything_is_computed_anew() -> None:
    double = doubling(calls := list[int]())
    double(1)
    with memos_off():
        with memos_off():
            double(1)
        double(1)
    double(1)
    assert calls == [1, 1, 1]
