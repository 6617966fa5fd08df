"""A CA issues for a different machine: key, certificate and chain, as one identity to be carried there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.basis import assumed
from firmware.device.entropy import Entropy
from firmware.release import Release
from firmware.security.authority import Authority, certified
from firmware.security.certificates import Digest, Identity, Names, issue, serial, validity
from firmware.security.importing import NotAccepted
from firmware.security.keys import KeyKind, derive
from firmware.security.profiles import ISSUED_FOR_ANOTHER
from firmware.security.reading import dates
from firmware.times import DAY, show_time

LONGEST_LIFETIME = 3652  # assumed: as the root's
MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form asks for. (MC: machine IP, subject name, SANs, duration, key size, hash)

    ``names`` are DNS names and addresses; ``days`` None: what the release gives an identity.
    """

    subject: str
    names: tuple[str, ...]
    days: int | None = None
    key: KeyKind = KeyKind.RSA_2048
    digest: Digest = Digest.SHA256


def issue_for(authority: Authority, wanted: Wanted, entropy: Entropy, release: Release, clock: int | None) -> Identity:
    """The ``authority.issued``-th certificate that this CA issues for another machine.

    NotAccepted when it would not be valid for a day under its CA.
    """
    profile = ISSUED_FOR_ANOTHER
    if wanted.days is not None:
        if not 0 < wanted.days <= LONGEST_LIFETIME:
            raise NotAccepted(f"a duration of {wanted.days} days: 1 to {LONGEST_LIFETIME} can be asked for")
        profile = replace(profile, lifetime=assumed(wanted.days))
    if len(wanted.names) > MOST_NAMES:
        raise NotAccepted(f"{len(wanted.names)} alternative names: {MOST_NAMES} are the most")
    not_before, not_after = validity(profile, release, clock)
    _, last = dates(authority.der)
    if last < (not_before if clock is None else clock) + DAY:
        raise NotAccepted(f"the CA is valid until {show_time(last)} only: renew it first")
    number = authority.last << 20 | authority.issued
    key = derive(entropy, "issued", number, wanted.key)
    names = Names(host=wanted.subject, given=wanted.names)
    number_of_certificate = serial(entropy, profile, number)
    return certified(
        authority, key,
        issue(profile, names, key, authority.signer, number_of_certificate, not_before, min(not_after, last),
              wanted.digest),
    )  # fmt: skip
