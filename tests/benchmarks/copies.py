"""Copying a unit, and many units in one process."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.boots import PLATFORM, new
from tests.benchmarks.harness import Row, seconds


def copy_any_state() -> Row:
    """The dearest copy of a unit over every state of its first start-up, in µs."""
    unit = new(1)
    PLATFORM.operations["power_on"](unit)
    dearest, where = 0.0, ""
    while True:
        took = min(seconds(lambda: [unit.copy() for _ in range(100)]) / 100 for _ in range(20))
        if took > dearest:
            dearest, where = took, unit.state
        if PLATFORM.bring_up.rests(unit):
            break
        PLATFORM.bring_up.step(unit)
    return Row("copy of a unit, dearest state", f"{dearest * 1e6:.1f} µs in {where}", "10 µs", dearest <= 10e-6)


def thousand_units() -> Row:
    """1,000 units that each made their first start, in a process of its own: its resident set in MB."""
    code = (
        "import re, pathlib\n"
        "from tests.benchmarks.boots import new, start\n"
        "base = start(new(1))\n"
        "units = [start(new(1)) for _ in range(1000)]\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"  # ru_maxrss would count what the parent had
        "print(int(re.findall(r'VmHWM:\\s+(\\d+)', status)[0]) // 1024, len(units))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    megabytes = int(done.stdout.split()[0])
    return Row("1,000 units in one process", f"{megabytes} MB", "100 MB", megabytes <= 100)
