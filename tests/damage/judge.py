"""What must hold of a unit that starts on a damaged image: promise 2 of design.md, section 5."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import Any

from cryptography.exceptions import InvalidSignature

from firmware.appliance import Appliance
from firmware.bench import fsck, summary
from firmware.bench.export import pem_of
from firmware.bench.outside import authority_of, look_at, settings_of
from firmware.bench.timeline import Timeline, plain
from firmware.credentials.generation import last_number
from firmware.errors import Damaged, IpsimError
from firmware.security import reading
from firmware.security.certificates import Identity
from firmware.security.sealed import Held
from firmware.storage.nvm import CopyState
from firmware.times import HOUR
from ignition import wizard
from tests.boot.units import START, act, do, images, kept_records, since_power_on, start_again
from tests.damage import bases
from tests.damage.images import Image
from tests.ignition.units import finish

RUNNING = "running"
RESTING = {
    "IP500 V2 boot": ("running", "firmware.none"),
    "Linux server": ("running", "system.none", "apply.failed"),
    "module in a host": ("running", "system.none", "apply.failed"),
}
WIZARD = "ignition."
REINSTALLED = START + 60 * 24 * HOUR  # one moment for all: each would draw keys of its own
REFUSED = "LittleFSError"
LOOK, THIRD_START, USE, SECURITY_DEFAULT = 0.5, 0.3, 0.5, 0.4  # with how many of the images
SETTLED_AFTER = 3
MAKES_NONE = ("certificate.not_needed",)

OPERATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default_security", {}),
    ("delete_certificate", {}),
    ("default_configuration", {}),
    ("set_address", {"lan": 0, "interface": "10.0.0.9/24"}),
    ("set_host_name", {"host_name": "server9"}),
    ("set_service", {"service": "Web Services", "level": "Secure High"}),
    ("change_at_phone", {"extension": "201", "name": "Back desk"}),
    ("restore_configuration", {}),
    ("set_sip", {"domain": "example.org", "fqdn": "sip.example.org"}),
    ("upgrade", {"release": "12.3"}),
    ("renew_authority", {}),
    ("create_authority", {}),
    ("make_request", {}),
    ("administrator_log_in", {"user": "Administrator"}),
    ("reboot", {}),
)


@dataclass(frozen=True)
class Before:
    """What the damaged flash tells of identities: the one that it holds whole, and the highest number."""

    identity: Identity | None
    generation: int
    last: int


def judge(image: Image, chance: Random) -> str:
    """Start a unit on it, look at it, use it. AssertionError, or whatever else is raised, is a finding.

    Returns the state that the unit came to. Sealed nonsense may end in a named error: only the firmware could seal it.
    """
    with suppress(*((IpsimError,) if image.lies else ())):
        return _judge(image, chance)
    return "refused"


def _judge(image: Image, chance: Random) -> str:
    unit = bases.anew(image.unit)
    if chance.random() < LOOK:
        _look(unit)
    before = _before(unit)
    _start(unit, image)
    reached = unit.state
    _is_itself(unit, image, before)
    first = unit.ram.identity
    if image.is_within_budget:
        assert _held(unit) == _undamaged(image.name), "it is not what it would be without the damage"
    was_failing = _is_failing(unit)
    _start(unit, image)
    if not (was_failing or _is_failing(unit)):
        assert unit.state == reached, f"the second start ended in {unit.state}, the first in {reached}"
        assert unit.ram.identity == first, "the second start holds another identity than the first"
        # On a volume that takes no more writes, what was kept may be what the next write runs over.
        assert first is None or unit.ram.identity in (first, None), "the second start has made a second identity"
    if chance.random() < THIRD_START:
        _settles(unit, image)
    if chance.random() < USE:
        _use(unit, image, chance)
    return reached


def _held(unit: Appliance) -> tuple[object, ...]:
    """All that a start within the fault budget must leave as it is."""
    return unit.state, unit.ram.identity, tuple(kept_records(unit).items()), since_power_on(unit, "alarm")


@cache
def _undamaged(name: str) -> tuple[object, ...]:
    return _held(start_again(bases.anew(bases.base(name))))


def _is_failing(unit: Appliance) -> bool:
    """Whether a volume of damaged structure refuses to be written: it is told, and what is there may become less."""
    alarms = since_power_on(unit, "alarm")
    return unit.state in ("system.none", "firmware.none") or any(REFUSED in alarm["why"] for alarm in alarms)


def _settles(unit: Appliance, image: Image) -> None:
    """After some starts each is as the one before, and writes nothing but what it tells of each time."""
    for _ in range(SETTLED_AFTER):
        before, alarms, identity = images(unit), since_power_on(unit, "alarm"), unit.ram.identity
        _start(unit, image)
        assert unit.ram.identity in (identity, None), "it has made another identity again"
        told = since_power_on(unit, "alarm")
        if _is_failing(unit) or (told == alarms and (told or images(unit) == before)):
            return
    raise AssertionError("it never settles")


def _start(unit: Appliance, image: Image) -> None:
    told = len(unit.journal.events)
    start_again(unit)
    _rests(unit)
    _is_whole(unit, image)
    _is_told(unit)
    timeline = Timeline(plain)
    for event in unit.journal.events[told:]:
        assert json.loads(event.line())
        assert "\n".join(timeline.lines(event)).encode() is not None


def _rests(unit: Appliance) -> None:
    bring_up = unit.platform.bring_up
    assert bring_up.rests(unit), unit.state
    allowed = RESTING[bring_up.name]
    assert unit.state in allowed or unit.state.startswith(WIZARD), f"it came to rest in {unit.state}"


def _is_whole(unit: Appliance, image: Image) -> None:
    """Key and certificate belong together, the chain verifies, it is no other unit's; what is kept is what is used."""
    with suppress(Damaged):
        kept = look_at(unit).vault.peek()[1]
        assert unit.state != RUNNING or kept is None or kept.identity == unit.ram.identity, (
            "it uses another than it keeps"
        )
    for identity in (unit.ram.identity, unit.ram.settings.telephony if unit.ram.settings else None):
        if identity is None:
            continue
        assert identity.is_whole(), "the key is not the certificate's"
        assert image.lies or verifies(identity.chain), "the chain does not verify"
        assert identity.key.der not in _keys_of_strangers(), "it took another unit's identity"


