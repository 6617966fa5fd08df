"""The certificates of the vendor's documents: an IP500 V2's, a Primary's root and identity, a Secondary's."""

from __future__ import annotations

from functools import cache

from firmware.device.entropy import Entropy
from firmware.security import authority, certificates
from firmware.security.authority import Authority
from firmware.security.keys import derive
from firmware.security.profiles import BARE_SELF_SIGNED, CA_ISSUED, IP500V2_SELF_SIGNED, ROOT_CA, Profile
from firmware.times import DAY
from tests.security.specimen import CREATED, NAMES, R12_3

NOW = CREATED + 30 * DAY
ENTROPY = Entropy(7, "00e00705918e")


@cache
def self_signed(profile: Profile, number: int = 1, created: int = CREATED, serial: int = 77) -> bytes:
    """``number`` is the key's: the same number is a renewal over the same key."""
    key = derive(ENTROPY, "identity", number)
    times = certificates.validity(profile, R12_3, created)
    return certificates.self_signed(profile, NAMES, key, serial, *times).der


@cache
def primary_root() -> Authority:
    return authority.make(ROOT_CA, ENTROPY, 1, NAMES, R12_3, CREATED)


@cache
def issued_by_primary() -> bytes:
    key = derive(ENTROPY, "identity", 9)
    root = primary_root()
    times = certificates.validity(CA_ISSUED, R12_3, CREATED)
    return certificates.issue(CA_ISSUED, NAMES, key, root.signer, root.serial_of(ENTROPY, CA_ISSUED, 1), *times)


IP500V2 = self_signed(IP500V2_SELF_SIGNED)
IP500V2_RENEWED = self_signed(IP500V2_SELF_SIGNED, created=CREATED + DAY, serial=78)
IP500V2_RE_KEYED = self_signed(IP500V2_SELF_SIGNED, 2, CREATED + DAY, 79)
SECONDARY = self_signed(BARE_SELF_SIGNED, 3)
ISSUED, ROOT = issued_by_primary(), primary_root().der
