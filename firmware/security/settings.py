"""The security settings: identity, trusted certificates, service levels, service users – one record, one commit.

They are encrypted and locked to the unit (documented MAN): a sealed record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from firmware.basis import Fact, documented, inferred
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import Release
from firmware.security.certificates import Identity
from firmware.security.keys import KeyPair
from firmware.security.sealed import Held, SealedRecords
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


class Vault:
    """Loads and commits the security settings of one unit."""

    __slots__ = ("_sealed",)

    def __init__(self, sealed: SealedRecords) -> None:
        self._sealed = sealed

    def load(self) -> tuple[Held, SecuritySettings | None, bool]:
        """The settings, or why there are none; and whether their second copy had to be put right."""
        held, plain, mended = self._sealed.load(RECORD)
        held, settings = _understood(held, plain)
        return held, settings, mended

    def peek(self) -> tuple[Held, SecuritySettings | None]:
        """What :meth:`load` would find, without putting anything right."""
        return _understood(*self._sealed.peek(RECORD))

    def commit(self, settings: SecuritySettings) -> None:
        """Make these the unit's settings: after a power cut it has the old or the new ones, whole."""
        self._sealed.commit(RECORD, _encode(settings))


def _understood(held: Held, plain: bytes | None) -> tuple[Held, SecuritySettings | None]:
    if plain is None:
        return held, None
    try:
        settings = _decode(plain)
    except Damaged:
        settings = None
    return (held, settings) if settings else (Held.DAMAGED, None)


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
