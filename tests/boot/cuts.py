"""Power cuts at every flash operation of something a unit does, and what must hold after the recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.boot.choose_firmware import original_level
from firmware.device.faults import Cut, Moment, Torn
from firmware.security.certificates import Identity
from firmware.storage.records import GENERATION, parse
from firmware.times import DAY
from tests.boot.units import (
    BINARY,
    card_files,
    cut_power,
    do,
    held,
    images,
    overprograms,
    since_power_on,
    start_again,
    unmended,
)

Action = Callable[[Appliance], object]

FORMS = (
    (Moment.BEFORE, Torn.HALF),
    (Moment.INSIDE, Torn.HALF),
    (Moment.INSIDE, Torn.ONE_BIT),
    (Moment.INSIDE, Torn.ALL_BUT_ONE_BIT),
    (Moment.AFTER, Torn.HALF),
)


def cut_at(base: Appliance, action: Action, cut: Cut) -> Appliance | None:
    """The unit as the cut leaves it; None when the action was over before."""
    unit = base.copy()
    unit.rail.arm(cut)
    action(unit)
    return unit if unit.rail.armed is None else None


def crash_states(
    base: Appliance, action: Action, seen: set[object] | None = None, sample: int | None = None
) -> Iterator[tuple[Cut, Appliance]]:
    """Every power cut during an action: at each operation, in each form – or in one, chosen in turn from ``sample`` on.

    What leaves the flash as another cut did, or as something in ``seen``, comes once.
    """
    seen = set() if seen is None else seen
    for operation in count(1):
        for moment, torn in FORMS if sample is None else [FORMS[(sample + operation) % len(FORMS)]]:
            cut = Cut(operation, moment, torn)
            unit = cut_at(base, action, cut)
            if unit is None:
                return
            assert unit.state == "off"
            key = tuple(images(unit).values())
            if key not in seen:
                seen.add(key)
                yield cut, unit


@dataclass(frozen=True)
class Kept:
    """What a unit is known by: nothing else may come of a power cut than this before or after the action."""

    identity: Identity | None
    generation: int
    level: str | None
    binary: str | None
    users: tuple[tuple[str, str], ...] | None
    lans: tuple[str, ...] | None
    belongs: tuple[str, str] | None


def kept(unit: Appliance) -> Kept:
    """Read from outside, as it would start."""
    identity, generation = held(unit)
    with probe(unit):
        level, stored = original_level(unit), unit.platform.stored_configuration(unit)
        binary = unit.platform.runs(unit)
    return Kept(
        identity,
        generation,
        level.version if level else None,
        binary,
        stored.users if stored else None,
        tuple(lan.interface for lan in stored.lans) if stored else None,
        (stored.system_name, stored.primary) if stored else None,
    )


@dataclass(frozen=True)
class Allowed:
    """What may be found after a recovery: each field as before the action or as after it, uncut.

    ``place`` is where the binary must come from: a power cut is no reason to fall back on another. None: from wherever.
    """

    before: Kept
    after: Kept
    place: str | None

    def check(self, found: Kept, announced: bool, where: object) -> None:
        for field in ("generation", "level", "binary", "users", "lans", "belongs"):
            options = [getattr(self.before, field), getattr(self.after, field)]
            assert getattr(found, field) in options, (where, field)
        if found.identity is None:
            assert None in (self.before.identity, self.after.identity), where
            return
        assert found.identity.is_whole(), where
        if found.generation == self.before.generation:
            assert found.identity == self.before.identity, where
        else:
            assert self.after.identity is not None
            assert found.identity.key == self.after.identity.key, where
            if announced:
                assert found.identity == self.after.identity, where


def allowed(base: Appliance, action: Action) -> Allowed:
    """What the action does when nothing interrupts it, up to the unit's next ordinary start."""
    unit = base.copy()
    before = kept(unit)
    action(unit)
    if unit.state == "off" or unit.state == "shutdown.done":
        start_again(unit)
    return Allowed(before, kept(unit), "system-sd/primary" if BINARY in card_files(base) else None)


def is_announced(unit: Appliance) -> bool:
    """Whether a generation was under way whose number and time are committed."""
    with probe(unit):
        data = unit.records.read("generation")
    return bool(data) and parse(GENERATION, data or b"").number > held(unit)[1]


def check_recovery(crashed: Appliance, within: Allowed, where: object, *, announced: bool | None = None) -> Appliance:
    """Start twice: the unit runs, with the old or the new of everything, whole; the second start changes nothing.

    ``announced``: whether a generation was when power was first cut, if that was earlier.
    """
    announced = is_announced(crashed) if announced is None else announced
    unit = start_again(crashed, after=DAY)
    assert unit.state == "running", where
    place = since_power_on(unit, "firmware.chosen")[0]["place"]
    assert within.place in (None, place), where
    recovered = kept(unit)
    within.check(recovered, announced, where)
    assert unit.platform.objections(unit) == [] or recovered.lans != within.before.lans, where
    assert set(unmended(unit)) <= {"configuration"}, where
    before = images(unit)
    start_again(unit)
    assert unit.state == "running", where
    assert kept(unit) == recovered, where
    assert not since_power_on(unit, "certificate.generating", "record.mended", "alarm"), where
    assert images(unit) == before, where
    do(unit, "shutdown")
    assert unit.state == "shutdown.done", where
    assert unmended(unit) == [], where
    assert overprograms(unit) == 0, where
    return cut_power(unit)
