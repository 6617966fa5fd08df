"""How strong the machines are: bugs that they find by themselves, where they find none in our firmware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from firmware.storage.records import parse
from tests.units.ip500v2 import IP500V2
from tests.units.linux import Linux
from tests.units.machine import UnitMachine
from tests.units.machines import run
from tests.zoo.animal import Animal
from tests.zoo.table import ANIMALS

EXAMPLES: Mapping[type[UnitMachine], int] = {IP500V2: 150, Linux: 60}
STEPS, SEED = 40, 1


def believe_the_layout(layout: Any, data: bytes | None) -> Any | None:
    """kept.understood, but what a record holds is taken for what it is to hold."""
    return parse(layout, data) if data else None


BEYOND_THE_BUDGET = Animal(
    "trusting reader", "A start ends where a record holds anything else.", "a common one",
    "firmware.boot.kept:understood", believe_the_layout, "power_on", "comes up", "bodies of another layout are none",
)  # fmt: skip
BY_NAME = {animal.name: animal for animal in (*ANIMALS, BEYOND_THE_BUDGET)}

FOUND_BY: tuple[tuple[type[UnitMachine], str], ...] = (
    (IP500V2, "no checksum"),
    (IP500V2, "both slots erased"),
    (IP500V2, "second reboot"),
    (IP500V2, "burnt lifeboat"),
    (IP500V2, "blank by its header"),
    (IP500V2, "trusted store lost"),
    (IP500V2, "identity made twice"),
    (IP500V2, "half an upgrade"),
    (IP500V2, "trusting reader"),
    (Linux, "zero-byte file"),
    (Linux, "no sync before done"),
    (Linux, "key before certificate"),
    (Linux, "chain runs ahead"),
)


@pytest.mark.parametrize(("machine", "name"), FOUND_BY, ids=lambda value: str(getattr(value, "__name__", value)))
def test_a_machine_finds_the_bug(machine: type[UnitMachine], name: str) -> None:
    with BY_NAME[name].let_in():
        error = run(machine, EXAMPLES[machine], SEED, steps=STEPS)
    assert isinstance(error, AssertionError), error


@pytest.mark.parametrize("machine", EXAMPLES)
def test_the_same_examples_find_nothing_in_our_firmware(machine: type[UnitMachine]) -> None:
    assert run(machine, EXAMPLES[machine], SEED, steps=STEPS) is None
