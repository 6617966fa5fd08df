"""A search put aside in a file, to be gone on with later, here or elsewhere.

The file is a line that says what it is, a line of JSON, and arrays of plain numbers: a file may come from anywhere, so
nothing in it is executed, and no image of a flash is taken from it. States are kept as the trails that lead to them,
and made again by going these trails; a state that then has another key means that the file does not fit the program.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from firmware.bench.sweep.chunks import FaultRow, fault_row, sources
from firmware.bench.sweep.crashes import BY_CODE
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Node, Trail
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Covered, Result, State
from firmware.errors import BadInput

MAGIC = b"ipoffice-sim sweep checkpoint "
VERSION = b"1"
KEY = 16  # bytes of a state's key
ROOT = 0  # of a trail with one fault only, as its parent's number plus one
_DIGEST = 16


class _Header(BaseModel):
    """The line of JSON. ``plan`` must be that of the search that goes on; the counts say how long the arrays are."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sources: str
    plan: dict[str, str | int | bool | list[str] | None]
    depth: NonNegativeInt | None
    cuts: NonNegativeInt
    states: NonNegativeInt
    transitions: NonNegativeInt
    seconds: float
    faults: list[tuple[NonNegativeInt, NonNegativeInt, str, NonNegativeInt, str]]
    findings: list[tuple[str, str, NonNegativeInt | None, bool]]
    covered: list[tuple[str, str, str, str]]
    seen: NonNegativeInt
    trails: NonNegativeInt
    frontier: NonNegativeInt
    following: NonNegativeInt


class _Trails:
    """Trails as two arrays: of each its parent's number plus one, and the number of its last fault."""

    def __init__(self) -> None:
        self.parents, self.last = array("I"), array("I")
        self.faults: dict[FaultRow, int] = {}
        self._numbers: dict[int, int] = {}
        self._kept: list[Trail] = []  # or their ids would be given to others

    def number(self, trail: Trail) -> int:
        """A trail's number, after those that lead to it."""
        line: list[Trail] = []
        at: Trail | None = trail
        while at is not None and id(at) not in self._numbers:
            line.append(at)
            at = at.before
        for new in reversed(line):
            self.parents.append(ROOT if new.before is None else self._numbers[id(new.before)] + 1)
            self.last.append(self.faults.setdefault(fault_row(new.fault), len(self.faults)))
            self._numbers[id(new)] = len(self._kept)
            self._kept.append(new)
        return self._numbers[id(trail)]


def save(path: Path, plan: Plan, state: State) -> None:
    """Put a search aside; its state is whole after ``search`` has returned."""
    trails = _Trails()
    frontier, following = (array("I", map(trails.number, _trails_of(n))) for n in (state.frontier, state.following))
    result = state.result
    findings = [(f.checker, f.text, None if f.trail is None else trails.number(f.trail), f.within)
                for f in result.findings]  # fmt: skip
    header = _Header(
        sources=sources(), plan=_values(plan), depth=state.depth, cuts=result.cuts, states=result.states,
        transitions=result.transitions, seconds=result.seconds, faults=list(trails.faults), findings=findings,
        covered=sorted(result.covered), seen=len(state.seen), trails=len(trails.parents), frontier=len(frontier),
        following=len(following),
    )  # fmt: skip
    nodes = (*state.frontier, *state.following)
    keys = b"".join([key.to_bytes(KEY, "little") for key in (*state.seen, *(node.key for node in nodes))])
    numbers = b"".join(map(_to_bytes, (trails.parents, trails.last, frontier, following)))
    body = header.model_dump_json().encode() + b"\n" + keys + numbers
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(MAGIC + VERSION + b"\n" + blake2b(body, digest_size=_DIGEST).digest() + body)
    beside.replace(path)


def load(path: Path, plan: Plan, job: Job) -> State:
    """The search that was put aside, with its states made again. BadInput says why it cannot go on here."""
    header, rest = _read(path)
    if header.sources != sources():
        raise BadInput(f"{path}: was written by another version of ipoffice-sim; sweep anew")
    values = _values(plan)
    different = [name for name in values if header.plan.get(name) != values[name]]
    if different or len(values) != len(header.plan):
        raise BadInput(f"{path}: is of another sweep; different: {', '.join(different) or 'its options'}")
    try:
        return _state(header, rest, job)
    except (ValueError, IndexError, KeyError, OverflowError):
        raise BadInput(f"{path}: is damaged: its states are not those that their trails lead to") from None


