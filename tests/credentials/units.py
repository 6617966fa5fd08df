"""Hands for these tests: files as an administrator has them, the peers around a unit, and what a refusal must be."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from firmware.appliance import Appliance
from firmware.basis import assumed
from firmware.bench.outside import probe
from firmware.credentials import preferences
from firmware.errors import BadInput, NotNow
from firmware.peers import authority
from firmware.peers.authority import PeerAuthority
from firmware.peers.cloud import Cloud
from firmware.peers.network import SILENT, Network, Peers
from firmware.peers.system_manager import Approval, Entry, SystemManager
from firmware.security import signing_requests
from firmware.security.certificates import Identity, Names, is_address, issue
from firmware.security.keys import KeyKind, KeyPair, derive
from firmware.security.profiles import ROOT_CA
from firmware.security.reading import dates, load, pem
from firmware.security.settings import Membership, SecuritySettings
from firmware.times import DAY
from tests.boot import units as boot
from tests.boot.units import START, do, identity_of, images
from tests.ignition.units import ignited
from tests.security.specimen import UNIT

PASSWORD = "p12-secret"  # of files that these tests make
ENROLMENT = "enrolment-secret"  # what a System Manager asks for

KINDS = ("ip500v2", "primary")  # both platforms: NVM and card, or disk
RENEWAL_DAYS = 30  # before its expiry an enrolled identity is renewed (certificates.md: assumed)


def unit_of(kind: str) -> Appliance:
    """A running unit that holds the first identity of its own."""
    return boot.running() if kind == "ip500v2" else ignited(kind)


# Third parties.


def third_party(name: str = "Acme", intermediates: int = 1) -> PeerAuthority:
    return authority.establish(name, 1, intermediates=intermediates)


@cache
def issued(
    name: str = "Acme", number: int = 1, *, days: int | None = None, age: int = 0, names: tuple[str, ...] = ()
) -> Identity:
    """A ready identity of a third party, valid on the day these tests play; ``age`` in ms."""
    asked = tuple(("IP" if is_address(name) else "DNS", name) for name in names or ("phone.example.com",))
    subject = (("CN", names[0] if names else "phone.example.com"),)
    return authority.identity(third_party(name), subject, asked, number, START - age, days)


@cache
def elliptic(name: str = "Acme", number: int = 1) -> Identity:
    """The same over a key of an elliptic curve, which is quick to take in."""
    key = derive(UNIT, "elliptic", number, KeyKind.P_256)
    request = signing_requests.read(signing_requests.make(key, (("CN", "phone.example.com"),), ("phone.example.com",)))
    return Identity(key, authority.sign(third_party(name), request, number, START))


def p12_of(made: Identity, password: str = PASSWORD) -> bytes:
    """As PKCS#12 with few rounds, so that it is quickly opened."""
    own, *others = (load(der) for der in made.chain)
    locked = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1000).build(password.encode())
    return pkcs12.serialize_key_and_certificates(b"identity", made.key.private, own, others, locked)


def pem_of(*ders: bytes) -> bytes:
    return b"".join(pem(der) for der in ders)


def pem_with_key(made: Identity) -> bytes:
    return made.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem_of(*made.chain)


def answer_to(request: bytes, number: int = 1, name: str = "Acme") -> tuple[bytes, ...]:
    """What a third party makes of a request."""
    return authority.sign(third_party(name), signing_requests.read(request), number, START)


@cache
def roots(count: int, units: int = 0) -> tuple[bytes, ...]:
    """As many root certificates of different third parties, over one key: quickly made, each with another name.

    Organisational ``units`` make each of them some 140 bytes longer.
    """
    return tuple(_root(number, units) for number in range(count))


def _root(number: int, units: int, more: str = "") -> bytes:
    subject = (("CN", f"Root {number}{more}"), *(("OU", "u" * 60),) * units)
    profile = replace(ROOT_CA, subject=assumed(subject), san=assumed(()), extended_key_usage=assumed(()))
    key = derive(UNIT, "root of a test", 0, KeyKind.P_256)
    return issue(profile, Names(), key, None, number + 1, START - 100 * DAY, START + 1000 * DAY)


