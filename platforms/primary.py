"""Server Edition Primary: a Linux server that is the root CA of its network."""

from __future__ import annotations

from firmware.basis import assumed
from firmware.platform import Platform
from firmware.security.policy import Outcome, Rule, Trigger
from platforms._linux import ROOT_AUTHORITY, SERVER_HARDWARE, rules_of_a_root

PLATFORM = Platform(
    **SERVER_HARDWARE | ROOT_AUTHORITY,
    name="primary",
    title="Server Edition Primary",
    default_mac="00e007060001",
    policy=(
        *rules_of_a_root("U", "B, SEED", "M"),
        Rule(Trigger.JOINED, assumed(Outcome.KEEP, "its own network")),
    ),
)
