"""``python -m tests.units EXAMPLES [--seed N] [--only NAME]``: the machines with more examples than in the tests."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

from tests.units.machine import UnitMachine
from tests.units.machines import MACHINES, run

STEPS = 50
INVARIANTS = [f"state.{name}()" for name in (
    "every_identity_is_whole", "it_rests_in_the_table", "no_identity_is_anothers", "no_secret_is_in_the_journal",
    "nothing_is_programmed_twice", "ram_holds_what_is_on_the_flash", "the_level_never_changes",
)]  # fmt: skip


def _shown(error: BaseException) -> str:
    """What went wrong, where, and the rules that lead there."""
    notes = [line for note in getattr(error, "__notes__", ()) for line in note.splitlines()]
    rules = [line for line in notes if line not in INVARIANTS]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
    return f"{type(error).__name__}: {error}\n{' > '.join(where)}\n" + "\n".join(rules)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.units", description=__doc__)
    parser.add_argument("examples", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[machine.__name__ for machine in MACHINES])
    given = parser.parse_args()
    failed = 0
    for machine in MACHINES:
        if given.only not in (None, machine.__name__):
            continue
        UnitMachine.tally.clear()
        begun = time.process_time()
        error = run(machine, given.examples, given.seed, steps=STEPS, shrink=True)
        failed |= error is not None
        print(f"{machine.__name__}: {given.examples} examples, seed {given.seed}, {time.process_time() - begun:.0f} s")
        print(*(f"  {count:7,} {what}" for what, count in sorted(UnitMachine.tally.items())), sep="\n")
        print(_shown(error) if error else "nothing found", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
