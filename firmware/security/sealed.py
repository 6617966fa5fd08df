"""Records that only the unit itself can read: AES-SIV under a secret of the simulated hardware.

The record's name and sequence number are associated data. AES-SIV is deterministic, so there is no nonce to reuse when
a torn write takes its sequence number again.
"""

from __future__ import annotations

import struct
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from firmware.device.entropy import Entropy
from firmware.errors import StorageError
from firmware.memo import memoise
from firmware.storage.nvm import Copy
from firmware.storage.store import Records


class Held(str, Enum):
    """What a store held in place of a sealed record."""

    PRESENT = "present"
    EMPTY = "empty"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


class SealedRecords:
    """The sealed records of one unit, by name."""

    __slots__ = ("_secret", "_store")

    def __init__(self, store: Records, entropy: Entropy) -> None:
        self._store = store
        self._secret = _hardware_secret(entropy)

    def on(self, store: Records) -> SealedRecords:
        """Those of the same hardware over another store."""
        other = SealedRecords.__new__(SealedRecords)
        other._store, other._secret = store, self._secret
        return other

    def load(self, name: str) -> tuple[Held, bytes | None, bool]:
        """The record, or why there is none; and whether its second copy had to be put right.

        Another unit's record, and one beyond repair, are told apart.
        """
        try:
            copy, mended = self._store.mend(name)
        except StorageError:
            return Held.DAMAGED, None, False
        held, plain = self._open(name, copy)
        return held, plain, mended

    def peek(self, name: str) -> tuple[Held, bytes | None]:
        """What :meth:`load` would find, without putting anything right."""
        try:
            return self._open(name, self._store.present(name))
        except StorageError:
            return Held.DAMAGED, None

    def read(self, name: str) -> bytes | None:
        """The record; None when there is none that this unit can read, for whatever reason."""
        return self.peek(name)[1]

    def commit(self, name: str, plain: bytes) -> None:
        """Seal and store: after a power cut there is the old or the new one, whole."""
        sequence = self._store.next_sequence(name)
        self._store.replace(name, _sealed(self._secret, plain, name, sequence))

    def _open(self, name: str, copy: Copy | None) -> tuple[Held, bytes | None]:
        if copy is None:
            return Held.EMPTY, None
        plain = _opened(self._secret, copy.data, name, copy.sequence)
        return Held.FOREIGN if plain is None else Held.PRESENT, plain


@memoise(4096)
def _sealed(secret: bytes, plain: bytes, name: str, sequence: int) -> bytes:
    return _cipher(secret).encrypt(plain, _bound_to(name, sequence))


@memoise(4096)
def _opened(secret: bytes, sealed: bytes, name: str, sequence: int) -> bytes | None:
    """None: another unit has sealed it, or it was another record."""
    try:
        return _cipher(secret).decrypt(sealed, _bound_to(name, sequence))
    except InvalidTag:
        return None


def _bound_to(name: str, sequence: int) -> list[bytes]:
    return [name.encode(), struct.pack("<I", sequence)]


@memoise(4096)
def _hardware_secret(entropy: Entropy) -> bytes:
    return entropy.drbg("hardware secret").generate(64)


@memoise(4096)
def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(secret)
