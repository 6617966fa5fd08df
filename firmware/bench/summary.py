"""A unit as plain values, for ``ipsim show`` and every report; no secret of its flash is among them."""

from __future__ import annotations

from typing import Any

from firmware.appliance import Appliance
from firmware.bench import server_summary, trust_summary
from firmware.bench.outside import authority_of, look_at, release_of, settings_of
from firmware.boot.choose_firmware import LEVEL_RECORD, original_level
from firmware.configuration import Configuration, sip_password
from firmware.device.flash import FlashPart
from firmware.errors import StorageError
from firmware.security.reading import describe, issuer
from firmware.security.settings import Origin
from firmware.storage.volume import mounted
from firmware.times import show_time


def summarise(unit: Appliance) -> dict[str, Any]:
    """Everything that ``ipsim show`` shows, in its order."""
    reading = unit.clock.read()
    looked_at = look_at(unit)
    keeps_level = LEVEL_RECORD in unit.platform.storage.layout
    level = original_level(looked_at) if keeps_level else None
    configuration = unit.ram.configuration or unit.platform.stored_configuration(looked_at)
    return {
        "platform": unit.platform.name,
        "title": unit.platform.title,
        "name": unit.name,
        "mac": unit.mac,
        "seed": unit.entropy.seed,
        "state": unit.state,
        "release": release_of(unit),
        **({"original_level": level.version if level else None} if keeps_level else {}),
        "time": show_time(unit.clock.now),
        "clock": show_time(reading) if reading is not None else "not set",
        "ignition": server_summary.ignition(unit, looked_at),
        "authority": server_summary.authority(unit),
        "identity": _identity(unit),
        "trust": trust_summary.summarise(unit),
        "configuration": _configuration(unit, configuration) if configuration else None,
        "server": server_summary.server(unit, looked_at),
        "slots": {name: _card(looked_at, name) for name in unit.slots},
        "disk": _volume(looked_at.internal) if unit.platform.storage.is_volume else None,
        "flash": {
            name: {
                "bytes": part.geometry.size,
                "operations": part.operations,
                "most_erased_block": max(part.wear),
                "defects": [str(defect) for defect in part.defects],
            }
            for name, part in unit.parts().items()
        },
    }


def _identity(unit: Appliance) -> dict[str, Any] | None:
    settings = settings_of(unit)
    if settings is None or settings.identity is None:
        return None
    return {
        "generation": settings.generation,
        **describe(settings.identity.der),
        "issuer": issuer(settings.identity.der),
        "services": dict(settings.services),
        "basis": _basis(unit),
    }


def _basis(unit: Appliance) -> dict[str, str]:
    """How each field of the identity is known; an imported CA has its own book of serial numbers.

    Of one that came from outside, the unit's profile says nothing.
    """
    settings = settings_of(unit)
    if settings is not None and settings.origin is not Origin.MADE:
        return dict.fromkeys((name for name, _ in unit.platform.profile.facts()), settings.origin.value)
    basis = {name: fact.cite() for name, fact in unit.platform.profile.facts()}
    authority = authority_of(unit)
    return basis | {"serial_bytes": "assumed random"} if authority and authority.is_imported else basis


def _configuration(unit: Appliance, configuration: Configuration) -> dict[str, Any]:
    return {
        "system_name": configuration.system_name,
        "lans": [
            {"address": lan.interface or None, "mode": "DHCP client" if lan.dhcp else "fixed", "sip_tls": tls}
            for lan, tls in zip(configuration.lans, configuration.sip_tls, strict=True)
        ],
        "users": dict(configuration.users),
        "hunt_groups": dict(configuration.hunt_groups),
        "sip_password": sip_password(unit.entropy) if configuration.users else None,
        "primary": configuration.primary or None,
    }


def _card(unit: Appliance, slot: str) -> dict[str, Any] | None:
    card = unit.slots[slot].card
    if card is None:
        return None
    return {"kind": card.kind, "feature_key": card.feature_key, "failed": card.failed, **_volume(card.part)}


