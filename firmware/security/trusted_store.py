"""The trusted certificate store (TCS): how much may be in it. Certificates are DER, in the order of their arrival."""

from __future__ import annotations

from firmware.release import Release
from firmware.security.importing import NotAccepted
from firmware.security.reading import fingerprint, load

Store = tuple[bytes, ...]


def added(store: Store, certificates: tuple[bytes, ...], release: Release) -> Store:
    """The store with these in it; one that is there already is not there twice.

    NotAccepted, and nothing taken, when they do not all fit: the capacity is the release's (assumed).
    """
    grown = tuple(dict.fromkeys((*store, *certificates)))
    capacity = release.tcs_capacity.value
    if len(grown) > max(capacity, len(store)):
        new = len(grown) - len(store)
        raise NotAccepted(
            f"the trusted certificate store has room for {capacity} certificates and holds {len(store)}: "
            f"{new} more do not fit"
        )
    return grown


def removed(store: Store, certificate: bytes) -> Store:
    """The store without this one. NotAccepted when it is not in there."""
    if certificate not in store:
        name = load(certificate).subject.rfc4514_string()
        raise NotAccepted(f"the trusted certificate store does not hold {name} (SHA-256 {fingerprint(certificate)})")
    return tuple(held for held in store if held != certificate)
