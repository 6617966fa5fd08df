"""In each of our scenarios power is cut at every operation in every way of the fault budget, and nothing is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench.sweep import report
from firmware.bench.sweep.checkers import CHECKERS
from tests.sweep.coverage import baseline, name_of, stories, sweep
from tests.zoo.table import ANIMALS


@pytest.mark.parametrize("path", stories(), ids=name_of)
def test_a_power_cut_anywhere_loses_nothing(path: Path) -> None:
    swept = sweep(path)
    assert swept.findings == [], report.text(swept)
    seen = len(swept.result.covered)
    assert seen >= baseline()[name_of(path)], "less of the crash space is seen than before"
    print(f"{name_of(path)}: {swept.result.states:,} states, {seen} of the crash space")


def test_the_numbers_are_of_our_scenarios() -> None:
    assert baseline().keys() == {name_of(path) for path in stories()}


def test_every_checker_has_an_animal_that_it_alone_is_needed_for() -> None:
    assert {animal.checker for animal in ANIMALS} == {checker.name for checker in CHECKERS}