def _volume(part: FlashPart) -> dict[str, Any]:
    try:
        with mounted(part) as volume:
            return {"free_bytes": volume.free_bytes(), "files": dict(volume.files())}
    except StorageError as error:
        return {"unreadable": str(error)}


def show(summary: dict[str, Any]) -> str:
    """The same for people."""
    identity, configuration = summary["identity"], summary["configuration"]
    lines = [
        f"{summary['title']}  MAC {summary['mac']}  seed {summary['seed']}",
        f"  state            {summary['state']}",
        f"  release          {summary['release'] or 'no valid firmware'}{_level(summary)}",
        f"  simulated time   {summary['time']}, the unit's clock {summary['clock']}",
    ]
    if summary["ignition"]:
        lines.append(f"  ignition         {summary['ignition']}")
    if summary["authority"]:
        lines += server_summary.show_authority(summary["authority"])
    lines += _show_identity(identity) if identity else ["identity           none"]
    lines += trust_summary.show(summary["trust"]) if summary["trust"] else []
    if configuration:
        lines.append("configuration")
        for index, lan in enumerate(configuration["lans"], 1):
            tls = "SIP TLS on" if lan["sip_tls"] else "SIP TLS off"
            lines.append(f"  LAN{index}             {lan['address'] or 'no address yet'}, {lan['mode']}, {tls}")
        users = ", ".join(f"{number} {name}" for number, name in configuration["users"].items())
        password = f" (SIP password {configuration['sip_password']}, assumed)" if users else ""
        lines.append(f"  users            {users or 'none'}{password}")
        lines.append(
            f"  hunt groups      {', '.join(' '.join(g) for g in configuration['hunt_groups'].items()) or 'none'}"
        )
        if configuration["primary"]:
            lines.append(f"  belongs to       the Primary {configuration['primary']}")
    else:
        lines.append("configuration      none stored")
    if summary["server"]:
        lines += server_summary.show_server(summary["server"])
    for slot, card in summary["slots"].items():
        lines += _show_card(slot, card)
    if summary["disk"]:
        lines += _show_volume("disk", summary["disk"])
    for name, part in summary["flash"].items():
        wear = f"{part['operations']} operations, most erased block {part['most_erased_block']} times"
        lines.append(
            f"flash {name:<12} {part['bytes'] // 1024} KiB, {wear}{''.join('; ' + d for d in part['defects'])}"
        )
    return "\n".join(lines)


def _show_identity(identity: dict[str, Any]) -> list[str]:
    basis = identity["basis"]
    return [
        f"identity           generation {identity['generation']}",
        f"  subject          {identity['subject']}  [{basis['subject']}]",
        f"  issuer           {identity['issuer']}",
        f"  serial           {identity['serial']}  [{basis['serial_bytes']}]",
        f"  valid            {identity['not_before']} to {identity['not_after']}  [{basis['backdate']}]",
        f"  key              {identity['key']}  [{basis['key']}]",
        f"  names            {', '.join(identity['names']) or 'none'}  [{basis['san']}]",
        f"  SHA-256          {identity['sha256']}",
    ]


def _show_card(slot: str, card: dict[str, Any] | None) -> list[str]:
    if card is None:
        return [f"{slot:<18} empty"]
    head = f"{card['kind'] or 'no type'}, feature key {card['feature_key'] or 'none'}, "
    return _show_volume(slot, card, head)


def _show_volume(name: str, volume: dict[str, Any], head: str = "") -> list[str]:
    state = "failed" if volume.get("failed") else volume.get("unreadable") or f"{volume['free_bytes'] // 1024} KiB free"
    files = (f"  {path} ({size} bytes)" for path, size in volume.get("files", {}).items())
    return [f"{name:<18} {head}{state}", *files]


def _level(summary: dict[str, Any]) -> str:
    """Only an IP500 V2 keeps the release that it was first powered up with."""
    if "original_level" in summary:
        return f" (original software level {summary['original_level'] or 'not fixed yet'})"
    return ""