@lru_cache(4096)
def verifies(chain: tuple[bytes, ...]) -> bool:
    try:
        for der, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
            reading.load(der).verify_directly_issued_by(reading.load(issuer))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


@lru_cache
def _keys_of_strangers() -> frozenset[bytes]:
    kinds = {name.partition(",")[0] for name in bases.NAMES}
    found = [settings_of(bases.stranger(kind)) for kind in sorted(kinds)]
    return frozenset(settings.identity.key.der for settings in found if settings and settings.identity)


def _is_told(unit: Appliance) -> None:
    """A running unit without an identity says why."""
    if unit.state == RUNNING and unit.ram.identity is None:
        assert since_power_on(unit, "alarm", *MAKES_NONE), "no identity, and not a word why"


def _before(unit: Appliance) -> Before:
    looked_at = look_at(unit)
    settings = looked_at.vault.peek()[1]
    identity = settings.identity if settings else None
    return Before(identity, settings.generation if settings else 0, last_number(looked_at))


def _is_itself(unit: Appliance, image: Image, before: Before) -> None:
    """What was readable stays; what is made anew has a number that was not used, as far as the flash can tell."""
    if unit.state != RUNNING or unit.ram.settings is None or image.lies:
        return
    now = unit.ram.settings
    # An Apply that is resumed carries out its plan, also on settings of another time that got onto its disk.
    if ", Apply" not in image.name:
        assert now.generation >= before.generation, f"generation {before.generation} became {now.generation}"
    if before.identity is not None and now.generation == before.generation:
        assert now.identity in (before.identity, None), "another identity under the same number"
    if now.generation != before.generation and ", Apply" not in image.name:  # there the plan names the number
        assert now.generation >= before.last, f"made number {now.generation}, {before.last} was announced"
    _is_no_second(unit, image)


def _is_no_second(unit: Appliance, image: Image) -> None:
    """A key that was certified before is not certified again, where the flash shows that there was one before."""
    original, now = settings_of(bases.base(image.name)), unit.ram.identity
    if original is None or original.identity is None or now is None or now == original.identity:
        return
    if now.key == original.identity.key:
        assert not _visibly_damaged(image.unit), "a second certificate over the key of the lost one"


def _visibly_damaged(unit: Appliance) -> bool:
    """Whether the unit can see that its settings are lost, and no announcement tells another number than it had."""
    looked_at = look_at(unit)
    try:
        is_told = any(copy.state is CopyState.GOOD for copy in looked_at.records.copies("generation"))
    except Damaged:
        return False
    return not is_told and looked_at.vault.peek()[0] is Held.DAMAGED


def _look(unit: Appliance) -> None:
    """``ipsim show``, ``fsck`` and ``cert`` on it: sentences, whatever there is to say."""
    before = images(unit)
    for work in (_show, _fsck, _cert):
        with suppress(IpsimError):
            work(unit)
    assert images(unit) == before, "looking at it has changed it"


def _show(unit: Appliance) -> str:
    found = summary.summarise(unit)
    return json.dumps(found, ensure_ascii=False) + summary.show(found)


def _fsck(unit: Appliance) -> list[str]:
    return [str(finding) for finding in fsck.check(unit)]


def _cert(unit: Appliance) -> bytes:
    settings, authority = settings_of(unit), authority_of(unit)
    shown = pem_of(authority.chain) if authority else b""
    return shown + (pem_of(settings.identity.chain) if settings and settings.identity else b"")


def _use(unit: Appliance, image: Image, chance: Random) -> None:
    """Some of what people do to it, a security default, a shutdown; a refusal is one of ours and changes no state."""
    if unit.state.startswith(WIZARD) or unit.state == "apply.failed":
        _try(unit, _finish)
        _is_whole(unit, image)
    if "reinstall" in unit.platform.operations and unit.state == "system.none":
        unit.clock.advance_to(REINSTALLED)
        _try(unit, lambda unit: do(unit, "reinstall"))
    offered = [(name, with_) for name, with_ in OPERATIONS if name in unit.platform.operations]
    default: list[tuple[str, dict[str, Any]]] = [("default_security", {})] if chance.random() < SECURITY_DEFAULT else []
    for name, arguments in [*chance.sample(offered, 2), *default, ("shutdown", {})]:
        _try(unit, lambda unit, name=name, arguments=arguments: do(unit, name, **arguments))  # type: ignore[misc]
        assert unit.platform.bring_up.rests(unit)
        _is_whole(unit, image)
    _start(unit, image)


def _finish(unit: Appliance) -> None:
    if unit.state == "apply.failed":
        act(unit, lambda: wizard.apply(unit, None))
    else:
        finish(unit)


def _try(unit: Appliance, work: Callable[[Appliance], object]) -> None:
    try:
        work(unit)
    except IpsimError as error:
        assert error.exit_code != 3, error
