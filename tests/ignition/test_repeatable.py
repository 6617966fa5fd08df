"""The same seed, clock and answers give the same bytes – in this process, in a fresh one, with the memos and without;
nothing survives a start but what is on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from firmware.appliance import Appliance
from firmware.bench.state import StateDirectory
from firmware.memo import forget, memos_off
from firmware.peers.network import SILENT
from tests.boot.cuts import crash_states
from tests.boot.units import cut_power, do, images, start_again
from tests.ignition.cuts import recover
from tests.ignition.units import KINDS, Choices, apply, at, finish, fresh, ignited, kept

REPEATED = ("primary", "secondary", "application_server", "ucm", "primary, DHCP and NTP", "primary, further disk")


def _observed(unit: Appliance, choices: Choices | None = None) -> Iterator[str]:
    """Ignite a unit that is off, use it, and tell everything that can be seen of it."""
    begun = len(unit.journal.events)
    unit.rail.trace = []
    finish(do(unit, "power_on"), choices)
    do(unit, "set_address", lan=1, interface="10.5.5.5/24")
    if unit.platform.root_profile is not None:
        do(do(unit, "renew_authority"), "create_authority")
    do(unit, "default_security")
    do(unit, "shutdown")
    yield from map(str, unit.rail.trace)
    yield from (event.line() for event in unit.journal.events[begun:])
    for name, image in images(unit).items():
        yield f"{name} {sha256(b''.join(image)).hexdigest()}"


def _fresh(kind: str, seed: int = 7) -> Appliance:
    name, network, with_disk, _ = KINDS[kind]
    return fresh(name, seed=seed, network=network, with_disk=with_disk)


def main(directory: str) -> None:
    """What :func:`test_a_fresh_process_does_the_same` runs in another process."""
    with StateDirectory(Path(directory)) as state:
        print(json.dumps(list(_observed(state.load()))))


@pytest.mark.parametrize("name", ["primary", "ucm"])
def test_a_fresh_process_does_the_same(tmp_path: Path, name: str) -> None:
    with StateDirectory(tmp_path / "unit") as state:
        state.create(fresh(name))
    program = f"from tests.ignition.test_repeatable import main; main({str(tmp_path / 'unit')!r})"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert json.loads(ran.stdout) == list(_observed(fresh(name)))


@pytest.mark.parametrize("kind", REPEATED)
def test_the_same_answers_make_the_same_bytes_and_the_memos_hide_nothing(kind: str) -> None:
    choices = KINDS[kind][3]
    with_memos = list(_observed(_fresh(kind), choices))
    assert with_memos == list(_observed(_fresh(kind), choices))
    if kind in ("primary", "secondary"):
        with memos_off():
            assert with_memos == list(_observed(_fresh(kind), choices))
        forget()
        assert with_memos == list(_observed(_fresh(kind), choices))


@pytest.mark.parametrize("name", ["primary", "secondary"])
def test_another_seed_makes_other_keys_serials_and_salts(name: str) -> None:
    one, other = (finish(do(fresh(name, seed=seed), "power_on")) for seed in (7, 8))
    assert one.ram.identity is not None
    assert other.ram.identity is not None
    assert one.ram.identity.key != other.ram.identity.key
    assert one.ram.identity.certificate.serial_number != other.ram.identity.certificate.serial_number
    found, others = kept(one), kept(other)
    assert found["accounts"] != others["accounts"]
    assert found["network"] == others["network"]
    if one.ram.authority is not None:
        assert other.ram.authority is not None
        assert one.ram.authority.key != other.ram.authority.key


def _anew(unit: Appliance) -> Appliance:
    """The same unit as a bench would make it from its disks alone: a fresh object graph of what was ordered."""
    parts = unit.parts()
    anew = fresh("primary", network=SILENT, with_disk="second-disk" in parts)
    for name, part in anew.parts().items():
        for block, content in enumerate(parts[name].image()):
            part.overwrite(block, content)
    anew.clock = unit.clock.copy()
    return anew


def _start(unit: Appliance) -> list[str]:
    begun = len(unit.journal.events)
    recover(unit)
    return [event.line() for event in unit.journal.events[begun:]]


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_a_recovery_knows_nothing_that_is_not_on_the_disk(role: str) -> None:
    base = at("primary, further disk", "server_type")
    finish_at = {"server_type": {"server_type": role}}
    from tests.ignition.units import fill

    fill(base, "review", finish_at)
    for cut, crashed in crash_states(base, apply, sample=1):
        if cut.operation % 3 == 0:
            anew = _anew(crashed)
            assert _start(anew) == _start(crashed), cut
            assert images(anew) == images(crashed), cut
            assert anew.platform is crashed.platform, cut
            assert anew.ram == crashed.ram, cut


def test_an_ordinary_start_writes_nothing() -> None:
    for kind in REPEATED:
        unit = cut_power(ignited(kind))
        before = unit.rail.operations
        assert start_again(unit).rail.operations == before, kind


def test_a_start_in_the_wizard_writes_nothing() -> None:
    for page in ("licence", "network", "review"):
        unit = cut_power(at("primary", page))
        before = unit.rail.operations
        assert start_again(unit).rail.operations == before, page
