"""From answers to what will be: the clock, the addresses, the host name, the CA – before Apply makes any of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Interface

from firmware.appliance import Appliance
from firmware.configuration import FALLBACK_ADDRESSES, Lan
from firmware.credentials import generation
from firmware.errors import Damaged
from firmware.platform import Platform
from firmware.security import authority
from firmware.security.authority import Authority
from firmware.security.certificates import Names
from firmware.times import show_time
from ignition import answers, checks, keeping, zones
from ignition.answers import Announced, Answers, Plan
from ignition.checks import YES
from ignition.pages import Server

INTERFACES = ("eth0", "eth1")  # LAN1, LAN2


def role_of(unit: Appliance, given: Answers) -> Platform:
    """What the server is to become: as answered, else what it was ordered as."""
    chosen = given.plan.role if given.plan else given.value("server_type", "server_type")
    return next((platform for platform in unit.platform.kin() if platform.name == chosen), unit.platform)


def planned_clock(unit: Appliance, given: Answers) -> int | None:
    """What the unit's clock would show if Apply began now. None: it is not set, and nobody tells the time."""
    time = given.of("time") or {}
    if unit.platform.hosted:
        return unit.surroundings.host_time(unit.clock.now)
    if time.get("date_time"):
        return zones.to_ms(datetime.fromisoformat(time["date_time"]), time["time_zone"])
    if time.get("use_ntp") == YES:
        told = unit.surroundings.time(unit.clock.now) if unit.surroundings.reaches(time["ntp_server"]) else None
        return unit.clock.read() if told is None else told
    return unit.clock.read()


def planned_lans(unit: Appliance, given: Answers) -> tuple[Lan, ...]:
    """LAN1 and LAN2: the one that the wizard asked about as answered, the other a DHCP client."""
    network = given.of("network") or {}
    lans = []
    for index, interface in enumerate(INTERFACES):
        if network.get("interface") == interface and network.get("mode") == "static":
            fixed = IPv4Interface(f"{network['address']}/{network['mask']}")
            lans.append(Lan(False, str(fixed)))
        else:
            lans.append(Lan(True, unit.surroundings.dhcp(index) or FALLBACK_ADDRESSES.value[index]))
    return tuple(lans)


def planned_host(unit: Appliance, given: Answers, lans: tuple[Lan, ...]) -> str:
    """The host name given, else what DNS calls LAN1, else LAN2, else the MAC. (documented B)

    A name that cannot stand in a certificate is passed over.
    """
    told = given.value("network", "host_name")
    if told:
        return told
    for lan in lans:
        name = unit.surroundings.name_of(lan.address)
        if name and checks.is_host_name(name):
            return name
    return unit.mac


def announce_authority(unit: Appliance, server: Server) -> Answers:
    """Fix the CA that Review shows. It stays the same until what it follows from is answered otherwise."""
    given = server.answers
    if not makes_authority(given, server.role) or given.plan:
        return given
    host = planned_host(unit, given, planned_lans(unit, given))
    basis, last = _basis(unit, given, server.role), given.announced
    if last is not None and last.answers == basis:
        return given
    before = last.number if last else _last_authority(unit)
    announced = Announced(before + 1, host, planned_clock(unit, given), basis)
    created = show_time(announced.created) if announced.created is not None else "not set"
    unit.note("authority.announced", number=announced.number, host=host, clock=created)
    return replace(given, announced=announced)


def _basis(unit: Appliance, given: Answers, role: Platform) -> str:
    """The digest of all that the CA follows from: with another one, another CA is to be announced."""
    time = given.of("time") or {}
    clock = [time.get(field, "") for field in ("use_ntp", "ntp_server", "date_time")]
    zone = time["time_zone"] if time.get("date_time") else ""
    host = planned_host(unit, given, planned_lans(unit, given))
    return answers.digest([role.name, host, *clock, zone])


def _last_authority(unit: Appliance) -> int:
    """The number of the CA on the disk: what an Apply has left whose plan was lost. It is never made again."""
    found = stored_authority(unit)
    return found.number if found else 0


def stored_authority(unit: Appliance) -> Authority | None:
    """The CA on the disk; None when there is none that this unit can read."""
    with suppress(Damaged):
        data = unit.sealed.read(authority.RECORD)
        return authority.from_bytes(data) if data else None
    return None


def makes_authority(given: Answers, role: Platform) -> bool:
    """Whether Apply is to make a CA."""
    return role.root_profile is not None and given.value("security", "ca") == "generate"


def planned_authority(unit: Appliance, given: Answers, role: Platform) -> Authority | None:
    """The CA that Apply will make, or the one that was imported; None where the server has none, or none yet.

    One that was announced and no longer follows from the answers will never be made: nobody is to trust it.
    """
    if role.root_profile is None:
        return None
    kept = given.of("security") or {}
    if "authority" in kept:
        return keeping.imported(kept)
    announced = given.announced
    if announced is None or (given.plan is None and announced.answers != _basis(unit, given, role)):
        return None
    since = given.plan.generation - 1 if given.plan else generation.last_number(unit)
    return made(unit, announced, role, since)


def made(unit: Appliance, announced: Announced, role: Platform, since: int = 0) -> Authority:
    """The CA as it was announced: the same each time. ``since``: the identities that were made before it."""
    assert role.root_profile is not None
    names = Names(unit.mac, host=announced.host)  # a root's SAN names no address
    number = announced.number
    return authority.make(role.root_profile, unit.chance, number, names, unit.release, announced.created, since=since)


def make_plan(unit: Appliance, server: Server) -> Plan:
    """What Apply is to carry out, from the answers and the clock of this moment."""
    given = server.answers
    lans = planned_lans(unit, given)
    announced = given.announced if makes_authority(given, server.role) else None
    host = announced.host if announced else planned_host(unit, given, lans)
    number = generation.last_number(unit) + 1
    return Plan(server.role.name, unit.clock.read(), host, tuple(lan.interface for lan in lans), number)
