"""What people do to a running unit: Manager, web manager, serial port, a phone, the buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from firmware.appliance import Appliance
from firmware.boot import alarms, buttons, running
from firmware.boot import choose_configuration as configuration
from firmware.boot.cards import BACKUP, CONFIGURATION, PRIMARY, SYSTEM, volume_of
from firmware.boot.software import BINARY, image_of, is_valid
from firmware.boot.software import RECORD as FIRMWARE_RECORD
from firmware.configuration import Lan
from firmware.credentials import identity
from firmware.device.panel import band_of
from firmware.errors import BadInput, Damaged, NotNow
from firmware.release import BY_VERSION
from firmware.security.policy import Trigger
from firmware.security.settings import LEVELS

LONGEST_NAME = 31  # assumed
ROUTES = ("manager", "web", "serial", "bootloader")  # KB: four routes to default the security settings


def power_on(unit: Appliance, holding: str | None = None) -> None:
    """Plug the unit in, perhaps with a button held down."""
    if not unit.platform.bring_up.accepts(unit, "power_on"):
        raise NotNow(f"power on is not possible in the state {unit.state}")
    unit.rail.on = True
    unit.held_button = holding
    unit.note("power.on", holding=f"{holding} button" if holding else "no button")
    unit.platform.bring_up.fire(unit, "power_on")


def press(unit: Appliance, button: str, held: int) -> None:
    """Press a button of a running unit for ``held`` ms."""
    running.require(unit, f"the {button} button does nothing")
    band = band_of(buttons.BANDS[button], held)
    unit.clock.advance_to(unit.clock.now + held)
    light = band.light.label if band.light else "unchanged"
    unit.note("button", button=button, band=str(band), action=band.action or "nothing", cpu=light)
    if band.action is not None:
        _ACTIONS[band.action](unit)


def _erase_configuration(unit: Appliance) -> None:
    configuration.command_default(unit)
    alarms.erase(unit)
    restart_without_saving(unit, "configuration erased")


def _erase_firmware(unit: Appliance) -> None:
    configuration.command_default(unit)
    with alarms.alarm_on_failure(unit, "erasing the firmware"):
        unit.records.replace(FIRMWARE_RECORD, b"")
    with alarms.alarm_on_failure(unit, "erasing the firmware"), volume_of(unit, SYSTEM) as volume:
        volume.remove(f"{PRIMARY}/{BINARY}")
    unit.note("firmware.erased", places=["system-sd/primary", "nvm"])
    restart_without_saving(unit, "configuration and firmware erased")


_ACTIONS: Mapping[str, Callable[[Appliance], None]] = {
    buttons.REBOOT: lambda unit: running.order_reboot(unit, None, "reset button"),
    buttons.ERASE_CONFIGURATION: _erase_configuration,
    buttons.ERASE_FIRMWARE: _erase_firmware,
    buttons.CANCELLED: lambda _unit: None,
    buttons.SHUT_DOWN: lambda unit: running.order_shutdown(unit, buttons.AUX_SHUTDOWN, "AUX button"),
}


def restart_without_saving(unit: Appliance, why: str) -> None:
    """A reboot that must not write the running configuration back."""
    unit.note("reboot.ordered", why=why)
    unit.platform.bring_up.fire(unit, "restart_at_once")


def default_security(unit: Appliance, via: str = "manager", mac: str | None = None) -> None:
    """Default the security settings by one of four routes. No reboot; a new certificate; service disturbed meanwhile.

    Over the serial port ``AT-SECURITYRESETALL`` is confirmed with the MAC; the boot loader's route is the reset button
    held at power-on.
    """
    if via == "bootloader":
        if unit.state != unit.platform.bring_up.initial:
            raise NotNow("the boot loader's route is the reset button held at power-on: cut the power first")
        power_on(unit, holding="reset")
        return
    running.require(unit, f"its security settings cannot be defaulted via {via}")
    if via == "serial" and mac is not None and mac != unit.mac:
        unit.note(
            "security.refused", via=via, why=f"AT-SECURITYRESETALL confirmed with {mac}, which is not this unit's MAC"
        )
        return
    identity.carry_out(unit, identity.default_security(unit, via))


def delete_certificate(unit: Appliance) -> None:
    """Delete the identity certificate; from R9.1 on it is generated again at once."""
    running.require(unit, "its certificate cannot be deleted")
    identity.carry_out(unit, identity.delete_identity(unit))


def set_service(unit: Appliance, service: str, level: str) -> None:
    """Set a service's security level; the first one above Unsecure Only makes a certificate that is missing."""
    running.require(unit, "its services cannot be set")
    assert unit.ram.settings is not None
    names = [name for name, _ in unit.ram.settings.services]
    if service not in names or level not in LEVELS:
        raise BadInput(f"service {service!r} at {level!r}: services are {', '.join(names)}; levels {', '.join(LEVELS)}")
    if identity.set_service(unit, service, level):
        identity.follow(unit, Trigger.SERVICE_SECURED)


