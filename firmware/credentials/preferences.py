"""What the security settings say of certificates beside the identity: chain, received checks, automatic renewal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firmware.appliance import Appliance
from firmware.boot import running
from firmware.credentials import held, identity
from firmware.errors import BadInput
from firmware.release import BY_VERSION, Release
from firmware.security import trust
from firmware.security.certificates import Identity
from firmware.security.settings import Check, SecuritySettings
from firmware.security.trust import Level


def set_chain(unit: Appliance, offered: bool) -> None:
    """Whether the certificates on the way to the root are sent with the identity. (K9, MC)"""
    running.require(unit, "its security settings cannot be changed")
    held.commit(unit, replace(held.settings_of(unit), offers_chain=offered))
    unit.note("security.changed", what="offer ID certificate chain", to="on" if offered else "off")


def set_renewal(unit: Appliance, automatic: bool) -> None:
    """Whether a change of name or address makes the identity anew. (U)"""
    running.require(unit, "its security settings cannot be changed")
    held.commit(unit, replace(held.settings_of(unit), renews=automatic))
    unit.note("security.changed", what="renew automatically", to="on" if automatic else "off")


def set_checks(unit: Appliance, management: str | None = None, telephony: str | None = None) -> None:
    """The received-certificate check levels, of management and of telephony apart. (CC)

    A level that is set away and back is that of the present release: an upgrade has kept the old one's meaning.
    """
    running.require(unit, "its security settings cannot be changed")
    offered = [level.value for level in trust.levels(unit.release)]
    wanted = {"management_check": management, "telephony_check": telephony}
    present = held.settings_of(unit)
    changes: dict[str, Any] = {}
    for field, level in wanted.items():
        if level is None:
            continue
        if level not in offered:
            raise BadInput(f"release {unit.release} has no check level {level!r}: {', '.join(offered)} are offered")
        if level != getattr(present, field).level:
            changes[field] = Check(level, unit.release.version)
    if changes:
        held.commit(unit, replace(present, **changes))
    for field, check in changes.items():
        unit.note("security.changed", what=f"received certificate checks, {field.partition('_')[0]}", to=check.level)


def set_sip(unit: Appliance, domain: str | None = None, fqdn: str | None = None) -> None:
    """Set the domain and the FQDN of the SIP registrar; empty: none. What follows is the policy's."""
    running.require(unit, "its SIP registrar cannot be set")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration
    unit.ram.configuration = before.with_sip(domain, fqdn)
    unit.platform.save_configuration(unit, "SIP registrar")
    if unit.ram.configuration != before:
        identity.follow_names(unit)


def presented(settings: SecuritySettings, *, telephony: bool = False) -> Identity | None:
    """What a TLS server of the unit presents: the identity, and if it offers the chain what leads on from the store."""
    identity = settings.telephony if telephony and settings.telephony is not None else settings.identity
    if identity is None:
        return None
    further = trust.offered(identity.der, settings.trusted) if settings.offers_chain else ()
    return Identity(identity.key, (identity.der, *further))


def _in_force(level: str, release: Release) -> Level:
    """The level that is set; after a way back to a release without Remote, the one that it builds on. (assumed)"""
    found = Level(level)
    return found if found in trust.levels(release) else Level(level.partition(" +")[0])


def judge(
    unit: Appliance, chain: tuple[bytes, ...], names: tuple[str, ...] = (), *, telephony: bool = False
) -> list[str]:
    """Every objection of this unit to a peer that presents a chain, by its received-certificate checks. (CC)"""
    present = held.settings_of(unit)
    check = present.telephony_check if telephony else present.management_check
    own = tuple(identity.der for identity in (present.identity, present.telephony) if identity is not None)
    verdict = trust.received(
        chain, present.trusted, unit.clock.read(), _in_force(check.level, unit.release), unit.release,
        own=own, names=names, old_medium=trust.is_old_medium(BY_VERSION.get(check.since, unit.release)), sip=telephony,
    )  # fmt: skip
    return list(verdict.objections)
