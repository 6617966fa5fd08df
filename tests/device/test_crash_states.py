"""What a real cut leaves is what the pure functions say of the trace of a run without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.faults import Cut, Moment, Torn, group_of, torn_erase, torn_program, unsynced, without
from firmware.device.flash import FlashPart, Geometry
from firmware.device.physics import SD_CARD
from firmware.device.power import NothingToLose, Operation, Rail
from firmware.errors import PowerCut

GEOMETRY = Geometry(program_unit=4, block_size=16, blocks=6, sheet=SD_CARD)
ERASED = b"\xff" * 16
Image = dict[tuple[str, int], bytes]
Work = tuple[str, int, int, bytes]

names = st.sampled_from(["one", "two"])
works = st.lists(
    st.tuples(names, st.integers(0, 5), st.sampled_from([0, 4, 8, 12]), st.binary(min_size=4, max_size=4))
    | st.tuples(names, st.integers(0, 5), st.just(0), st.just(b""))
    | st.tuples(names, st.just(-1), st.just(0), st.just(b"")),
    min_size=1,
    max_size=14,
)


def parts() -> dict[str, FlashPart]:
    rail = Rail()
    rail.on = True
    return {name: FlashPart(name, GEOMETRY, rail) for name in ("one", "two")}


def carry_out(parts: dict[str, FlashPart], work: list[Work]) -> None:
    for name, block, offset, data in work:
        if block < 0:
            parts[name].sync()
        elif data:
            parts[name].program(block, offset, data)
        else:
            parts[name].erase(block)


def images(parts: dict[str, FlashPart]) -> Image:
    return {(name, block): content for name, part in parts.items() for block, content in enumerate(part.blocks)}


def leaves(now: Image, done: list[Operation], operation: Operation) -> Iterator[tuple[Cut, Image | None]]:
    """Each cut at an operation and what it leaves; None: there is nothing that it could lose."""
    number = sum(row.kind != "sync" for row in done)
    part, kind, block, start, length, new = operation
    old, end = now[part, block], start + length
    yield Cut(number, Moment.BEFORE), now
    for torn in Torn:
        if kind == "erase":
            content = torn_erase(old, new, torn)
        else:
            content = old[:start] + torn_program(old[start:end], new[start:end], torn) + old[end:]
        group = group_of(block, SD_CARD.erase_group, GEOMETRY.blocks) if torn is Torn.GROUP else ()
        yield Cut(number, Moment.INSIDE, torn), now | {(part, n): ERASED for n in group} | {(part, block): content}
    after = now | {(part, block): new}
    yield Cut(number, Moment.AFTER), after
    waiting = unsynced(done, part)
    for lost in range(1, len(waiting) + 1):
        cut = Cut(number, Moment.AFTER, lost=lost)
        if lost == len(waiting):
            yield cut, None
            continue
        at = len(waiting) - 1 - lost
        gone = waiting[at]
        position = next(n for n, row in enumerate(done) if row is gone)
        before = next(
            (row.content for row in reversed(done[:position]) if (row.part, row.block) == (part, gone.block)
             and row.kind != "sync"), ERASED)  # fmt: skip
        changed, content = without(waiting, at, before)
        yield cut, after | {(part, changed): content}


@given(works)
def test_a_real_cut_leaves_what_the_trace_says(work: list[Work]) -> None:
    whole = parts()
    trace = whole["one"].rail.trace = []
    carry_out(whole, work)
    now = images(parts())
    for position, operation in enumerate(trace):
        if operation.kind == "sync":
            continue
        for cut, left in leaves(now, trace[: position + 1], operation):
            again = parts()
            again["one"].rail.arm(cut)
            with pytest.raises(PowerCut if left is not None else NothingToLose):
                carry_out(again, work)
            assert left is None or images(again) == left, cut
        now = now | {(operation.part, operation.block): operation.content}
    assert now == images(whole)


@given(works, st.integers(1, 3), st.integers(0, 4))
def test_a_copy_loses_the_same(work: list[Work], lost: int, at: int) -> None:
    found = []
    for is_copied in (False, True):
        unit = parts()
        rail = unit["one"].rail
        rail.arm(Cut(at + 1, Moment.AFTER, lost=lost))
        try:
            carry_out(unit, work[:at])
            if is_copied:
                rail = rail.copy()
                unit = {name: part.copy(rail) for name, part in unit.items()}
            carry_out(unit, work[at:])
        except (PowerCut, NothingToLose) as error:
            found.append((str(error), images(unit)))
        else:
            found.append(("", images(unit)))
    assert found[0] == found[1]
