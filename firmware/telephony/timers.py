"""Named moments in the future; setting one again moves it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from heapq import heappop, heappush


class Timers:
    """A heap of (when, number, name) in which only the last setting of each name counts."""

    __slots__ = ("_at", "_heap", "_number")

    def __init__(self) -> None:
        self._at: dict[Hashable, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, Hashable]] = []
        self._number = 0

    def set(self, name: Hashable, when: int) -> None:
        self._number += 1
        self._at[name] = (when, self._number)
        heappush(self._heap, (when, self._number, name))
        if len(self._heap) > 64 + 4 * len(self._at):
            self._rebuild()

    def clear(self, name: Hashable) -> None:
        self._at.pop(name, None)

    def next(self) -> int | None:
        """When the earliest of them is due."""
        self._drop_old()
        return self._heap[0][0] if self._heap else None

    def pop(self, now: int) -> Iterator[Hashable]:
        """The names due until ``now``, earliest first, each taken out; one that is set meanwhile is seen as well."""
        while (when := self.next()) is not None and when <= now:
            name = heappop(self._heap)[2]
            del self._at[name]
            yield name

    def _drop_old(self) -> None:
        heap, at = self._heap, self._at
        while heap and at.get(heap[0][2]) != heap[0][:2]:
            heappop(heap)

    def _rebuild(self) -> None:
        self._heap = sorted((when, number, name) for name, (when, number) in self._at.items())
