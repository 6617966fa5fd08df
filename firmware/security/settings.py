"""The security settings: identity, trusted certificates, service levels, service users – one record, one commit.

They lie in the NVM, encrypted and locked to the unit (documented MAN): AES-SIV under a secret of the simulated
hardware, with the record's name and sequence number as associated data. AES-SIV is deterministic, so there is no
nonce to reuse when a torn write takes its sequence number again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from firmware.basis import Fact, documented, inferred
from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import Release
from firmware.security.certificates import Identity
from firmware.security.keys import KeyPair
from firmware.storage.nvm import Copy, Lost, RecordStore
from firmware.storage.records import SECURITY_SETTINGS, build, parse

RECORD = "security"

DISABLED = "Disabled"
UNSECURE_ONLY = "Unsecure Only"
LEVELS = (DISABLED, UNSECURE_ONLY, "Unsecure + Secure", "Secure Low", "Secure Medium", "Secure High")  # [S]

# certificates.md section 6; R6.2 starts without a certificate, so none of its services can be secured (R62).
SERVICES: Fact[tuple[tuple[str, str], ...]] = documented(
    (
        ("HTTP", "Unsecure + Secure"),
        ("Configuration", "Secure Medium"),
        ("Security Administration", "Secure Medium"),
        ("System Status Interface", "Secure Medium"),
        ("Web Services", "Secure Medium"),
    ),
    "S",
)
SERVICES_BEFORE_CERTIFICATE: Fact[tuple[tuple[str, str], ...]] = inferred(
    tuple((name, UNSECURE_ONLY) for name, _ in SERVICES.value), "R62"
)


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """An account for administration. An empty password digest stands for the factory password."""

    name: str
    password: bytes = field(default=b"", repr=False)
    must_change: bool = True


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """``generation`` counts the identities this unit has made; key and serial number derive from it."""

    generation: int
    identity: Identity | None
    trusted: tuple[bytes, ...]
    services: tuple[tuple[str, str], ...]
    users: tuple[ServiceUser, ...]

    def needs_identity(self) -> bool:
        """Whether some service is to be offered over TLS."""
        return any(level not in (DISABLED, UNSECURE_ONLY) for _, level in self.services)

    def with_service(self, name: str, level: str) -> SecuritySettings:
        return replace(self, services=tuple((n, level if n == name else old) for n, old in self.services))


def factory(release: Release, generation: int = 0) -> SecuritySettings:
    """What a security default leaves: no identity, the factory's store, services and users."""
    services = SERVICES if release.certificate_at_first_start.value else SERVICES_BEFORE_CERTIFICATE
    users = tuple(map(ServiceUser, ("security", "Administrator", "EnhTcpaService", "BranchAdmin")))
    return SecuritySettings(generation, None, (), services.value, users)


class Held(str, Enum):
    """What the NVM held in place of security settings."""

    PRESENT = "present"
    EMPTY = "empty"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


class Vault:
    """Loads and commits the security settings of one unit."""

    __slots__ = ("_secret", "_store")

    def __init__(self, store: RecordStore, entropy: Entropy) -> None:
        self._store = store
        self._secret = _hardware_secret(entropy)

    def on(self, store: RecordStore) -> Vault:
        """The vault of the same hardware over another store."""
        other = Vault.__new__(Vault)
        other._store, other._secret = store, self._secret
        return other

    def load(self) -> tuple[Held, SecuritySettings | None, bool]:
        """The settings, or why there are none; and whether their second copy had to be put right.

        Another unit's record, and one beyond repair, are told apart.
        """
        try:
            copy, mended = self._store.mend(RECORD)
        except Lost:
            return Held.DAMAGED, None, False
        if copy is None:
            return Held.EMPTY, None, False
        held, settings = self._open(copy)
        return held, settings, mended

    def peek(self) -> tuple[Held, SecuritySettings | None]:
        """What :meth:`load` would find, without putting anything right."""
        try:
            copy = self._store.present(RECORD)
        except Lost:
            return Held.DAMAGED, None
        return self._open(copy) if copy else (Held.EMPTY, None)

    def _open(self, copy: Copy) -> tuple[Held, SecuritySettings | None]:
        try:
            settings = _decode(_cipher(self._secret).decrypt(copy.data, _bound_to(copy.sequence)))
        except InvalidTag:
            return Held.FOREIGN, None
        except Damaged:
            return Held.DAMAGED, None
        return (Held.PRESENT, settings) if settings else (Held.DAMAGED, None)

    def commit(self, settings: SecuritySettings) -> None:
        """Make these the unit's settings: after a power cut it has the old or the new ones, whole."""
        sequence = self._store.next_sequence(RECORD)
        sealed = _cipher(self._secret).encrypt(_encode(settings), _bound_to(sequence))
        self._store.replace(RECORD, sealed)


def _encode(settings: SecuritySettings) -> bytes:
    identity = settings.identity
    return build(
        SECURITY_SETTINGS,
        {
            "generation": settings.generation,
            "key": identity.key.der if identity else b"",
            "chain": identity.chain if identity else (),
            "trusted": settings.trusted,
            "services": [{"name": name, "level": level} for name, level in settings.services],
            "users": [{"name": u.name, "password": u.password, "must_change": u.must_change} for u in settings.users],
        },
    )


@memoise(4096)
def _decode(plain: bytes) -> SecuritySettings | None:
    """None when the key is not the certificate's: never to happen, and never to be used if it does."""
    body = parse(SECURITY_SETTINGS, plain)
    identity = Identity(KeyPair(body.key), tuple(body.chain)) if body.chain else None
    if identity and not identity.is_whole():
        return None
    return SecuritySettings(
        generation=body.generation,
        identity=identity,
        trusted=tuple(body.trusted),
        services=tuple((service.name, service.level) for service in body.services),
        users=tuple(ServiceUser(user.name, user.password, user.must_change) for user in body.users),
    )


def _bound_to(sequence: int) -> list[bytes]:
    return [RECORD.encode(), struct.pack("<I", sequence)]


@memoise(4096)
def _hardware_secret(entropy: Entropy) -> bytes:
    return entropy.drbg("hardware secret").generate(64)


@memoise(4096)
def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(secret)
