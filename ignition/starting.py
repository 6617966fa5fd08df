"""How a Linux server starts: what is on its disk decides whether it is set up, being set up, or waits to be."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address

from firmware import configuration
from firmware.appliance import Appliance, Ram
from firmware.boot import alarms, network, running
from firmware.configuration import FALLBACK_ADDRESSES, Configuration, Lan
from firmware.credentials import identity, store
from firmware.errors import Damaged, StorageError
from firmware.platform import Platform
from firmware.security import certificates, reading
from firmware.security.certificates import Identity, Names
from firmware.security.keys import derive
from firmware.security.policy import Trigger, decide
from firmware.security.profiles import TEMPORARY
from firmware.security.settings import RECORD as SECURITY
from firmware.storage.nvm import CopyState
from firmware.storage.records import DONE, build
from firmware.times import SECOND
from ignition import answers, apply, disk, plan, settings
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
    follow_host(unit)
    return "initialised"


def follow_host(unit: Appliance) -> bool:
    """Set the module's clock by its host's; the module has no battery that would know better. (assumed)

    Whether it had to be set.
    """
    told, before = unit.surroundings.host_time(unit.clock.now), unit.clock.read()
    if told is None and before is not None:
        unit.clock.lose()
        unit.note("clock.lost", why="the host's clock is not set")
    elif told is not None and (before is None or abs(told - before) >= SECOND):
        running.put_clock(unit, told, "its host")
        return True
    return False


def boot(unit: Appliance) -> str:
    """Linux is up: go on with what the disk says. The mark that ignition is done counts before all else."""
    alarms.load(unit)
    unit.ram.wizard = Desk(answers.Answers())
    role = ignited_as(unit)
    if role is None:
        unit.ram.wizard = Desk(answers.load(unit))
    else:
        unit.platform = _kin(unit, role)
        _mend_mark(unit, role)
        if disk.holds(unit, disk.ANSWERS):  # a cut struck between the mark and their removal
            with alarms.alarm_on_failure(unit, "forgetting the answers"):
                apply.forget(unit)
        return "ignited"
    unit.ram.configuration = Configuration(unit.mac, (Lan(), Lan()), (False, False), (), ())
    if desk(unit).answers.plan is not None:
        unit.note("ignition.resumed")
        apply.begin(unit)
        return "resumed"
    if desk(unit).answers == answers.Answers() and disk.holds(unit, disk.ANSWERS):
        alarms.raise_alarm(unit, "ignition", "its answers are damaged: the wizard begins from the beginning")
    network.obtain(unit)
    unit.note("ignition.waiting", users=["root", "Administrator"])
    return "not_ignited"


def ignited_as(unit: Appliance) -> str | None:
    """The name of the platform that ignition has made of the unit, by its disk; None: it is not ignited.

    A mark that cannot be read is no way back: a damaged one has been whole once, and the services are the last that
    Apply writes before it. Never is such a server ignited again, for it would be another one then.
    """
    mark = disk.mark_of(unit)
    if mark is not None or answers.load(unit).plan is not None:
        return mark
    services = settings.stored(unit, disk.SERVICES, settings.Services)
    if services is None and not _was_marked(unit):
        return None
    return _kin(unit, services.role if services is not None else "").name


def _was_marked(unit: Appliance) -> bool:
    """Whether there is a mark, whole or not; a disk whose folders cannot be read tells nothing."""
    with suppress(StorageError):
        return any(copy.state is not CopyState.BLANK for copy in unit.records.copies(disk.DONE))
    return False


def _mend_mark(unit: Appliance, role: str) -> None:
    """Make a mark that cannot be read anew."""
    if disk.mark_of(unit) is None:
        alarms.raise_alarm(unit, "ignition", "the mark that it is done is missing or damaged: made anew")
        with alarms.alarm_on_failure(unit, "marking ignition done"):
            unit.records.replace(disk.DONE, build(DONE, {"role": role}))


def is_now(unit: Appliance) -> Platform:
    """What ignition has turned the unit into, by its disk; else what it was ordered as."""
    return _kin(unit, ignited_as(unit) or "")


def _kin(unit: Appliance, name: str) -> Platform:
    """One of the kinds that the unit can become; any other name stands for what it was ordered as."""
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
    unit.ram.sip_tls = unit.ram.configuration.sip_tls
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
    unit.ram.authority = plan.stored_authority(unit)
    if unit.platform.root_profile is not None and unit.ram.authority is None:
        alarms.raise_alarm(unit, "CA", "missing or damaged: identities are self-signed until a CA is created")
    if not disk.holds(unit, SECURITY):
        alarms.raise_alarm(unit, "security settings", "missing: treated as empty")
    outcome = identity.load_security(unit, apply.trigger_of(unit), lambda announced: _overtaken(unit, announced))
    settings.mend_accounts(unit)
    store.hold_own_authority(unit)
    store.follow_folders(unit, disk.PRODUCT)
    return outcome


def _overtaken(unit: Appliance, announced: bool) -> identity.Due | None:
    """Why the identity is to be made anew: a cut struck between a change and what the policy says follows from it.

    A CA knows since when it is there; that a name or an address has changed, the announcement before it tells. An
    identity that lacks one with nothing announced was kept when that changed, and stays. Only what is on the disk
    counts: a DHCP server that gives another address at a start changes no setting.
    """
    assert unit.ram.settings is not None
    assert unit.ram.identity is not None
    ca, named = unit.ram.authority, reading.alternative_names(unit.ram.identity.der)
    network, stored = settings.stored(unit, disk.NETWORK, settings.Network), stored_configuration(unit)
    configured = (
        [*(lan.address for lan in stored.lans if not lan.dhcp), stored.sip_fqdn, stored.sip_domain] if stored else []
    )
    other_ca = Trigger.CA_REPLACED if ca is not None and ca.is_imported else Trigger.CA_CREATED
    is_other_host = network is not None and network.hostname not in named
    is_elsewhere = any(name and name not in named for name in configured)
    changes = (
        (other_ca, ca is not None and unit.ram.settings.generation <= ca.since, "it is of the CA before"),
        (Trigger.NAME_CHANGE, announced and is_other_host, "it names another host"),
        (Trigger.ADDRESS_CHANGE, announced and is_elsewhere, "it names another address"),
    )
    for trigger, has_changed, why in changes:
        rule = identity.rule_of_change(unit, trigger) if has_changed else None
        if rule is not None and rule.value in identity.MAKING:
            return why, rule
    return None


def install(unit: Appliance) -> str:
    """Format the disk and install. By the policy it counts as another installation, so everything it makes is new."""
    release, before = unit.release, disk.installed(unit)
    is_another = decide(unit.platform.policy, Trigger.REINSTALL, release).value in identity.MAKING
    installation = unit.clock.now if is_another else before[1] if before else 0
    try:
        with suppress(Damaged):  # first of all: what is cut short from here on starts no more as what it was
            disk.files(unit).remove(disk.SYSTEM_RECORD)
        disk.lay(unit.internal, release, installation)
    except StorageError as error:
        unit.note("system.missing", why=str(error))
        return "installation_failed"
    unit.note("system.installed", release=release.version)
    return "installed"
