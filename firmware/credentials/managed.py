"""An identity that somebody else manages: System Manager by SCEP, or the cloud of a subscription.

Who manages it, and an enrolment that is under way, are part of the security settings: committed with them, resumed at
the next start with the same key and request, and gone with a security default.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from firmware.appliance import Appliance
from firmware.basis import assumed
from firmware.boot import alarms, running
from firmware.credentials import held, identity, installing
from firmware.errors import NotNow, StorageError
from firmware.security import reading
from firmware.security.certificates import Identity
from firmware.security.importing import NotAccepted
from firmware.security.keys import KeyPair, derive
from firmware.security.policy import Outcome, Trigger
from firmware.security.settings import Membership, Origin
from firmware.times import DAY, MINUTE

if TYPE_CHECKING:
    from firmware.security.enrolment import Issued, Pending, Refused

TIMER = "enrolment"
POLL = assumed(15 * MINUTE, "how often a pending enrolment is asked about")
RENEWAL_BEFORE = assumed(30 * DAY, "how long before its expiry an enrolled identity is renewed")
CLOUD = "cloud"


def enrol(unit: Appliance, manager: str, password: str) -> None:
    """Put the unit under a System Manager: it enrols by SCEP (SG; the exchange: RFC 8894).

    Settings that belong to another System Manager must be erased first. (SG)
    """
    from firmware.security import cms, enrolment  # SCEP and its ASN.1 take 25 ms to load: most units never enrol

    running.require(unit, "it cannot be enrolled")
    server = unit.surroundings.system_manager(manager)
    if server is None:
        raise NotNow(f"no System Manager {manager} answers")
    reply = server.answer("GetCACert", b"", unit.clock.now)
    try:
        authority = enrolment.read_authority(reply.content_type, reply.body)
    except cms.NotUnderstood as error:
        raise NotNow(f"System Manager {manager}: {error}") from None
    _require_free(unit, manager, authority)
    before = held.settings_of(unit).membership
    _begin(unit, Membership(manager, authority, has_given=before is not None and before.has_given), password)


def subscribe(unit: Appliance, automatic: bool = True) -> None:
    """Switch automatic certificate management of a subscription system on or off. (MC)

    A release that has none can still end what an earlier one began. (assumed)
    """
    running.require(unit, "automatic certificate management cannot be changed")
    if automatic and identity.rule_of(unit, Trigger.SUPPLIED) is None:
        raise NotNow(f"release {unit.release} of {unit.platform.named} has no automatic certificate management")
    _require_free(unit, CLOUD, ())
    if not automatic:
        if held.settings_of(unit).membership is None:
            raise NotNow("automatic certificate management is off")
        held.commit(unit, replace(held.settings_of(unit), membership=None))
        unit.note("membership.ended", name=CLOUD)
        return
    if unit.surroundings.cloud() is None:
        raise NotNow("the subscription's cloud does not answer")
    if held.settings_of(unit).membership is not None:
        return  # it is on already
    _begin(unit, Membership(CLOUD, ()), "")


def _require_free(unit: Appliance, name: str, authority: tuple[bytes, ...]) -> None:
    member = held.settings_of(unit).membership
    if member is not None and (member.name, member.authority) != (name, authority):
        raise NotNow(f"the security settings belong to {member.name}: erase them first (default_security)")


def _is_cloud(member: Membership) -> bool:
    """A System Manager may be called so, too; but it has certificates of its own, which the unit keeps."""
    return member.name == CLOUD and not member.authority


def _is_offered(unit: Appliance, member: Membership) -> bool:
    """Whether the release that runs has such a thing: one that was installed later may not."""
    trigger = Trigger.SUPPLIED if _is_cloud(member) else Trigger.ENROLLED
    return identity.rule_of(unit, trigger) is not None


def _begin(unit: Appliance, member: Membership, password: str, key: KeyPair | None = None) -> None:
    """Commit what is asked for before it is asked: however often power is lost, the CA sees one request."""
    present = held.settings_of(unit)
    number = present.generation + 1
    key = key or derive(unit.chance, "enrolment", number, unit.platform.profile.key.value)
    request, names = installing.request_for(unit, key, challenge=password)
    asked = replace(member, key=key, request=request)
    held.commit(unit, replace(present, generation=number, membership=asked))
    unit.note("enrolment.begun", name=member.name, names=list(names))
    ask(unit)


def ask(unit: Appliance) -> None:
    """Ask about the certificate that is wanted; what comes is installed, what is pending is asked about later."""
    member = held.settings_of(unit).membership
    if member is None or member.key is None or not _is_offered(unit, member):
        return
    from firmware.security.enrolment import Issued, Refused
    from firmware.security.scep import Fault

    try:
        answer = _of_the_cloud(unit, member) if _is_cloud(member) else _of_system_manager(unit, member)
    except ValueError as error:  # what was answered is not understood, or the peer does not sign
        alarms.raise_alarm(unit, f"enrolment with {member.name}", str(error))
        answer = None
    if isinstance(answer, Issued):
        _finish(unit, member, answer.chain)
    elif isinstance(answer, Refused) and not (member.pending and answer.reason == Fault.badTime.name):
        held.commit(unit, replace(held.settings_of(unit), membership=_without_request(member)))
        unit.note("enrolment.refused", name=member.name, why=answer.text or answer.reason)
    else:  # it waits; so it does after a poll that was refused for the time on a clock
        if answer is not None and not member.pending:  # from here on it is polled (RFC 8894, 3.3.3)
            held.commit(unit, replace(held.settings_of(unit), membership=replace(member, pending=True)))
        unit.timers[TIMER] = unit.clock.now + POLL.value
        why = answer.text or answer.reason if isinstance(answer, Refused) else "to be approved"
        unit.note("enrolment.pending", name=member.name, why=why if answer else "no answer")


def _of_system_manager(unit: Appliance, member: Membership) -> Issued | Pending | Refused | None:
    from firmware.security import enrolment

    server = unit.surroundings.system_manager(member.name)
    if server is None:
        return None
    assert member.key is not None
    present = held.settings_of(unit)
    renewed = present.identity if present.origin is Origin.ENROLLED and member.renews else None
    transaction = enrolment.Transaction(member.key, member.request, member.authority, renewed)
    nonce = unit.chance.drbg(f"nonce/{unit.clock.now}", present.generation).generate(16)
    send = enrolment.poll if member.pending else enrolment.request
    message = send(transaction, nonce, unit.clock.read())
    reply = server.answer("PKIOperation", message, unit.clock.now)
    return enrolment.read_answer(transaction, nonce, reply.body)


def _of_the_cloud(unit: Appliance, member: Membership) -> Issued | None:
    from firmware.security.enrolment import Issued

    cloud = unit.surroundings.cloud()
    chain = None if cloud is None else cloud.supply(unit.mac, member.request, unit.clock.now)
    return None if chain is None else Issued(chain)


def _finish(unit: Appliance, member: Membership, chain: tuple[bytes, ...]) -> None:
    assert member.key is not None
    by_cloud = _is_cloud(member)
    origin = Origin.SUPPLIED if by_cloud else Origin.ENROLLED
    trigger = Trigger.SUPPLIED if by_cloud else Trigger.ENROLLED
    ended = replace(member, key=None, request=b"", renews=False, pending=False, has_given=True)
    try:
        installed = installing.install(unit, Identity(member.key, chain), trigger, origin, membership=ended)
    except (StorageError, NotAccepted) as error:
        alarms.raise_alarm(unit, f"enrolment with {member.name}", f"the certificate is not taken: {error}")
        return
    if not installed:
        held.commit(unit, replace(held.settings_of(unit), membership=_without_request(member)))


def _without_request(member: Membership) -> Membership | None:
    """What is left of a membership whose request was refused: all of it if it has ever given an identity, whatever
    has taken that one's place since; else nothing.

    A renewal that was refused is not asked for again: a person must enrol the unit anew. (assumed)
    """
    return replace(member, key=None, request=b"", pending=False) if member.has_given else None


def watch(unit: Appliance) -> None:
    """At each start and each day: go on with what is under way, renew what will expire soon."""
    present = held.settings_of(unit)
    member, reading_now = present.membership, unit.clock.read()
    if member is None or not _is_offered(unit, member):
        return
    if member.key is not None:
        if TIMER not in unit.timers:
            ask(unit)
        return
    is_managed = present.origin in (Origin.ENROLLED, Origin.SUPPLIED)
    if present.identity is None or not is_managed or reading_now is None or member.renews:
        return
    _, not_after = reading.dates(present.identity.der)
    rule = identity.rule_of(unit, Trigger.ENROLMENT_DUE)
    if reading_now < not_after - RENEWAL_BEFORE.value or rule is None or rule.value not in identity.MAKING:
        return
    key = present.identity.key if rule.value is Outcome.RENEW else None
    _begin(unit, replace(member, renews=True), "", key)


def poll(unit: Appliance) -> str | None:
    with alarms.alarm_on_failure(unit, "managed certificate"):
        ask(unit)
    return None