def _values(plan: Plan) -> dict[str, Any]:
    """What must be equal; the folder need not be. The text goes in as its digest."""
    text = blake2b(plan.text.encode(), digest_size=_DIGEST).hexdigest()
    return {"scenario": text, "seed": plan.seed, "unit": plan.unit, "faults": list(plan.faults), "merged": plan.merged}


def _trails_of(nodes: Iterable[Node]) -> Iterable[Trail]:
    return (node.trail for node in nodes if node.trail is not None)


def _to_bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _read(path: Path) -> tuple[_Header, memoryview]:
    """The header and the arrays; BadInput unless they are as they were written."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    first, _, after = content.partition(b"\n")
    if not first.startswith(MAGIC):
        raise BadInput(f"{path}: is no checkpoint of a sweep")
    if first != MAGIC + VERSION:
        raise BadInput(f"{path}: is a checkpoint of another form than {VERSION.decode()}; sweep anew")
    body = after[_DIGEST:]
    end = body.find(b"\n")
    with suppress(ValidationError):
        if end >= 0 and blake2b(body, digest_size=_DIGEST).digest() == after[:_DIGEST]:
            header = _Header.model_validate_json(body[:end])
            nodes = header.frontier + header.following
            if len(body) - end - 1 == KEY * (header.seen + nodes) + 4 * (2 * header.trails + nodes):
                return header, memoryview(body)[end + 1 :]
    raise BadInput(f"{path}: is damaged")


def _state(header: _Header, rest: memoryview, job: Job) -> State:
    state, nodes = State(), header.frontier + header.following
    split = KEY * (header.seen + nodes)
    keys = [int.from_bytes(rest[at : at + KEY], "little") for at in range(0, split, KEY)]
    numbers = array("I", rest[split:].tobytes())
    if sys.byteorder == "big":
        numbers.byteswap()
    parents, last = numbers[: header.trails], numbers[header.trails : 2 * header.trails]
    wanted = numbers[2 * header.trails :]
    if any(parent > number for number, parent in enumerate(parents)) or any(f[2] not in BY_CODE for f in header.faults):
        raise ValueError
    trails: list[Trail] = []
    for parent, fault in zip(parents, last, strict=True):
        trails.append(Trail(trails[parent - 1] if parent else None, state.fault(header.faults[fault])))
    made = _made_again(job, state, parents, trails, set(wanted))
    found = [made[number] for number in wanted]
    state.seen.update(keys[: header.seen])
    if [node.key for node in found] != keys[header.seen :] or not state.seen.issuperset(keys[header.seen :]):
        raise ValueError
    state.begun, state.depth = True, header.depth
    state.frontier.extend(found[: header.frontier])
    state.following.extend(found[header.frontier :])
    findings = [Finding(checker, text, None if number is None else trails[number], within)
                for checker, text, number, within in header.findings]  # fmt: skip
    covered: set[Covered] = set(header.covered)
    state.result = Result(
        header.cuts, False, header.states, header.transitions, header.seconds, nodes, findings, covered
    )
    return state


def _made_again(
    job: Job, state: State, parents: Sequence[int], trails: list[Trail], wanted: set[int]
) -> dict[int, Node]:
    """The wanted states, by their trails' numbers: every state on the way is started from once."""
    below: dict[int, list[int]] = {}
    needed = set(wanted)
    for number in range(len(trails) - 1, -1, -1):
        if number in needed:
            below.setdefault(parents[number], []).append(number)
            if parents[number]:
                needed.add(parents[number] - 1)
    made: dict[int, Node] = {}
    ready: list[tuple[int, Node | None]] = [(ROOT, None)]
    while ready:
        at, node = ready.pop()
        children = job.expand(node, set(), deeper=True).children if node else _roots(job)
        by_fault = {fault_row(child.trail.fault): child for child in children if child.trail}
        for number in below[at]:
            child = by_fault[fault_row(trails[number].fault)]
            child = Node(child.key, child.scene, child.places, child.contents, child.clock, child.duty, trails[number])
            if number in wanted:
                made[number] = state.compact(child)
            if number + 1 in below:
                ready.append((number + 1, child))
    return made


def _roots(job: Job) -> list[Node]:
    return [node for nodes, _ in job.roots(set()) for node in nodes]
