"""Boot step 5: addresses. A new or defaulted unit asks for DHCP on each LAN for about 10 s, cabled or not. (MAN)"""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.basis import documented
from firmware.boot.choose_configuration import note_lans
from firmware.configuration import FALLBACK_ADDRESSES, Lan
from firmware.times import SECOND

DHCP_WAIT = documented(10 * SECOND, "MAN")
_SET_UP = 1 * SECOND


def duration(unit: Appliance) -> int:
    """The LANs ask at the same time; one that gets no answer makes the unit wait."""
    assert unit.ram.configuration is not None
    waits = any(lan.dhcp and unit.surroundings.dhcp(n) is None for n, lan in enumerate(unit.ram.configuration.lans))
    return DHCP_WAIT.value if waits else _SET_UP


def take_addresses(unit: Appliance) -> str:
    """Obtain the addresses, and keep a note of them apart from the configuration."""
    obtain(unit)
    note_lans(unit)
    return "addressed"


def obtain(unit: Appliance) -> None:
    """With no answer a DHCP client keeps the address it had, or takes the fallback, and stays a client."""
    assert unit.ram.configuration is not None
    for index, lan in enumerate(unit.ram.configuration.lans):
        how = "fixed"
        lease = unit.surroundings.dhcp(index) if lan.dhcp else None
        if lan.dhcp:
            how = "DHCP" if lease else "no DHCP answer"
        taken = lease or lan.interface or FALLBACK_ADDRESSES.value[index]
        if taken != lan.interface:
            unit.ram.configuration = unit.ram.configuration.with_lan(index, Lan(lan.dhcp, taken))
        unit.note("network.address", lan=f"LAN{index + 1}", address=taken, how=how)
