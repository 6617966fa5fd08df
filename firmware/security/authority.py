"""A certificate authority of a unit: made by ignition or imported, kept apart from the security settings."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.release import Release
from firmware.security.certificates import (
    Identity,
    Names,
    Signer,
    issue,
    serial,
    validity,
)
from firmware.security.keys import KeyPair, derive
from firmware.security.profiles import Profile
from firmware.security.reading import ATTRIBUTES, describe, fingerprint, load, public_key_of
from firmware.storage.records import AUTHORITY, build, parse

RECORD = "authority"
IMPORTED = 0


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA's key, and its certificate (DER) with those that lead on to a root.

    ``number`` counts the CAs that this unit has made, 0 is an imported one; ``since`` is how many identities the unit
    had made before; ``renewals`` how often the certificate was made anew over the same key; ``issued`` how many it has
    signed for other machines, counted on from the CA before; ``before`` the highest number of a CA made here before it.
    """

    key: KeyPair
    chain: tuple[bytes, ...]
    number: int
    since: int = 0
    renewals: int = 0
    issued: int = 0
    before: int = 0

    @property
    def der(self) -> bytes:
        return self.chain[0]

    @property
    def root(self) -> bytes:
        """The last certificate that is known on the way to the root: what clients put into their store."""
        return self.chain[-1]

    @property
    def is_imported(self) -> bool:
        return self.number == IMPORTED

    @property
    def last(self) -> int:
        """The highest number of a CA made here: the next one counts on, so that no key comes twice."""
        return max(self.number, self.before)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.der)

    @property
    def signer(self) -> Signer:
        return Signer(self.key, self.der)

    def serial_of(self, entropy: Entropy, profile: Profile, number: int) -> int:
        """The serial number of the unit's ``number``-th identity.

        The first one that a CA made here signs has the root's serial plus 1 (documented B); that the next ones count
        on is assumed. An imported CA has its own book, so a random one is taken (assumed).
        """
        if self.is_imported:
            return serial(entropy, profile, number)
        return load(self.der).serial_number + number - self.since

    def is_whole(self) -> bool:
        """Whether the key is the certificate's."""
        return public_key_of(self.der) == self.key.public_der

    def to_bytes(self) -> bytes:
        return _encode(self)


@memoise(4096)
def _encode(authority: Authority) -> bytes:
    return build(
        AUTHORITY,
        {
            "number": authority.number,
            "since": authority.since,
            "renewals": authority.renewals,
            "issued": authority.issued,
            "before": authority.before,
            "key": authority.key.der,
            "chain": authority.chain,
        },
    )


@memoise(4096)
def from_bytes(data: bytes) -> Authority:
    """Damaged when it is none, or its key is not the certificate's."""
    body = parse(AUTHORITY, data)
    authority = Authority(
        KeyPair(body.key), tuple(body.chain), body.number, body.since, body.renewals, body.issued, body.before
    )
    if not body.chain or not authority.is_whole():
        raise Damaged("a stored CA's key is not that of its certificate")
    return authority


def make(
    profile: Profile,
    entropy: Entropy,
    number: int,
    names: Names,
    release: Release,
    clock: int | None,
    *,
    since: int = 0,
    renewals: int = 0,
) -> Authority:
    """The unit's ``number``-th root CA, made when its clock read ``clock``; a renewal has the same key."""
    key = derive(entropy, "authority", number, profile.key.value)
    not_before, not_after = validity(profile, release, clock)
    # Far apart, so that no identity's serial number ever meets another CA certificate's.
    number_of_certificate = serial(entropy, profile, number << 16 | renewals)
    der = issue(profile, names, key, None, number_of_certificate, not_before, not_after)
    return Authority(key, (der,), number, since, renewals)


def host_of(authority: Authority, profile: Profile) -> str:
    """The host name in a CA's own name, as it was when the CA was made: a renewal keeps it, so that what the CA has
    signed still leads to it."""
    (template,) = [text for kind, text in profile.subject.value if kind == "CN"]
    (name,) = load(authority.der).subject.get_attributes_for_oid(ATTRIBUTES["CN"])
    before, _, after = template.partition("{host}")
    return str(name.value).removeprefix(before).removesuffix(after)


def certified(authority: Authority, key: KeyPair, der: bytes) -> Identity:
    """An identity that this CA has signed, with the chain that leads on."""
    return Identity(key, (der, *authority.chain))


def shown(authority: Authority) -> dict[str, str | list[str]]:
    """What a person wants to see of a CA, as text."""
    return {"origin": "imported" if authority.is_imported else "made here", **describe(authority.der)}
