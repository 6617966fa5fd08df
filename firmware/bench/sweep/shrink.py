"""Make a failure small: the fewest cuts in their simplest forms, then the fewest steps. What is smaller counts when the
same checker objects; where a cut lies in a smaller scenario is looked for anew, first where it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from firmware.bench import marked_yaml
from firmware.bench.sweep.crashes import FORMS
from firmware.bench.sweep.job import Finding, Job
from firmware.bench.sweep.nodes import Fault, Node
from firmware.bench.sweep.plan import Plan
from firmware.errors import IpsimError

MOST_STARTS = 1500  # to look for one cut of a trail
MOST_ROUNDS = 8  # of making smaller what was made smaller

Size = tuple[int, int, int, int]


def shrunk(plan: Plan, finding: Finding) -> tuple[Plan, Finding]:
    """The smallest scenario that still shows a failure, and the simplest trail in it. Deterministic; at worst the plan
    and the finding themselves."""
    finding = simplest(plan, finding)
    for _ in range(MOST_ROUNDS):
        smaller = _with_fewer_steps(plan, finding)
        if smaller is None:
            break
        plan, finding = smaller[0], simplest(*smaller)
    return plan, finding


def simplest(plan: Plan, finding: Finding) -> Finding:
    """The simplest trail with the same objection in the same scenario: fewer cuts, then simpler ones. Its id is good
    wherever the scenario's file is."""
    job = plan.job()
    for _ in range(MOST_ROUNDS):
        smaller = _without_a_cut(job, finding) or _with_a_simpler_cut(job, finding)
        if smaller is None:
            break
        finding = smaller
    return finding


def with_steps(text: str, file: str, rows: Sequence[Any]) -> str:
    """A scenario with other steps."""
    return written({**marked_yaml.load(text, file).data, "steps": list(rows)})


def written(data: dict[str, Any]) -> str:
    """A scenario as a text, a line a step."""
    head = {name: value for name, value in data.items() if name != "steps"}
    lines = [_flow({name: value}) for name, value in head.items()]
    return "\n".join([*lines, "steps:", *(f"  - {_flow(row)}" for row in data["steps"])]) + "\n"


def _flow(value: Any) -> str:
    """One ``name: value`` on one line, its value in flow style; or a bare word."""
    if isinstance(value, dict) and len(value) == 1:
        (name, inner), = value.items()  # fmt: skip
        if inner is None:
            return str(name)
        return f"{name}: {_dump(inner)}"
    return _dump(value)


