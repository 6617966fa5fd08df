"""Boot step 6: the security settings and the identity in them – load, generate once, commit whole.

A generation is announced before it begins, and before the security default that makes it due: its number and creation
time are committed in a record of their own. One that is cut short is resumed and makes the same key and certificate.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address

from firmware.appliance import Appliance
from firmware.boot import alarms, kept
from firmware.errors import Damaged, NotNow, StorageError
from firmware.security import certificates, reading, settings
from firmware.security.authority import certified
from firmware.security.certificates import Identity, Names
from firmware.security.keys import derive
from firmware.security.policy import Outcome, Trigger, decide
from firmware.security.sealed import Held
from firmware.storage.records import GENERATION, build
from firmware.times import show_time

RECORD = "generation"
_NOT_SET = -1

Terms = tuple[Names, int, int, int]


def load_security(unit: Appliance, without: Trigger = Trigger.FIRST_START) -> str:
    """Load the security settings; another unit's, or damaged ones, count as empty.

    ``without`` is the trigger whose rule says what comes next when they hold no identity.
    """
    held, loaded, mended = unit.vault.load()
    announced, _ = _announcement(kept.read(unit, RECORD))
    if mended:
        unit.note("record.mended", record=settings.RECORD)
    if held in (Held.FOREIGN, Held.DAMAGED):
        # What was made before must not come again: go on after the last generation that was announced.
        loaded = settings.factory(unit.release, announced)
        alarms.raise_alarm(unit, "security settings", f"{held.value}: treated as empty")
    unit.ram.settings = loaded or settings.factory(unit.release)
    unit.ram.identity = unit.ram.settings.identity
    present = unit.ram.settings.generation
    unit.note("security.loaded", held=held.value, generation=present)
    if unit.ram.identity is not None:
        if announced > present:  # by a security default that was cut short before it took effect
            _write_announcement(unit, present, None)
            unit.note("certificate.withdrawn", generation=announced)
        unit.note("certificate.kept", sha256=unit.ram.identity.fingerprint)
        return "identity_held"
    unit.ram.resuming = announced > present
    outcome = decide(unit.platform.policy, without, unit.release)
    if unit.ram.resuming or is_due(unit, outcome.value):
        unit.note("certificate.due", why="the security settings hold none", basis=outcome.cite())
        return "identity_missing"
    unit.note("certificate.not_needed", why=outcome.value.value, basis=outcome.cite())
    return "identity_not_needed"


def is_due(unit: Appliance, outcome: Outcome) -> bool:
    """Whether an outcome of the policy means that an identity is to be generated now."""
    return outcome is Outcome.GENERATE or (outcome is Outcome.WHEN_NEEDED and _settings(unit).needs_identity())


def _announcement(data: bytes | None) -> tuple[int, int | None]:
    """(number, clock reading at its creation) of the last generation announced; (0, None) when there was none."""
    note = kept.understood(GENERATION, data)
    return (note.number, None if note.created == _NOT_SET else note.created) if note else (0, None)


def _write_announcement(unit: Appliance, number: int, created: int | None) -> None:
    note = {"number": number, "created": _NOT_SET if created is None else created}
    with alarms.alarm_on_failure(unit, "announcing the certificate"):
        unit.records.replace(RECORD, build(GENERATION, note))


def last_number(unit: Appliance) -> int:
    """The number of the last generation that was announced or made, as far as the flash tells."""
    with suppress(Damaged):
        _, present = unit.vault.peek()
        return max(_announcement(kept.peek(unit, RECORD))[0], present.generation if present else 0)
    return 0


def announce_as(unit: Appliance, number: int, created: int | None) -> None:
    """Announce a generation of a given number and time, unless it is announced already."""
    if _announcement(kept.peek(unit, RECORD)) != (number, created):
        _write_announcement(unit, number, created)


def announce(unit: Appliance) -> str:
    """Commit number and creation time of the generation that begins, unless they already are."""
    present = _settings(unit).generation
    number, created = _announcement(kept.peek(unit, RECORD))
    if unit.ram.resuming:
        unit.note("certificate.resumed", generation=number)
        unit.ram.resuming = False
    elif number <= present:
        number, created = present + 1, unit.clock.read()
        _write_announcement(unit, number, created)
    lifetime = unit.release.lifetime
    unit.note(
        "certificate.generating",
        generation=number,
        clock=show_time(created) if created is not None else "not set",
        days=lifetime.value,
        basis=lifetime.cite(),
    )
    return "announced"


def generate(unit: Appliance) -> str:
    """Make key and certificate and commit them with the whole security settings, as one record."""
    present = _settings(unit)
    number, created = _announcement(kept.peek(unit, RECORD))
    if number <= present.generation:  # announcing failed: an alarm says so
        number, created = present.generation + 1, unit.clock.read()
    try:
        commit_identity(unit, number, created)
    except StorageError as error:
        alarms.raise_alarm(unit, "certificate", f"could not be committed, and is not used: {error}")
        return "generation_failed"
    return "generated"


def commit_identity(unit: Appliance, number: int, created: int | None) -> None:
    """Make the ``number``-th identity and commit it with the whole security settings. StorageError: nothing is used."""
    terms = terms_of(unit, number, created)
    identity = make_identity(unit, number, terms)
    trusted = _settings(unit).trusted
    if unit.ram.authority is not None:  # its signing certificates go to the TCS, as those of PKCS#12 do (U)
        trusted = tuple(dict.fromkeys((*trusted, *unit.ram.authority.chain)))
    made = replace(_settings(unit), generation=number, identity=identity, trusted=trusted)
    unit.vault.commit(made)
    unit.ram.settings, unit.ram.identity = made, identity
    shown = certificates.outline(unit.platform.profile, *terms)
    unit.note("certificate.generated", generation=number, **shown, sha256=identity.fingerprint)


def make_identity(unit: Appliance, number: int, terms: Terms) -> Identity:
    """The ``number``-th key of the unit, and its certificate over these terms: by the unit's CA if it has one."""
    profile, authority = unit.platform.profile, unit.ram.authority
    key = derive(unit.chance, "identity", number, profile.key.value)
    if authority is None:
        return certificates.self_signed(profile, terms[0], key, *terms[1:])
    return certified(authority, key, certificates.issue(profile, terms[0], key, authority.signer, *terms[1:]))


