"""Every state that a power cut can leave, from the log of a run: an overlay each, without running anything again.

The same states come of an armed :class:`firmware.device.faults.Cut` in a real run; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from firmware.bench.sweep.images import Changes, Flash
from firmware.device.faults import Moment, Torn, torn_erase, torn_program
from firmware.device.power import Operation


@dataclass(frozen=True, slots=True)
class Form:
    """How power goes at an operation; ``code`` stands for it in an id, ``fault`` is its row of the physics."""

    code: str
    fault: str
    moment: Moment
    torn: Torn = Torn.HALF


# In the order of simplicity: a failure is told by the first that shows it.
FORMS: tuple[Form, ...] = (
    Form("b", "cut", Moment.BEFORE),
    Form("a", "cut", Moment.AFTER),
    Form("h", "torn", Moment.INSIDE, Torn.HALF),
    Form("o", "torn", Moment.INSIDE, Torn.ONE_BIT),
    Form("n", "torn", Moment.INSIDE, Torn.ALL_BUT_ONE_BIT),
    # Form("g", "group_erased", Moment.INSIDE, Torn.GROUP),
    Form("l", "reordered", Moment.AFTER),
    Form("r", "cut", Moment.AFTER),
)
BY_CODE = {form.code: form for form in FORMS}
AT_REST = BY_CODE["r"]  # power is cut when the unit has come to rest


class Crash(NamedTuple):
    """One cut: at which operation of the run (1 is the first), how, and which blocks it leaves otherwise than the
    state before that operation. ``lost``: how many operations before it the one lies that never reached the cells."""

    operation: int
    form: Form
    blocks: tuple[tuple[int, bytes], ...]
    lost: int = 0


class Unfolding:
    """A run's log, followed operation by operation. ``now`` is the flash before the present operation.

    ``keys`` are the components' raw keys of ``now``.
    """

    def __init__(self, flash: Flash, before: Changes, trace: Sequence[Operation], faults: frozenset[str]) -> None:
        self.flash = flash
        self.now = dict(before)
        self.keys = flash.keys(before)
        self.position = 0
        self.operation = 0
        self._trace = trace
        self._tears = tuple(form for form in FORMS if form.moment is Moment.INSIDE
                            and form.fault in faults)  # fmt: skip
        self._faults = faults

    def crashes(self) -> Iterator[Crash]:
        """Each cut in order; meanwhile ``now``, ``keys``, ``position`` (in the log) and ``operation`` tell where."""
        flash, base, now = self.flash, self.flash.base, self.now
        before, after = BY_CODE["b"], BY_CODE["a"]
        for position, operation in enumerate(self._trace):
            self.position = position
            if operation.kind == "sync":
                continue
            self.operation += 1
            number, content = self.operation, operation.content
            at = flash.first[operation.part] + operation.block
            old = now.get(at, base[at])
            yield Crash(number, before, ())
            for form, torn in _torn(old, operation[1:], self._tears):
                yield Crash(number, form, ((at, torn),))
            yield Crash(number, after, ((at, content),))
            self._follow(at, old, content)
        self.position = len(self._trace)

    def _follow(self, at: int, old: bytes, content: bytes) -> None:
        flash = self.flash
        self.keys[flash.of_block[at]] ^= flash.of_content(at, old) ^ flash.of_content(at, content)
        if content == flash.base[at]:
            self.now.pop(at, None)
        else:
            self.now[at] = content


@lru_cache(65536)
def _torn(
    old: bytes, operation: tuple[str, int, int, int, bytes], forms: tuple[Form, ...]
) -> tuple[tuple[Form, bytes], ...]:
    """What an interrupted operation leaves of its block, each content once, none that is old or new."""
    kind, _, offset, length, new = operation
    found: dict[bytes, Form] = {}
    for form in forms:
        if kind == "erase":
            content = torn_erase(old, new, form.torn)
        else:
            end = offset + length
            content = old[:offset] + torn_program(old[offset:end], new[offset:end], form.torn) + old[end:]
        if content not in (old, new):
            found.setdefault(content, form)
    return tuple((form, content) for content, form in found.items())
