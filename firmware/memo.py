"""Memoise a pure function by its arguments – and be able to switch every memo off.

A search over crash states parses the same certificate thousands of times; with the memos off it must see exactly
the same flash operations, which is how a test shows that no memo hides state.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from operator import itemgetter
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_memos: list[Any] = []
_enabled = True
_kept: frozenset[Callable[..., Any]] = frozenset()  # the memos that are on all the same


def memoise(size: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the last ``size`` results of a pure function of hashable arguments."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        cached: Any = lru_cache(maxsize=size)(function)
        _memos.append(cached)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            result: R = cached(*args, **kwargs) if _enabled or call in _kept else function(*args, **kwargs)
            return result

        return call

    return decorate


class ByBlocks:
    """A memo of what comes of reading blocks, by the contents of those that were read, in the order of reading.

    What is read next follows from what was read before, so the memo is a tree: a node is which blocks come next and,
    for what they hold, the node after it; a leaf is the result.
    """

    __slots__ = ("_leaves", "_roots", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self.cache_clear()
        _memos.append(self)

    def find(self, question: Hashable, blocks: Sequence[bytes]) -> Any | None:
        """The result; None when it is not known."""
        node = self._roots.get(question) if _enabled else None
        while node.__class__ is _Node:
            node = node.following.get(node.contents(blocks))
        return node

    def keep(self, question: Hashable, read: tuple[int, ...], blocks: Sequence[bytes], result: object) -> None:
        """Keep a result for the next time that these blocks, read in this order, hold what they hold here."""
        if not _enabled:
            return
        if self._leaves >= self._size:
            self.cache_clear()
        self._leaves += 1
        place, key = self._roots, question
        while read:
            node = place.setdefault(key, _Node(read, {}))
            node.part_from(read)
            place, key, read = node.following, node.contents(blocks), read[len(node.blocks) :]
        place[key] = result

    def cache_clear(self) -> None:
        self._roots: dict[Any, Any] = {}
        self._leaves = 0


class _Node:
    __slots__ = ("blocks", "contents", "following")

    def __init__(self, blocks: tuple[int, ...], following: dict[tuple[bytes, ...], Any]) -> None:
        self.following = following
        self._read(blocks)

    def _read(self, blocks: tuple[int, ...]) -> None:
        self.blocks = blocks
        first = blocks[0]
        self.contents: Callable[[Sequence[bytes]], tuple[bytes, ...]] = (
            itemgetter(*blocks) if len(blocks) > 1 else lambda held: (held[first],)
        )

    def part_from(self, read: tuple[int, ...]) -> None:
        """End where those blocks are not the next to be read."""
        pairs = zip(self.blocks, read, strict=False)
        end = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(self.blocks), len(read)))
        if end == len(self.blocks):
            return
        following: dict[tuple[bytes, ...], Any] = {}
        for contents, after in self.following.items():
            rest = following.setdefault(contents[:end], _Node(self.blocks[end:], {}))
            rest.following[contents[end:]] = after
        self.following = following
        self._read(self.blocks[:end])


def forget() -> None:
    """Empty every memo, as a fresh process would have them."""
    for cached in _memos:
        cached.cache_clear()


@contextmanager
def memos_off(*but: Callable[..., Any]) -> Iterator[None]:
    """Compute everything anew inside the block, but for these functions."""
    global _enabled, _kept
    before = _enabled, _kept
    _enabled, _kept = False, frozenset(but)
    try:
        yield
    finally:
        _enabled, _kept = before
