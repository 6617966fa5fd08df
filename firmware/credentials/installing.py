"""What an administrator sets as a unit's identity: a ready one, or one that was made from a request of this unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from firmware.appliance import Appliance
from firmware.boot import running
from firmware.credentials import generation, held, identity
from firmware.errors import BadInput, NotNow
from firmware.security import importing, trusted_store
from firmware.security.certificates import Identity, is_address
from firmware.security.importing import NotAccepted
from firmware.security.keys import KeyPair, derive
from firmware.security.policy import Outcome, Trigger
from firmware.security.settings import Origin, SecuritySettings, SigningRequest


def set_identity(unit: Appliance, data: bytes, password: str = "", *, telephony: bool = False) -> None:
    """Set the identity from PKCS#12 or PEM: on every TLS interface, or with ``telephony`` for SIP over TLS only. (U)

    Its signing certificates go to the trusted certificate store. (U) Taken whole, or refused with the unit unchanged.
    """
    running.require(unit, "its certificate cannot be set")
    with _refusal_as_bad_input():
        found = importing.read_identity(data, password, unit.clock.read())
        if not telephony:
            install(unit, found, Trigger.IDENTITY_SET, Origin.SET)
            return
        held.commit(unit, _with_signers(unit, replace(held.settings_of(unit), telephony=found), found))
        unit.note("certificate.installed", service="telephony", how=Origin.SET.value, sha256=found.fingerprint)


@contextmanager
def _refusal_as_bad_input() -> Iterator[None]:
    """What is not accepted is the fault of whoever gave it."""
    try:
        yield
    except NotAccepted as error:
        raise BadInput(f"the certificate is not taken: {error}") from None


def share_identity(unit: Appliance) -> None:
    """Let telephony present the identity of management again."""
    running.require(unit, "its certificate cannot be set")
    held.commit(unit, replace(held.settings_of(unit), telephony=None))
    unit.note("certificate.shared")


def install(unit: Appliance, found: Identity, trigger: Trigger, origin: Origin, **changes: Any) -> bool:
    """Let an identity from outside take the place of the present one, if the policy of the platform has it so.

    ``changes`` to the settings are committed with it, as one record. NotAccepted: its signers do not fit in the store.
    A request of this unit that waits for its answer goes on waiting. (assumed)
    """
    rule = identity.rule_of(unit, trigger)
    if rule is None or rule.value is not Outcome.INSTALL:
        if rule is not None:
            unit.note("certificate.declined", why=rule.value.value, basis=rule.cite())
        return False
    changed = replace(held.settings_of(unit), identity=found, origin=origin)
    held.commit(unit, _with_signers(unit, replace(changed, **changes), found))
    unit.note("certificate.installed", service="all", how=origin.value, sha256=found.fingerprint, basis=rule.cite())
    return True


def _with_signers(unit: Appliance, changed: SecuritySettings, found: Identity) -> SecuritySettings:
    """The settings with the signing certificates of an identity in their store."""
    return replace(changed, trusted=trusted_store.added(changed.trusted, found.chain[1:], unit.release))


def request_for(
    unit: Appliance, key: KeyPair, subject: str = "", names: tuple[str, ...] = (), challenge: str = ""
) -> tuple[bytes, tuple[str, ...]]:
    """A signing request (DER) over a key, and the names that it asks for: those of an identity made now, where none are
    given (assumed). BadInput when they cannot stand in one."""
    from firmware.security import signing_requests  # its ASN.1 takes 15 ms to load: few units ever make one

    profile, own = unit.platform.profile, generation.names_of(unit)
    filled = [(kind, own.fill(text)) for kind, text in profile.subject.value]
    wanted = tuple((kind, subject if subject and kind == "CN" else text) for kind, text in filled)
    bare = tuple(dict.fromkeys((dict(wanted)["CN"], str(own.lan1), str(own.lan2))))
    asked = names or tuple(text for _, text in own.entries(profile)) or bare
    addresses = tuple(name for name in asked if is_address(name))
    try:
        dns = tuple(name for name in asked if name not in addresses)
        return signing_requests.make(key, wanted, dns, addresses, challenge), asked
    except ValueError as error:
        raise BadInput(f"no request can be made for these names: {error}") from None


def make_request(unit: Appliance, subject: str = "", names: tuple[str, ...] = ()) -> bytes:
    """A certificate signing request (DER) over a new key, which stays here. (L) One that was made before is void.

    Without a subject or names it asks for those of the present terms of an identity. (assumed)
    """
    running.require(unit, "it can make no request")
    present = held.settings_of(unit)
    number = present.generation + 1  # the number counts on, so that no later identity has this key
    key = derive(unit.chance, "request", number, unit.platform.profile.key.value)
    der, asked = request_for(unit, key, subject, names)
    held.commit(unit, replace(present, generation=number, request=SigningRequest(key, der)))
    unit.note("request.made", subject=subject or asked[0], names=list(asked))
    return der


def import_certificate(unit: Appliance, data: bytes) -> None:
    """Take the certificate that was made from this unit's own request; any other is refused. (L)"""
    running.require(unit, "no certificate can be imported")
    waiting = held.settings_of(unit).request
    if waiting is None:
        raise NotNow("there is no request of this unit that a certificate could be for: make one first")
    with _refusal_as_bad_input():
        chain = importing.read_answer(data, waiting.key, unit.clock.read())
        install(unit, Identity(waiting.key, chain), Trigger.REQUEST_ANSWERED, Origin.REQUESTED, request=None)
