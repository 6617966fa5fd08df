"""What must hold after a start from a crash state. Each checker says what is wrong, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature

from firmware.bench.sweep.facts import FACTS, NUMBER, TOGETHER, Facts
from firmware.bench.sweep.nodes import Duty
from firmware.bench.sweep.start import Started
from firmware.memo import memoise
from firmware.release import RELEASES
from firmware.security import reading
from firmware.security.certificates import Identity
from firmware.security.settings import Origin
from firmware.times import from_datetime, show_time

Objection = str
_EARLIEST = from_datetime(datetime(min(release.dated.value.year for release in RELEASES), 1, 1, tzinfo=UTC))
_OF_DATES = ("not valid", "expired", "its issuer")  # as firmware.credentials.identity.fitness begins them
WITHIN, ALWAYS = 1, 2  # which of design's promises a checker holds the firmware to


@dataclass(frozen=True, slots=True)
class Checker:
    """``promise`` 1 holds within the fault budget, 2 also beyond it."""

    name: str
    about: str
    promise: int
    objection: Callable[[Started, Facts, Duty], Objection]


def _comes_up(run: Started, facts: Facts, duty: Duty) -> Objection:
    """Where nobody has cut its power it may rest elsewhere: without a binary, say."""
    if run.failure:
        return run.failure
    state, number = run.unit.state, NUMBER["state"]
    if duty.within and state not in run.unit.platform.rests_in and facts[number] not in duty.allowed[number]:
        return f"comes to rest in {state}"
    return ""


def _whole(run: Started, _facts: Facts, _duty: Duty) -> Objection:
    settings = run.unit.ram.settings
    for identity in (settings.identity, settings.telephony) if settings else ():
        if identity is not None and (text := _unfit(identity)):
            return text
    authority = run.unit.ram.authority
    if authority is not None and not authority.is_whole():
        return "the CA's key is not its certificate's"
    return ""


@memoise(4096)
def _unfit(identity: Identity) -> Objection:
    """What is wrong with a chain in itself: the first certificate is the key's, each is issued by the next."""
    if not identity.is_whole():
        return "the identity's key is not its certificate's"
    for der, issuer in zip(identity.chain, identity.chain[1:], strict=False):
        try:
            reading.load(der).verify_directly_issued_by(reading.load(issuer))
        except (ValueError, TypeError, InvalidSignature) as error:
            return f"the identity's chain does not hold together: {error or type(error).__name__}"
    return ""


def _valid(run: Started, _facts: Facts, duty: Duty) -> Objection:
    """Dates that do not hold are a finding unless they do not hold without a fault either. None that was made here is
    older than the oldest release, unless the clock says so too."""
    settings, now = run.unit.ram.settings, run.unit.clock.read()
    if settings is None or settings.identity is None or _is_out_of_date_anyway(duty):
        return ""
    first, last = reading.dates(settings.identity.der)
    if now is None:
        is_too_old = settings.origin is Origin.MADE and first < _EARLIEST
        return f"the identity begins {show_time(first)}, before there was any release" if is_too_old else ""
    return "" if first <= now <= last else "the identity is not valid at the time of the start"


def _is_out_of_date_anyway(duty: Duty) -> bool:
    return any(text.startswith(_OF_DATES) for found in duty.allowed[NUMBER["fitness"]] for text in found or ())  # type: ignore[attr-defined]  # a tuple of texts


def _old_or_new(_run: Started, facts: Facts, duty: Duty) -> Objection:
    wrong = [fact.name for n, fact in enumerate(FACTS) if facts[n] not in duty.allowed[n] and n != NUMBER["security"]]
    return f"neither old nor new: {', '.join(wrong)}" if wrong else ""


def _mixed(_run: Started, facts: Facts, duty: Duty) -> Objection:
    """Each fact is old or new by itself; those that change together are all old or all new – unless there is a third
    way, as while a system is installed."""
    if len(duty.allowed[NUMBER["state"]]) > 2:
        return ""
    choices = [n for n in TOGETHER if len(duty.allowed[n]) > 1]
    old = [FACTS[n].name for n in choices if facts[n] == duty.allowed[n][0]]
    new = [FACTS[n].name for n in choices if facts[n] == duty.allowed[n][-1]]
    return f"half old ({', '.join(old)}), half new ({', '.join(new)})" if old and new else ""


def _identity(run: Started, facts: Facts, duty: Duty) -> Objection:
    allowed, number = duty.allowed[NUMBER["security"]], NUMBER["security"]
    if facts[number] in allowed:
        return ""
    settings = run.unit.ram.settings
    latest = max((value[0] for value in allowed if isinstance(value, tuple)), default=0)
    if settings is not None and settings.generation > latest:
        return f"an identity more than once: generation {settings.generation} where {latest} was due"
    return "the security settings are neither the old nor the new ones"


def _settled(run: Started, _facts: Facts, duty: Duty) -> Objection:
    written = [operation for operation in run.trace if operation.kind != "sync"]
    if not duty.settled or not written:
        return ""
    return f"a start after a finished one writes again: {len(written)} operations, the first on {written[0].part}"


def _no_secret(run: Started, facts: Facts, duty: Duty) -> Objection:
    """Once the settings are those of after the default, nothing is left of those before."""
    if not duty.secrets or facts[NUMBER["security"]] != duty.allowed[NUMBER["security"]][-1]:
        return ""
    part = run.unit.internal
    blank = b"\xff" * part.geometry.block_size
    for number, block in enumerate(part.blocks):
        if block != blank and any(secret in block for secret in duty.secrets):
            return f"block {number} of the {part.name} still holds something of the old security settings"
    return ""


def _strict(run: Started, _facts: Facts, _duty: Duty) -> Objection:
    over = sum(part.overprograms for part in run.unit.parts().values())
    return f"programs over bytes that are not erased: {over} times" if over else ""


CHECKERS: tuple[Checker, ...] = (
    Checker("comes up", "the unit comes to rest where a start should", ALWAYS, _comes_up),
    Checker("whole", "key, certificate and chain belong together", ALWAYS, _whole),
    Checker("valid", "the identity is valid when the unit comes up", WITHIN, _valid),
    Checker("once", "what was due is made once, and a promise is kept", WITHIN, _identity),
    Checker("old or new", "all that was committed is there, old or new", WITHIN, _old_or_new),
    Checker("not mixed", "what changes together is all old or all new", WITHIN, _mixed),
    Checker("no secret", "a security default leaves nothing of the old settings in the NVM", ALWAYS, _no_secret),
    Checker("settled", "a start after a finished one changes nothing", WITHIN, _settled),
    Checker("strict", "nothing is programmed over what is not erased", WITHIN, _strict),
)


def judge(run: Started, duty: Duty) -> tuple[str, Objection] | None:
    """The first checker that objects, and what it says."""
    promise = WITHIN if duty.within else ALWAYS
    for checker in CHECKERS:
        if checker.promise >= promise and (text := checker.objection(run, run.facts, duty)):
            return checker.name, text
    return None
