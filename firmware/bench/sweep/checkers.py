"""What must hold after a start from a crash state. Each checker says what is wrong, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.bench.sweep.facts import FACTS, NUMBER, Facts
from firmware.bench.sweep.nodes import Duty
from firmware.bench.sweep.start import Started
from firmware.memo import memoise
from firmware.security import reading
from firmware.security.certificates import Identity

Objection = str
WITHIN, ALWAYS = 1, 2  # which of design's promises a checker holds the firmware to


@dataclass(frozen=True, slots=True)
class Checker:
    """``promise`` 1 holds within the fault budget, 2 also beyond it."""

    name: str
    about: str
    promise: int
    objection: Callable[[Started, Facts, Duty], Objection]


def _comes_up(run: Started, _facts: Facts, duty: Duty) -> Objection:
    if run.failure:
        return run.failure
    state = run.unit.state
    if duty.within and state not in run.unit.platform.rests_in:
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
        except (ValueError, TypeError) as error:
            return f"the identity's chain does not hold together: {error}"
        except Exception as error:  # InvalidSignature is no ValueError
            return f"the identity's chain does not hold together: {type(error).__name__}"
    return ""


def _valid(run: Started, _facts: Facts, duty: Duty) -> Objection:
    """Dates that do not hold are a finding unless they do not hold without a fault either."""
    identity, now = run.unit.ram.identity, run.unit.clock.read()
    if identity is None or now is None or any(fitness for fitness in duty.allowed[NUMBER["fitness"]]):
        return ""
    first, last = reading.dates(identity.der)
    return "" if first <= now <= last else "the identity is not valid at the time of the start"


def _old_or_new(_run: Started, facts: Facts, duty: Duty) -> Objection:
    wrong = [fact.name for n, fact in enumerate(FACTS) if facts[n] not in duty.allowed[n] and n != NUMBER["security"]]
    return f"neither old nor new: {', '.join(wrong)}" if wrong else ""


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


def _strict(run: Started, _facts: Facts, _duty: Duty) -> Objection:
    over = sum(part.overprograms for part in run.unit.parts().values())
    return f"programs over bytes that are not erased: {over} times" if over else ""


CHECKERS: tuple[Checker, ...] = (
    Checker("comes up", "the unit comes to rest where a start should", ALWAYS, _comes_up),
    Checker("whole", "key, certificate and chain belong together", ALWAYS, _whole),
    Checker("valid", "the identity is valid when the unit comes up", WITHIN, _valid),
    Checker("once", "what was due is made once, and a promise is kept", WITHIN, _identity),
    Checker("old or new", "all that was committed is there, old or new", WITHIN, _old_or_new),
    Checker("settled", "a start after a finished one changes nothing", WITHIN, _settled),
    Checker("strict", "nothing is programmed over what is not erased", WITHIN, _strict),
)


def judge(run: Started, facts: Facts, duty: Duty) -> tuple[str, Objection] | None:
    """The first checker that objects, and what it says."""
    promise = WITHIN if duty.within else ALWAYS
    for checker in CHECKERS:
        if checker.promise >= promise and (text := checker.objection(run, facts, duty)):
            return checker.name, text
        if run.failure:
            return None
    return None
