"""``make bench``: each row a figure, its limit, and a floor or peer measured in the same run."""

from __future__ import annotations

import sys

from tests.benchmarks.boots import first_start_new_key, first_start_pooled, ordinary_start
from tests.benchmarks.commands import existing_unit, version
from tests.benchmarks.copies import copy_any_state, thousand_units
from tests.benchmarks.ignition import unattended_pooled
from tests.benchmarks.load import handshakes, phones_at_once
from tests.benchmarks.rules import matrix_checked
from tests.benchmarks.serving import first_byte, page_answered
from tests.benchmarks.sip import register_and_options, two_thousand_phones, wave
from tests.benchmarks.sweep import BENCHMARKS as SWEEP
from tests.benchmarks.verdicts import first_verdicts, repeated_verdicts

BENCHMARKS = (
    first_start_new_key,
    first_start_pooled,
    ordinary_start,
    unattended_pooled,
    page_answered,
    first_byte,
    copy_any_state,
    thousand_units,
    repeated_verdicts,
    first_verdicts,
    matrix_checked,
    register_and_options,
    two_thousand_phones,
    wave,
    handshakes,
    phones_at_once,
    *SWEEP,
    version,
    existing_unit,
)


def main() -> int:
    over = 0
    for benchmark in BENCHMARKS:
        row = benchmark()
        over += not row.holds
        print(f"{'ok  ' if row.holds else 'OVER'} {row.name:<46} {row.seen}  (limit {row.limit})", flush=True)
    print(f"{len(BENCHMARKS) - over} of {len(BENCHMARKS)} within their limits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
