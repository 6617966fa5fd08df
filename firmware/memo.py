"""Memoise a pure function by its arguments – and be able to switch every memo off.

A search over crash states parses the same certificate thousands of times; with the memos off it must see exactly
the same flash operations, which is how a test shows that no memo hides state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_memos: list[Any] = []
_enabled = True


def memoise(size: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the last ``size`` results of a pure function of hashable arguments."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        cached: Any = lru_cache(maxsize=size)(function)
        _memos.append(cached)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            result: R = cached(*args, **kwargs) if _enabled else function(*args, **kwargs)
            return result

        return call

    return decorate


def forget() -> None:
    """Empty every memo, as a fresh process would have them."""
    for cached in _memos:
        cached.cache_clear()


@contextmanager
def memos_off() -> Iterator[None]:
    """Compute everything anew inside the block."""
    global _enabled
    before, _enabled = _enabled, False
    try:
        yield
    finally:
        _enabled = before
