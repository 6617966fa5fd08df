"""What a running unit serves to phones: the 46xx settings file and the root certificate they are to trust."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from firmware.appliance import Appliance
from firmware.credentials import preferences
from firmware.credentials.telephony import sip_tls_in_force
from firmware.security import trust
from firmware.security.reading import pem
from firmware.security.trust.members import member

SETTINGS_FILE = "46xxsettings.txt"
ROOT_FILE = "WebRootCA.pem"  # P
SIP_PORT, SIPS_PORT = 5060, 5061  # certificates.md, section 6
_HEX_DIGITS = 8  # WL


def settings_file(unit: Appliance, lan: int = 0) -> str:
    """The 46xx settings file as a phone on this LAN (0 is LAN1) gets it.

    That it names the root by TRUSTCERTS is documented [P]. The other keys are those of Avaya's template of the file;
    which of them IP Office writes, and their order, is assumed.
    """
    configuration = unit.ram.configuration
    assert configuration is not None
    address = configuration.lans[lan].address
    has_tls = sip_tls_in_force(unit)[lan]
    controller = f"{address}:{SIPS_PORT};transport=tls" if has_tls else f"{address}:{SIP_PORT};transport=tcp"
    root = root_for_phones(unit)
    rows = {
        "SIPDOMAIN": configuration.sip_domain or address,
        "SIP_CONTROLLER_LIST": controller,
        "SIPSIGNAL": "2" if has_tls else "1",
        "MCIPADD": address,
        "HTTPSRVR": address,
        "TLSSRVR": address,
        "TLSSRVRID": "1",
        "TRUSTCERTS": f"{ROOT_FILE},{root_file_name(root)}" if root else "",
    }
    lines = [f"## {configuration.system_name}", *(f'SET {key} "{value}"' for key, value in rows.items() if value)]
    return "\n".join(lines) + "\n"


def root_for_phones(unit: Appliance) -> bytes | None:
    """The root (DER) that leads to what telephony presents; None when the unit does not hold it.

    It is looked for in the trusted certificate store: it has to be there [P, WL]. A self-signed certificate leads to
    itself (inferred: phones of an IP500 V2 have nothing else to trust).
    """
    settings = unit.ram.settings
    shown = preferences.presented(settings, telephony=True) if settings else None
    if settings is None or shown is None:
        return None
    path = trust.validate((shown.der, *settings.trusted), settings.trusted, None).path
    if path:
        return path[-1]
    return shown.der if member(shown.der).is_self_signed else None


def root_file_name(der: bytes) -> str:
    """``Root-CA-<8 hex>.pem`` [WL]; that the digits begin the SHA-1 fingerprint is assumed."""
    return f"Root-CA-{hashlib.sha1(der, usedforsecurity=False).hexdigest()[:_HEX_DIGITS].upper()}.pem"


def files(unit: Appliance, lan: int = 0) -> Mapping[str, Callable[[], bytes]]:
    """Every file that is served on a LAN, by its path."""
    found: dict[str, Callable[[], bytes]] = {SETTINGS_FILE: lambda: settings_file(unit, lan).encode()}
    root = root_for_phones(unit)
    if root is not None:
        found |= dict.fromkeys((ROOT_FILE, root_file_name(root)), lambda: pem(root))
    return found
