"""Simulated time and the unit's battery-backed clock. Nothing else in the simulator tells time."""

from __future__ import annotations


class Clock:
    """``now`` is the true simulated time (ms since 1970, UTC); the unit itself sees only :meth:`read`.

    The real-time clock keeps a difference to ``now``. It is lost when power goes with a flat battery; a clock that
    is not set reads None. ``drift_ppm`` makes it run fast (positive) or slow.
    """

    __slots__ = ("_difference", "_since", "battery_good", "drift_ppm", "now")

    def __init__(self, now: int, *, is_set: bool = True, battery_good: bool = True, drift_ppm: int = 0) -> None:
        self.now = now
        self.battery_good = battery_good
        self.drift_ppm = drift_ppm
        self._since = now
        self._difference: int | None = 0 if is_set else None

    def advance_to(self, moment: int) -> None:
        """Let time pass; it never runs backwards, so an earlier moment changes nothing."""
        self.now = max(self.now, moment)

    def read(self) -> int | None:
        """What the unit's clock shows, or None when it is not set."""
        if self._difference is None:
            return None
        return self.now + self._difference + (self.now - self._since) * self.drift_ppm // 1_000_000

    def set(self, reading: int) -> None:
        """Set the clock, as an administrator or SNTP does."""
        self._difference, self._since = reading - self.now, self.now

    def lose(self) -> None:
        """The clock is not set any more."""
        self._difference = None

    def power_lost(self) -> None:
        """Without mains power a flat battery cannot keep the clock."""
        if not self.battery_good:
            self.lose()

    def copy(self) -> Clock:
        other = Clock.__new__(Clock)
        other.now, other.battery_good, other.drift_ppm = self.now, self.battery_good, self.drift_ppm
        other._since, other._difference = self._since, self._difference
        return other

    def kept(self) -> tuple[int | None, int, bool, int]:
        """All but the simulated time: what :meth:`restore` needs beside it."""
        return self._difference, self._since, self.battery_good, self.drift_ppm

    def state(self) -> dict[str, int | bool | None]:
        """Plain values from which :meth:`restore` makes the same clock."""
        return {
            "now": self.now,
            "difference": self._difference,
            "since": self._since,
            "battery_good": self.battery_good,
            "drift_ppm": self.drift_ppm,
        }

    @classmethod
    def restore(cls, now: int, difference: int | None, since: int, battery_good: bool, drift_ppm: int) -> Clock:
        clock = cls(now, battery_good=battery_good, drift_ppm=drift_ppm)
        clock._since, clock._difference = since, difference
        return clock
