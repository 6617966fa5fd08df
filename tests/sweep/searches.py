"""What the tests of searches share: small sweeps, what two results have in common, the memory of a state."""

from __future__ import annotations

import tracemalloc
from functools import cache
from pathlib import Path

from firmware.bench.sweep.nodes import Node, Trail
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, Result, State, search

ZOO, SCENARIOS = Path("tests/zoo/scenarios"), Path("tests/scenarios")
CUT, TORN = ("cut",), ("cut", "torn_program")


def plan_of(path: Path, faults: tuple[str, ...] = CUT, *, merged: bool = False) -> Plan:
    return Plan(path.name, path.read_text(), str(path.parent), faults=faults, merged=merged)


POWER_ON = plan_of(ZOO / "power_on.yaml")
POWER_ON_TORN = plan_of(ZOO / "power_on.yaml", TORN)
POWER_ON_ROT = plan_of(ZOO / "power_on.yaml", (*CUT, "rot"))
FIRST_START = plan_of(SCENARIOS / "first_start.yaml", TORN, merged=True)


def essence(result: Result) -> tuple[object, ...]:
    """All of a result but how long it took."""
    return (
        result.cuts, result.closed, result.states, result.transitions, result.frontier, result.findings,
        result.covered, result.interrupted,
    )  # fmt: skip


@cache
def alone(plan: Plan, limits: Limits) -> Result:
    """What this process finds, without interruption."""
    return search(plan.job(), limits)


def bytes_per_state(count: int) -> float:
    """How much memory a state takes that is still to be started from, when there are so many.

    They are the states of a real search, given again as if they had just come from another process: nothing of them is
    shared yet. Each gets a key of its own.
    """
    source = State()
    search(POWER_ON_TORN.job(), Limits(None, states=300), state=source)
    models = [node for node in (*source.frontier, *source.following) if node.trail is not None]
    state = State()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count):
            node = _arrived(models[number % len(models)], (number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)
            state.seen.add(node.key)
            state.following.append(state.compact(node))
            del node
        return (tracemalloc.get_traced_memory()[0] - before) / count
    finally:
        tracemalloc.stop()


def _arrived(model: Node, key: int) -> Node:
    """As pickle makes it: equal to the model, but for the key, and made of other objects."""
    assert model.trail is not None
    contents = tuple([bytes(bytearray(content)) for content in model.contents])
    places = (*model.places,)
    return Node(key, model.scene, places, contents, model.clock, model.duty, Trail(model.trail, model.trail.fault))
