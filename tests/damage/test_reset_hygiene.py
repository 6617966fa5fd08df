"""Nothing survives a reset but flash and clock: starts with cuts between them do the same in one process as each in a
fresh one (a global that outlives a simulated reset hides what a real one breaks)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.state import StateDirectory
from firmware.device.faults import Cut, Moment, Torn
from platforms import load
from tests.boot.units import START, cut_power, do, images, start_again
from tests.damage.child import ROOT
from tests.ignition.units import LINUX, apply, fill, log_in
from tests.ignition.units import fresh as fresh_server


def _factory(name: str) -> Appliance:
    return new_unit(Order(load(name), seed=7), START)


UNITS: Mapping[str, Callable[[], Appliance]] = {
    **{name: partial(_factory, name) for name in ("ip500v2", "ip500v2_expansion")},
    **{name: partial(fresh_server, name) for name in LINUX},
}
CUTS = (25, 9, None)  # inside which flash operation of each start; None: it comes up, and is used


def _observed(unit: Appliance, number: int) -> list[str]:
    """Start a unit that is off for the ``number``-th time, and tell all that can be seen of it."""
    begun, cut = len(unit.journal.events), CUTS[number]
    unit.rail.trace, unit.rail.operations = [], 0  # the count is the bench's, and begins with a process
    in_wizard = number == 0 and unit.platform.name in LINUX
    if in_wizard:
        fill(log_in(do(unit, "power_on")))
    if cut is not None:
        unit.rail.arm(Cut(cut, Moment.INSIDE, Torn.HALF))
    if in_wizard:
        apply(unit)
    elif number == 0:
        do(unit, "power_on")
    else:
        start_again(unit)
    if cut is None:
        do(do(unit, "default_security"), "shutdown")
    if unit.state != "off":
        cut_power(unit)
    return [
        *map(str, unit.rail.trace),
        *(event.line() for event in unit.journal.events[begun:]),
        *(f"{name} {sha256(b''.join(image)).hexdigest()}" for name, image in images(unit).items()),
    ]


def main(directory: str, number: str) -> None:
    """What runs in a process of its own: one start."""
    with StateDirectory(Path(directory)) as state:
        unit = state.load()
        print(json.dumps(_observed(unit, int(number))))
        state.save(unit)


def _in_a_fresh_process(place: Path, number: int) -> list[str]:
    program = f"from tests.damage.test_reset_hygiene import main; main({str(place)!r}, {str(number)!r})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    found: list[str] = json.loads(ran.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", UNITS)
def test_each_start_does_the_same_in_a_fresh_process(name: str, tmp_path: Path) -> None:
    unit = UNITS[name]()
    with StateDirectory(tmp_path / "unit") as state:
        state.create(unit.copy())
    for number in range(len(CUTS)):
        assert _observed(unit, number) == _in_a_fresh_process(tmp_path / "unit", number), f"start {number + 1}"
    assert unit.ram.identity is None or unit.ram.identity.is_whole()
