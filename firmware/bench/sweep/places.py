"""Where the first cut of a trail may strike: everywhere, in a state of the bring-up, or at some operations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from firmware.bench.sweep.record import Act, Mark
from firmware.bench.values import one_of
from firmware.device.power import Operation
from firmware.errors import BadInput

ALL = "all"
_RANGE = re.compile(r"(?:(?P<step>\d+)\.)?(?P<first>\d+)(?:-(?P<last>\d+))?")


def struck(acts: Sequence[Act], at: str) -> list[range | set[int]]:
    """Of each act the numbers of its operations (1 is its first) at which ``at`` lets a cut strike.

    ``45`` is the 45th operation of the run, ``40-50`` some of them, ``3.1-9`` the first nine of step 3; a word is a
    state of the bring-up, and means what is written in it. BadInput: no such state or operation.
    """
    sizes = [sum(entry.kind != "sync" for entry in act.trace) for act in acts]
    if at == ALL:
        return [range(1, size + 1) for size in sizes]
    found = _by_number(acts, sizes, at) if at[:1].isdigit() else _by_state(acts, sizes, at)
    if not any(found):
        last = max((act.step for act in acts), default=0)
        raise BadInput(f"--at {at}: there is no such operation; the run has {sum(sizes)}, the last in step {last}")
    return found


def state_at(trace: Sequence[Operation], marks: Sequence[Mark], operation: int, state: str) -> str:
    """The last state that the journal has entered before an operation (1 is the first) of a log."""
    at = [position for position, entry in enumerate(trace) if entry.kind != "sync"][operation - 1]
    for mark in marks:
        if mark.position > at:
            break
        if mark.event.kind == "state":
            state = mark.event.data["state"]
    return state


def _by_number(acts: Sequence[Act], sizes: Sequence[int], at: str) -> list[range | set[int]]:
    wanted = _RANGE.fullmatch(at)
    if wanted is None:
        raise BadInput(f"--at {at}: give all, a state, or operations like 45, 40-50 or 3.1-9")
    step, first = wanted["step"], int(wanted["first"])
    last = int(wanted["last"] or first)
    found: list[range | set[int]] = []
    before = 0
    for act, size in zip(acts, sizes, strict=True):
        offset = act.operations if step else before
        counts = step is None or act.step == int(step)
        found.append(range(max(1, first - offset), min(size, last - offset) + 1) if counts else range(0))
        before += size
    return found


def _by_state(acts: Sequence[Act], sizes: Sequence[int], at: str) -> list[range | set[int]]:
    states = [[state_at(act.trace, act.marks, number, act.state) for number in range(1, size + 1)]
              for act, size in zip(acts, sizes, strict=True)]  # fmt: skip
    written = tuple(dict.fromkeys(state for of_act in states for state in of_act))
    try:
        one_of(at, (ALL, *written), "state in which something is written")
    except ValueError as error:
        raise BadInput(f"--at: {error}") from None
    return [{number for number, state in enumerate(of_act, 1) if state == at} for of_act in states]
