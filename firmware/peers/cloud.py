"""The cloud manager of subscription systems: automatic certificate management.

That it supplies identity and updates is documented [MC]; the exchange is not, so that a system sends a signing
request, over a connection that says which system it is, is assumed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from firmware.peers import authority
from firmware.peers.authority import MADE, PeerAuthority
from firmware.peers.profiles import CLOUD, CLOUD_LIFETIME, CLOUD_RENEWS
from firmware.security import signing_requests
from firmware.security.reading import dates
from firmware.times import DAY

MOST_SYSTEMS = 3000  # assumed


@dataclass(frozen=True, slots=True)
class Supplied:
    """The last that a system was supplied with: a digest of its request, and the chain."""

    request: bytes
    chain: tuple[bytes, ...]


@dataclass(slots=True)
class Cloud:
    """``seed`` and ``name`` make its CA, a root and one intermediate (assumed)."""

    name: str
    seed: int
    lifetime_days: int = CLOUD_LIFETIME.value
    renews_days: int = CLOUD_RENEWS.value
    reachable: bool = True
    made: int = MADE
    issued: int = 0
    systems: dict[str, Supplied] = field(default_factory=dict)

    def __deepcopy__(self, memo: object) -> Cloud:
        return replace(self, systems=dict(self.systems))

    @property
    def authority(self) -> PeerAuthority:
        return authority.establish(self.name, self.seed, CLOUD, 1, self.made)

    def supply(self, system: str, request: bytes, now: int) -> tuple[bytes, ...] | None:
        """The chain of an identity for a system, None when the cloud cannot be reached.

        The same request again gives the same certificate until an update is due. NotAccepted says what is wrong
        with a request, NotSigned why the CA does not sign.
        """
        if not self.reachable:
            return None
        wanted = signing_requests.read(request)
        digest = hashlib.sha256(wanted.der).digest()
        known = self.systems.get(system)
        if known and known.request == digest and not self.update_due(system, now):
            return known.chain
        if known is None and len(self.systems) >= MOST_SYSTEMS:
            raise authority.NotSigned(f"the cloud has {MOST_SYSTEMS} systems already")
        chain = authority.sign(self.authority, wanted, self.issued + 1, now, self.lifetime_days)
        self.issued += 1
        self.systems[system] = Supplied(digest, chain)
        return chain

    def update_due(self, system: str, now: int) -> bool:
        """Whether the cloud wants a system to ask again: it has nothing, or not for long."""
        known = self.systems.get(system)
        return self.reachable and (known is None or dates(known.chain[0])[1] - now < self.renews_days * DAY)
