"""What an ignited Linux server does, and what an administrator does to it: Web Manager, console, install medium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from firmware.appliance import Appliance
from firmware.boot import alarms, running
from firmware.configuration import Configuration, Lan
from firmware.credentials import daily, identity
from firmware.errors import BadInput, NotNow
from firmware.release import BY_VERSION
from firmware.security.policy import Trigger
from firmware.times import SECOND
from ignition import checks, disk, settings, starting
from ignition.settings import ServerSettings

OFF = "off"
SAVING_TIME = 5 * SECOND  # assumed


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
    daily.begin(unit)


def ask_time(unit: Appliance) -> str | None:
    """SNTP, hourly, where it is set; a module looks at its host's clock as often."""
    if unit.platform.hosted:
        unit.timers[running.SNTP] = unit.clock.now + running.SNTP_INTERVAL.value
        if starting.follow_host(unit):
            identity.follow(unit, Trigger.CLOCK_CORRECTED)
        return None
    told = running.correction(unit) if follows_ntp(unit) else None
    if told is not None:
        running.put_clock(unit, told, "SNTP")
        identity.follow(unit, Trigger.CLOCK_CORRECTED)
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


def upgrade(unit: Appliance, release: str) -> None:
    """Upgrade by Web Manager: the software of another release, then a restart. (assumed, as on an IP500 V2)"""
    running.require(unit, "it cannot be upgraded")
    if BY_VERSION.get(release) not in unit.platform.releases():
        raise BadInput(f"{unit.platform.named} has no release {release}")
    settings.write(unit, disk.SYSTEM_RECORD, disk.system_record(release, unit.ram.installation))
    unit.note("firmware.upgraded", release=release, was=unit.release.version)
    unit.ram.restart_after_saving = True
    unit.note("reboot.ordered", why="software upgrade")
    unit.platform.bring_up.fire(unit, "shutdown_requested")


def default_security(unit: Appliance, via: str = "web", mac: str | None = None) -> None:
    """Default the security settings from Web Manager. The root CA lies apart from them and stays. (assumed)"""
    running.require(unit, "its security settings cannot be defaulted")
    if via != "web" or mac is not None:
        raise BadInput(f"{unit.platform.named} defaults its security settings via web only")
    identity.carry_out(unit, identity.default_security(unit, via))


def set_address(unit: Appliance, lan: int, interface: str | None) -> None:
    """Give a LAN a fixed address, or None to make it a DHCP client. What follows is the policy's."""
    running.require(unit, "its addresses cannot be set")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration.lans[lan]
    changed = Lan(False, interface) if interface else Lan(True, before.interface)
    unit.ram.configuration = unit.ram.configuration.with_lan(lan, changed)
    save_configuration(unit, "Web Manager")
    _follow_address(unit, lan, "Web Manager", is_another=changed != before)


def _follow_address(unit: Appliance, lan: int, by: str, *, is_another: bool = True) -> None:
    assert unit.ram.configuration is not None
    address = unit.ram.configuration.lans[lan].interface
    unit.note("network.address", lan=f"LAN{lan + 1}", address=address, how=f"set by {by}")
    identity.note_fitness(unit)
    if is_another:
        identity.follow_change(unit, Trigger.ADDRESS_CHANGE)


def set_host_name(unit: Appliance, host_name: str) -> None:
    """Give the server another host name; its root CA keeps the old one in its name."""
    running.require(unit, "its host name cannot be set")
    try:
        checks.host_name(host_name)
    except ValueError as error:
        raise BadInput(f"host name {host_name!r}: {error}") from None
    known = server_settings(unit)
    network = replace(known.network, hostname=host_name, given_name=host_name)
    is_another = host_name != known.network.hostname
    if is_another:
        identity.announce_change(unit, Trigger.NAME_CHANGE)
    settings.write(unit, disk.NETWORK, network.to_bytes())
    unit.ram.server, unit.ram.host_name = replace(known, network=network), host_name
    unit.note("network.host_name", host=host_name, was=known.network.hostname)
    identity.note_fitness(unit)
    if is_another:
        identity.follow_change(unit, Trigger.NAME_CHANGE)


def initial_configuration(
    unit: Appliance, primary: str, system_name: str | None = None, lan1: str | None = None
) -> None:
    """The Initial Configuration Utility: it names the system and says to which Primary it belongs. (TB145)"""
    running.require(unit, "the Initial Configuration Utility cannot run")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration
    changed = replace(before, primary=primary, system_name=system_name or before.system_name)
    if lan1 is not None:
        changed = changed.with_lan(0, Lan(False, lan1))
    unit.ram.configuration = changed
    save_configuration(unit, "Initial Configuration Utility")
    unit.note("network.joined", primary=primary, system_name=changed.system_name)
    if changed.lans[0].interface != before.lans[0].interface:
        _follow_address(unit, 0, "Initial Configuration Utility")
    else:
        identity.follow(unit, Trigger.JOINED)


def save_configuration(unit: Appliance, why: str) -> None:
    """The running configuration to the disk."""
    assert unit.ram.configuration is not None
    stored = starting.stored_configuration(unit)
    if stored is None or _names(stored) != _names(unit.ram.configuration):
        identity.announce_change(unit, Trigger.ADDRESS_CHANGE)
    with alarms.alarm_on_failure(unit, "saving the configuration"):
        settings.write(unit, disk.CONFIGURATION, unit.ram.configuration.to_bytes())
        unit.note("configuration.saved", why=why, to=[disk.STORAGE.name])


def _names(configuration: Configuration) -> tuple[object, ...]:
    """What a change of address or of the SIP registrar's names changes; a lease of DHCP is nobody's change."""
    lans = [(lan.dhcp, lan.dhcp or lan.interface) for lan in configuration.lans]
    return *lans, configuration.sip_domain, configuration.sip_fqdn


def set_clock(unit: Appliance, reading: int) -> None:
    """Set the clock by hand."""
    running.require(unit, "its clock cannot be set from here")
    running.put_clock(unit, reading, "administrator")
    identity.note_fitness(unit)
    identity.follow(unit, Trigger.CLOCK_CORRECTED)


def disk_removed(unit: Appliance, slot: str) -> None:
    """A further disk was taken out; the server goes on without it."""
    if unit.state == "running":
        alarms.raise_alarm(unit, slot, "removed while running")


OPERATIONS: Mapping[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        power_on, shutdown, reboot, reinstall, upgrade, default_security, set_address, set_host_name,
        initial_configuration, set_clock,
    )
} | {"card_removed": disk_removed}  # fmt: skip


def objections(unit: Appliance) -> list[str]:
    """What a validating client would object to in the identity that the server presents."""
    return identity.fitness(unit)
