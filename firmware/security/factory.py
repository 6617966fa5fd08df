"""What a trusted certificate store holds when the unit leaves the factory, and after each security default."""

from __future__ import annotations

from dataclasses import replace

from firmware.basis import assumed
from firmware.device.entropy import Entropy
from firmware.memo import memoise
from firmware.security import keys
from firmware.security.certificates import Names, issue
from firmware.security.keys import KeyKind
from firmware.security.profiles import ROOT_CA
from firmware.times import parse_time

_VENDOR = replace(
    ROOT_CA,
    name="vendor's product CA",
    key=assumed(KeyKind.P_256, "a stand-in"),
    subject=assumed((("CN", "SIP Product Certificate Authority"), ("OU", "SIP Product Certificate Authority"),
                     ("O", "Avaya Inc."), ("C", "US"))),
    san=assumed(()),
    extended_key_usage=assumed(()),
)  # fmt: skip


@memoise(1)
def store() -> tuple[bytes, ...]:
    """The factory's certificates (DER).

    What they are is not documented: one, over a key that anybody can derive, stands for the vendor's (assumed). That a
    security default restores them is inferred from their place in the settings.
    """
    key = keys.derive(Entropy(0, "vendor"), "product CA", 0, KeyKind.P_256)
    begin, end = parse_time("2003-01-01T00:00:00Z"), parse_time("2043-01-01T00:00:00Z")
    return (issue(_VENDOR, Names(), key, None, 1, begin, end),)
