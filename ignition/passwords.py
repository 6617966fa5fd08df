"""Passwords: the rules for a new one, and the salted scrypt hashes that are kept of it."""

from __future__ import annotations

import hashlib
import hmac
import re
from itertools import groupby

from firmware.basis import assumed
from firmware.device.entropy import Entropy
from firmware.memo import memoise

INSTALLATION = assumed("Administrator", "the password of a newly installed server")
SHORTEST, LONGEST, KINDS, EQUAL_IN_A_ROW = 8, 31, 2, 3  # ignition.md, page 6 (assumed)
# RFC 7914 parameters. Low, for a page is to be answered in 10 ms; they stand in each hash, so they can be raised.
_COST, _BLOCK, _PARALLEL, _SIZE = 2**10, 8, 1, 32
_HASH = re.compile(r"\$scrypt\$n=([0-9]{1,8}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([0-9a-f]{2,64})\$([0-9a-f]{64})")


def check(password: str) -> str:
    """The password, when it may be one. ValueError says which rule it breaks."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"Use {SHORTEST} to {LONGEST} characters; this one has {len(password)}.")
    if not password.isprintable() or not password.isascii():
        raise ValueError("Use letters, digits and signs of a plain keyboard only.")
    if password == INSTALLATION.value:
        raise ValueError("Choose another password than the one of the installation.")
    kinds = sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    if kinds < KINDS:
        raise ValueError("Mix at least two of lower case, upper case, digits and other signs.")
    if max(len(list(same)) for _, same in groupby(password)) > EQUAL_IN_A_ROW:
        raise ValueError(f"Use no more than {EQUAL_IN_A_ROW} equal characters in a row.")
    return password


@memoise(4096)
def hash_of(password: str, entropy: Entropy, account: str) -> str:
    """What is kept of a password: parameters, salt and scrypt hash (RFC 7914) as one word."""
    salt = entropy.drbg(f"salt/{account}").generate(16)
    return f"$scrypt$n={_COST},r={_BLOCK},p={_PARALLEL}${salt.hex()}${_scrypt(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one that a hash was kept of; takes as long whether it is or not."""
    found = _HASH.fullmatch(kept)
    if found is None:
        return False
    cost, block, parallel = (int(number) for number in found.group(1, 2, 3))
    digest = _scrypt(password, bytes.fromhex(found[4]), cost, block, parallel)
    return hmac.compare_digest(digest, bytes.fromhex(found[5]))


def _scrypt(password: str, salt: bytes, cost: int = _COST, block: int = _BLOCK, parallel: int = _PARALLEL) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, dklen=_SIZE)
