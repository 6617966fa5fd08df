"""After which moment a failure was inevitable: a trail's way is walked backwards, operation by operation, through its
starts and the scenario's own run, until a start from there ends well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmware.bench.sweep.crashes import AT_REST, BY_CODE, FLIPS
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Fault, Node
from firmware.bench.sweep.places import state_at
from firmware.device.faults import Moment
from firmware.errors import BadInput

_AFTER = BY_CODE["a"]


@dataclass(frozen=True, slots=True)
class Blame:
    """``step`` is the scenario's, 0 for a start after the first cut; ``operation`` counts from its beginning, and is 0
    where nothing that was done on the way is to blame: the failure was there from the first moment on. ``place`` says
    what the operation is, ``state`` what the unit was about, ``cut`` the number of the trail's cut that comes after,
    and ``text`` all of it in a sentence."""

    step: int
    operation: int
    place: str
    state: str
    cut: int
    text: str


@dataclass(frozen=True, slots=True)
class _Point:
    """A moment on the way: power is cut after ``fault``'s operation, or as it says. ``cut``: before which of the
    trail's cuts this is, or which of them."""

    fault: Fault
    node: Node
    cut: int


def blame(job: Job, finding: Finding) -> Blame:
    """The operation from which on a start from any later moment of a trail's way fails."""
    faults = finding.trail.faults() if finding.trail else ()
    if not faults:
        raise BadInput("a finding without a power cut: it was there from the beginning")
    good: _Point | None = None
    inevitable = last = _Point(faults[-1], job.follow(faults), len(faults))
    for point in _backwards(job, faults):
        if ends_well(job, point.node):
            good = point
            break
        inevitable = point
    state = _state_of(job, faults, inevitable)
    fault = inevitable.fault
    if good is None:
        fault = Fault(fault.step, 0, fault.form, 0, "nothing that was done")
    text = _text(job, faults, good, inevitable, last, state)
    return Blame(fault.step, fault.operation, fault.place, state, inevitable.cut, text)


def ends_well(job: Job, node: Node) -> bool:
    """Whether a start from a state has no finding."""
    return job.expand(node, set(), deeper=False).finding is None


def _backwards(job: Job, faults: Sequence[Fault]) -> Iterator[_Point]:
    """Every moment of a trail's way before its last cut, the last first: after each operation that was carried out."""
    for number in range(len(faults), 0, -1):
        fault = faults[number - 1]
        if fault.form in FLIPS:
            nodes, before = [], job.follow(faults[: number - 1])
        elif number == 1:
            nodes = [node for found, _ in job.roots(set()) for node in found]
        else:
            before = job.follow(faults[: number - 1])
            nodes = job.expand(before, set(), deeper=True).children
        for node in reversed(nodes):
            assert node.trail is not None
            if node.trail.fault.form is _AFTER and _is_before(node.trail.fault, fault):
                yield _Point(node.trail.fault, node, number)
        if number > 1:
            yield _Point(faults[number - 2], before, number - 1)


def _is_before(one: Fault, other: Fault) -> bool:
    """Whether an operation is done by the time of a cut, and is not the cut itself."""
    return other.form is AT_REST or (one.step, one.operation) < (other.step, other.operation)


def _state_of(job: Job, faults: Sequence[Fault], point: _Point) -> str:
    """The state of the bring-up in which an operation was carried out."""
    if point.fault.form is AT_REST or point.fault.form in FLIPS:
        return "at rest"
    if point.cut > 1:
        run = job.start(job.follow(faults[: point.cut - 1]))
        return state_at(run.trace, run.marks, point.fault.operation, "off")
    for act in job.recording.acts:
        done = point.fault.operation - act.operations
        if act.step == point.fault.step and 0 < done <= sum(entry.kind != "sync" for entry in act.trace):
            return state_at(act.trace, act.marks, done, act.state)
    return ""


def _text(job: Job, faults: Sequence[Fault], good: _Point | None, inevitable: _Point, last: _Point, state: str) -> str:
    if good is None:
        return "inevitable from the beginning: a start from any moment of this way fails, the first one too"
    where = f"{_named(inevitable, faults)} in {state}" if state else _named(inevitable, faults)
    if inevitable is not last:
        return (f"inevitable from {where} on: a start from any later moment fails; a start from the one before, "
                f"after {_named(good, faults)}, ends well")  # fmt: skip
    text = f"inevitable only by the cut {inevitable.fault.form.moment.value} {where}: "
    text += f"a start from the moment before, after {_named(good, faults)}, ends well"
    if inevitable.fault.form.moment is Moment.INSIDE:
        whole = Fault(inevitable.fault.step, inevitable.fault.operation, _AFTER)
        if _whole_ends_well(job, (*faults[:-1], whole)):
            text += ", and so does one from the operation done whole"
    return text


def _whole_ends_well(job: Job, faults: Sequence[Fault]) -> bool:
    try:
        return ends_well(job, job.follow(faults))
    except BadInput:  # the operation changed nothing
        return True


def _named(point: _Point, faults: Sequence[Fault]) -> str:
    fault, start = point.fault, point.cut - 1
    when = f"step {fault.step}" if fault.step else f"the start after cut {start}"
    if fault.form is AT_REST:
        return f"the end of {when}"
    if fault.form in FLIPS:
        return f"the {fault.place} at rest"
    where = f"operation {fault.operation} of {when} ({fault.place})"
    return f"the cut {fault.form.moment.value} {where}" if fault in faults[:-1] else where
