"""A search put aside in a file, to be gone on with later, here or elsewhere.

The file is a line that says what it is, a digest, a line of JSON, and plain numbers: a file may come from anywhere, so
nothing in it is executed, and no image of a flash is taken from it. States are kept as the trails that lead to them,
and made again by going these trails; a state that then has another key means that the file does not fit the program.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from firmware.bench.sweep.chunks import FaultRow, fault_of, fault_row, sources
from firmware.bench.sweep.crashes import AT_REST, FLIPS
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Fault, Node, Trail
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.rot import flipped
from firmware.bench.sweep.search import Covered, Result, State
from firmware.errors import BadInput

MAGIC = b"ipoffice-sim sweep checkpoint 1\n"
KEY = 16  # bytes of a state's key
_DIGEST = 16


class _Header(BaseModel):
    """The line of JSON. ``plan`` must be that of the search that goes on; the counts say how many numbers follow: the
    keys of the states seen; of each trail its parent's number plus one, then its last fault's; trails to start from."""

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
    """Trails as numbers. ``parents`` are numbers plus one: 0 stands for the scenario's own run."""

    def __init__(self) -> None:
        self.parents: list[int] = []
        self.last: list[int] = []
        self.faults: dict[FaultRow, int] = {}
        self._numbers: dict[int, int] = {}  # by id: the trails live as long as the search's states

    def number(self, trail: Trail) -> int:
        """A trail's number, after those that lead to it."""
        line: list[Trail] = []
        at: Trail | None = trail
        while at is not None and id(at) not in self._numbers:
            line.append(at)
            at = at.before
        for new in reversed(line):
            self._numbers[id(new)] = len(self.parents)
            self.parents.append(0 if new.before is None else self._numbers[id(new.before)] + 1)
            self.last.append(self.faults.setdefault(fault_row(new.fault), len(self.faults)))
        return self._numbers[id(trail)]


def save(path: Path, plan: Plan, state: State) -> None:
    """Put a search aside; its state is whole after ``search`` has returned. BadInput: it cannot be written there."""
    trails, result = _Trails(), state.result
    nodes = [trails.number(node.trail) for node in (*state.frontier, *state.following) if node.trail is not None]
    findings = [(f.checker, f.text, None if f.trail is None else trails.number(f.trail), f.within)
                for f in result.findings]  # fmt: skip
    header = _Header(
        sources=sources(), plan=_values(plan), depth=state.depth, cuts=result.cuts, states=result.states,
        transitions=result.transitions, seconds=result.seconds, faults=list(trails.faults), findings=findings,
        covered=sorted(result.covered), seen=len(state.seen), trails=len(trails.parents),
        frontier=len(state.frontier), following=len(state.following),
    )  # fmt: skip
    keys = b"".join([key.to_bytes(KEY, "little") for key in state.seen])
    numbers = (*trails.parents, *trails.last, *nodes)
    body = header.model_dump_json().encode() + b"\n" + keys + struct.pack(f"<{len(numbers)}I", *numbers)
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_bytes(MAGIC + _digest(body) + body)
        beside.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


def load(path: Path, plan: Plan, job: Job) -> State:
    """The search that was put aside, with its states made again. BadInput says why it cannot go on here."""
    header, rest = _read(path)
    if header.sources != sources():
        raise BadInput(f"{path}: was written by another version of ipoffice-sim; sweep anew")
    values = _values(plan)
    different = [name for name in values if header.plan.get(name) != values[name]]
    if different:
        raise BadInput(f"{path}: is of another sweep; different: {', '.join(different)}")
    try:
        return _state(header, rest, job)
    except (ValueError, IndexError, KeyError, BadInput):
        raise BadInput(f"{path}: is damaged: its states are not those that their trails lead to") from None


def _values(plan: Plan) -> dict[str, Any]:
    """What must be equal; names of files and folders need not be. The text goes in as its digest."""
    text = _digest(plan.text.encode()).hex()
    return {"scenario": text, "seed": plan.seed, "unit": plan.unit, "faults": list(plan.faults), "merged": plan.merged}


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()


def _read(path: Path) -> tuple[_Header, bytes]:
    """The header and the numbers; BadInput unless they are as they were written."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    if not content.startswith(MAGIC):
        raise BadInput(f"{path}: is no checkpoint of a sweep, or one of another version")
    start = len(MAGIC) + _DIGEST
    digest, body = content[len(MAGIC) : start], content[start:]
    if digest != _digest(body):
        raise BadInput(f"{path}: is damaged")
    line, _, rest = body.partition(b"\n")
    try:
        return _Header.model_validate_json(line), rest
    except ValidationError:
        raise BadInput(f"{path}: is damaged") from None


def _state(header: _Header, rest: bytes, job: Job) -> State:
    """ValueError, IndexError or KeyError when the numbers make no sense."""
    state, nodes, split = State(), header.frontier + header.following, KEY * header.seen
    count = 2 * header.trails + nodes
    if len(rest) != split + 4 * count:
        raise ValueError
    state.begun, state.depth = True, header.depth
    state.seen.update(int.from_bytes(rest[at : at + KEY], "little") for at in range(0, split, KEY))
    numbers = struct.unpack(f"<{count}I", rest[split:])
    parents, last = numbers[: header.trails], numbers[header.trails : 2 * header.trails]
    wanted = numbers[2 * header.trails :]
    if any(parent > number for number, parent in enumerate(parents)):
        raise ValueError
    faults = [fault_of(row) for row in header.faults]
    trails: list[Trail] = []
    for parent, fault in zip(parents, last, strict=True):
        trails.append(Trail(trails[parent - 1] if parent else None, faults[fault]))
    made = _made_again(job, state, parents, trails, set(wanted))
    found = [made[number] for number in wanted]
    if not state.seen.issuperset(node.key for node in found):
        raise ValueError
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
    below: dict[int, list[int]] = {0: []}
    needed = set(wanted)
    for number in range(len(trails) - 1, -1, -1):
        if number in needed:
            below.setdefault(parents[number], []).append(number)
            needed.add(parents[number] - 1)
    made: dict[int, Node] = {}
    ready: list[tuple[int, Node | None]] = [(0, None)]
    while ready:
        at, node = ready.pop()
        children = job.expand(node, set(), deeper=True).children if node else _roots(job)
        by_fault: dict[Fault, Node] = {child.trail.fault: child for child in children if child.trail}
        for number in below[at]:
            fault = trails[number].fault
            if fault.form in FLIPS and node:
                child = flipped(job, node, fault)
            else:  # the unit's rest at the scenario's end may be no state of its own, but only where bits flip
                child = job.follow((fault,)) if fault.form is AT_REST and not node else by_fault[fault]
            child = Node(child.key, child.scene, child.places, child.contents, child.clock, child.duty, trails[number])
            if number in wanted:
                made[number] = state.compact(child)
            if number + 1 in below:
                ready.append((number + 1, child))
    return made


def _roots(job: Job) -> list[Node]:
    return [node for nodes, _ in job.roots(set()) for node in nodes]
