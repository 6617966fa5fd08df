"""Make an identity, once: number and creation time are committed first, then key and certificate as one record.

A generation is announced before it begins, and before the security default that makes it due: its number and creation
time are committed in a record of their own. One that is cut short is resumed and makes the same key and certificate.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from firmware.appliance import Appliance
from firmware.boot import alarms, kept
from firmware.credentials import held
from firmware.errors import Damaged, StorageError
from firmware.memo import memoise
from firmware.security import certificates, trusted_store
from firmware.security.authority import certified
from firmware.security.certificates import Identity, Names
from firmware.security.importing import NotAccepted
from firmware.security.keys import KeyPair, derive
from firmware.security.settings import Origin
from firmware.storage.records import GENERATION, build
from firmware.times import LATEST, show_time

RECORD = "generation"
_NOT_SET = -1
_LAST = 2**32 - 2**16

Terms = tuple[Names, int, int, int]


@dataclass(frozen=True, slots=True)
class Announcement:
    """The last generation announced; number 0: none was. ``created`` is what the clock read then (None: not set)."""

    number: int = 0
    created: int | None = None
    same_key: bool = False


def announcement(data: bytes | None) -> Announcement:
    """What a record announces; one of a number or a time that no unit comes to announces nothing."""
    note = kept.understood(GENERATION, data)
    if note is None or note.number > _LAST or not _NOT_SET <= note.created <= LATEST:
        return Announcement()
    return Announcement(note.number, None if note.created == _NOT_SET else note.created, note.same_key)


def write_announcement(unit: Appliance, wanted: Announcement) -> None:
    with alarms.alarm_on_failure(unit, "announcing the certificate"):
        unit.records.replace(RECORD, _encode(wanted))


@memoise(4096)
def _encode(announced: Announcement) -> bytes:
    created = _NOT_SET if announced.created is None else announced.created
    return build(GENERATION, {"number": announced.number, "created": created, "same_key": announced.same_key})


def last_number(unit: Appliance) -> int:
    """The number of the last generation that was announced or made, as far as the flash tells."""
    with suppress(Damaged):
        _, present = unit.vault.peek()
        return max(_announced(unit).number, present.generation if present else 0)
    return 0


def _announced(unit: Appliance) -> Announcement:
    return announcement(kept.peek(unit, RECORD))


def announce_as(unit: Appliance, number: int, created: int | None) -> None:
    """Announce a generation of a given number and time, unless it is announced already."""
    wanted = Announcement(number, created)
    if _announced(unit) != wanted:
        write_announcement(unit, wanted)


def announce(unit: Appliance) -> str:
    """Commit number and creation time of the generation that begins, unless they already are."""
    present, wanted = held.settings_of(unit).generation, _announced(unit)
    if unit.ram.resuming:
        unit.note("certificate.resumed", generation=wanted.number)
        unit.ram.resuming = False
    elif wanted.number <= present:
        wanted = Announcement(present + 1, unit.clock.read(), unit.ram.renews_key)
        write_announcement(unit, wanted)
    unit.ram.renews_key = False
    lifetime = unit.release.lifetime
    unit.note(
        "certificate.generating",
        generation=wanted.number,
        clock=show_time(wanted.created) if wanted.created is not None else "not set",
        days=lifetime.value,
        basis=lifetime.cite(),
    )
    return "announced"


def generate(unit: Appliance) -> str:
    """Make key and certificate and commit them with the whole security settings, as one record."""
    present, wanted = held.settings_of(unit).generation, _announced(unit)
    if wanted.number <= present:  # announcing failed: an alarm says so
        wanted = Announcement(present + 1, unit.clock.read())
    try:
        commit_identity(unit, wanted.number, wanted.created, same_key=wanted.same_key)
    except StorageError as error:
        alarms.raise_alarm(unit, "certificate", f"could not be committed, and is not used: {error}")
        return "generation_failed"
    return "generated"


def commit_identity(unit: Appliance, number: int, created: int | None, *, same_key: bool = False) -> None:
    """Make the ``number``-th identity and commit it with the whole security settings. StorageError: nothing is used."""
    terms, present = terms_of(unit, number, created), held.settings_of(unit)
    key = present.identity.key if same_key and present.identity is not None else None
    identity = make_identity(unit, number, terms, key)
    made = replace(present, generation=number, identity=identity, origin=Origin.MADE, trusted=_with_own_authority(unit))
    held.commit(unit, made)
    shown = certificates.outline(unit.platform.profile, *terms)
    unit.note("certificate.generated", generation=number, **shown, sha256=identity.fingerprint)


def _with_own_authority(unit: Appliance) -> tuple[bytes, ...]:
    """The store with the unit's CA in it: signing certificates go to the TCS, as those of PKCS#12 do. (U)"""
    trusted = held.settings_of(unit).trusted
    if unit.ram.authority is None:
        return trusted
    try:
        return trusted_store.added(trusted, unit.ram.authority.chain, unit.release)
    except NotAccepted as error:
        alarms.raise_alarm(unit, "trusted certificate store", str(error))
        return trusted


def make_identity(unit: Appliance, number: int, terms: Terms, key: KeyPair | None = None) -> Identity:
    """The certificate over these terms, by the unit's CA if it has one; over ``key``, or the unit's ``number``-th."""
    profile, authority = unit.platform.profile, unit.ram.authority
    key = key or derive(unit.chance, "identity", number, profile.key.value)
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
    configuration = unit.ram.configuration
    assert configuration is not None
    lan1, lan2 = (IPv4Address(lan.address) for lan in configuration.lans)
    return Names(unit.mac, lan1, lan2, unit.ram.host_name, configuration.sip_fqdn, configuration.sip_domain)
