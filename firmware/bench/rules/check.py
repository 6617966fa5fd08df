"""Build each unit, apply each trigger, compare what a TLS handshake shows before and after with what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from pathlib import Path
from typing import Any

from firmware.basis import Basis
from firmware.bench.expectations import identity_change
from firmware.bench.outside import authority_of
from firmware.bench.rules.case import Case, Cell, NoRelease, NotOffered, case_of
from firmware.bench.rules.matrix import Expectations, Expected, expected
from firmware.bench.rules.worlds import Reached, Worlds
from firmware.bench.scenario import ONLY_UNIT
from firmware.bench.world import World

KEPT, REFUSED, NOT_OFFERED, NOTHING = "kept", "refused", "not offered", "–"


class Status(str, Enum):
    """``ASSUMED``: no row speaks of the cell. ``BLOCKED``: the unit was not even what the trigger needs."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    ASSUMED = "assumed"
    NOT_OFFERED = "not offered"
    EXPECTED = "expected"  # not checked


@dataclass(frozen=True)
class Seen:
    """What a look at a unit from outside gives: the certificate in a handshake, and the root CA (DER)."""

    certificate: bytes | None = None
    root: bytes | None = None


@dataclass(frozen=True)
class Result:
    """One cell: what was expected and seen; ``why`` says what stood in the way, ``case`` is the scenario."""

    cell: Cell
    expected: Expected | None
    status: Status
    observed: str
    root: str | None = None
    why: str = ""
    before: Seen = field(default=Seen(), repr=False)
    after: Seen = field(default=Seen(), repr=False)
    case: Case | None = field(default=None, repr=False)

    @property
    def wanted(self) -> str:
        return self.expected.outcome if self.expected else NOTHING

    @property
    def is_assumed(self) -> bool:
        """Whether no document speaks of the cell, even by inference."""
        if self.expected is None:
            return self.status is not Status.NOT_OFFERED
        return self.expected.basis == Basis.ASSUMED.value and self.cell.release in self.cell.platform.releases()

    @property
    def was_tried(self) -> bool:
        """Whether its scenario was run, or could not be where it had to."""
        return self.case is not None or not self.holds

    @property
    def holds(self) -> bool:
        return self.status not in (Status.FAILED, Status.BLOCKED)


def check(cells: Iterable[Cell], folder: Path, own: Expectations | None = None) -> Iterator[Result]:
    """The results in the order of the cells. ``folder`` is where the files are that a scenario takes."""
    for _, near in groupby(cells, lambda cell: (cell.platform.name, cell.release)):
        worlds = Worlds(folder)
        for cell in near:
            said = expected(cell, own)
            try:
                case = _case(cell, said)
                yield _judge(case, said, worlds)
            except NotOffered as why:
                yield _not_offered(cell, said, why)


def planned(cells: Iterable[Cell], own: Expectations | None = None) -> Iterator[Result]:
    """The matrix alone: what is expected, and what is not offered."""
    for cell in cells:
        said = expected(cell, own)
        is_offered = said is None or said.outcome != NOT_OFFERED
        try:
            _case(cell, said)
            status = (Status.EXPECTED if said else Status.ASSUMED) if is_offered else Status.NOT_OFFERED
            yield Result(cell, said, status, NOTHING)
        except NotOffered as why:
            yield Result(cell, said, Status.NOT_OFFERED, NOTHING, why=str(why))


def _case(cell: Cell, said: Expected | None) -> Case:
    """A cell that nothing is said of is looked at as if it kept its certificate; what is refused keeps it."""
    if said is None:
        return case_of(cell, KEPT, None)
    if said.outcome in (REFUSED, NOT_OFFERED):
        return case_of(cell, KEPT, None, is_refused=True)
    return case_of(cell, said.outcome, said.root)


def _not_offered(cell: Cell, said: Expected | None, why: NotOffered) -> Result:
    """A row that expects something of a cell which is not offered fails, unless there is just no release for it."""
    fails = said is not None and said.outcome != NOT_OFFERED and not isinstance(why, NoRelease)
    return Result(cell, said, Status.FAILED if fails else Status.NOT_OFFERED, NOT_OFFERED, why=str(why))


def _judge(case: Case, said: Expected | None, worlds: Worlds) -> Result:
    """Take the steps, look, and say what has become of the certificate since the look before."""
    cell, prepared = case.cell, len(case.coming_up) + len(case.prepared)
    reached, looked = worlds.after(case)
    if reached.count < prepared:
        return _unprepared(case, said, reached)
    before, after = _seen(reached.world, cell), _seen(looked.world, cell)
    changed = identity_change(before.certificate, after.certificate)
    is_last = reached.count == len(case.steps) - 2  # the trigger's last step was refused, and nothing before it
    refused = REFUSED if is_last and changed == KEPT else f"{REFUSED}, {changed}"
    observed = refused if reached.refusal else changed
    root = _root_change(looked.world, before, after) if said is not None and said.root else None
    why = reached.refusal or looked.refusal
    status = _status(said, observed, root, looked.refusal)
    return Result(cell, said, status, observed, root, why, before, after, case)


def _unprepared(case: Case, said: Expected | None, reached: Reached) -> Result:
    """Of what a release is said not to offer, a preparation may be refused; what it presents may not be otherwise."""
    is_look = reached.count == len(case.coming_up) + len(case.prepared) - 1
    offered = is_look or said is None or said.outcome != NOT_OFFERED
    status, observed = (Status.BLOCKED, NOTHING) if offered else (Status.NOT_OFFERED, REFUSED)
    return Result(case.cell, said, status, observed, why=reached.refusal, case=case)


def _seen(world: World, cell: Cell) -> Seen:
    """What the last look saw."""
    chain: tuple[bytes, ...] = world.presented.get((ONLY_UNIT, cell.rule.service), ())
    return Seen(next(iter(chain), None), world.roots.get(ONLY_UNIT))


def _root_change(world: World, before: Seen, after: Seen) -> str:
    change = identity_change(before.root, after.root)
    authority: Any = authority_of(world.units[ONLY_UNIT])
    return "imported" if change == "generated" and authority.is_imported else change


def _status(said: Expected | None, observed: str, root: str | None, objection: str) -> Status:
    """``objection`` is the scenario's own, at its last look: it agrees with what is judged here."""
    if said is None:
        return Status.ASSUMED
    if said.outcome == NOT_OFFERED and observed == REFUSED:
        return Status.NOT_OFFERED
    holds = (said.outcome, said.root) == (observed, root) and not objection
    return Status.PASSED if holds else Status.FAILED