def default_configuration(unit: Appliance) -> None:
    """Default the configuration from Manager; the unit reboots, its certificate stays."""
    running.require(unit, "its configuration cannot be defaulted")
    configuration.command_default(unit)
    restart_without_saving(unit, "configuration defaulted")


def set_address(unit: Appliance, lan: int, interface: str | None) -> None:
    """Give LAN ``lan`` (0 is LAN1) a fixed address, or None to make it a DHCP client. Saved first, then used.

    By the policy the certificate is kept, and may now name the wrong address.
    """
    running.require(unit, "its addresses cannot be set")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration.lans[lan]
    changed = Lan(False, interface) if interface else Lan(True, before.interface)
    unit.ram.configuration = unit.ram.configuration.with_lan(lan, changed)
    configuration.save(unit, "Manager")
    configuration.note_lans(unit)
    unit.note("network.address", lan=f"LAN{lan + 1}", address=changed.interface, how="set by Manager")
    identity.note_fitness(unit)
    identity.follow_change(unit, Trigger.ADDRESS_CHANGE)


def restore_configuration(unit: Appliance) -> None:
    """Put the configuration in the System SD's backup folder in use again. (KB; that it needs no reboot is assumed)"""
    running.require(unit, "its configuration cannot be restored")
    with volume_of(unit, SYSTEM) as volume:
        data = volume.read(f"{BACKUP}/{CONFIGURATION}")
    if data is None:
        raise NotNow("the System SD holds no backup of a configuration")
    try:
        unit.ram.configuration = configuration.understood(data)
    except Damaged as error:
        raise NotNow(f"the backup of the configuration is damaged: {error}") from None
    configuration.save(unit, "restored from backup")
    configuration.note_lans(unit)
    identity.note_fitness(unit)
    identity.follow(unit, Trigger.CONFIGURATION_RESTORED)


def change_at_phone(unit: Appliance, extension: str, name: str) -> None:
    """A change made at a phone goes to the RAM only, until the next save."""
    running.require(unit, "no phone can change anything")
    assert unit.ram.configuration is not None
    if extension not in dict(unit.ram.configuration.users):
        raise BadInput(f"extension {extension!r}: this unit has {', '.join(dict(unit.ram.configuration.users))}")
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"name {name[:20]!r}…: a name has at most {LONGEST_NAME} bytes of printable text")
    unit.ram.configuration = unit.ram.configuration.with_user_name(extension, name)
    unit.note("configuration.changed", at="phone", extension=extension, name=name)


def set_clock(unit: Appliance, reading: int) -> None:
    """Set the clock by hand."""
    running.require(unit, "its clock cannot be set from here")
    running.set_clock(unit, reading, "administrator")


def upgrade(unit: Appliance, release: str) -> None:
    """Upgrade by Manager: the old binary and configuration to backup, the new binary to primary, reboot."""
    running.require(unit, "it cannot be upgraded")
    new = image_of(BY_VERSION[release])
    with volume_of(unit, SYSTEM) as volume:
        for name in (BINARY, CONFIGURATION):
            old = volume.read(f"{PRIMARY}/{name}")
            if old is not None and (name != BINARY or is_valid(old)):
                volume.replace(f"{BACKUP}/{name}", old)
        volume.replace(f"{PRIMARY}/{BINARY}", new)
    unit.note("firmware.upgraded", release=release, was=unit.release.version)
    running.order_reboot(unit, None, "software upgrade")


def reboot(unit: Appliance, at: int | None = None) -> None:
    """Reboot from Manager: now, or timed at ``at`` ms past midnight."""
    running.require(unit, "it cannot be rebooted")
    running.order_reboot(unit, at, "Manager")


def shutdown(unit: Appliance, off_for: int | None = None) -> None:
    """Shut down from Manager: for ``off_for`` ms, or indefinitely."""
    running.require(unit, "it cannot be shut down")
    running.order_shutdown(unit, off_for, "Manager")


def initial_configuration(
    unit: Appliance, primary: str, system_name: str | None = None, lan1: str | None = None
) -> None:
    """The Initial Configuration Utility: make the unit a device of the Server Edition Primary at this address.

    It may also give the system its name and LAN1 a fixed address. By the policy the certificate is kept until one from
    the Primary is installed.
    """
    running.require(unit, "the Initial Configuration Utility cannot run")
    assert unit.ram.configuration is not None
    before = unit.ram.configuration
    changed = replace(before, primary=primary, system_name=system_name or before.system_name)
    unit.ram.configuration = changed.with_lan(0, Lan(False, lan1)) if lan1 else changed
    configuration.save(unit, "Initial Configuration Utility")
    configuration.note_lans(unit)
    unit.note("network.joined", primary=primary, system_name=unit.ram.configuration.system_name)
    identity.note_fitness(unit)
    identity.follow(unit, Trigger.JOINED)


OPERATIONS: Mapping[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        power_on, press, default_security, delete_certificate, set_service, default_configuration, set_address,
        change_at_phone, running.card_removed, set_clock, restore_configuration, upgrade, reboot, shutdown,
    )
}  # fmt: skip
