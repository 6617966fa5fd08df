"""How much of the crash space the sweeps of our scenarios see, as a number a scenario, held by ``coverage.json``.

What is counted is every different (operation, moment of the cut, way that the recovery took): places at which power can
go, and what the firmware then has to do. When a number drops, something is not looked at any more that was: a scenario,
an operation, a way of recovering. ``make sweep`` shows them; ``python -m tests.sweep.coverage`` writes the file anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.report import Swept
from firmware.bench.sweep.search import Limits, search

SCENARIOS = Path("tests/scenarios")
FILE = Path(__file__).with_suffix(".json")


def stories() -> list[Path]:
    return sorted(SCENARIOS.rglob("*.yaml"))


def name_of(path: Path) -> str:
    return str(path.relative_to(SCENARIOS).with_suffix(""))


def sweep(path: Path) -> Swept:
    """Every fault of the budget, once, at every operation of a scenario."""
    plan = Plan(path.name, path.read_text(), str(path.parent))
    return Swept(plan, search(plan.job(), Limits(1)))


def baseline() -> dict[str, int]:
    known: dict[str, int] = json.loads(FILE.read_text())
    return known


def main() -> None:
    found = {name_of(path): len(sweep(path).result.covered) for path in stories()}
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{sum(found.values()):,} in {len(found)} scenarios")


if __name__ == "__main__":
    main()
