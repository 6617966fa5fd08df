"""Application Server: a Linux server with one-X Portal and Voicemail Pro; it can be the root CA of a network."""

from __future__ import annotations

from firmware.basis import documented
from firmware.platform import Platform
from firmware.security.policy import Outcome, Rule, Trigger
from platforms._linux import ROOT_AUTHORITY, SERVER_HARDWARE, rules_of_a_root

PLATFORM = Platform(
    **SERVER_HARDWARE | ROOT_AUTHORITY,
    name="application_server",
    title="Application Server",
    default_mac="00e007060004",
    policy=(
        *rules_of_a_root("U", "B, SEED", "as Primary"),
        Rule(Trigger.JOINED, documented(Outcome.KEEP, "C, MC")),
    ),
    applications=("one-X Portal", "Voicemail Pro"),
)
