"""Chance that a fuzzer decides: each draw takes the next bytes of its input, and zeros when there are no more."""

from __future__ import annotations

from random import Random


class Drawn(Random):
    """The draws of a :class:`Random` out of given bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._left = data

    def random(self) -> float:
        return self.getrandbits(16) / 2**16

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        taken, self._left = self._left[:size], self._left[size:]
        return int.from_bytes(taken, "little") & ((1 << k) - 1)
