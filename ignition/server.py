"""What an ignited Linux server does, and what an administrator does to it: Web Manager, console, install medium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from firmware.appliance import Appliance
from firmware.boot import alarms, identity, running
from firmware.boot.administration import follow, require_running
from firmware.configuration import Configuration, Lan
from firmware.errors import BadInput, NotNow
from firmware.release import BY_VERSION
from firmware.security import authority
from firmware.security.certificates import Names
from firmware.security.policy import Trigger, decide
from firmware.times import SECOND
from ignition import checks, disk, settings, starting
from ignition.settings import ServerSettings

OFF = "off"
SAVING_TIME = 5 * SECOND  # assumed
_MOST_AUTHORITIES = 2**12  # more than one server ever makes


def power_on(unit: Appliance, holding: str | None = None) -> None:
    """Switch the server on. It has no button that would change how it starts."""
    if not unit.platform.bring_up.accepts(unit, "power_on"):
        raise NotNow(f"power on is not possible in the state {unit.state}")
    if holding is not None:
        raise BadInput(f"{unit.platform.named} has no {holding} button")
    unit.rail.on = True
    unit.note("power.on", holding="no button")
    unit.platform.bring_up.fire(unit, "power_on")


def begin(unit: Appliance) -> None:
    """In operation. The time by NTP, if that is set; whatever a validating client would object to is said."""
    ask_time(unit)
    identity.note_fitness(unit)
    assert unit.ram.configuration is not None
    if not unit.ram.configuration.primary:
        unit.note("ignition.utility_due", role=unit.platform.title)


def ask_time(unit: Appliance) -> str | None:
    """SNTP, hourly, where it is set; a module looks at its host's clock as often."""
    if unit.platform.hosted:
        unit.timers[running.SNTP] = unit.clock.now + running.SNTP_INTERVAL.value
        starting.follow_host(unit)
        return None
    told = running.correction(unit) if follows_ntp(unit) else None
    if told is not None:
        running.put_clock(unit, told, "SNTP")
    return None


def follows_ntp(unit: Appliance) -> bool:
    """Whether the server asks an NTP server, and that one can be found."""
    name = server_settings(unit).clock.ntp_server
    return bool(name) and unit.surroundings.reaches(name)


def server_settings(unit: Appliance) -> ServerSettings:
    assert isinstance(unit.ram.server, ServerSettings)
    return unit.ram.server


def shut_down(unit: Appliance) -> str:
    """Services stop, the disk is let go."""
    return "stopped_for_restart" if unit.ram.restart_after_saving else "stopped"


def shutdown(unit: Appliance, off_for: int | None = None) -> None:
    """Shut the server down, from its console or its wizard."""
    if off_for is not None:
        raise BadInput(f"{unit.platform.named} cannot be shut down for a time; its host or a person switches it on")
    unit.ram.restart_after_saving = False
    unit.note("shutdown.ordered", why="console", how="indefinite")
    unit.platform.bring_up.fire(unit, "shutdown_requested")


def reboot(unit: Appliance, at: int | None = None) -> None:
    """Restart the server."""
    if at is not None:
        raise BadInput(f"{unit.platform.named} has no timed reboot")
    unit.ram.restart_after_saving = True
    unit.note("reboot.ordered", why="console")
    unit.platform.bring_up.fire(unit, "shutdown_requested")


def reinstall(unit: Appliance, release: str | None = None) -> None:
    """Start from the installation medium and install anew: nothing of what was on the disk stays."""
    before = unit.ram.release or BY_VERSION.get(disk.running_version(unit) or "") if unit.rail.on else None
    offered = unit.platform.releases()
    chosen = BY_VERSION.get(release) if release else before or offered[-1]
    if chosen is None or chosen not in offered:
        raise BadInput(f"{unit.platform.named} has no release {release or chosen}")
    unit.rail.on = True
    unit.note("system.installing", release=chosen.version)
    unit.ram.release = chosen
    unit.platform.bring_up.fire(unit, "reinstall")


def default_security(unit: Appliance, via: str = "web", mac: str | None = None) -> None:
    """Default the security settings from Web Manager. The root CA lies apart from them and stays. (assumed)"""
    require_running(unit, "its security settings cannot be defaulted")
    if via != "web" or mac is not None:
        raise BadInput(f"{unit.platform.named} defaults its security settings via web only")
    follow(unit, identity.default_security(unit, via))


def set_address(unit: Appliance, lan: int, interface: str | None) -> None:
    """Give a LAN a fixed address, or None to make it a DHCP client. What follows is the policy's."""
    require_running(unit, "its addresses cannot be set")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration.lans[lan]
    changed = Lan(False, interface) if interface else Lan(True, before.interface)
    _save(unit, unit.ram.configuration.with_lan(lan, changed), "Web Manager")
    _follow_address(unit, lan, "Web Manager")


def _follow_address(unit: Appliance, lan: int, by: str) -> None:
    assert unit.ram.configuration is not None
    address = unit.ram.configuration.lans[lan].interface
    unit.note("network.address", lan=f"LAN{lan + 1}", address=address, how=f"set by {by}")
    identity.note_fitness(unit)
    follow(unit, decide(unit.platform.policy, Trigger.ADDRESS_CHANGE, unit.release).value)


