"""A memo remembers results, and can be told not to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from firmware.memo import ByBlocks, forget, memoise, memos_off


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


def test_a_memo_stays_on_where_it_is_asked_for() -> None:
    calls: list[int] = []

    @memoise(8)
    def kept(number: int) -> int:
        calls.append(number)
        return number

    with memos_off(kept):
        assert [kept(1), kept(1)] == [1, 1]
    assert calls == [1]


def _read(blocks: Sequence[bytes]) -> tuple[list[int], str]:
    """A chain of blocks, each of which names the next: which were read, and what it comes to."""
    read, at = [], 0
    while at not in read:
        read.append(at)
        at = blocks[at][0] % len(blocks)
    return read, " ".join(blocks[n].hex() for n in read)


@given(st.lists(st.lists(st.binary(min_size=1, max_size=1), min_size=4, max_size=4), max_size=30))
def test_what_blocks_come_to_is_known_by_those_that_were_read(images: list[list[bytes]]) -> None:
    memo = ByBlocks(1000)
    read_before: dict[tuple[bytes, ...], str] = {}
    for blocks in images:
        read, result = _read(blocks)
        seen = tuple(blocks[n] for n in read)
        assert memo.find("chain", blocks) == read_before.get(seen)
        assert memo.find("another question", blocks) is None
        memo.keep("chain", tuple(read), blocks, result)
        read_before[seen] = result
        assert memo.find("chain", blocks) == result


def test_a_memo_of_blocks_is_emptied_when_it_is_full_and_when_all_are() -> None:
    memo = ByBlocks(2)
    for number in range(3):
        memo.keep("which", (0,), [bytes([number])], number)
    assert [memo.find("which", [bytes([number])]) for number in range(3)] == [None, None, 2]
    with memos_off():
        assert memo.find("which", [b"\2"]) is None
    forget()
    assert memo.find("which", [b"\2"]) is None
