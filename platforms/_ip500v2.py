"""What the IP500 V2 control unit is made of, whatever it is used as."""

from __future__ import annotations

from typing import Any

from firmware.basis import assumed, documented, inferred
from firmware.boot.administration import OPERATIONS
from firmware.boot.choose_configuration import save, stored_configuration
from firmware.boot.choose_firmware import running_version
from firmware.boot.factory import furnish
from firmware.boot.table import BOOT
from firmware.credentials.identity import fitness
from firmware.credentials.operations import OF_ANY
from firmware.device.flash import Geometry
from firmware.device.physics import NOR, SD_CARD
from firmware.platform import Storage
from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Rule, Trigger
from firmware.security.profiles import IP500V2_SELF_SIGNED
from firmware.storage.nvm import RecordStore

_KEEP, _INSTALL = Outcome.KEEP, Outcome.INSTALL

POLICY: tuple[Rule, ...] = (
    Rule(Trigger.FIRST_START, documented(Outcome.WHEN_NEEDED, "R62"), before="8.1"),
    Rule(Trigger.FIRST_START, assumed(Outcome.WHEN_NEEDED, "as R6.2"), since="8.1", before="9.1"),
    Rule(Trigger.FIRST_START, documented(Outcome.GENERATE, "SEED, A; new key inferred"), since="9.1"),
    Rule(Trigger.RESTART, inferred(_KEEP, "A")),
    Rule(Trigger.SECURITY_DEFAULT, documented(Outcome.GENERATE, "A, RS; new key inferred")),
    Rule(Trigger.CONFIGURATION_DEFAULT, inferred(_KEEP)),
    Rule(Trigger.CONFIGURATION_RESTORED, inferred(_KEEP)),
    Rule(Trigger.DELETED, documented(Outcome.WHEN_NEEDED, "R62"), before="8.1"),
    Rule(Trigger.DELETED, assumed(Outcome.WHEN_NEEDED, "as R6.2"), since="8.1", before="9.1"),
    Rule(Trigger.DELETED, documented(Outcome.GENERATE, "K9; new key assumed"), since="9.1"),
    Rule(Trigger.ADDRESS_CHANGE, documented(_KEEP, "U")),
    Rule(Trigger.SERVICE_SECURED, documented(Outcome.WHEN_NEEDED, "R62"), before="8.1"),
    Rule(Trigger.SERVICE_SECURED, assumed(Outcome.WHEN_NEEDED, "as R6.2"), since="8.1", before="9.1"),
    Rule(Trigger.UPGRADE, inferred(_KEEP)),
    Rule(Trigger.CLOCK_CORRECTED, inferred(_KEEP, "A")),
    Rule(Trigger.IDENTITY_SET, documented(_INSTALL, "U")),
    Rule(Trigger.ENROLLED, assumed(_INSTALL, "SG documents the enrolment, not what it leaves")),
    Rule(Trigger.ENROLMENT_DUE, assumed(Outcome.GENERATE, "renewed by System Manager, new key")),
    Rule(Trigger.SUPPLIED, documented(_INSTALL, "MC; from which release on: assumed"), since="11.1"),
    Rule(Trigger.NEAR_EXPIRY, documented(_KEEP, "M")),
    Rule(Trigger.EXPIRED, inferred(_KEEP, "M")),
)


def rules_since(version: str) -> tuple[Rule, ...]:
    """The rows that a platform which exists from this release on can ever need."""
    first = BY_VERSION[version]
    return tuple(rule for rule in POLICY if rule.before is None or first < BY_VERSION[rule.before])


CONTROL_UNIT: dict[str, Any] = {
    # Sizes are ours; the kinds of storage are documented (KB, INST, MAN).
    "storage": Storage(
        "nvm",
        Geometry(program_unit=256, block_size=1024, blocks=256, sheet=NOR),
        {
            "level": 1,
            "flags": 1,
            "network": 1,
            "generation": 1,
            "alarms": 4,
            "configuration": 16,
            "firmware": 5,
            "security": 96,
        },
        RecordStore,
        is_volume=False,
    ),
    "card": Geometry(program_unit=256, block_size=1024, blocks=512, sheet=SD_CARD),
    "slots": ("system-sd", "optional-sd"),
    "files": "system-sd",
    "leds": ("cpu", "sd", "base"),
    "profile": IP500V2_SELF_SIGNED,
    "bring_up": BOOT,
    "operations": {**OPERATIONS, **OF_ANY},
    "furnish": furnish,
    "runs": running_version,
    "objections": fitness,
    "stored_configuration": stored_configuration,
    "save_configuration": save,
}
