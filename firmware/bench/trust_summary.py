"""What ``ipsim show`` tells of a unit's trust: its store, checks, chain, telephony identity, and who manages it."""

from __future__ import annotations

from typing import Any

from firmware.appliance import Appliance
from firmware.bench.outside import settings_of
from firmware.security.reading import describe


def summarise(unit: Appliance) -> dict[str, Any] | None:
    """None: the unit has no security settings yet."""
    found = settings_of(unit)
    if found is None:
        return None
    member = found.membership
    return {
        "origin": found.origin.value,
        "telephony": describe(found.telephony.der) if found.telephony else None,
        "store": [describe(der) for der in found.trusted],
        "checks": {"management": found.management_check.level, "telephony": found.telephony_check.level},
        "offers_chain": found.offers_chain,
        "renews_automatically": found.renews,
        "managed_by": member.name if member else None,
        "waits_for_certificate": bool(found.request or (member and member.key)),
    }


def show(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    checks = ", ".join(f"{service} {level}" for service, level in found["checks"].items())
    chain = "offered" if found["offers_chain"] else "not offered"
    lines = [f"trust              {found['origin']}; chain {chain}; received certificate checks: {checks}"]
    if found["managed_by"]:
        waits = ", a certificate is waited for" if found["waits_for_certificate"] else ""
        lines.append(f"  managed by       {found['managed_by']}{waits}")
    elif found["waits_for_certificate"]:
        lines.append("  request          made, its certificate not imported yet")
    if found["telephony"]:
        lines.append(f"  telephony        {found['telephony']['subject']}, SHA-256 {found['telephony']['sha256']}")
    lines += [f"  trusts           {held['subject']}, until {held['not_after']}" for held in found["store"]]
    return lines
