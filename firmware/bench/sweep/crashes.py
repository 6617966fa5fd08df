"""Every state that a power cut can leave, from the log of a run: an overlay each, without running anything again.

The same states come of an armed :class:`firmware.device.faults.Cut` in a real run; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from firmware.bench.sweep.images import Changes, Flash
from firmware.device.faults import LiveKind, Moment, Torn, group_of, torn_erase, torn_program, without
from firmware.device.power import Operation


@dataclass(frozen=True, slots=True)
class Form:
    """How power goes at an operation; ``code`` stands for it in an id. ``fault`` is its row of the physics when it
    strikes a program, ``at_erase`` when an erase."""

    code: str
    fault: str
    moment: Moment
    torn: Torn = Torn.HALF
    at_erase: str = ""

    def physics(self, kind: str) -> str:
        """The name of the physical fault that an operation of this kind shows."""
        return self.at_erase if kind == "erase" and self.at_erase else self.fault


def _torn_form(code: str, torn: Torn) -> Form:
    return Form(code, "torn_program", Moment.INSIDE, torn, "half_erase")


# In the order of simplicity: a failure is told by the first that shows it.
FORMS: tuple[Form, ...] = (
    Form("b", "cut", Moment.BEFORE),
    Form("a", "cut", Moment.AFTER),
    _torn_form("h", Torn.HALF),
    _torn_form("o", Torn.ONE_BIT),
    _torn_form("n", Torn.ALL_BUT_ONE_BIT),
    Form("l", "reordered", Moment.AFTER),
    Form("u", "reordered", Moment.BEFORE),
    Form("g", "group_erased", Moment.INSIDE, Torn.GROUP),
    Form("r", "cut", Moment.AFTER),
    Form("f", "rot", Moment.AFTER),
    Form("d", "disturb", Moment.AFTER),
)
# What strikes while the part works, and power stays: firmware.bench.sweep.live.
LIVE = tuple(Form(code, kind.value, Moment.INSIDE) for code, kind in zip("ksmwe", LiveKind, strict=True))
BY_CODE = {form.code: form for form in (*FORMS, *LIVE)}
AT_REST = BY_CODE["r"]  # power is cut when the unit has come to rest
FLIPS = (BY_CODE["f"], BY_CODE["d"])  # bits of the block ``operation`` of the flash change before the next start
UNSYNCED = BY_CODE["u"]  # all that was not yet synced is lost
GROUP = BY_CODE["g"]  # the only one that is beyond the fault budget
_BEFORE, _AFTER, _LOST = (BY_CODE[code] for code in "bal")


class Crash(NamedTuple):
    """One cut: at which operation of the run (1 is the first), how, and which blocks it leaves otherwise than the
    state before that operation. ``lost``: how many operations before it the one lies that never reached the cells.

    One operation more than the run has: power goes when all is done."""

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
        self._tears = {kind: tuple(form for form in FORMS if form.at_erase and form.physics(kind) in faults)
                       for kind in ("program", "erase")}  # fmt: skip
        self._can = {name: geometry.sheet.can & faults for name, geometry in flash.geometry.items()}
        self._waiting: dict[str, list[tuple[Operation, bytes]]] = {
            name: [] for name, can in self._can.items() if _LOST.fault in can
        }  # not synced yet, and what each one's block held before

    def crashes(self) -> Iterator[Crash]:
        """Each cut in order; meanwhile ``now``, ``keys``, ``position`` (in the log) and ``operation`` tell where."""
        flash, base, now = self.flash, self.flash.base, self.now
        for position, operation in enumerate(self._trace):
            self.position = position
            if operation.kind == "sync":
                if operation.part in self._waiting:
                    self._waiting[operation.part].clear()
                continue
            self.operation += 1
            number, content = self.operation, operation.content
            at = flash.first[operation.part] + operation.block
            old = now.get(at, base[at])
            yield Crash(number, _BEFORE, ())
            yield from self._unsynced()
            for form, torn in _torn(old, operation[1:], self._tears[operation.kind]):
                yield Crash(number, form, ((at, torn),))
            if GROUP.fault in self._can[operation.part]:
                yield Crash(number, GROUP, self._group(operation, old))
            yield Crash(number, _AFTER, ((at, content),))
            if operation.part in self._waiting:
                yield from self._reordered(operation, at, old)
            self._follow(at, old, content)
        self.position = len(self._trace)
        self.operation += 1
        yield from self._unsynced()

    def _unsynced(self) -> Iterator[Crash]:
        """All that is not yet synced is lost, of every part."""
        flash, found = self.flash, dict[int, bytes]()
        for name, rows in self._waiting.items():
            for operation, old in reversed(rows):
                found[flash.first[name] + operation.block] = old
        blocks = tuple((at, old) for at, old in found.items() if old != self.now.get(at, flash.base[at]))
        if blocks:
            yield Crash(self.operation, UNSYNCED, blocks)

    def _reordered(self, operation: Operation, at: int, old: bytes) -> Iterator[Crash]:
        """After an operation, with one before it lost: the last first, as far back as the last sync."""
        rows = self._waiting[operation.part]
        rows.append((operation, old))
        done, first = [row for row, _ in rows], self.flash.first[operation.part]
        for lost in range(1, len(rows)):
            gone = len(rows) - 1 - lost
            block, content = without(done, gone, rows[gone][1])
            if first + block == at:
                yield Crash(self.operation, _LOST, ((at, content),), lost)
            else:
                yield Crash(self.operation, _LOST, ((at, operation.content), (first + block, content)), lost)

    def _group(self, operation: Operation, old: bytes) -> tuple[tuple[int, bytes], ...]:
        """What an operation leaves that is interrupted while the card moves its group of blocks."""
        flash, part = self.flash, operation.part
        geometry, first = flash.geometry[part], flash.first[part]
        erased = b"\xff" * geometry.block_size
        found = {first + n: erased for n in group_of(operation.block, geometry.sheet.erase_group, geometry.blocks)}
        found[first + operation.block] = _interrupted(old, operation[1:], GROUP.torn)
        return tuple((at, content) for at, content in found.items() if content != self.now.get(at, flash.base[at]))

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
    found: dict[bytes, Form] = {}
    for form in forms:
        content = _interrupted(old, operation, form.torn)
        if content not in (old, operation[4]):
            found.setdefault(content, form)
    return tuple((form, content) for content, form in found.items())


def _interrupted(old: bytes, operation: tuple[str, int, int, int, bytes], torn: Torn) -> bytes:
    kind, _, offset, length, new = operation
    if kind == "erase":
        return torn_erase(old, new, torn)
    end = offset + length
    return old[:offset] + torn_program(old[offset:end], new[offset:end], torn) + old[end:]
