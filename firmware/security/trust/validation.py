"""What a client that validates fully says of a certificate: a phone, Workplace, OpenSSL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.security.trust import naming
from firmware.security.trust.chains import Chain, chains
from firmware.security.trust.members import EC, OTHER, RSA, Member, member
from firmware.times import SECOND, show_time

# Keys of the same strength: bits of RSA, bits of an elliptic curve (NIST SP 800-57 part 1, table 2).
CURVE_BITS = {512: 112, 1024: 160, 2048: 224}
LEAST_BITS = 2048  # what OpenSSL's security level 2 asks of every key of a chain; it is the default since 3.2

SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"

# The extensions that may be critical: the ones judged here, and those on policies, which nobody asked us to judge.
_KNOWN = {
    "2.5.29.14": "subject key identifier",
    "2.5.29.15": "key usage",
    "2.5.29.17": "subject alternative name",
    "2.5.29.19": "basic constraints",
    "2.5.29.30": "name constraints",
    "2.5.29.31": "CRL distribution points",
    "2.5.29.32": "certificate policies",
    "2.5.29.33": "policy mappings",
    "2.5.29.35": "authority key identifier",
    "2.5.29.36": "policy constraints",
    "2.5.29.37": "extended key usage",
    "2.5.29.54": "inhibit any policy",
    "1.3.6.1.5.5.7.48.1.5": "OCSP no check",
}


class Purpose(str, Enum):
    """What the judged certificate is used as."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class _Use:
    """What a purpose asks for: an entry of the extended key usage, and one of these key usages (OpenSSL's check)."""

    extended: str
    word: str
    usages: tuple[str, ...]


