"""A sweep in a process of its own, to be interrupted: python -m tests.sweep.child JOBS CHECKPOINT [STATES].

It prints the numbers of its processes when so many states are done, and waits for a line; then it goes on. At the end
it says so and puts the search aside.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import active_children
from pathlib import Path

from firmware.bench.sweep import checkpoint
from firmware.bench.sweep.executors import crew
from firmware.bench.sweep.search import Limits, Result, State, search
from tests.sweep.searches import POWER_ON_TORN


def main(jobs: int, path: Path, most: int) -> None:
    asked: list[int] = []

    def tell(result: Result) -> None:
        if not asked and result.states >= most:
            asked.append(result.states)
            print(os.getpid(), *(process.pid for process in active_children()), flush=True)
            sys.stdin.readline()

    plan, state = POWER_ON_TORN, State()
    job = plan.job()
    with crew(plan, job, jobs=jobs) as workers:
        result = search(job, Limits(None), tell, state=state, crew=workers)
    checkpoint.save(path, plan, state)
    print("interrupted" if result.interrupted else "whole", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
