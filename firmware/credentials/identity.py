"""The identity as a unit holds it: loaded at each start, defaulted, deleted, kept or made anew as the policy says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from firmware.appliance import Appliance
from firmware.basis import Fact
from firmware.boot import alarms, kept
from firmware.credentials import held
from firmware.credentials.generation import RECORD, Announcement, announcement, write_announcement
from firmware.errors import NotNow
from firmware.security import reading, settings
from firmware.security.policy import Outcome, Trigger, decide
from firmware.security.sealed import Held
from firmware.security.settings import Origin
from firmware.times import MINUTE, show_time

MAKING = (Outcome.GENERATE, Outcome.RENEW)


# Why an identity is to be made anew, by which rule.
Due = tuple[str, Fact[Outcome]]


def load_security(
    unit: Appliance, without: Trigger = Trigger.FIRST_START, overtaken: Callable[[bool], Due | None] = lambda _: None
) -> str:
    """Load the security settings; another unit's, or damaged ones, count as empty.

    ``without`` is the trigger whose rule says what comes next when they hold no identity. ``overtaken`` says whether
    the one that they hold has been overtaken by a change that was cut short; it is told whether one was announced.
    """
    found, loaded, mended = unit.vault.load()
    announced = announcement(kept.read(unit, RECORD)).number
    if mended:
        unit.note("record.mended", record=settings.RECORD)
    if found in (Held.FOREIGN, Held.DAMAGED):
        # What was made before must not come again: go on after the last generation that was announced. Where that is
        # lost too the time stands for a number that was never drawn.
        loaded = settings.factory(unit.release, announced or unit.clock.now // MINUTE)
        alarms.raise_alarm(unit, "security settings", f"{found.value}: treated as empty")
    unit.ram.settings = loaded or settings.factory(unit.release)
    unit.ram.identity = unit.ram.settings.identity
    present = unit.ram.settings.generation
    unit.note("security.loaded", held=found.value, generation=present)
    if unit.ram.identity is not None:
        return _hold(unit, announced, overtaken)
    unit.ram.resuming = announced > present
    outcome = decide(unit.platform.policy, without, unit.release)
    if unit.ram.resuming or is_due(unit, outcome.value):
        unit.note("certificate.due", why="the security settings hold none", basis=outcome.cite())
        return "identity_missing"
    unit.note("certificate.not_needed", why=outcome.value.value, basis=outcome.cite())
    return "identity_not_needed"


def _hold(unit: Appliance, announced: int, overtaken: Callable[[bool], Due | None]) -> str:
    """A start finds an identity: it is kept, unless the policy says otherwise of what this start is, or of a change
    that was cut short."""
    assert unit.ram.identity is not None
    present = held.settings_of(unit).generation
    due = _due_at_start(unit) or overtaken(announced > present)
    if announced > present and due is None:  # by what was cut short before it took effect
        write_announcement(unit, Announcement(present))
        unit.note("certificate.withdrawn", generation=announced)
    if due is None:
        unit.note("certificate.kept", sha256=unit.ram.identity.fingerprint)
        return "identity_held"
    why, rule = due
    unit.ram.resuming = announced > present
    unit.ram.renews_key = rule.value is Outcome.RENEW
    unit.note("certificate.due", why=why, basis=rule.cite())
    return "identity_missing"


def _due_at_start(unit: Appliance) -> Due | None:
    """The trigger that this start is, if by the policy it makes the identity anew."""
    triggers = [Trigger.RESTART]
    if held.settings_of(unit).written_by != unit.release.version:
        triggers.append(Trigger.UPGRADE)
    if unit.ram.configuration_defaulted:
        triggers.append(Trigger.CONFIGURATION_DEFAULT)
    for trigger in triggers:
        rule = rule_of(unit, trigger)
        if rule is not None and rule.value in MAKING:
            return trigger.value, rule
    return None


def rule_of(unit: Appliance, trigger: Trigger) -> Fact[Outcome] | None:
    """What the platform's policy says; None where it does not offer such a thing."""
    with suppress(LookupError):
        return decide(unit.platform.policy, trigger, unit.release)
    return None


def is_due(unit: Appliance, outcome: Outcome) -> bool:
    """Whether an outcome of the policy means that an identity is to be made now."""
    return outcome in MAKING or (outcome is Outcome.WHEN_NEEDED and _is_needed(unit))


def _is_needed(unit: Appliance) -> bool:
    """Whether something is to be offered over TLS: a service, or the SIP registrar of a LAN."""
    configuration = unit.ram.configuration
    return held.settings_of(unit).needs_identity() or (configuration is not None and any(configuration.sip_tls))


def follow(unit: Appliance, trigger: Trigger) -> None:
    """Do what the platform's policy says comes of a trigger on a running unit; nothing where it has no such thing."""
    rule = rule_of(unit, trigger)
    if rule is not None:
        carry_out(unit, rule.value)


def follow_names(unit: Appliance) -> None:
    """The names of the SIP registrar have changed: say so, and do what the policy says."""
    configuration = unit.ram.configuration
    assert configuration is not None
    unit.note("network.sip", domain=configuration.sip_domain or "none", fqdn=configuration.sip_fqdn or "none")
    note_fitness(unit)
    follow_change(unit, Trigger.ADDRESS_CHANGE)