def _dump(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def fails_alike(job: Job, faults: Sequence[Fault], checker: str) -> Finding | None:
    """What comes of a trail, when it exists in this job and the same checker objects."""
    try:
        return _fails(job, job.follow(faults), checker)
    except IpsimError:
        return None


def _fails(job: Job, node: Node, checker: str) -> Finding | None:
    found = job.expand(node, set(), deeper=False).finding
    return found if found is not None and found.checker == checker else None


def _faults(finding: Finding) -> tuple[Fault, ...]:
    return finding.trail.faults() if finding.trail else ()


def _without_a_cut(job: Job, finding: Finding) -> Finding | None:
    """One cut left out: the others as they are, or, when that says nothing, any trail of one cut."""
    faults = _faults(finding)
    if len(faults) < 2:
        return None
    first = faults[0]
    tries = [faults[:n] for n in range(1, len(faults))]
    tries += [(first, *faults[1:n], *faults[n + 1 :]) for n in range(1, len(faults))]
    for tried in tries:
        if found := fails_alike(job, tried, finding.checker):
            return found
    return _first_that_fails(job, _roots(job, first), (), finding.checker)


def _with_a_simpler_cut(job: Job, finding: Finding) -> Finding | None:
    """One cut in a simpler form, or at an earlier operation, and the others as they are."""
    faults = _faults(finding)
    for number, fault in enumerate(faults):
        nodes = _roots(job, fault) if not number else _children(job, faults[:number])
        simpler = sorted((node for node in nodes if _size(_last(node)) < _size(fault)), key=lambda n: _size(_last(n)))
        found = _first_that_fails(job, simpler, faults[number + 1 :], finding.checker)
        if found is not None:
            return found
    return None


def _first_that_fails(job: Job, nodes: Sequence[Node], rest: Sequence[Fault], checker: str) -> Finding | None:
    for node in nodes[:MOST_STARTS]:
        assert node.trail is not None
        found = fails_alike(job, (*node.trail.faults(), *rest), checker) if rest else _fails(job, node, checker)
        if found is not None:
            return found
    return None


def _last(node: Node) -> Fault:
    assert node.trail is not None
    return node.trail.fault


def _size(fault: Fault) -> Size:
    """How simple a cut is: its form first, then how early it comes."""
    return FORMS.index(fault.form), fault.lost, fault.step, fault.operation


def _roots(job: Job, like: Fault) -> list[Node]:
    """Every state that one cut of the scenario leaves; first those that are most like a cut."""
    nodes = [node for found, _ in job.roots(set()) for node in found]

    def strangeness(node: Node) -> tuple[bool, bool, Size]:
        fault = _last(node)
        return fault.place != like.place, fault.form is not like.form, _size(fault)

    return sorted(nodes, key=strangeness)


def _children(job: Job, faults: Sequence[Fault]) -> list[Node]:
    """Every state that a further cut leaves."""
    return job.expand(job.follow(faults), set(), deeper=True).children


@dataclass(frozen=True, slots=True)
class _Reduction:
    """A smaller list of steps: ``rows`` says what stands in the place of each, None nothing."""

    rows: tuple[Any, ...]

    @property
    def left(self) -> tuple[Any, ...]:
        return tuple(row for row in self.rows if row is not None)


def _with_fewer_steps(plan: Plan, finding: Finding) -> tuple[Plan, Finding] | None:
    """The first smaller scenario that shows the failure; then, from there, again, until none does."""
    best: tuple[Plan, Finding] | None = None
    rows = tuple(marked_yaml.load(plan.text, plan.file).data["steps"])
    at = 0
    while True:
        tries = list(_reductions(rows, _faults(finding)[0].step))[at:]
        for number, reduction in enumerate(tries):
            smaller = replace(plan, text=with_steps(plan.text, plan.file, reduction.left))
            if found := _look_for(smaller, finding, reduction):
                # What did not go before will hardly go now: the search goes on behind it.
                plan, finding, best = smaller, found, (smaller, found)
                rows, at = reduction.left, at + number
                break
        else:
            return best


def _reductions(rows: tuple[Any, ...], step: int) -> Iterator[_Reduction]:
    """All after the cut gone; no expectations; halves, then single steps gone, the last first; fewer fields."""
    size = len(rows)
    gone: list[frozenset[int]] = []
    if step < size:
        gone.append(frozenset(range(step, size)))
    gone.append(frozenset(n for n, row in enumerate(rows) if _is_expectation(row)))
    length = size // 2
    while length > 1:
        gone += [frozenset(range(max(end - length, 0), end)) for end in range(size, 0, -length)]
        length //= 2
    gone += [frozenset({n}) for n in range(size - 1, -1, -1)]
    for numbers in dict.fromkeys(gone):
        if numbers and len(numbers) < size:
            yield _Reduction(tuple(None if n in numbers else row for n, row in enumerate(rows)))
    for n in range(size - 1, -1, -1):
        for row in _with_fewer_fields(rows[n]):
            yield _Reduction((*rows[:n], row, *rows[n + 1 :]))


def _is_expectation(row: Any) -> bool:
    return isinstance(row, dict) and "expect" in row


def _with_fewer_fields(row: Any) -> Iterator[Any]:
    """A step without one of its fields; one without any is a bare word."""
    if not isinstance(row, dict):
        return
    (name, fields), = row.items()  # fmt: skip
    if not isinstance(fields, dict):
        return
    for gone in fields:
        if gone != "unit":
            left = {key: value for key, value in fields.items() if key != gone}
            yield {name: left} if left else name


def _look_for(plan: Plan, finding: Finding, reduction: _Reduction) -> Finding | None:
    """The failure in a smaller scenario: where its cut was, or else at any operation of its kind."""
    try:
        job = plan.job()
    except IpsimError:  # it is none, or fails by itself
        return None
    first, *rest = _faults(finding)
    before = sum(row is None for row in reduction.rows[: max(first.step - 1, 0)])
    same = replace(first, step=first.step - before)
    if found := fails_alike(job, (same, *rest), finding.checker):
        return found
    alike = [node for node in _roots(job, first) if _last(node).place == first.place]
    return _first_that_fails(job, alike, rest, finding.checker)
