"""``python -m tests.units EXAMPLES [SEED]``: the same machines with more examples, and other ones than in the tests."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.units.machines import MACHINES

STEPS = 50
INVARIANTS = (
    "every_identity_is_whole", "it_rests_in_the_table", "no_secret_is_in_the_journal", "nothing_is_programmed_twice",
    "ram_holds_what_is_on_the_flash", "the_level_never_changes",
)  # fmt: skip


def _shown(error: BaseException) -> str:
    """What went wrong, where, and the rules that lead there; not the invariants in between."""
    names = {f"state.{name}()" for name in INVARIANTS}
    rules = [line for note in getattr(error, "__notes__", ()) for line in note.splitlines() if line not in names]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:]]
    return f"{type(error).__name__}: {error}\n{' > '.join(where)}\n" + "\n".join(rules)


def main(examples: int, number: int, only: str = "") -> int:
    wanted = settings(
        max_examples=examples, stateful_step_count=STEPS, deadline=None, database=None, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    failed = 0
    for machine in MACHINES:
        if only not in machine.__name__:
            continue
        begun = time.process_time()
        try:
            run_state_machine_as_test(seed(number)(machine), settings=wanted)
            said = "nothing found"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            failed, said = 1, _shown(error)
        print(
            f"{machine.__name__}: {examples} examples, seed {number}, {time.process_time() - begun:.0f} s: {said}",
            flush=True,
        )
    return failed


if __name__ == "__main__":
    given = [*sys.argv[1:], "100", "1"][: max(2, len(sys.argv) - 1)]
    sys.exit(main(int(given[0]), int(given[1]) if given[1].isdigit() else 1, given[2] if len(given) > 2 else ""))