def announce_change(unit: Appliance, trigger: Trigger) -> None:
    """Before a change is saved: if by the policy the identity is made anew, that is announced, so that the next start
    knows a change that was cut short from a name that the identity has lacked for long."""
    rule = rule_of_change(unit, trigger)
    if rule is not None and rule.value in MAKING:
        number = held.settings_of(unit).generation + 1
        write_announcement(unit, Announcement(number, unit.clock.read(), rule.value is Outcome.RENEW))


def follow_change(unit: Appliance, trigger: Trigger) -> None:
    """As :func:`follow`, of what bears only on an identity that was made here."""
    rule = rule_of_change(unit, trigger)
    if rule is not None:
        carry_out(unit, rule.value)


def rule_of_change(unit: Appliance, trigger: Trigger) -> Fact[Outcome] | None:
    """What the policy says of a name, an address or a CA that changed. None for an identity that came from outside:
    it is for the administrator to replace. (assumed)"""
    present = held.settings_of(unit)
    if present.origin is not Origin.MADE:
        return None
    if trigger in (Trigger.ADDRESS_CHANGE, Trigger.NAME_CHANGE) and not present.renews:
        by_hand = rule_of(unit, Trigger.CHANGE_BY_HAND)
        return by_hand or rule_of(unit, trigger)
    return rule_of(unit, trigger)


def carry_out(unit: Appliance, outcome: Outcome) -> None:
    if is_due(unit, outcome):
        unit.ram.renews_key = outcome is Outcome.RENEW
        unit.platform.bring_up.fire(unit, "identity_wanted")


def need(unit: Appliance) -> None:
    """A service that needs a certificate is to be offered: make one, where the policy makes it when first needed."""
    rule = rule_of(unit, Trigger.SERVICE_SECURED)
    if rule is not None and rule.value in (Outcome.GENERATE, Outcome.WHEN_NEEDED):
        carry_out(unit, Outcome.GENERATE)


def default_security(unit: Appliance, via: str) -> Outcome:
    """Factory security settings, committed at once. Returns what the platform's policy says comes next."""
    fresh = settings.factory(unit.release, held.settings_of(unit).generation)
    outcome = decide(unit.platform.policy, Trigger.SECURITY_DEFAULT, unit.release)
    if outcome.value in MAKING:
        write_announcement(unit, Announcement(fresh.generation + 1, unit.clock.read()))
    held.commit(unit, fresh)
    unit.ram.resuming = False
    unit.note("security.defaulted", via=via)
    return outcome.value


def delete_identity(unit: Appliance) -> Outcome:
    """Delete the identity certificate, its key with it. Returns what the platform's policy says comes next."""
    if unit.ram.identity is None:
        raise NotNow("the unit holds no identity certificate that could be deleted")
    held.commit(unit, replace(held.settings_of(unit), identity=None))
    outcome = decide(unit.platform.policy, Trigger.DELETED, unit.release)
    unit.note("certificate.deleted", next=outcome.value.value, basis=outcome.cite())
    return outcome.value


def set_service(unit: Appliance, service: str, level: str) -> bool:
    """Set a service's security level; True when that needs a certificate the unit does not hold."""
    held.commit(unit, held.settings_of(unit).with_service(service, level))
    unit.note("service.level", service=service, level=level)
    return held.settings_of(unit).needs_identity() and unit.ram.identity is None


def note_fitness(unit: Appliance) -> None:
    """Say what a client that validates would object to: the unit keeps a certificate that has become wrong."""
    if objections := fitness(unit):
        unit.note("certificate.unfit", objections=objections)


def fitness(unit: Appliance) -> list[str]:
    """Every objection to the identity by the unit's own clock and addresses."""
    identity, configuration = unit.ram.identity, unit.ram.configuration
    if identity is None or configuration is None:
        return []
    found = []
    clock = unit.clock.read()
    not_before, not_after = reading.dates(identity.der)
    if clock is not None and clock < not_before:
        found.append(f"not valid before {show_time(not_before)}")
    if clock is not None and clock > not_after:
        found.append(f"expired {show_time(not_after)}")
    for issuer in identity.chain[1:]:
        _, last = reading.dates(issuer)
        if clock is not None and clock > last:
            found.append(f"its issuer {reading.describe(issuer)['subject']} expired {show_time(last)}")
    return found + misnamed(unit)


def misnamed(unit: Appliance) -> list[str]:
    """What the unit is called or reached by, and its identity does not name."""
    identity, configuration = unit.ram.identity, unit.ram.configuration
    if identity is None or configuration is None:
        return []
    named = reading.alternative_names(identity.der)
    lans = [(f"LAN{number}", lan.address) for number, lan in enumerate(configuration.lans, 1)]
    names = [("the host", unit.ram.host_name), ("the SIP registrar", configuration.sip_fqdn),
             ("the SIP domain", configuration.sip_domain)]  # fmt: skip
    wanted = [*lans, *((what, name) for what, name in names if name)]
    return [f"does not name {what} {name}" for what, name in wanted if name not in named]
