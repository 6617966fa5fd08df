"""The states of a search: what the flash holds, what must be found after the next start, and how it came about."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from firmware.bench.sweep.crashes import Form
from firmware.bench.sweep.facts import FACTS, NUMBER, PROMISES, Facts
from firmware.bench.sweep.images import Changes, digest
from firmware.bench.sweep.record import ClockState


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a trail. ``step`` is the scenario's step that it strikes, 0 the start after the fault before;
    ``operation`` counts the unit's flash operations from there, ``lost`` is that of a :class:`Cut`, ``place`` says in
    words what the operation is. Of a bit that flips at rest they are its block of the unit's flash, and the bit."""

    step: int
    operation: int
    form: Form
    lost: int = 0
    place: str = ""

    @property
    def physics(self) -> str:
        """The name of the physical fault."""
        return self.form.physics(self.place.partition(" ")[0])


@dataclass(frozen=True, slots=True)
class Trail:
    """How a state came about: one fault more than the trail before."""

    before: Trail | None
    fault: Fault

    def faults(self) -> tuple[Fault, ...]:
        """The first first."""
        found, trail = [self.fault], self.before
        while trail is not None:
            found.append(trail.fault)
            trail = trail.before
        return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Duty:
    """What must be found after a start: of each fact, one of these values.

    ``settled``: a start has come to its end before, so another one writes nothing. ``within``: no fault beyond the
    budget has struck (design: promise 1); else only promise 2 holds: a documented recovery, never a wrong identity.
    ``secrets``: what the flash must not hold any more once the security settings are the new ones.
    """

    allowed: tuple[tuple[Hashable, ...], ...]
    settled: bool = False
    within: bool = True
    secrets: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, *outcomes: Facts, settled: bool = False) -> Duty:
        """Each fact as in one of these outcomes."""
        return cls(tuple(tuple(dict.fromkeys(outcome[n] for outcome in outcomes)) for n in range(len(FACTS))), settled)

    def narrowed(self, kind: str, found: Facts) -> Duty:
        """Once the journal has said this: the facts it promises are these, and no others."""
        promised = {NUMBER[name] for name in PROMISES.get(kind, ())}
        narrow = tuple((found[n],) if n in promised else values for n, values in enumerate(self.allowed))
        return self if narrow == self.allowed else replace(self, allowed=narrow)


class Duties:
    """The duties of a search, each once, with the digest that it adds to a state's key."""

    def __init__(self) -> None:
        self._known: dict[Duty, tuple[Duty, int]] = {}

    def intern(self, duty: Duty) -> Duty:
        return self._entry(duty)[0]

    def digest(self, duty: Duty) -> int:
        return self._entry(duty)[1]

    def _entry(self, duty: Duty) -> tuple[Duty, int]:
        if duty not in self._known:
            self._known[duty] = (duty, digest(duty))
        return self._known[duty]


@dataclass(frozen=True, slots=True)
class Node:
    """A state to start from. ``scene`` is the number of the setting (cards, network, peers); ``changes`` say what the
    flash holds otherwise than that setting's base; ``clock`` is the unit's."""

    key: int
    scene: int
    places: tuple[int, ...]
    contents: tuple[bytes, ...]
    clock: ClockState
    duty: Duty
    trail: Trail | None

    def changes(self) -> Changes:
        return dict(zip(self.places, self.contents, strict=True))
