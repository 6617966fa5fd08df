"""Unattended ignitions of a Primary, in memory."""

from __future__ import annotations

from collections.abc import Callable

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.credentials.generation import make_identity, terms_of
from firmware.security.settings import Vault
from firmware.storage.files import FileStore
from firmware.times import parse_time
from ignition import disk, pages, plan, wizard
from ignition.answers import Announced
from platforms import load
from tests.benchmarks.harness import Row, in_turns

START = parse_time("2026-11-23T09:00:00Z")
PLATFORM = load("primary")
ROUNDS = 100

Write = tuple[str, bytes | None]  # a record and what it holds from now on; None: it is removed


class _Recording(FileStore):
    """A store that notes what is written through it."""

    __slots__ = ("writes",)
    writes: list[Write]

    def replace(self, name: str, data: bytes) -> None:
        super().replace(name, data)
        self.writes.append((name, data))

    def remove(self, name: str) -> bool:
        self.writes.append((name, None))
        return super().remove(name)


def new() -> Appliance:
    return new_unit(Order(PLATFORM, seed=1), START)


def ignite(unit: Appliance) -> Appliance:
    """From power-on through every page, with the built-in answers, to operation."""
    bring_up = unit.platform.bring_up
    unit.platform.operations["power_on"](unit)
    bring_up.settle(unit)
    wizard.log_in(unit, "Administrator", "Administrator", "unattended")
    while wizard.is_open(unit):
        known = wizard.server(unit)
        page = pages.frontier(known)
        samples = {field.name: field.sample for field in page.fields}
        values = {
            field.name: samples[field.again] if field.again else wizard.preset(field, known)
            for field in page.shown_fields(known)
        }
        wizard.submit(unit, "unattended", page.name, values)
    bring_up.settle(unit)
    assert unit.state == "running"
    return unit


def writes_of_an_ignition() -> tuple[list[Write], Appliance]:
    """Every commit of an ignition, in order, and the unit it made."""
    unit = new()
    unit.records = store = _Recording(unit.internal, disk.STORAGE.layout)
    store.writes = []
    unit.sealed = unit.sealed.on(store)
    unit.vault = Vault(unit.sealed)
    return store.writes, ignite(unit)


def unattended_pooled() -> Row:
    """An ignition whose keys are in the pool, against its two signatures and its commits of the same bytes alone.

    The hashes of its passwords are remembered, as the keys are.
    """
    writes, finished = writes_of_an_ignition()
    fresh = new()

    def floor(number: int, store: Appliance) -> Callable[[], object]:
        store.rail.on = True
        store.ram = finished.ram.copy()
        files = disk.files(store)

        def work() -> None:
            # Another creation time each round: no memo answers for a signature.
            created = START + 1000 * number
            store.ram.authority = plan.made(store, Announced(1, "server1", created, ""), store.platform)
            make_identity(store, 1, terms_of(store, 1, created))
            for record, data in writes:
                files.remove(record) if data is None else files.replace(record, data)

        return work

    def whole(number: int, unit: Appliance) -> Callable[[], object]:
        unit.clock.advance_to(START + 10**9 + 1000 * number)
        return lambda: ignite(unit)

    floors = [floor(n, fresh.copy()) for n in range(ROUNDS)]
    one, other, ratio = in_turns([whole(n, fresh.copy()) for n in range(ROUNDS)], floors)
    commits = len(writes)
    seen = f"{one * 1e3:.1f} ms, 2 signatures + {commits} commits alone {other * 1e3:.1f} ms: ratio {ratio:.2f}"
    return Row("unattended ignition, pooled keys", seen, "3 x", ratio <= 3)
