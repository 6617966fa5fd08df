"""Closed sets – every state that any number of power cuts leaves – and what earns the merging of states in them.

``python -m tests.sweep.closing [--pairs N] [--walks N] [--seed N] [--only NAME]``: the proof of every scenario with its
figures, and of those that the tests prove more merged pairs and more walks than they have time for.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from copy import copy
from functools import cache
from pathlib import Path

from firmware.bench.sweep.crashes import AT_REST
from firmware.bench.sweep.cutting import Cutting
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.nodes import Fault, Node
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, search

SCENARIOS = Path("tests/scenarios")
MOST_CUTS = 100  # of a walk

# What the tests prove, with every fault of the budget; all others must close too.
MUST_CLOSE = (
    "first_start",
    "security_default",
    "upgrade_cut_short",
    "upgrade_r62",
    "ignite_primary",
    "ignite_secondary",
    "ignite_expansion",
    "ignite_application_server",
    "ignite_ucm",
)

Pair = tuple[Node, Node]


@cache
def merged_job(name: str) -> Job:
    path = SCENARIOS / f"{name}.yaml"
    return Plan(path.name, path.read_text(), str(path.parent), merged=True).job()


def raw_job(job: Job) -> Job:
    """The same search, in which every image counts by itself."""
    raw = copy(job)
    raw.merged = False
    return raw


def key_of(job: Job, node: Node) -> int:
    """The key that a state has in a job, whichever job it comes from."""
    cutting = Cutting(job, node.scene, node.changes(), node.clock, node.duty, None)
    return cutting.struck(Fault(0, 0, AT_REST)).key


def roots(job: Job, seen: set[int]) -> list[Node]:
    found = []
    for nodes, _ in job.roots(seen):
        seen.update(node.key for node in nodes)
        found += nodes
    return found


def closure(job: Job) -> list[Node]:
    """Every state that any number of cuts leaves."""
    seen: set[int] = set()
    nodes = roots(job, seen)
    for node in nodes:  # it grows meanwhile
        nodes += job.expand(node, seen, deeper=True).children
    return nodes


@cache
def closed_keys(name: str) -> frozenset[int]:
    return frozenset(node.key for node in closure(merged_job(name)))


def some_states(job: Job, chance: random.Random, count: int) -> list[Node]:
    """At least so many states, if there are, of one cut, of two, and so on."""
    seen: set[int] = set()
    found = roots(job, seen)
    waiting = found.copy()
    while len(found) < count and waiting:
        at = chance.randrange(len(waiting))
        waiting[at], waiting[-1] = waiting[-1], waiting[at]
        children = job.expand(waiting.pop(), seen, deeper=True).children
        found += children
        waiting += children
    return found


def pairs(job: Job, states: list[Node]) -> list[Pair]:
    """States that the job takes for one, each with the first of them."""
    first: dict[int, Node] = {}
    met = ((first.setdefault(key_of(job, node), node), node) for node in states)
    return [(one, other) for one, other in met if one is not other]


@cache
def _future(job: Job, node: Node) -> object:
    expansion = job.expand(node, set(), deeper=True)
    finding = expansion.finding
    verdict = finding and (finding.checker, finding.text, finding.within)
    return verdict, expansion.covered[-1], frozenset(child.key for child in expansion.children)


def differing(job: Job, chosen: list[Pair]) -> list[Pair]:
    """Pairs of which the starts end otherwise, go another way, or are cut to other states."""
    return [(one, other) for one, other in chosen if _future(job, one) != _future(job, other)]


def walk(raw: Job, start: list[Node], chance: random.Random) -> Iterator[Node]:
    """A state, one that a cut of its start leaves, and so on, until nothing is left to cut. In some walks early cuts
    are much the likelier ones: these get far."""
    node, bias = chance.choice(start), chance.choice((1, 3, 10, 30))
    for _ in range(MOST_CUTS):
        yield node
        expansion = raw.expand(node, set(), deeper=True)
        assert expansion.finding is None, expansion.finding
        cut = [child for child in expansion.children if child.trail and child.trail.fault.form is not AT_REST]
        if not cut:
            return
        node = cut[int(len(cut) * chance.random() ** bias)]


def strays(name: str, chance: random.Random, walks: int) -> tuple[list[int], list[Node]]:
    """How many cuts each random walk over raw states took, and what it met outside the closed set."""
    job, keys = merged_job(name), closed_keys(name)
    raw = raw_job(job)
    start = roots(raw, set())
    met = [list(walk(raw, start, chance)) for _ in range(walks)]
    return [len(nodes) for nodes in met], [node for nodes in met for node in nodes if key_of(job, node) not in keys]


def main() -> int:
    every = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
    parser = argparse.ArgumentParser(prog="python -m tests.sweep.closing", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--walks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=every)
    given = parser.parse_args()
    failed = False
    for name in [given.only] if given.only else every:
        begun = time.process_time()
        result = search(merged_job(name), Limits(None))
        seconds = time.process_time() - begun
        failed |= not result.closed
        print(f"{name}: {'closed' if result.closed else 'OPEN'}: {result.states:,} states, {result.transitions:,} "
              f"transitions, {seconds:.1f} s", *(f"finding: {found.text}" for found in result.findings[:1]),
              flush=True)  # fmt: skip
        if name in MUST_CLOSE:
            failed |= not _is_earned(name, random.Random(given.seed), given.pairs, given.walks)  # noqa: S311
        for known in (merged_job, closed_keys, _future):
            known.cache_clear()
    return failed


def _is_earned(name: str, chance: random.Random, count: int, walks: int) -> bool:
    job = merged_job(name)
    found = pairs(job, some_states(raw_job(job), chance, 2 * count))
    chosen = chance.sample(found, min(len(found), count))
    different = differing(job, chosen)
    cuts, outside = strays(name, chance, walks)
    print(f"  {len(different)} of {len(chosen):,} merged pairs differ; {len(outside)} of {sum(cuts):,} states of "
          f"{len(cuts)} walks lie outside", flush=True)  # fmt: skip
    return not different and not outside


if __name__ == "__main__":
    sys.exit(main())
