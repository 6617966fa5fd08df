"""What ``ipsim show`` tells of a Linux server beside what it tells of every unit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from firmware.appliance import Appliance
from firmware.bench.outside import authority_of
from firmware.security.authority import shown
from ignition import answers, disk, pages, plan, settings
from ignition.starting import ignited_as


def ignition(unit: Appliance, looked_at: Appliance) -> str | None:
    """How far its ignition has come, in a few words; None: it has none."""
    if not unit.platform.storage.is_volume:
        return None
    if ignited_as(looked_at) is not None:
        return f"done: {unit.platform.named}"
    if disk.installed(looked_at) is None:
        return "no complete installation on the disk"
    given = answers.load(looked_at)
    if given.plan is not None:
        return "Apply has begun; the next start finishes it"
    answered = [page.title for page in pages.ASKED if given.of(page.name) is not None]
    as_what = plan.role_of(unit, given).named
    return f"to become {as_what}; answered: {', '.join(answered)}" if answered else "waits to be set up"


def authority(unit: Appliance) -> dict[str, Any] | None:
    """The CA, its fields with their bases."""
    found = authority_of(unit)
    if found is None:
        return None
    profile = unit.platform.root_profile
    basis = {name: fact.cite() for name, fact in profile.facts()} if profile and not found.is_imported else {}
    return {**shown(found), "chain": len(found.chain), "basis": basis}


def server(unit: Appliance, looked_at: Appliance) -> dict[str, Any] | None:
    """Names, network, clock and services as ignition has set them, and the accounts that there are."""
    if not unit.platform.storage.is_volume or ignited_as(looked_at) is None:
        return None
    found = settings.load(looked_at)
    return {
        **asdict(found.network),
        **asdict(found.clock),
        **asdict(found.services),
        "accounts": list(settings.accounts(looked_at)),
    }


def show_authority(found: dict[str, Any]) -> list[str]:
    basis = {key: f"  [{cite}]" for key, cite in found["basis"].items()}
    return [
        f"root CA            {found['origin']}",
        f"  subject          {found['subject']}{basis.get('subject', '')}",
        f"  serial           {found['serial']}{basis.get('serial_bytes', '')}",
        f"  valid            {found['not_before']} to {found['not_after']}{basis.get('lifetime', '')}",
        f"  key              {found['key']}{basis.get('key', '')}",
        f"  names            {', '.join(found['names']) or 'none'}{basis.get('san', '')}",
        f"  SHA-256          {found['sha256']}",
    ]


_LABELS = (
    ("hostname", "host name"), ("gateway", "gateway"), ("dns1", "DNS server 1"), ("dns2", "DNS server 2"),
    ("zone", "time zone"), ("ntp_server", "NTP server"), ("companding", "companding"),
    ("one_x_portal", "one-X Portal"), ("voicemail_pro", "Voicemail Pro"),
)  # fmt: skip


def show_server(found: dict[str, Any]) -> list[str]:
    lines = [f"  {label:<16} {found[key]}" for key, label in _LABELS if found[key]]
    return [
        "server",
        *lines,
        f"  accounts         {', '.join(found['accounts']) or 'none'} (passwords as scrypt hashes)",
    ]
