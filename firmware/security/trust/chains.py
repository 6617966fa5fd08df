"""Chains of certificates: from the one presented, issuer by issuer, up to a root in the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from firmware.memo import memoise
from firmware.security.trust.members import Member, may_have_issued, member, readable, signature_fault

LONGEST = 8  # assumed: certificates in a chain, root and all; importing.LONGEST_CHAIN is the same
MOST_TRIES = 256  # assumed: of one certificate as another's issuer; so much work a hostile peer can make, and no more


@dataclass(frozen=True, slots=True)
class Chain:
    """Certificates (DER), each followed by its issuer. ``end``: why it leads nowhere, empty when its last one is a
    root in the store. ``faults``: what is wrong with the signatures on the way."""

    path: tuple[bytes, ...]
    end: str
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.end and not self.faults


@memoise(4096)
def chains(presented: tuple[bytes, ...], store: tuple[bytes, ...]) -> tuple[Chain, ...]:
    """Every chain from the first certificate presented, through the store's and the other presented ones; at least
    one, even if it ends at once. Those with good signatures stand alone where there are any. Nothing depends on time.
    """
    trusted = readable(store)
    search = _Search(trusted, readable((*store, *presented)))
    found = [_chain(path, trusted, search) for path in search.upward(member(presented[0]))]
    return tuple([chain for chain in found if chain.holds] or found)


class _Search:
    """Short ways first, and the store's certificates before others, until :data:`MOST_TRIES` are used up."""

    def __init__(self, trusted: tuple[Member, ...], known: tuple[Member, ...]) -> None:
        self.trusted = {one.der for one in trusted}
        self.known = known
        self.tries = MOST_TRIES

    def upward(self, own: Member) -> Iterator[tuple[Member, ...]]:
        paths: deque[tuple[Member, ...]] = deque([(own,)])
        while paths:
            path = paths.popleft()
            # A self-signed certificate is an end: in the store, or in vain. OpenSSL refuses one whose twin over the
            # same key is in the store, and so do we.
            issuers = [] if path[-1].is_self_signed or len(path) == LONGEST else self._issuers(path)
            paths.extend((*path, issuer) for issuer in issuers)
            if not issuers:
                yield path

    def _issuers(self, path: tuple[Member, ...]) -> list[Member]:
        seen = {one.der for one in path}
        candidates = [one for one in self.known if one.der not in seen and may_have_issued(one, path[-1])]
        candidates = candidates[: self.tries]
        self.tries -= len(candidates)
        return _signers(path[-1], candidates)


def _signers(subject: Member, candidates: Sequence[Member]) -> list[Member]:
    """Those whose signature it bears; all of them when none has signed it, so that there is one to name."""
    signers = [one for one in candidates if not signature_fault(subject.der, one.der)]
    return signers or list(candidates)


def _chain(path: tuple[Member, ...], trusted: tuple[Member, ...], search: _Search) -> Chain:
    faults = (signature_fault(one.der, issuer.der) for one, issuer in pairwise(path))
    return Chain(tuple(one.der for one in path), _end(path, trusted, search), tuple(filter(None, faults)))


def _end(path: tuple[Member, ...], trusted: tuple[Member, ...], search: _Search) -> str:
    """Why the path does not end at a root in the store."""
    last = path[-1]
    nowhere = "no chain to a certificate in the store: "
    if last.is_self_signed:
        if last.der in search.trusted:
            return ""
        twin = any(one.subject == last.subject for one in trusted)
        return f"{nowhere}{last.label} is self-signed and " + (
            "not there; another one of that name is" if twin else "not there"
        )
    if len(path) == LONGEST:
        return f"{nowhere}it is longer than {LONGEST} certificates"
    if search.tries <= 0:
        return f"{nowhere}the search was given up after {MOST_TRIES} tries"
    return f"{nowhere}the issuer {last.issuer_label} is not there"


def offered(identity: bytes, store: Sequence[bytes]) -> tuple[bytes, ...]:
    """What is sent after the identity when "Offer ID certificate chain" is on: from the trusted certificate store each
    one whose subject is the issuer of the one before, up to a root [K9, MC].

    Of several of one name, the one that has signed; if none has, the first all the same: the rule speaks of names.
    Damaged when the identity cannot be read; what cannot be read in the store is passed over.
    """
    path = [member(identity)]
    known = readable(store)
    while len(path) < LONGEST and not path[-1].is_self_signed:
        seen = {one.der for one in path}
        candidates = [one for one in known if one.der not in seen and one.subject == path[-1].issuer]
        if not candidates:
            break
        path.append(_signers(path[-1], candidates)[0])
    return tuple(one.der for one in path[1:])
