"""The units whose images are damaged: every platform in several stages of its life, off, each made once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import look_at
from firmware.boot.cards import OPTIONAL, new_card
from firmware.device.faults import Cut, Moment, Torn
from firmware.device.flash import FlashPart
from firmware.device.panel import Card
from firmware.device.power import Rail
from firmware.release import BY_VERSION
from ignition import wizard
from platforms import load
from tests.boot import units as boot
from tests.boot.units import act, cut_power, do
from tests.ignition import units as ignition
from tests.ignition.units import LINUX, at, token_of

Maker = Callable[[], Appliance]


def _cut_in(unit: Appliance, action: Callable[[Appliance], object], operation: int) -> Appliance:
    """As a power cut inside the n-th flash operation leaves it; n from the end when it is below 0."""
    if operation < 0:
        whole = unit.copy()
        action(whole)
        operation += whole.rail.operations - unit.rail.operations + 1
    unit.rail.arm(Cut(operation, Moment.INSIDE, Torn.HALF))
    action(unit)
    assert unit.state == "off", "the action was over before"
    return unit


def _first_start(operation: int) -> Appliance:
    return _cut_in(boot.fresh(), lambda unit: do(unit, "power_on"), operation)


def _defaulted(operation: int | None = None) -> Appliance:
    if operation is None:
        return cut_power(do(boot.running(), "default_security"))
    return _cut_in(boot.running(), lambda unit: do(unit, "default_security"), operation)


def _used() -> Appliance:
    """Something in every record, certificates in the store, a second card, a binary and a configuration in backup."""
    unit = boot.running("12.0")
    release = BY_VERSION["11.1"]
    unit.insert(OPTIONAL, new_card(unit.platform.card, OPTIONAL, release, "A-law", None))
    do(unit, "default_configuration")
    do(unit, "trust", data=certificate_of_another())
    do(unit, "change_at_phone", extension="201", name="Front desk")
    do(unit, "set_sip", domain="example.com", fqdn="sip.example.com")
    do(unit, "upgrade", release="12.3")
    do(unit, "shutdown")
    return cut_power(unit)


@cache
def certificate_of_another() -> bytes:
    """A self-signed certificate (DER) that is no unit's of these."""
    identity = ignition.ignited("secondary").ram.identity
    assert identity is not None
    return identity.der


def _expansion(started: bool) -> Appliance:
    unit = new_unit(Order(load("ip500v2_expansion"), seed=7), boot.START)
    return cut_power(do(unit, "power_on")) if started else unit


def _applying(kind: str, operation: int) -> Appliance:
    base = at(kind, "review")
    return _cut_in(base, lambda unit: act(unit, lambda: wizard.apply(unit, token_of(unit))), operation)


def _server_used() -> Appliance:
    unit = ignition.ignited("primary")
    do(do(unit, "renew_authority"), "create_authority")
    do(unit, "set_host_name", host_name="server2")
    do(unit, "trust", data=certificate_of_another())
    do(unit, "default_security")
    do(unit, "shutdown")
    return cut_power(unit)


def _of(kind: str) -> Mapping[str, Maker]:
    return {
        f"{kind}, factory": partial(ignition.fresh, kind),
        f"{kind}, wizard begun": lambda: cut_power(at(kind, "network")),
        f"{kind}, wizard at review": lambda: cut_power(at(kind, "review")),
        f"{kind}, Apply begun": partial(_applying, kind, 30),
        f"{kind}, Apply late": partial(_applying, kind, -40),
        f"{kind}, ignited": lambda: cut_power(ignition.ignited(kind)),
    }


_IP500V2: Mapping[str, Maker] = {
    "ip500v2, factory": boot.fresh,
    "ip500v2, factory, 6.2": partial(boot.fresh, "6.2"),
    **{f"ip500v2, first start, operation {n}": partial(_first_start, n) for n in (3, 20, -60, -25, -10, -1)},
    "ip500v2, running": lambda: cut_power(boot.running()),
    "ip500v2, running, 6.2": lambda: cut_power(boot.running("6.2")),
    "ip500v2, shut down": boot.shut_down,
    "ip500v2, security default": _defaulted,
    "ip500v2, security default, operation 1": partial(_defaulted, 1),
    "ip500v2, security default, half": partial(_defaulted, -30),
    "ip500v2, used": _used,
    "ip500v2_expansion, factory": partial(_expansion, False),
    "ip500v2_expansion, running": partial(_expansion, True),
}  # fmt: skip
_LINUX: Mapping[str, Maker] = {
    **{name: maker for kind in LINUX for name, maker in _of(kind).items()},
    "primary, CA imported": lambda: cut_power(ignition.ignited("primary, CA imported")),
    "primary, CA imported, at review": lambda: cut_power(at("primary, CA imported", "review")),
    "primary, further disk": lambda: cut_power(ignition.ignited("primary, further disk")),
    "primary, used": _server_used,
}
MAKERS: Mapping[str, Maker] = {**_IP500V2, **_LINUX}
NAMES = tuple(MAKERS)


@cache
def base(name: str) -> Appliance:
    """The unit of this name, off. Shared: take :func:`anew` of it."""
    unit = MAKERS[name]()
    assert unit.state == "off", name
    return unit


@cache
def stranger(kind: str) -> Appliance:
    """Another unit of a platform, at work: what is on its flash is nothing to any of the bases."""
    if kind.startswith("ip500v2"):
        return cut_power(do(new_unit(Order(load(kind), mac="00e007000002", seed=8), boot.START), "power_on"))
    return cut_power(ignition.finish(do(ignition.fresh(kind, seed=8), "power_on")))


def relatives(name: str) -> tuple[str, ...]:
    """The bases that are the same hardware at another time: what its blocks may once have held."""
    kind = name.partition(",")[0]
    return tuple(other for other in NAMES if other.partition(",")[0] == kind)


def anew(unit: Appliance) -> Appliance:
    """The same unit in a fresh object graph, as a bench makes it from its directory: nothing but flash and clock."""
    made = Appliance(
        unit.platform,
        mac=unit.mac,
        seed=unit.entropy.seed,
        clock=unit.clock.copy(),
        surroundings=unit.surroundings,
    )
    made.attach_internal(_part(unit.internal, made.rail))
    for slot in unit.slots.values():
        if slot.card is not None:
            part = _part(slot.card.part, made.rail)
            made.insert(slot.name, Card(part, slot.card.kind, slot.card.feature_key, slot.card.failed))
    if made.platform.is_now is not None:
        made.platform = made.platform.is_now(look_at(made))
    return made


def _part(part: FlashPart, rail: Rail) -> FlashPart:
    return FlashPart(part.name, part.geometry, rail, part.blocks)
