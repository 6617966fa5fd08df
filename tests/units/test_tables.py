"""Nothing that can be done to a unit is left out of the machines."""

from __future__ import annotations

import platforms
from tests.ignition.units import LINUX
from tests.units.beyond import ARGUMENTS
from tests.units.model import IP500V2_IDENTITY, LINUX_IDENTITY


def operations(names: tuple[str, ...]) -> set[str]:
    return {operation for name in names for operation in platforms.load(name).operations}


def test_the_model_has_a_row_for_every_operation() -> None:
    assert IP500V2_IDENTITY.keys() - {"power_on, reset held"} == operations(("ip500v2", "ip500v2_expansion"))
    assert LINUX_IDENTITY.keys() == operations(LINUX)


def test_every_operation_has_arguments_beyond_the_budget() -> None:
    assert ARGUMENTS.keys() == operations(tuple(platforms.names()))