def terms_of(unit: Appliance, number: int, created: int | None) -> Terms:
    """Names, serial number, notBefore and notAfter of the ``number``-th identity; the clock read ``created``."""
    profile = unit.platform.profile
    not_before, not_after = certificates.validity(profile, unit.release, created)
    authority, chance = unit.ram.authority, unit.chance
    if authority is None:
        serial = certificates.serial(chance, profile, number)
    else:
        serial = authority.serial_of(chance, profile, number)
    return names_of(unit), serial, not_before, not_after


def names_of(unit: Appliance) -> Names:
    """Whom a certificate that is made now is for."""
    assert unit.ram.configuration is not None
    lan1, lan2 = (IPv4Address(lan.address) for lan in unit.ram.configuration.lans)
    return Names(unit.mac, lan1, lan2, unit.ram.host_name)


def default_security(unit: Appliance, via: str) -> Outcome:
    """Factory security settings, committed at once. Returns what the platform's policy says comes next."""
    fresh = settings.factory(unit.release, _settings(unit).generation)
    outcome = decide(unit.platform.policy, Trigger.SECURITY_DEFAULT, unit.release)
    if outcome.value is Outcome.GENERATE:
        _write_announcement(unit, fresh.generation + 1, unit.clock.read())
    unit.vault.commit(fresh)
    unit.ram.settings, unit.ram.identity, unit.ram.resuming = fresh, None, False
    unit.note("security.defaulted", via=via)
    return outcome.value


def delete_identity(unit: Appliance) -> Outcome:
    """Delete the identity certificate, its key with it. Returns what the platform's policy says comes next."""
    if unit.ram.identity is None:
        raise NotNow("the unit holds no identity certificate that could be deleted")
    bare = replace(_settings(unit), identity=None)
    unit.vault.commit(bare)
    unit.ram.settings, unit.ram.identity = bare, None
    outcome = decide(unit.platform.policy, Trigger.DELETED, unit.release)
    unit.note("certificate.deleted", next=outcome.value.value, basis=outcome.cite())
    return outcome.value


def set_service(unit: Appliance, service: str, level: str) -> bool:
    """Set a service's security level; True when that needs a certificate the unit does not hold."""
    changed = _settings(unit).with_service(service, level)
    unit.vault.commit(changed)
    unit.ram.settings = changed
    unit.note("service.level", service=service, level=level)
    return changed.needs_identity() and unit.ram.identity is None


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
    named = reading.alternative_names(identity.der)
    for index, lan in enumerate(configuration.lans):
        if lan.address not in named:
            found.append(f"does not name LAN{index + 1} {lan.address}")
    if unit.ram.host_name and unit.ram.host_name not in named:
        found.append(f"does not name the host {unit.ram.host_name}")
    return found


def _settings(unit: Appliance) -> settings.SecuritySettings:
    if unit.ram.settings is None:
        raise NotNow("the unit has not loaded its security settings yet")
    return unit.ram.settings
