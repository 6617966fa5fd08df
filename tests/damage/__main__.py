"""``python -m tests.damage images N [--seed S] [--only K]`` and ``python -m tests.damage kills N [--seed S]``.

What is found is told in a line with the number that brings it about again; exit code 1 then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.damage.child import FOUND, Child, serve
from tests.damage.kills import kill


def images(numbers: range, seed: int) -> list[tuple[int, str]]:
    with Child(seed) as child:
        return list(child.judge(numbers))


def kills(numbers: range, seed: int) -> list[tuple[int, str]]:
    with tempfile.TemporaryDirectory() as folder:
        return [(number, kill(number, seed, Path(folder) / str(number))) for number in numbers]


WORK: dict[str, tuple[Callable[[range, int], list[tuple[int, str]]], int]] = {
    "images": (images, 1000), "kills": (kills, 50),
}  # fmt: skip


def verdicts(what: str, numbers: range, seed: int, jobs: int) -> Iterator[tuple[int, str]]:
    """Batch by batch, so many at once."""
    work, batch = WORK[what]
    batches = [numbers[at : at + batch] for at in range(0, len(numbers), batch)]
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(work, some, seed) for some in batches]):
            yield from done.result()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.damage")
    parser.add_argument("what", choices=(*WORK, "child"))
    parser.add_argument("count", type=int, help="how many; of child, the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="just this one")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.what == "child":
        serve(given.count)
        return 0
    numbers = range(given.count) if given.only is None else range(given.only, given.only + 1)
    begun, ends, found = time.monotonic(), Counter[str](), 0
    for number, verdict in verdicts(given.what, numbers, given.seed, given.jobs):
        if verdict.startswith(FOUND):
            found += 1
            print(f"{given.what} --seed {given.seed} --only {number}: {verdict.removeprefix(FOUND)}", flush=True)
        else:
            ends[verdict] += 1
    said = ", ".join(f"{end} {count}" for end, count in ends.most_common())
    print(f"{len(numbers)} {given.what}, seed {given.seed}, {time.monotonic() - begun:.0f} s: {found} found; {said}")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
