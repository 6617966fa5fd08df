"""``make soak``: coverage-guided fuzzing of all that comes from outside, a process a target, so many seconds each."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

LARGEST, SLOWEST = 8192, 20  # bytes of an input; seconds that one may take
ROOT = Path(__file__).parents[2]


def fuzz(target: str, seconds: int, corpus: str) -> None:
    """Never returns: libFuzzer ends the process, and not with 0 when something was found."""
    import atheris

    with atheris.instrument_imports(include=["firmware", "ignition"]):
        from tests.fuzz.targets import TARGETS

    options = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", f"-timeout={SLOWEST}", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], corpus, *options], TARGETS[target])
    atheris.Fuzz()


def main(seconds: int) -> int:
    """Every target in turn. What was found is printed, and its input kept in build/fuzz."""
    from tests.fuzz.targets import seeds

    kept = ROOT / "build" / "fuzz"
    kept.mkdir(parents=True, exist_ok=True)
    found = 0
    for target, first in seeds().items():
        with tempfile.TemporaryDirectory() as folder:
            for number, data in enumerate(first):
                (Path(folder) / str(number)).write_bytes(data)
            command = [sys.executable, "-m", "tests.fuzz", target, str(seconds), folder]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=kept, env=environment)
        count = [line.split()[-1] for line in ran.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{target:<14} {'ok' if ran.returncode == 0 else 'FOUND'}, {' '.join(count)} inputs", flush=True)
        if ran.returncode:
            found += 1
            print("\n".join(ran.stdout.splitlines()[-20:] + ran.stderr.splitlines()[-20:]))
    return min(found, 1)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        fuzz(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
