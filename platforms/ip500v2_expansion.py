"""An IP500 V2 as a Server Edition expansion: boots like any IP500 V2, starts with no users, joins a Primary."""

from __future__ import annotations

from firmware.basis import assumed, documented, inferred
from firmware.boot.administration import initial_configuration
from firmware.platform import Platform
from firmware.security.policy import Outcome, Rule, Trigger
from platforms._ip500v2 import CONTROL_UNIT, rules_since

SINCE = "8.1"

PLATFORM = Platform(
    **CONTROL_UNIT
    | {"operations": {**CONTROL_UNIT["operations"], initial_configuration.__name__: initial_configuration}},
    name="ip500v2_expansion",
    title="IP500 V2, Server Edition expansion",
    since=SINCE,
    default_mac="00e007059190",
    policy=(
        *rules_since(SINCE),
        Rule(Trigger.JOINED, inferred(Outcome.KEEP, "MC: until a certificate of the Primary is installed")),
    ),
    users=documented((), "TB145"),
    hunt_groups=assumed((), "as the users"),
)