def nearly_full(unit: Appliance) -> Appliance:
    """A unit with so many trusted certificates that the record of its security settings has no room for one more."""
    free = unit.records.capacity("security") - len(unit.records.read("security") or b"")
    fitting = []
    for der in (
        *roots(60, 10),
        *(_root(100 + length, length // 50, "x" * (length % 50)) for length in range(480, 0, -7)),
    ):
        if len(der) + 4 <= free:  # a length goes before each
            fitting.append(der)
            free -= len(der) + 4
    assert 0 <= free < 350
    do(unit, "trust", data=pem_of(*fitting))
    return unit


def another_key() -> KeyPair:
    return derive(UNIT, "another", 1)


# What a unit holds.


def settings_on_flash(unit: Appliance) -> SecuritySettings:
    with probe(unit):
        found = unit.vault.peek()[1]
    assert found is not None
    return found


def settings_in_use(unit: Appliance) -> SecuritySettings:
    """The settings in RAM, which are never others than those on the flash."""
    assert unit.ram.settings is not None
    assert unit.ram.settings == settings_on_flash(unit)
    assert unit.ram.identity == unit.ram.settings.identity
    return unit.ram.settings


def presented(unit: Appliance, *, telephony: bool = False) -> Identity:
    found = preferences.presented(settings_in_use(unit), telephony=telephony)
    assert found is not None
    return found


def refused(unit: Appliance, operation: str, *, error: type[Exception] = BadInput, **arguments: Any) -> str:
    """Why an operation is refused: one sentence, and not a byte of the unit has changed."""
    before, settings, ca = images(unit), unit.ram.settings, unit.ram.authority
    events = len(unit.journal.events)
    with pytest.raises(error) as refusal:
        do(unit, operation, **arguments)
    assert images(unit) == before
    assert (unit.ram.settings, unit.ram.authority) == (settings, ca)
    assert unit.state == "running"
    assert len(unit.journal.events) == events
    said = str(refusal.value)
    assert said
    assert "\n" not in said
    return said


def not_now(unit: Appliance, operation: str, **arguments: Any) -> str:
    return refused(unit, operation, error=NotNow, **arguments)


# The peers around a unit.


def manager(
    name: str = "smgr", *, approval: Approval = Approval.AUTOMATIC, lifetime: int = 825, seed: int = 3
) -> SystemManager:
    return SystemManager(name, seed, ENROLMENT, approval, lifetime)


def among(
    unit: Appliance, *managers: SystemManager, cloud: Cloud | None = None, network: Network = SILENT
) -> Appliance:
    """Put the unit into a network with these peers."""
    peers = Peers({manager.name: manager for manager in managers}, cloud)
    names = tuple(peers.managers)
    unit.surroundings = replace(network, managers=names, has_cloud=cloud is not None, peers=peers)
    return unit


def network_of(unit: Appliance) -> Network:
    assert isinstance(unit.surroundings, Network)
    return unit.surroundings


def isolated(unit: Appliance) -> Appliance:
    """Give a copy of a unit peers of its own, who know what the original's know."""
    unit.surroundings = replace(network_of(unit), peers=deepcopy(network_of(unit).peers))
    return unit


def manager_of(unit: Appliance, name: str = "smgr") -> SystemManager:
    return network_of(unit).peers.managers[name]


def unreachable(unit: Appliance) -> Appliance:
    """The same peers, and nobody of them answers."""
    unit.surroundings = replace(network_of(unit), managers=(), has_cloud=False)
    return unit


def reachable(unit: Appliance) -> Appliance:
    peers = network_of(unit).peers
    unit.surroundings = replace(network_of(unit), managers=tuple(peers.managers), has_cloud=peers.cloud is not None)
    return unit


def book(unit: Appliance, name: str = "smgr") -> list[Entry]:
    """Every transaction that a System Manager knows of."""
    return list(manager_of(unit, name).book.values())


def expiry_of(made: Identity) -> int:
    return dates(made.der)[1]


def enrol(unit: Appliance, password: str = ENROLMENT) -> Appliance:
    return do(unit, "enrol", manager="smgr", password=password)


def decide(unit: Appliance, how: str) -> None:
    """The person at the System Manager decides on the one request that waits."""
    (entry,) = manager_of(unit).pending()
    getattr(manager_of(unit), how)(entry.transaction)


def is_by_manager(unit: Appliance) -> bool:
    return identity_of(unit).chain[1:] == manager_of(unit).authority.chain


def member_of(unit: Appliance) -> Membership:
    member = settings_in_use(unit).membership
    assert member is not None
    return member


@cache
def _enrolled(kind: str, lifetime: int) -> Appliance:
    return enrol(among(unit_of(kind), manager(lifetime=lifetime)))


def enrolled(kind: str = "ip500v2", lifetime: int = 825) -> Appliance:
    """A unit that has enrolled, among peers of its own."""
    return isolated(_enrolled(kind, lifetime).copy())


def cloud_of(unit: Appliance) -> Cloud:
    cloud = network_of(unit).peers.cloud
    assert cloud is not None
    return cloud


def request_of(unit: Appliance) -> bytes:
    """The request that waits for its answer."""
    request = settings_in_use(unit).request
    assert request is not None
    return request.der


def a_request() -> bytes:
    """Somebody's request, as PEM."""
    der = signing_requests.make(another_key(), (("CN", "x"),), ("x",), ())
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)
