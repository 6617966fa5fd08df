"""What littlefs does on blocks that it has read before: the same, with and without asking it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.faults import BadBlock, Cut, Moment
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Operation, Rail
from firmware.errors import Full, PowerCut, StorageError
from firmware.memo import forget, memos_off
from firmware.storage.again import on_volume
from firmware.storage.volume import Volume, format_volume, mounted

GEOMETRY = Geometry(program_unit=64, block_size=512, blocks=32)
NAMES = ("a", "folder/b", "folder/below/c")

Step = tuple[Callable[..., object], tuple[str, ...] | tuple[str, bytes]]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.sampled_from(NAMES).flatmap(
        lambda name: st.sampled_from(
            [(Volume.replace, (name, bytes(700))), (Volume.replace, (name, b"x")), (Volume.remove, (name,)),
             (Volume.read, (name,)), (Volume.entries, ("folder",))]
        )
    ),
    max_size=12,
)  # fmt: skip


def formatted() -> FlashPart:
    part = FlashPart("card", GEOMETRY, Rail())
    part.rail.on = True
    format_volume(part)
    return part


def done(part: FlashPart, steps: list[Step]) -> tuple[list[object], list[Operation], tuple[bytes, ...], list[int]]:
    """What steps answer, what they do to a part, and how it is then."""
    part.rail.trace = trace = list[Operation]()
    answers: list[object] = []
    for what, about in steps:
        try:
            answers.append(on_volume(part, what, *about))
        except (PowerCut, StorageError) as error:
            answers.append(f"{type(error).__name__}: {error}")
    return answers, trace, part.image(), [*part.wear, part.operations, part.overprograms]


@given(STEPS)
def test_what_is_done_again_is_the_same(steps: list[Step]) -> None:
    with memos_off():
        expected = done(formatted(), steps)
    forget()
    assert done(formatted(), steps) == expected
    assert done(formatted(), steps) == expected


@given(STEPS, st.integers(1, 60), st.sampled_from(Moment))
def test_a_power_cut_strikes_what_is_done_again(steps: list[Step], operation: int, moment: Moment) -> None:
    def cut() -> FlashPart:
        part = formatted()
        part.rail.arm(Cut(operation, moment))
        return part

    done(formatted(), steps)
    with memos_off():
        expected = done(cut(), steps)
    assert done(cut(), steps) == expected


def test_a_bad_block_is_met_by_what_is_done_again() -> None:
    steps: list[Step] = [(Volume.replace, ("a", bytes(2000))), (Volume.read, ("a",))]

    def broken() -> FlashPart:
        part = formatted()
        part.add_defect(BadBlock(9))
        return part

    done(formatted(), steps)
    with memos_off():
        expected = done(broken(), steps)
    assert done(broken(), steps) == expected


def test_littlefs_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = formatted(), formatted()
    on_volume(one, Volume.replace, "a", b"x")
    mounts: list[FlashPart] = []

    def noted(part: FlashPart) -> Volume:
        mounts.append(part)
        return mounted(part)

    on_volume(other, Volume.replace, "a", b"x", mount=noted)
    assert other.image() == one.image()
    assert mounts == []
    other.rail.on = False
    with pytest.raises(PowerCut):
        on_volume(other, Volume.read, "a", mount=noted)


def test_what_fails_fails_again() -> None:
    part = formatted()
    for _ in range(2):
        with pytest.raises(Full):
            on_volume(part, Volume.replace, "a", bytes(GEOMETRY.size))
