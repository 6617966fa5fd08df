"""What every Linux platform is made of; a kind of server adds its certificates, rules and applications."""

from __future__ import annotations

from functools import cache
from typing import Any

import platforms
from firmware.basis import assumed, documented, inferred
from firmware.credentials.operations import OF_A_ROOT, OF_ANY, OF_LINUX
from firmware.platform import Platform
from firmware.security.policy import Outcome, Rule, Trigger
from firmware.security.profiles import BARE_SELF_SIGNED, CA_ISSUED, ROOT_CA
from ignition import disk, server, starting
from ignition.table import SERVER, UP

_KEEP, _GENERATE, _INSTALL = Outcome.KEEP, Outcome.GENERATE, Outcome.INSTALL


def servers() -> tuple[Platform, ...]:
    """The kinds of server that ignition offers: every platform on a server's hardware, in the order of default MACs."""
    return _on_server_hardware(platforms.names())


@cache
def _on_server_hardware(names: tuple[str, ...]) -> tuple[Platform, ...]:
    found = [platforms.load(name) for name in names]
    kinds = [platform for platform in found if platform.bring_up is SERVER]
    return tuple(sorted(kinds, key=lambda platform: platform.default_mac))


SYSTEM: dict[str, Any] = {
    "since": "8.1",
    "storage": disk.STORAGE,
    "card": disk.STORAGE.geometry,
    "files": disk.STORAGE.name,
    "rests_in": UP,
    "operations": {**server.OPERATIONS, **OF_ANY, **OF_LINUX},
    "furnish": disk.furnish,
    "runs": disk.running_version,
    "objections": server.objections,
    "stored_configuration": starting.stored_configuration,
    "save_configuration": server.save_configuration,
    "users": assumed((), "as an IP500 V2 in a Server Edition (TB145)"),
    "hunt_groups": assumed((), "as the users"),
}

SERVER_HARDWARE: dict[str, Any] = SYSTEM | {
    "slots": (disk.SECOND_DISK,),
    "leds": (),
    "bring_up": SERVER,
    "kin": servers,
    "is_now": starting.is_now,
}

ROOT_AUTHORITY: dict[str, Any] = {
    "profile": CA_ISSUED,
    "root_profile": ROOT_CA,
    "operations": {**SYSTEM["operations"], **OF_A_ROOT},
}
SELF_SIGNED: dict[str, Any] = {"profile": BARE_SELF_SIGNED}

# certificates.md section 3, rows of all Linux platforms.
COMMON_RULES: tuple[Rule, ...] = (
    Rule(Trigger.RESTART, assumed(_KEEP, "as IP500 V2")),
    Rule(Trigger.SECURITY_DEFAULT, assumed(_GENERATE, "no document; the root CA is kept")),
    Rule(Trigger.CLOCK_CORRECTED, inferred(_KEEP, "A")),
    Rule(Trigger.UPGRADE, assumed(_KEEP, "as IP500 V2")),
    Rule(Trigger.IDENTITY_SET, documented(_INSTALL, "U")),
    Rule(Trigger.REQUEST_ANSWERED, documented(_INSTALL, "L")),
    Rule(Trigger.ENROLLED, assumed(_INSTALL, "SG documents the enrolment, not what it leaves")),
    Rule(Trigger.ENROLMENT_DUE, assumed(_GENERATE, "renewed by System Manager, new key")),
    Rule(Trigger.SUPPLIED, documented(_INSTALL, "MC; from which release on: assumed"), since="11.1"),
    Rule(Trigger.NEAR_EXPIRY, documented(_KEEP, "M")),
    Rule(Trigger.EXPIRED, inferred(_KEEP, "M")),
    Rule(Trigger.REINSTALL, inferred(_GENERATE, "effect of TB145's reinstall: the next ignition makes all new")),
)


def rules_of_a_root(source: str, ignition: str, renewal: str) -> tuple[Rule, ...]:
    """The rules of a root CA, by the documents on changes (``source``), on ignition and on the CA (``renewal``)."""
    rule = assumed if source == "as Primary" else documented
    return (
        Rule(Trigger.IGNITION, documented(_GENERATE, ignition)),
        Rule(Trigger.CA_IMPORTED, rule(_GENERATE, f"{ignition}; that it signs an identity made here is assumed")),
        Rule(Trigger.ADDRESS_CHANGE, rule(_GENERATE, f"{source}; new key assumed")),
        Rule(Trigger.NAME_CHANGE, rule(_GENERATE, f"{source}; new key assumed")),
        Rule(Trigger.CHANGE_BY_HAND, (assumed if source == "as Primary" else inferred)(_KEEP, source)),
        Rule(Trigger.CA_REPLACED, assumed(_GENERATE, "as ignition with an imported CA")),
        Rule(Trigger.CA_RENEWED, (assumed if renewal == "as Primary" else documented)(_KEEP, renewal)),
        Rule(Trigger.CA_CREATED, (assumed if renewal == "as Primary" else documented)(_GENERATE, renewal)),
        *COMMON_RULES,
    )


RULES_OF_A_NODE: tuple[Rule, ...] = (
    Rule(Trigger.IGNITION, documented(_GENERATE, "C")),
    Rule(Trigger.ADDRESS_CHANGE, documented(_KEEP, "U")),
    Rule(Trigger.NAME_CHANGE, documented(_KEEP, "U")),
    Rule(Trigger.JOINED, documented(_KEEP, "C, MC")),
    *COMMON_RULES,
)
