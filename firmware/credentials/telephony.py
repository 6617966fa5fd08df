"""What an administrator says of SIP over TLS, and what the registrar objects to in a peer's client certificate."""

from __future__ import annotations

from dataclasses import replace

from firmware.appliance import Appliance
from firmware.basis import assumed, documented
from firmware.boot import running
from firmware.configuration import CLIENT_CERTIFICATES, Configuration
from firmware.credentials import identity, preferences
from firmware.errors import BadInput
from firmware.peers.endpoints import ClientCertificate, Endpoint

OFF, ASKED, REQUIRED = CLIENT_CERTIFICATES

# certificates.md, sections 6 and 7.
TAKES_EFFECT = documented("at the next start", "S: a change needs a reboot")
NONE_PRESENTED = assumed("presents no client certificate", "where one is required")
UNSUPPORTED = assumed("{title} supports no client certificates", "where one is required")
IN_FORCE = "as is in force"


def _configuration(unit: Appliance, what: str) -> Configuration:
    running.require(unit, what)
    assert unit.ram.configuration is not None
    return unit.ram.configuration


def set_sip_tls(unit: Appliance, lan1: bool | None = None, lan2: bool | None = None) -> None:
    """Whether the SIP registrar of each LAN offers TLS; None leaves it. Saved now, in force from the next start on."""
    present = _configuration(unit, "its SIP registrar cannot be set")
    if lan1 is None and lan2 is None:
        raise BadInput("SIP over TLS: say of lan1 or of lan2 whether it is on")
    wanted = tuple(old if new is None else new for old, new in zip(present.sip_tls, (lan1, lan2), strict=True))
    unit.ram.configuration = replace(present, sip_tls=wanted)
    unit.platform.save_configuration(unit, "SIP registrar")
    shown = {f"lan{number}": "on" if is_on else "off" for number, is_on in enumerate(wanted, 1)}
    unit.note("sip.tls", **shown, when=IN_FORCE if wanted == sip_tls_in_force(unit) else TAKES_EFFECT.value)
    if any(wanted) and unit.ram.identity is None:  # R62: a certificate is made when it is first needed
        identity.need(unit)


def sip_tls_in_force(unit: Appliance) -> tuple[bool, ...]:
    """Whether each LAN's registrar offers TLS now: what the configuration said when the unit came up."""
    return unit.ram.sip_tls


def set_client_certificates(unit: Appliance, setting: str) -> None:
    """Whether the SIP registrar asks its peers over TLS for a certificate. It counts for connections from now on.
    (assumed)"""
    present = _configuration(unit, "its SIP registrar cannot be set")
    if setting not in CLIENT_CERTIFICATES:
        raise BadInput(f"client certificates {setting!r}: {', '.join(CLIENT_CERTIFICATES)} are offered")
    unit.ram.configuration = replace(present, client_certificates=setting)
    unit.platform.save_configuration(unit, "SIP registrar")
    unit.note("sip.client_certificates", setting=setting)


def client_certificates(unit: Appliance) -> str:
    """The setting now, one of :data:`CLIENT_CERTIFICATES`."""
    return unit.ram.configuration.client_certificates if unit.ram.configuration else OFF


def client_verdict(
    unit: Appliance, chain: tuple[bytes, ...], endpoint: Endpoint | None, names: tuple[str, ...] = ()
) -> list[str]:
    """Every objection of the SIP registrar to what a peer has presented (DER, () for nothing), by the setting and the
    received-certificate checks of telephony. (SEED, CC)

    Only endpoints whose row says so are validated. One that is not known yet – None – is taken at what it presents
    (assumed).
    """
    setting = client_certificates(unit)
    if setting == OFF:
        return []
    if endpoint is not None and endpoint.client_certificate.value is ClientCertificate.UNSUPPORTED:
        return [UNSUPPORTED.value.format(title=endpoint.title)] if setting == REQUIRED else []
    if not chain:
        return [NONE_PRESENTED.value] if setting == REQUIRED else []
    return preferences.judge(unit, chain, names, telephony=True)
