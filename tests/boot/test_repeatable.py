"""The same seed gives the same bytes – in this process, in a fresh one, with the memos and without; no state survives
a simulated reset but the flash, the clock and the journal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from firmware.appliance import Appliance
from firmware.bench.state import StateDirectory
from firmware.memo import forget, memos_off
from tests.boot.units import cut_power, do, fresh, images, running, start_again

OPERATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default_security", {}),
    ("set_address", {"lan": 0, "interface": "10.0.0.5/24"}),
    ("upgrade", {"release": "12.3"}),
    ("default_configuration", {}),
    ("shutdown", {}),
)


def _observed(unit: Appliance) -> Iterator[str]:
    """Start a unit that is off, use it, and tell everything that can be seen of it."""
    begun = len(unit.journal.events)
    unit.rail.trace = []
    do(unit, "power_on")
    for operation, arguments in OPERATIONS:
        do(unit, operation, **arguments)
    yield from map(str, unit.rail.trace)
    yield from (event.line() for event in unit.journal.events[begun:])
    for name, image in images(unit).items():
        yield f"{name} {sha256(b''.join(image)).hexdigest()}"


def main(directory: str) -> None:
    """What :func:`test_a_fresh_process_does_the_same` runs in another process."""
    with StateDirectory(Path(directory)) as state:
        print(json.dumps(list(_observed(state.load()))))


@pytest.mark.parametrize("used", [False, True], ids=["first start", "ordinary start"])
def test_a_fresh_process_does_the_same(tmp_path: Path, used: bool) -> None:
    unit = cut_power(running("12.0")) if used else fresh("12.0")
    with StateDirectory(tmp_path / "unit") as state:
        state.create(unit.copy())
    program = f"from tests.boot.test_repeatable import main; main({str(tmp_path / 'unit')!r})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=_root())
    assert json.loads(ran.stdout) == list(_observed(unit))


def _root() -> Path:
    return Path(__file__).parents[2]


def test_the_memos_hide_nothing() -> None:
    with_memos = list(_observed(fresh("12.0")))
    with memos_off():
        without = list(_observed(fresh("12.0")))
    forget()
    assert with_memos == without == list(_observed(fresh("12.0")))


def test_another_unit_in_the_same_process_changes_nothing() -> None:
    alone = list(_observed(fresh("12.0")))
    do(fresh("6.2", mac="00e007000002", seed=99), "power_on")
    assert list(_observed(fresh("12.0"))) == alone


def test_a_start_knows_nothing_that_is_not_on_the_flash() -> None:
    """A unit that ran for long and one made anew from its flash start alike."""
    unit = running("12.0")
    do(unit, "change_at_phone", extension="201", name="lost with the power")
    cut_power(unit)
    anew = fresh("12.0")
    for name, part in anew.parts().items():
        for block, content in enumerate(images(unit)[name]):
            part.overwrite(block, content)
    anew.clock = unit.clock.copy()
    assert list(_observed(anew)) == list(_observed(unit))


def test_an_ordinary_start_writes_nothing() -> None:
    unit = running()
    do(unit, "shutdown")
    before = unit.rail.operations
    assert start_again(unit).rail.operations == before