_USES = {
    Purpose.SERVER: _Use(SERVER_AUTH, "serverAuth", ("digital_signature", "key_encipherment", "key_agreement")),
    Purpose.CLIENT: _Use(CLIENT_AUTH, "clientAuth", ("digital_signature", "key_agreement")),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every objection, each a sentence; and the chain found up to a root in the store, the certificate itself first,
    () if there is none. An expired chain is a chain all the same."""

    objections: tuple[str, ...]
    path: tuple[bytes, ...]

    @property
    def accepted(self) -> bool:
        return not self.objections


def validate(
    presented: Sequence[bytes],
    store: Sequence[bytes],
    now: int | None,
    *,
    names: Sequence[str] = (),
    purpose: Purpose = Purpose.SERVER,
) -> Verdict:
    """As a client that validates fully: chain to the store, dates, CA flags, path length, key usage, extended key
    usage, name constraints, critical extensions, strength, and each of ``names``, by which it reaches the peer.

    ``now`` None: the clock is not set, and no dates are judged (assumed).
    """
    if unreadable := unreadable_ones(presented):
        return Verdict(unreadable, ())
    wrong_name = tuple(objections_to_names(member(presented[0]), names))
    return least_objected(
        Verdict(
            _out_of_date(chain.path, now) + _standing(chain, purpose) + wrong_name,
            chain.path if chain.holds else (),
        )
        for chain in chains(tuple(presented), tuple(store))
    )


def least_objected(verdicts: Iterable[Verdict]) -> Verdict:
    """The one that counts where there are several ways up."""
    return min(verdicts, key=lambda verdict: len(verdict.objections))


def unreadable_ones(presented: Sequence[bytes]) -> tuple[str, ...]:
    """A TLS stack gives up a handshake for any certificate that it cannot read, and for there being none."""
    if not presented:
        return ("no certificate was presented",)
    objections = []
    for number, der in enumerate(presented, 1):
        try:
            member(der)
        except Damaged:
            which = f"certificate {number} of those presented" if number > 1 else "the certificate"
            objections.append(f"{which} cannot be read")
    return tuple(objections)


def objections_to_names(one: Member, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not naming.names(one, name):
            yield f"does not name {name}"


def _out_of_date(path: Sequence[bytes], now: int | None) -> tuple[str, ...]:
    if now is None:
        return ()
    members = [member(der) for der in path]
    return tuple(_of(one, place, said) for place, one in enumerate(members) for said in objections_to_dates(one, now))


def objections_to_dates(one: Member, now: int | None) -> Iterator[str]:
    """Both its first and its last second belong to its life (RFC 5280, 4.1.2.5)."""
    if now is not None and now // SECOND * SECOND > one.not_after:
        yield f"expired {show_time(one.not_after)}"
    if now is not None and now < one.not_before:
        yield f"not valid before {show_time(one.not_before)}"


@memoise(4096)
def _standing(chain: Chain, purpose: Purpose) -> tuple[str, ...]:
    """All that time does not change."""
    members = [member(der) for der in chain.path]
    own = [*objections_to_use(members[0], purpose), *objections_to_critical(members[0])]
    weak = [_of(one, place, said) for place, one in enumerate(members) for said in objections_to_key(one, LEAST_BITS)]
    return (*own, *objections_to_chain(chain, purpose), *weak)


def objections_to_use(one: Member, purpose: Purpose) -> Iterator[str]:
    """To the key usage and the extended key usage of the certificate itself."""
    use = _USES[purpose]
    if one.usages is not None and one.usages.isdisjoint(use.usages):
        yield f"its key usage does not allow {use.word}"
    yield from objections_to_purposes(one, purpose)


def objections_to_purposes(one: Member, purpose: Purpose) -> Iterator[str]:
    use = _USES[purpose]
    if one.purposes is not None and use.extended not in one.purposes:
        yield f"its extended key usage does not have {use.word}"


def objections_to_critical(one: Member) -> Iterator[str]:
    for oid in one.critical:
        if oid not in _KNOWN:
            yield f"its critical extension {oid} is not known"


def objections_to_key(one: Member, least: int) -> Iterator[str]:
    """``least``: in bits of RSA; a key on a curve must be as strong."""
    if one.key_kind == OTHER:
        yield "its key is neither RSA nor on a curve, which is not supported"
    elif (one.key_kind == RSA and one.key_bits < least) or (one.key_kind == EC and one.key_bits < CURVE_BITS[least]):
        yield f"key of {one.key_bits} bit; {least if one.key_kind == RSA else CURVE_BITS[least]} is the least"


def objections_to_chain(chain: Chain, purpose: Purpose) -> Iterator[str]:
    """That it leads nowhere, its signatures, and every issuer in it; dates apart."""
    if chain.end:
        yield chain.end
    yield from chain.faults
    members = [member(der) for der in chain.path]
    below = 0  # CAs between an issuer and the certificate, self-issued ones not counted (RFC 5280, 4.2.1.9)
    for place, one in enumerate(members[1:], 1):
        said = [*_objections_to_ca(one, place == len(members) - 1), *objections_to_purposes(one, purpose)]
        if one.path_length is not None and below > one.path_length:
            said.append(f"its path length is exhausted: it allows {one.path_length} CAs below it, not {below}")
        for words in (*said, *objections_to_critical(one)):
            yield _of(one, place, words)
        below += not one.is_self_issued
    yield from _constraints(members)


def _objections_to_ca(one: Member, is_last: bool) -> Iterator[str]:
    """OpenSSL lets the last one, which somebody has put into the store, pass without basic constraints if its key
    usage says that it signs, or if it is of version 1, which knows no extensions."""
    signs = one.usages is None or "key_cert_sign" in one.usages
    passes = is_last and one.is_ca is None and (one.usages is not None or (one.is_v1 and one.is_self_signed))
    if not one.is_ca and not passes:
        yield "it is no CA: its basic constraints do not say CA:TRUE"
    if not signs:
        yield "it may not sign others: its key usage lacks keyCertSign"


def _constraints(members: Sequence[Member]) -> Iterator[str]:
    """A self-issued certificate in the middle, made for a change of key, is let off (RFC 5280, 6.1.3)."""
    for place, one in enumerate(members):
        if place == 0 or not one.is_self_issued:
            for by in members[place + 1 :]:
                for said in naming.constraint_faults(one, by, is_own=place == 0):
                    yield _of(one, place, said)


def _of(one: Member, place: int, said: str) -> str:
    """Of an issuer the objection says which it is; the certificate itself is what the verdict is about."""
    return said if place == 0 else f"{one.label}: {said}"
