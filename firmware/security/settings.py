"""The security settings: identity, trusted certificates, service levels, service users – one record, one commit.

They are encrypted and locked to the unit (documented MAN): a sealed record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from firmware.basis import Fact, documented, inferred
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import Release
from firmware.security import factory as factory_certificates
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


class Origin(str, Enum):
    """Where an identity comes from: only one that was made here is made anew when a name or an address changes."""

    MADE = "made here"
    SET = "set by an administrator"
    REQUESTED = "issued for a request of this unit"
    ENROLLED = "enrolled with System Manager"
    SUPPLIED = "supplied by the cloud"


@dataclass(frozen=True, slots=True)
class Check:
    """A received-certificate check level, and the release under which it was set: an upgrade keeps the old meaning."""

    level: str = "None"  # CC: the default
    since: str = ""


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A certificate signing request made here and not answered yet: its key and its DER."""

    key: KeyPair
    der: bytes


@dataclass(frozen=True, slots=True)
class Membership:
    """Who manages the identity: a System Manager or the cloud, by its ``name`` and its CA's certificates (DER).

    ``key`` and ``request`` are those of a certificate that was asked for and has not come yet; ``renews``: it is to
    follow the present one; ``pending``: the CA has said that a person must approve it. ``has_given``: an identity has
    come of it.
    """

    name: str
    authority: tuple[bytes, ...]
    key: KeyPair | None = None
    request: bytes = b""
    renews: bool = False
    pending: bool = False
    has_given: bool = False


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """``generation`` counts the identities this unit has made; key and serial number derive from it.

    ``telephony`` is the identity of SIP over TLS where it is another one than management's (U). ``trusted`` is the
    trusted certificate store. ``renews``: a change of name or address makes the identity anew (Linux; U).
    ``offers_chain``: the certificates on the way to the root are sent too. ``written_by`` is the release that wrote
    these settings last: another one that starts has been an upgrade.
    """

    generation: int
    identity: Identity | None
    trusted: tuple[bytes, ...]
    services: tuple[tuple[str, str], ...]
    users: tuple[ServiceUser, ...]
    offers_chain: bool
    written_by: str
    origin: Origin = Origin.MADE
    telephony: Identity | None = None
    renews: bool = True
    management_check: Check = Check()
    telephony_check: Check = Check()
    request: SigningRequest | None = None
    membership: Membership | None = None

    def needs_identity(self) -> bool:
        """Whether some service is to be offered over TLS."""
        return any(level not in (DISABLED, UNSECURE_ONLY) for _, level in self.services)

    def with_service(self, name: str, level: str) -> SecuritySettings:
        return replace(self, services=tuple((n, level if n == name else old) for n, old in self.services))


def factory(release: Release, generation: int = 0) -> SecuritySettings:
    """What a security default leaves: no identity, the factory's store, services and users."""
    services = SERVICES if release.certificate_at_first_start.value else SERVICES_BEFORE_CERTIFICATE
    users = tuple(map(ServiceUser, ("security", "Administrator", "EnhTcpaService", "BranchAdmin")))
    check = Check(since=release.version)
    return SecuritySettings(
        generation, None, factory_certificates.store(), services.value, users,
        release.offers_chain.value, release.version, management_check=check, telephony_check=check,
    )  # fmt: skip


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


@memoise(4096)
def _encode(settings: SecuritySettings) -> bytes:
    request, member = settings.request, settings.membership
    return build(
        SECURITY_SETTINGS,
        {
            "generation": settings.generation,
            "written_by": settings.written_by,
            "origin": settings.origin.value,
            "identity": _identity_fields(settings.identity),
            "telephony": _identity_fields(settings.telephony),
            "request": {"key": request.key.der, "der": request.der} if request else {"key": b"", "der": b""},
            "member": {
                "name": member.name if member else "",
                "authority": member.authority if member else (),
                "key": member.key.der if member and member.key else b"",
                "request": member.request if member else b"",
                "renews": member.renews if member else False,
                "pending": member.pending if member else False,
                "has_given": member.has_given if member else False,
            },
            "renews": settings.renews,
            "offers_chain": settings.offers_chain,
            "checks": [{"level": check.level, "since": check.since}
                       for check in (settings.management_check, settings.telephony_check)],
            "trusted": settings.trusted,
            "services": [{"name": name, "level": level} for name, level in settings.services],
            "users": [{"name": u.name, "password": u.password, "must_change": u.must_change} for u in settings.users],
        },
    )  # fmt: skip


def _identity_fields(identity: Identity | None) -> dict[str, Any]:
    return {"key": identity.key.der, "chain": identity.chain} if identity else {"key": b"", "chain": ()}


@memoise(4096)
def _decode(plain: bytes) -> SecuritySettings | None:
    """None when a key is not its certificate's: never to happen, and never to be used if it does."""
    body = parse(SECURITY_SETTINGS, plain)
    identities = [Identity(KeyPair(held.key), tuple(held.chain)) if held.chain else None
                  for held in (body.identity, body.telephony)]  # fmt: skip
    origins = {origin.value: origin for origin in Origin}
    if any(identity and not identity.is_whole() for identity in identities) or body.origin not in origins:
        return None
    management, telephony = (Check(check.level, check.since) for check in body.checks)
    return SecuritySettings(
        generation=body.generation,
        identity=identities[0],
        trusted=tuple(body.trusted),
        services=tuple((service.name, service.level) for service in body.services),
        users=tuple(ServiceUser(user.name, user.password, user.must_change) for user in body.users),
        offers_chain=body.offers_chain,
        written_by=body.written_by,
        origin=origins[body.origin],
        telephony=identities[1],
        renews=body.renews,
        management_check=management,
        telephony_check=telephony,
        request=SigningRequest(KeyPair(body.request.key), body.request.der) if body.request.der else None,
        membership=_membership(body.member) if body.member.name else None,
    )


def _membership(held: Any) -> Membership:
    key = KeyPair(held.key) if held.key else None
    return Membership(held.name, tuple(held.authority), key, held.request, held.renews, held.pending, held.has_given)
