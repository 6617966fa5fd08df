"""Server Edition Secondary: a Linux server whose first certificate is self-signed, of little use by design."""

from __future__ import annotations

from firmware.platform import Platform
from platforms._linux import RULES_OF_A_NODE, SELF_SIGNED, SERVER_HARDWARE

PLATFORM = Platform(
    **SERVER_HARDWARE,
    **SELF_SIGNED,
    name="secondary",
    title="Server Edition Secondary",
    default_mac="00e007060002",
    policy=RULES_OF_A_NODE,
)
