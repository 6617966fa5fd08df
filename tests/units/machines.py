"""The machines, and how they are let run outside of a test."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.units.ip500v2 import IP500V2
from tests.units.linux import Linux
from tests.units.machine import UnitMachine

MACHINES: tuple[type[UnitMachine], ...] = (IP500V2, Linux)


def run(
    machine: type[UnitMachine], examples: int, number: int, *, steps: int, shrink: bool = False
) -> Exception | None:
    """What so many examples find, drawn from a seed."""
    wanted = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
    )  # fmt: skip
    try:
        run_state_machine_as_test(seed(number)(machine), settings=wanted)
    except Exception as error:
        return error
    return None