def set_host_name(unit: Appliance, host_name: str) -> None:
    """Give the server another host name; its root CA keeps the old one in its name."""
    require_running(unit, "its host name cannot be set")
    try:
        checks.host_name(host_name)
    except ValueError as error:
        raise BadInput(f"host name {host_name!r}: {error}") from None
    known = server_settings(unit)
    network = replace(known.network, hostname=host_name, given_name=host_name)
    settings.write(unit, disk.NETWORK, network.to_bytes())
    unit.ram.server, unit.ram.host_name = replace(known, network=network), host_name
    unit.note("network.host_name", host=host_name, was=known.network.hostname)
    identity.note_fitness(unit)
    follow(unit, decide(unit.platform.policy, Trigger.NAME_CHANGE, unit.release).value)


def renew_authority(unit: Appliance) -> None:
    """A new certificate for the CA over the same key: what it has signed stays valid."""
    require_running(unit, "its CA cannot be changed")
    present = unit.ram.authority
    if present is None:
        raise NotNow(f"this {unit.platform.title} has no CA")
    if present.is_imported:
        raise NotNow("an imported CA is renewed where it comes from")
    assert unit.platform.root_profile is not None
    # The CA's name stays, whatever the host is called by now: it is the issuer of all that it has signed.
    names = replace(identity.names_of(unit), host=authority.host_of(present, unit.platform.root_profile))
    _make_authority(unit, names, present.number, present.renewals + 1, present.since)
    follow(unit, decide(unit.platform.policy, Trigger.CA_RENEWED, unit.release).value)


def create_authority(unit: Appliance) -> None:
    """A new CA with a new key: everything that the old one has signed must be renewed."""
    require_running(unit, "its CA cannot be changed")
    if unit.platform.root_profile is None:
        raise NotNow(f"{unit.platform.named} is no CA")
    assert unit.ram.settings is not None
    present, generation = unit.ram.authority, unit.ram.settings.generation
    # How many there were before a CA that is lost, nobody knows: go on well beyond them.
    number = (generation + 1) * _MOST_AUTHORITIES if present is None else present.number + 1
    _make_authority(unit, identity.names_of(unit), number, 0, generation)
    follow(unit, decide(unit.platform.policy, Trigger.CA_CREATED, unit.release).value)


def _make_authority(unit: Appliance, names: Names, number: int, renewals: int, since: int) -> None:
    assert unit.platform.root_profile is not None
    changed = authority.make(
        unit.platform.root_profile, unit.chance, number, names, unit.release, unit.clock.read(),
        since=since, renewals=renewals,
    )  # fmt: skip
    unit.sealed.commit(authority.RECORD, changed.to_bytes())
    unit.ram.authority = changed
    trigger = Trigger.CA_RENEWED if renewals else Trigger.CA_CREATED
    rule = decide(unit.platform.policy, trigger, unit.release)
    unit.note("authority.kept", **authority.shown(changed), basis=rule.cite())


def initial_configuration(
    unit: Appliance, primary: str, system_name: str | None = None, lan1: str | None = None
) -> None:
    """The Initial Configuration Utility: it names the system and says to which Primary it belongs. (TB145)"""
    require_running(unit, "the Initial Configuration Utility cannot run")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration
    changed = replace(before, primary=primary, system_name=system_name or before.system_name)
    if lan1 is not None:
        changed = changed.with_lan(0, Lan(False, lan1))
    _save(unit, changed, "Initial Configuration Utility")
    unit.note("network.joined", primary=primary, system_name=changed.system_name)
    if changed.lans[0].interface != before.lans[0].interface:
        _follow_address(unit, 0, "Initial Configuration Utility")
    else:
        follow(unit, decide(unit.platform.policy, Trigger.JOINED, unit.release).value)


def _save(unit: Appliance, changed: Configuration, why: str) -> None:
    unit.ram.configuration = changed
    with alarms.alarm_on_failure(unit, "saving the configuration"):
        settings.write(unit, disk.CONFIGURATION, changed.to_bytes())
        unit.note("configuration.saved", why=why, to=[disk.STORAGE.name])


def set_clock(unit: Appliance, reading: int) -> None:
    """Set the clock by hand."""
    require_running(unit, "its clock cannot be set from here")
    running.put_clock(unit, reading, "administrator")
    identity.note_fitness(unit)


def disk_removed(unit: Appliance, slot: str) -> None:
    """A further disk was taken out; the server goes on without it."""
    if unit.state == "running":
        alarms.raise_alarm(unit, slot, "removed while running")


OPERATIONS: Mapping[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        power_on, shutdown, reboot, reinstall, default_security, set_address, set_host_name, renew_authority,
        create_authority, initial_configuration, set_clock,
    )
} | {"card_removed": disk_removed}  # fmt: skip


def objections(unit: Appliance) -> list[str]:
    """What a validating client would object to in the identity that the server presents."""
    return identity.fitness(unit)
