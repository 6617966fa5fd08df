"""Server Edition Expansion System (L): a Linux server whose first certificate is self-signed, as a Secondary's."""

from __future__ import annotations

from firmware.platform import Platform
from platforms._linux import RULES_OF_A_NODE, SELF_SIGNED, SERVER_HARDWARE

PLATFORM = Platform(
    **SERVER_HARDWARE,
    **SELF_SIGNED,
    name="expansion",
    title="Server Edition Expansion (Linux)",
    default_mac="00e007060003",
    policy=RULES_OF_A_NODE,
)
