"""What an animal of the zoo is, and how its bug gets into the firmware: one function, wherever it is referred to."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platforms
from firmware import memo
from firmware.bench.sweep.plan import Plan
from firmware.boot.table import BOOT
from ignition.apply import TASKS
from ignition.table import SERVER

SCENARIOS = Path(__file__).parent / "scenarios"
CUT, TORN, REORDERED = "cut", "torn_program", "reordered"
_OURS = ("firmware.", "ignition.", "platforms.")


@dataclass(frozen=True)
class Animal:
    """A firmware with one bug.

    ``target`` is the function that is replaced by ``bug``, as ``module:name`` or ``module:Class.name``. It lives in
    ``scenario``; of ``faults`` the last is the one that it needs, ``depth`` cuts are enough, and ``checker`` objects.
    ``lacks``: the defence that it does without. ``states``: so many are enough for the proof. ``fresh`` empties what
    the bug keeps in this process, as it is empty in a unit that leaves the factory.
    """

    name: str
    story: str
    after: str
    target: str
    bug: Callable[..., Any]
    scenario: str
    checker: str
    lacks: str
    faults: tuple[str, ...] = (CUT, TORN)
    depth: int = 1
    states: int = 2000
    fresh: Callable[[], None] = lambda: None

    @property
    def needs(self) -> str:
        return self.faults[-1]

    def plan(self, *, merged: bool) -> Plan:
        """The sweep that catches it."""
        path = SCENARIOS / f"{self.scenario}.yaml"
        return Plan(path.name, path.read_text(), str(path.parent), faults=self.faults, merged=merged)

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """The firmware has the bug, in the block."""
        original = pkgutil.resolve_name(self.target)
        self.fresh()
        _replace(self.target, original, self.bug)
        memo.forget()
        try:
            yield
        finally:
            _replace(self.target, self.bug, original)
            memo.forget()


def _replace(target: str, old: Any, new: Any) -> None:
    """Put a function in the place of another: in its module or class, where it was imported by name, in the tables."""
    holder, _, name = target.rpartition(".") if "." in target.partition(":")[2] else target.rpartition(":")
    setattr(pkgutil.resolve_name(holder), name, new)
    for module in [module for name, module in sys.modules.items() if name.startswith(_OURS)]:
        for other in [name for name, value in vars(module).items() if value is old]:
            setattr(module, other, new)
    rows = [(state, ("activity", "prepare", "on_enter")) for table in (BOOT, SERVER) for state in table.states]
    for row, fields in [*rows, *((task, ("run",)) for task in TASKS)]:
        for field in fields:
            if getattr(row, field) is old:
                object.__setattr__(row, field, new)  # a frozen row: nothing but a test changes it
    for operations in [platforms.load(name).operations for name in platforms.names()]:
        for name in [name for name, value in operations.items() if value is old]:
            operations[name] = new  # type: ignore[index]  # a dictionary, whatever it is declared as
