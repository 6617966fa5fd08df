"""Bugs around the identity: when it is announced, made, committed, defaulted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from firmware.appliance import Appliance
from firmware.boot import alarms, kept
from firmware.credentials import generation, held, store
from firmware.credentials.generation import RECORD, Announcement
from firmware.release import Release
from firmware.security import authority as authorities
from firmware.security import settings
from firmware.security.authority import Authority
from firmware.security.certificates import Identity
from firmware.security.keys import derive
from firmware.security.policy import Outcome, Trigger, decide
from firmware.security.profiles import Profile
from firmware.security.settings import Origin
from firmware.storage.records import GENERATION, build
from firmware.times import DAY, SECOND, from_datetime

MOST_TRIES = 3
TRIES_FIT = 4  # values of the counter; one of 8 bits wraps after 255 cuts, this one sooner


def key_first(unit: Appliance, number: int, created: int | None, *, same_key: bool = False) -> None:
    """generation.commit_identity, but the key is replaced before its certificate."""
    terms, present = generation.terms_of(unit, number, created), held.settings_of(unit)
    key = derive(unit.chance, "identity", number, unit.platform.profile.key.value)
    if present.identity is not None:
        held.commit(unit, replace(present, identity=Identity(key, present.identity.chain)))
    made = generation.make_identity(unit, number, terms, key)
    held.commit(unit, replace(present, generation=number, identity=made, origin=Origin.MADE))
    unit.note("certificate.generated", generation=number, sha256=made.fingerprint)


def store_afterwards(unit: Appliance, number: int, created: int | None, *, same_key: bool = False) -> None:
    """generation.commit_identity, but from factory settings, and what was trusted is put back after it."""
    trusted = held.settings_of(unit).trusted
    made = generation.make_identity(unit, number, generation.terms_of(unit, number, created))
    fresh = settings.factory(unit.release, number)
    held.commit(unit, replace(fresh, identity=made, origin=Origin.MADE))
    held.commit(unit, replace(held.settings_of(unit), trusted=trusted))
    unit.note("certificate.generated", generation=number, sha256=made.fingerprint)


def announce_each_time(unit: Appliance) -> str:
    """generation.announce, but a start that has to make an identity announces the next one."""
    last = max(held.settings_of(unit).generation, generation._announced(unit).number)
    generation.write_announcement(unit, Announcement(last + 1, unit.clock.read()))
    unit.ram.resuming = False
    return "announced"


def _tries(unit: Appliance) -> int:
    """How often the generation that is announced was begun: a byte behind the announcement."""
    data = kept.peek(unit, RECORD) or b""
    plain = len(build(GENERATION, {"number": 0, "created": 0, "same_key": False}))
    return data[plain] if len(data) > plain else 0


def _count(unit: Appliance, wanted: Announcement, tries: int) -> None:
    created = -1 if wanted.created is None else wanted.created
    note = {"number": wanted.number, "created": created, "same_key": wanted.same_key}
    unit.records.replace(RECORD, build(GENERATION, note) + bytes([tries]))


def give_up_after_some_tries(unit: Appliance) -> str:
    """generation.generate, but one that was begun too often seems to fail for good, and the unit goes on without."""
    wanted, tries = generation._announced(unit), _tries(unit)
    if tries == MOST_TRIES:
        alarms.raise_alarm(unit, "certificate", "could not be generated")
        return "generation_failed"
    _count(unit, wanted, tries + 1)
    generation.commit_identity(unit, wanted.number, wanted.created)
    return "generated"


def count_tries(unit: Appliance) -> str:
    """generation.announce, but each begin is counted, and a counter at nought says that none is announced."""
    present, wanted, tries = held.settings_of(unit).generation, generation._announced(unit), _tries(unit)
    if wanted.number <= present or not tries:
        wanted = Announcement(max(present, wanted.number) + 1, unit.clock.read(), unit.ram.renews_key)
    _count(unit, wanted, (tries + 1) % TRIES_FIT)
    unit.ram.resuming = unit.ram.renews_key = False
    return "announced"


def valid_from_nought(profile: Profile, release: Release, clock: int | None) -> tuple[int, int]:
    """certificates.validity, but a clock that is not set reads 1970."""
    begin = ((clock or from_datetime(datetime(1970, 1, 1, tzinfo=UTC))) - profile.backdate.value) // SECOND * SECOND
    return begin, begin + (profile.lifetime or release.lifetime).value * DAY


def default_step_by_step(unit: Appliance, via: str) -> Outcome:
    """identity.default_security, but users and services first, and the identity when they are."""
    present = held.settings_of(unit)
    fresh = settings.factory(unit.release, present.generation)
    outcome = decide(unit.platform.policy, Trigger.SECURITY_DEFAULT, unit.release)
    held.commit(unit, replace(present, users=fresh.users, services=fresh.services, trusted=fresh.trusted))
    generation.write_announcement(unit, Announcement(fresh.generation + 1, unit.clock.read()))
    held.commit(unit, fresh)
    unit.note("security.defaulted", via=via)
    return outcome.value


def chain_follows_at_once(unit: Appliance, made: Authority, trigger: Trigger) -> None:
    """authority._take, but the chain that is offered is brought up to date before the identity is made anew."""
    present = held.settings_of(unit)
    if present.identity is not None:
        held.commit(
            unit, replace(present, identity=Identity(present.identity.key, (present.identity.der, *made.chain)))
        )
    unit.sealed.commit(authorities.RECORD, made.to_bytes())
    unit.ram.authority = made
    store.hold_own_authority(unit)
    unit.note("authority.kept", **authorities.shown(made))
