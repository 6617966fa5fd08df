"""Bits that flip while a unit rests: what the cells lose with the years (rot), and what reading their neighbours does
to them (disturb).

One bit in one of two copies is within the fault budget; all else is beyond it. Of each written page the lowest
bit of its first byte flips, of a page that a redundant record begins with that of each byte of the header.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from firmware.bench.sweep.crashes import FLIPS
from firmware.bench.sweep.cutting import Cutting
from firmware.bench.sweep.facts import has_lost
from firmware.bench.sweep.images import Changes, Component, Flash
from firmware.bench.sweep.nodes import Fault, Node
from firmware.errors import BadInput
from firmware.storage.nvm import HEADER

if TYPE_CHECKING:
    from firmware.bench.sweep.job import Job

_ROT, _DISTURB = FLIPS


def flips(job: Job, rest: Node) -> Iterator[Node]:
    """What may become of a unit while it rests in a state."""
    forms = [form for form in FLIPS if form.fault in job.faults]
    flash, changes = job.scenes[rest.scene].flash, rest.changes()
    for component in flash.components:
        for at in range(component.first, component.first + component.count):
            for bit in _bits(flash, changes, component, at):
                for form in forms:
                    yield flipped(job, rest, Fault(0, at, form, bit))


def flipped(job: Job, rest: Node, fault: Fault) -> Node:
    """The state that one such fault makes of a state at rest."""
    flash, changes = job.scenes[rest.scene].flash, rest.changes()
    if not 0 <= fault.operation < len(flash.base) or fault.lost >= 8 * len(flash.base[fault.operation]):
        raise BadInput(f"the flash has no bit {fault.lost} of block {fault.operation}")
    component = flash.components[flash.of_block[fault.operation]]
    for at in struck(flash, fault):
        changes[at] = _with_bit(changes.get(at, flash.base[at]), fault.lost)
    within = rest.duty.within and fault.form is _ROT and component.copies > 1 and not _loses(job, rest, changes)
    duty = replace(rest.duty, settled=False, within=within)
    cutting = Cutting(job, rest.scene, changes, rest.clock, duty, rest.trail)
    return cutting.struck(replace(fault, place=f"{fault.form.fault} {component.name}"))


def _loses(job: Job, rest: Node, changes: Changes) -> bool:
    """Whether the other copy was damaged before: then none is left."""
    scene = job.scenes[rest.scene]
    unit = scene.template.copy()
    scene.flash.put(unit, changes)
    return has_lost(unit)


def struck(flash: Flash, fault: Fault) -> tuple[int, ...]:
    """The blocks in which the bit flips: the one that is meant, or, of the same part, those beside it."""
    if fault.form is _ROT:
        return (fault.operation,)
    part, _ = flash.place(fault.operation)
    beside = (fault.operation - 1, fault.operation + 1)
    return tuple(at for at in beside if 0 <= at < len(flash.base) and flash.place(at)[0] == part)


def _bits(flash: Flash, changes: Changes, component: Component, at: int) -> Iterator[int]:
    content = changes.get(at, flash.base[at])
    page = flash.geometry[flash.place(at)[0]].program_unit
    slot = component.count // component.copies
    if component.copies > 1 and not (at - component.first) % slot:
        yield from range(8, 8 * HEADER.size, 8)
    for start in range(0, len(content), page):
        if content[start : start + page].strip(b"\xff"):
            yield 8 * start


def _with_bit(content: bytes, bit: int) -> bytes:
    flipped = content[bit // 8] ^ 1 << bit % 8
    return content[: bit // 8] + bytes([flipped]) + content[bit // 8 + 1 :]
