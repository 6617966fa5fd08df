"""The only chance in the simulator: HMAC-DRBG over SHA-256, seeded, never from the operating system."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

SEED_LIMIT = 2**256


class HmacDrbg:
    """HMAC_DRBG with SHA-256 as NIST SP 800-90A Rev. 1, section 10.1.2, defines it, without prediction resistance."""

    __slots__ = ("_key", "_value")

    def __init__(self, entropy: bytes, nonce: bytes = b"", personalization: bytes = b"") -> None:
        self._key = bytes(32)
        self._value = b"\x01" * 32
        self._update(entropy + nonce + personalization)

    def _hmac(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")

    def _update(self, provided: bytes) -> None:
        self._key = self._hmac(self._value + b"\x00" + provided)
        self._value = self._hmac(self._value)
        if provided:
            self._key = self._hmac(self._value + b"\x01" + provided)
            self._value = self._hmac(self._value)

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        self._update(entropy + additional)

    def generate(self, size: int, additional: bytes = b"") -> bytes:
        """The next ``size`` bytes; the standard allows at most 2**16 a call (table 2). ValueError beyond."""
        if not 0 <= size <= 2**16:
            raise ValueError(f"{size} bytes asked of HMAC_DRBG; it gives 0 to 65536 a call")
        if additional:
            self._update(additional)
        out = b""
        while len(out) < size:
            self._value = self._hmac(self._value)
            out += self._value
        self._update(additional)
        return out[:size]

    def integer(self, bits: int) -> int:
        """A uniformly distributed integer of at most ``bits`` bits."""
        return int.from_bytes(self.generate((bits + 7) // 8), "big") >> (-bits % 8)


@dataclass(frozen=True, slots=True)
class Entropy:
    """All the chance of one unit: the same (seed, unit, purpose, number) always gives the same stream."""

    seed: int
    unit: str

    def drbg(self, purpose: str, number: int = 0) -> HmacDrbg:
        nonce = hashlib.sha256(f"{self.unit}/{number}".encode()).digest()[:16]
        return HmacDrbg(self.seed.to_bytes(32, "big"), nonce, purpose.encode())
