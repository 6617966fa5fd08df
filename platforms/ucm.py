"""Unified Communication Module: a Linux server in an IP500 V2's slot, with its own ignition and security settings."""

from __future__ import annotations

from firmware.basis import assumed
from firmware.platform import Platform
from firmware.security.policy import Outcome, Rule, Trigger
from ignition.table import MODULE
from platforms._linux import ROOT_AUTHORITY, SYSTEM, rules_of_a_root

PLATFORM = Platform(
    **SYSTEM | ROOT_AUTHORITY,
    name="ucm",
    title="Unified Communication Module",
    default_mac="00e007060005",
    slots=(),
    leds=("upper", "lower"),
    bring_up=MODULE,
    policy=(
        *rules_of_a_root("as Primary", "SEED", "as Primary"),
        Rule(Trigger.JOINED, assumed(Outcome.KEEP, "as Application Server")),
    ),
    applications=("one-X Portal", "Voicemail Pro"),
    hosted=True,
)
