"""A unit as plain values, for ``ipsim show`` and every report; no secret of its flash is among them."""

from __future__ import annotations

from typing import Any

from firmware.appliance import Appliance
from firmware.bench.outside import look_at, release_of, settings_of
from firmware.boot.choose_firmware import original_level
from firmware.configuration import Configuration, sip_password
from firmware.errors import StorageError
from firmware.security.reading import describe, issuer
from firmware.storage.volume import mounted
from firmware.times import show_time


def summarise(unit: Appliance) -> dict[str, Any]:
    """Everything that ``ipsim show`` shows, in its order."""
    reading = unit.clock.read()
    looked_at = look_at(unit)
    level = original_level(looked_at)
    configuration = unit.ram.configuration or unit.platform.stored_configuration(looked_at)
    return {
        "platform": unit.platform.name,
        "title": unit.platform.title,
        "name": unit.name,
        "mac": unit.mac,
        "seed": unit.entropy.seed,
        "state": unit.state,
        "release": release_of(unit),
        "original_level": level.version if level else None,
        "time": show_time(unit.clock.now),
        "clock": show_time(reading) if reading is not None else "not set",
        "identity": _identity(unit),
        "configuration": _configuration(unit, configuration) if configuration else None,
        "slots": {name: _card(looked_at, name) for name in unit.slots},
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
        "basis": {name: fact.cite() for name, fact in unit.platform.profile.facts()},
    }


def _configuration(unit: Appliance, configuration: Configuration) -> dict[str, Any]:
    return {
        "system_name": configuration.system_name,
        "lans": [
            {"address": lan.interface or None, "mode": "DHCP client" if lan.dhcp else "fixed", "sip_tls": tls}
            for lan, tls in zip(configuration.lans, configuration.sip_tls, strict=True)
        ],
        "users": dict(configuration.users),
        "hunt_groups": dict(configuration.hunt_groups),
        "sip_password": sip_password(unit.entropy),
    }


def _card(unit: Appliance, slot: str) -> dict[str, Any] | None:
    card = unit.slots[slot].card
    if card is None:
        return None
    found: dict[str, Any] = {"kind": card.kind, "feature_key": card.feature_key, "failed": card.failed}
    try:
        with mounted(card.part) as volume:
            found |= {"free_bytes": volume.free_bytes(), "files": dict(volume.files())}
    except StorageError as error:
        found["unreadable"] = str(error)
    return found


def show(summary: dict[str, Any]) -> str:
    """The same for people."""
    identity, configuration = summary["identity"], summary["configuration"]
    lines = [
        f"{summary['title']}  MAC {summary['mac']}  seed {summary['seed']}",
        f"  state            {summary['state']}",
        f"  release          {summary['release'] or 'no valid firmware'}"
        f" (original software level {summary['original_level'] or 'not fixed yet'})",
        f"  simulated time   {summary['time']}, the unit's clock {summary['clock']}",
    ]
    lines += _show_identity(identity) if identity else ["identity           none"]
    if configuration:
        lines.append("configuration")
        for index, lan in enumerate(configuration["lans"], 1):
            tls = "SIP TLS on" if lan["sip_tls"] else "SIP TLS off"
            lines.append(f"  LAN{index}             {lan['address'] or 'no address yet'}, {lan['mode']}, {tls}")
        users = ", ".join(f"{number} {name}" for number, name in configuration["users"].items())
        lines.append(f"  users            {users or 'none'} (SIP password {configuration['sip_password']}, assumed)")
        lines.append(
            f"  hunt groups      {', '.join(' '.join(g) for g in configuration['hunt_groups'].items()) or 'none'}"
        )
    else:
        lines.append("configuration      none stored")
    for slot, card in summary["slots"].items():
        lines += _show_card(slot, card)
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
        f"  names            {', '.join(identity['names'])}  [{basis['san']}]",
        f"  SHA-256          {identity['sha256']}",
    ]


def _show_card(slot: str, card: dict[str, Any] | None) -> list[str]:
    if card is None:
        return [f"{slot:<18} empty"]
    state = "failed" if card["failed"] else card.get("unreadable") or f"{card['free_bytes'] // 1024} KiB free"
    head = f"{slot:<18} {card['kind'] or 'no type'}, feature key {card['feature_key'] or 'none'}, {state}"
    return [head, *(f"  {path} ({size} bytes)" for path, size in card.get("files", {}).items())]
