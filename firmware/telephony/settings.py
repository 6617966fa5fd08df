"""What the SIP service is told: names, users, realm, and every limit with its default.

Limits, and who they are for:

1. ``head``, ``body``, ``headers``: one message. Beyond them the answer is 513 and a connection is closed.
2. ``whole``: a message that began on a connection is complete within this time, or the connection is closed.
3. ``contacts``: bindings of one extension; the next one is refused with 403.
4. ``transactions``: what authenticated peers can hold at once; beyond it 503 with Retry-After. Peers that have not
   shown a password hold nothing: they are answered without state (RFC 3261, 8.2.7).
5. ``nonces``: nonces whose use is remembered; the oldest are forgotten first, and are stale from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.times import MINUTE, SECOND

ALGORITHMS = ("SHA-256", "MD5")  # in the order in which they are offered (RFC 8760, 2.3: the preferred one first)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, counts, and milliseconds."""

    head: int = 16 * 1024
    body: int = 64 * 1024
    headers: int = 128
    whole: int = 32 * SECOND
    contacts: int = 10
    transactions: int = 10_000
    nonces: int = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """``domains`` are the names and addresses that the unit answers for, in any case of letters, IPv6 without brackets;
    ``users`` the passwords by extension.

    Registrations last ``usual`` seconds unless the phone asks for another time; below ``shortest`` is 423, above
    ``longest`` is shortened. A nonce lives ``nonce_life`` ms.
    """

    domains: tuple[str, ...]
    users: Mapping[str, str] = field(repr=False)
    realm: str = "ipoffice"
    algorithms: tuple[str, ...] = ALGORITHMS
    shortest: int = 60
    usual: int = 3600
    longest: int = 7200
    nonce_life: int = 5 * MINUTE
    server: str = "IP Office"
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", tuple(name.lower() for name in self.domains))
        unknown = set(self.algorithms) - set(ALGORITHMS)
        if unknown or not self.algorithms:
            raise ValueError(f"digest algorithms are {' and '.join(ALGORITHMS)}, not {sorted(unknown)}")
        if not 0 < self.shortest <= self.usual <= self.longest < 2**32:
            raise ValueError("the shortest, usual and longest registration are in ascending order and above 0")
        for text in (self.realm, self.server):
            if not text.isprintable() or '"' in text or "\\" in text:
                raise ValueError(f"{text!r} cannot stand in a header")
