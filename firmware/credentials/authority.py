"""What an administrator does with a unit's root CA: renew, create, import, export, issue for another machine."""

from __future__ import annotations

from dataclasses import replace

from firmware.appliance import Appliance
from firmware.boot import running
from firmware.credentials import generation, held, identity, store
from firmware.errors import BadInput, NotNow
from firmware.security import authority, importing
from firmware.security.authority import Authority
from firmware.security.certificates import Identity, Names
from firmware.security.importing import NotAccepted
from firmware.security.issuing import Wanted, issue_for
from firmware.security.policy import Trigger, decide

_MOST_AUTHORITIES = 2**12  # more than one server ever makes


def renew(unit: Appliance) -> None:
    """A new certificate for the CA over the same key: what it has signed stays valid. (M)"""
    present = _present(unit)
    if present.is_imported:
        raise NotNow("an imported CA is renewed where it comes from")
    assert unit.platform.root_profile is not None
    # The CA's name stays, whatever the host is called by now: it is the issuer of all that it has signed.
    names = replace(generation.names_of(unit), host=authority.host_of(present, unit.platform.root_profile))
    made = _make(unit, names, present.number, present.renewals + 1, present.since)
    _take(unit, replace(made, issued=present.issued, before=present.before), Trigger.CA_RENEWED)
    identity.follow_change(unit, Trigger.CA_RENEWED)


def create(unit: Appliance) -> None:
    """A new CA with a new key: everything that the old one has signed must be renewed. (M)"""
    running.require(unit, "its CA cannot be changed")
    if unit.platform.root_profile is None:
        raise NotNow(f"{unit.platform.named} is no CA")
    present = unit.ram.authority
    if present is None:  # that the number below comes once only, it is counted on before: no identity may follow
        settings = held.settings_of(unit)
        held.commit(unit, replace(settings, generation=settings.generation + 1))
    count = held.settings_of(unit).generation
    # How many there were before a CA that is lost, nobody knows: go on well beyond them.
    number = (count + 1) * _MOST_AUTHORITIES if present is None else present.last + 1
    made = _make(unit, generation.names_of(unit), number, 0, count)
    _take(unit, replace(made, before=number - 1, issued=present.issued if present else 0), Trigger.CA_CREATED)
    identity.follow_change(unit, Trigger.CA_CREATED)


def import_(unit: Appliance, data: bytes, password: str = "") -> None:
    """Another CA takes the place of the present one; the identity is made anew under it. (MC; that it is: assumed)"""
    running.require(unit, "its CA cannot be changed")
    if unit.platform.root_profile is None:
        raise NotNow(f"{unit.platform.named} is no CA")
    try:
        found = importing.read_authority(data, password, unit.clock.read())
    except NotAccepted as error:
        raise BadInput(f"the CA is not taken: {error}") from None
    since, present = held.settings_of(unit).generation, unit.ram.authority
    if present is not None:
        found = replace(found, before=present.last, issued=present.issued)
    _take(unit, replace(found, since=since), Trigger.CA_REPLACED)
    identity.follow_change(unit, Trigger.CA_REPLACED)


def _present(unit: Appliance) -> Authority:
    running.require(unit, "its CA cannot be used")
    if unit.ram.authority is None:
        raise NotNow(f"this {unit.platform.title} has no CA")
    return unit.ram.authority


def _make(unit: Appliance, names: Names, number: int, renewals: int, since: int) -> Authority:
    assert unit.platform.root_profile is not None
    return authority.make(
        unit.platform.root_profile, unit.chance, number, names, unit.release, unit.clock.read(),
        since=since, renewals=renewals,
    )  # fmt: skip


def _take(unit: Appliance, made: Authority, trigger: Trigger) -> None:
    """Make this the unit's CA. The one before stays in the store beside it. (M)"""
    unit.sealed.commit(authority.RECORD, made.to_bytes())
    unit.ram.authority = made
    store.hold_own_authority(unit)
    rule = decide(unit.platform.policy, trigger, unit.release)
    unit.note("authority.kept", **authority.shown(made), basis=rule.cite())


def export(unit: Appliance) -> Authority:
    """The CA, to be written out as PEM, DER or PKCS#12."""
    return _present(unit)


def issue(unit: Appliance, wanted: Wanted) -> Identity:
    """A key and certificate for a different machine, with the chain that leads on. (MC; its form is assumed)

    It is counted before it is handed out, so that no serial number comes twice.
    """
    present, profile = _present(unit), unit.platform.root_profile
    if profile is None or not profile.may_issue.value:
        raise NotNow(f"{unit.platform.named} may not issue for others")
    counted = replace(present, issued=present.issued + 1)
    try:
        made = issue_for(counted, wanted, unit.chance, unit.release, unit.clock.read())
    except ValueError as error:  # NotAccepted, or a name that no certificate can hold
        raise BadInput(str(error)) from None
    unit.sealed.commit(authority.RECORD, counted.to_bytes())
    unit.ram.authority = counted
    names = list(wanted.names)
    unit.note("authority.issued", number=counted.issued, subject=wanted.subject, names=names, sha256=made.fingerprint)
    return made
