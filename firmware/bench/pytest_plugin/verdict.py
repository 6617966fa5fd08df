"""What is judged of a unit: true or not, and why in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.bench import Bench


class Verdict:
    """True when it holds. ``found`` is what there was, in a few words; :meth:`details` says all of it.

    pytest shows ``found`` (of a long value it would leave the middle out), and the plugin adds the details below.
    """

    def __init__(self, bench: Bench, holds: bool, found: str, details: list[str]) -> None:
        self._bench = bench
        self._holds = holds
        self._found = found
        self._details = details

    def __bool__(self) -> bool:
        self._bench.judged = self
        return self._holds

    def __repr__(self) -> str:
        return f"<{self._found}>"

    def details(self) -> list[str]:
        return self._details
