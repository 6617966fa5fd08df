"""How a Linux server starts: what is on its disk decides whether it is set up, being set up, or waits to be."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address

from firmware import configuration
from firmware.appliance import Appliance, Ram
from firmware.boot import alarms, identity, network
from firmware.configuration import FALLBACK_ADDRESSES, Configuration, Lan
from firmware.errors import Damaged, StorageError
from firmware.platform import Platform
from firmware.security import authority, certificates
from firmware.security.certificates import Identity, Names
from firmware.security.keys import derive
from firmware.security.policy import Trigger
from firmware.security.profiles import TEMPORARY
from ignition import answers, apply, disk, settings
from ignition.sessions import Desk, desk


def reset(unit: Appliance) -> None:
    """Whatever was in RAM is gone."""
    unit.ram = Ram()
    unit.held_button = None


def start_up(unit: Appliance) -> str:
    """The boot loader finds an installed system, or none."""
    found = disk.installed(unit)
    if found is None:
        unit.note("system.missing", why="no complete installation on the disk")
        return "system_missing"
    unit.ram.release, unit.ram.installation = found
    unit.note("system.found", release=found[0].version)
    return "system_found"


def take_host_time(unit: Appliance) -> str:
    """A module takes its time from its host. (documented)"""
    told = unit.surroundings.host_time(unit.clock.now)
    if told is None:
        unit.clock.lose()
    else:
        unit.clock.set(told)
    return "initialised"


def boot(unit: Appliance) -> str:
    """Linux is up: go on with what the disk says. The mark that ignition is done counts before all else."""
    alarms.load(unit)
    unit.ram.wizard = Desk(answers.load(unit))
    if disk.ignited_as(unit) is not None:
        unit.platform = is_now(unit)
        if desk(unit).answers != answers.Answers():  # a cut struck between the mark and their removal
            apply.forget(unit)
        return "ignited"
    unit.ram.configuration = Configuration(unit.mac, (Lan(), Lan()), (False, False), (), ())
    if desk(unit).answers.plan is not None:
        unit.note("ignition.resumed")
        apply.begin(unit)
        return "resumed"
    network.obtain(unit)
    unit.note("ignition.waiting", users=["root", "Administrator"])
    return "not_ignited"


def is_now(unit: Appliance) -> Platform:
    """What ignition has turned the unit into, by its disk; else what it was ordered as."""
    name = disk.ignited_as(unit)
    return next((platform for platform in unit.platform.kin() if platform.name == name), unit.platform)


def temporary_identity(unit: Appliance) -> Identity:
    """What a server shows before its ignition. It is kept nowhere: the next start makes the same one anew."""
    assert unit.ram.configuration is not None
    addresses = [IPv4Address(lan.address or FALLBACK_ADDRESSES.value[n].partition("/")[0])
                 for n, lan in enumerate(unit.ram.configuration.lans)]  # fmt: skip
    key = derive(unit.chance, "temporary", 0, TEMPORARY.key.value)
    serial = certificates.serial(unit.chance, TEMPORARY, 0)
    dates = certificates.validity(TEMPORARY, unit.release, unit.clock.read())
    return certificates.self_signed(TEMPORARY, Names(unit.mac, addresses[0], addresses[1]), key, serial, *dates)


def take_addresses(unit: Appliance) -> str:
    """The addresses of an ignited server; one that its configuration is lost to has those of a new one."""
    unit.ram.configuration = stored_configuration(unit)
    if unit.ram.configuration is None:
        alarms.raise_alarm(unit, "configuration", "missing or damaged: the server starts with an empty one")
        unit.ram.configuration = Configuration(unit.mac, (Lan(), Lan()), (False, False), (), ())
    network.obtain(unit)
    return "addressed"


def stored_configuration(unit: Appliance) -> Configuration | None:
    """What configuration is on the disk."""
    with suppress(StorageError):
        data = unit.records.read(disk.CONFIGURATION)
        return configuration.from_bytes(data) if data else None
    return None


def load(unit: Appliance) -> str:
    """Load what ignition has made: settings, CA, identity. An identity that is lost is made anew. (assumed)"""
    server = settings.load(unit)
    unit.ram.server, unit.ram.host_name = server, server.network.hostname
    unit.ram.authority = stored_authority(unit)
    if unit.platform.root_profile is not None and unit.ram.authority is None:
        alarms.raise_alarm(unit, "CA", "missing or damaged: identities are self-signed until a CA is created")
    return identity.load_security(unit, Trigger.SECURITY_DEFAULT)


def stored_authority(unit: Appliance) -> authority.Authority | None:
    """The CA on the disk; None when there is none that this unit can read."""
    with suppress(Damaged):
        data = unit.sealed.read(authority.RECORD)
        return authority.from_bytes(data) if data else None
    return None


def install(unit: Appliance) -> str:
    """Format the disk and install. It counts as another installation, so everything it makes is new."""
    release = unit.release
    try:
        disk.lay(unit.internal, release, unit.clock.now)
    except StorageError as error:
        unit.note("system.missing", why=str(error))
        return "installation_failed"
    unit.note("system.installed", release=release.version)
    return "installed"
