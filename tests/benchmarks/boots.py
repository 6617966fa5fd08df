"""First start-ups and ordinary starts of an IP500 V2, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import SimpleNamespace

import transitions

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.boot.software import image_of
from firmware.credentials.generation import make_identity, terms_of
from firmware.memo import forget, memos_off
from firmware.security.keys import KeyPair
from firmware.security.settings import SecuritySettings
from firmware.storage.volume import mounted
from firmware.times import parse_time
from platforms import load
from tests.benchmarks.harness import Row, in_turns, seconds

START = parse_time("2026-11-23T09:00:00Z")
PLATFORM = load("ip500v2")


def new(seed: int) -> Appliance:
    return new_unit(Order(PLATFORM, seed=seed), START)


def start(unit: Appliance) -> Appliance:
    PLATFORM.operations["power_on"](unit)
    PLATFORM.bring_up.settle(unit)
    assert unit.state == "running"
    return unit


def shut_down(unit: Appliance) -> Appliance:
    PLATFORM.operations["shutdown"](unit)
    PLATFORM.bring_up.settle(unit)
    PLATFORM.bring_up.fire(unit, "power_cut")
    unit.rail.on = False
    return unit


def _running_copy() -> Appliance:
    return start(new(1))


def first_start_new_key() -> Row:
    """A first start-up, against its key search and signature alone, same seeds."""
    template = _running_copy()
    seeds = range(1000, 1080)
    units = [new(seed) for seed in seeds]

    def boot(unit: Appliance) -> Callable[[], object]:
        def work() -> None:
            forget_keys()
            start(unit)

        return work

    def key_and_signature(unit: Appliance) -> Callable[[], object]:
        def work() -> None:
            forget_keys()
            unit.ram.configuration = template.ram.configuration
            unit.ram.release = template.ram.release
            make_identity(unit, 1, terms_of(unit, 1, START))

        return work

    boots = [boot(unit) for unit in units]
    alone = [key_and_signature(new(seed)) for seed in seeds]
    one, other, ratio = in_turns(boots, alone)
    seen = f"{one * 1e3:.1f} ms, key and signature alone {other * 1e3:.1f} ms: ratio {ratio:.3f}"
    return Row("first start-up, new key", seen, "1.05 x", ratio <= 1.05)


def forget_keys() -> None:
    """Empty the pool, so that the next derivation searches; firmware images stay, as they would in a factory."""
    forget()
    image_of(PLATFORM.releases()[-1])


def first_start_pooled() -> Row:
    """A first start-up whose key is in the pool, against sign + build + one commit of the same record."""
    finished = _running_copy()
    settings = finished.ram.settings
    assert settings is not None
    assert settings.identity is not None
    fresh = new(1)
    rounds = 200
    keys = [settings.identity.key] * rounds
    stores = [fresh.copy() for _ in range(rounds)]
    for store in stores:
        store.rail.on = True
        store.ram.configuration, store.ram.release = finished.ram.configuration, finished.ram.release

    def floor(number: int, store: Appliance, key: KeyPair, settings: SecuritySettings) -> Callable[[], object]:
        def work() -> None:
            # Another creation time each round: no memo answers for the signature.
            identity = make_identity(store, 1, terms_of(store, 1, START + 1000 * number))
            assert identity.key == key
            store.vault.commit(settings)

        return work

    def boot(number: int, unit: Appliance) -> Callable[[], object]:
        unit.clock.advance_to(START + 10**9 + 1000 * number)
        return lambda: start(unit)

    floors = [floor(n, store, key, settings) for n, (store, key) in enumerate(zip(stores, keys, strict=True))]
    boots = [boot(n, fresh.copy()) for n in range(rounds)]
    one, other, ratio = in_turns(boots, floors)
    seen = f"{one * 1e3:.2f} ms, sign + build + commit alone {other * 1e3:.2f} ms: ratio {ratio:.2f}"
    return Row("first start-up, pooled key", seen, "2 x", ratio <= 2)


def ordinary_start() -> Row:
    """Ordinary starts a second, everything read back and checked; beside it the floor: mount, read and digest alone.

    The limit was set on a machine on which ``transitions`` follows a plain row in 6 µs; this one's is printed too.
    """
    base = shut_down(start(new(1)))
    card = base.slots["system-sd"].card
    assert card is not None
    start(base.copy())

    def floor() -> None:
        card.part.rail.on = True
        for _ in range(_BATCH):
            with mounted(card.part) as volume:
                data = volume.read("system/primary/ip500v2.bin")
                volume.read("system/primary/config.cfg")
            hashlib.sha256(data or b"").digest()
        card.part.rail.on = False

    def starts() -> Callable[[], object]:
        units = [base.copy() for _ in range(_BATCH)]
        return lambda: [start(unit) for unit in units]

    took, _, ratio = in_turns([starts() for _ in range(_ROUNDS)], [floor] * _ROUNDS)
    best = min(seconds(starts()) for _ in range(_ROUNDS))
    with memos_off():
        bare = min(seconds(starts()) for _ in range(_ROUNDS))
    seen = (
        f"{_BATCH / took:,.0f}/s median, {_BATCH / best:,.0f}/s best, {_BATCH / bare:,.0f}/s with all memos off; "
        f"{ratio:.1f} x mount + read + digest alone; a plain transitions row takes {_plain_row() * 1e6:.1f} µs here"
    )
    return Row("ordinary start", seen, "4,000/s", _BATCH / best >= 4000)


_BATCH, _ROUNDS = 50, 40


def _plain_row() -> float:
    """Seconds that the library takes for one row of a table of two."""
    table = transitions.Machine(
        model=None, states=["a", "b"], initial="a", transitions=[["go", "a", "b"], ["go", "b", "a"]],
        auto_transitions=False,
    )  # fmt: skip
    model = SimpleNamespace(state="a")
    go = table.events["go"]
    return min(seconds(lambda: [go.trigger(model) for _ in range(100)]) / 100 for _ in range(50))
