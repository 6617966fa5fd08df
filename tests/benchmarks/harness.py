"""Measure two things in turns, so that a machine that slows down slows both; the ratio is what counts."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One benchmark: what was asked, what was seen, and whether it holds."""

    name: str
    seen: str
    limit: str
    holds: bool


def seconds(work: Callable[[], object]) -> float:
    """How long it took, without the garbage collector – as :mod:`timeit` measures."""
    gc.collect(0)
    gc.disable()
    try:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
    finally:
        gc.enable()


def in_turns(
    first: Iterable[Callable[[], object]], second: Iterable[Callable[[], object]]
) -> tuple[float, float, float]:
    """(median seconds of each, median of the pairwise ratios) of two series run alternately.

    Which of a pair goes first alternates too: the second finds warmer caches.
    """
    ones, others = [], []
    for turn, (a, b) in enumerate(zip(first, second, strict=True)):
        if turn % 2:
            others.append(seconds(b))
            ones.append(seconds(a))
        else:
            ones.append(seconds(a))
            others.append(seconds(b))
    return median(ones), median(others), median(a / b for a, b in zip(ones, others, strict=True))
