"""What a unit is to keep, as plain values: written from the documents and design.md's promises, not from the product.

A unit's flash is a mapping of names to values. An operation leads through stages, each such a mapping: uncut, the last
one must be found; after a power cut, of each name the value of some stage; what is found is the model from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

State = Mapping[str, Any]
Stages = list[State]

NEW = "new"  # an identity or CA that is made here and now: nobody knows its bytes yet
OWN_CA = "the unit's CA"  # in a trusted certificate store: whatever certificates the unit's CA has by then
COMMANDED, REMOVED = (
    "commanded",
    "file removed",
)  # of a default command's mark: what comes to the card then is no more its
MAYBE = None  # of ``due``: a cut has left it open

SECURED = ("Unsecure + Secure", "Secure Low", "Secure Medium", "Secure High")
NEW_LANS = ((True, ""), (True, ""))
FALLBACK = ("192.168.42.1/24", "192.168.43.1/24")


@dataclass(frozen=True)
class Security:
    """The security settings: one record, so never mixed. Certificates and keys by their SHA-256.

    ``due``: an identity was wanted and is still to be made, whatever else; not on the flash, so it is not compared.
    """

    generation: int
    identity: str | None
    made: bool
    trusted: frozenset[str]
    services: tuple[tuple[str, str], ...]
    users: tuple[tuple[str, bool, bool], ...]
    chain: bool
    checks: tuple[str, str] = ("None", "None")
    renews: bool = True
    telephony: str | None = None
    requests: bool = False
    member: str | None = None
    waits: bool = False
    due: bool | None = field(default=False, compare=False)

    def gone(self, *, due: bool | None = False) -> Security:
        return replace(self, identity=None, due=due)

    def new(self, *, trusted: Iterable[str] = (), made: bool = True) -> Security:
        """Another identity over a key that was never seen."""
        more = self.trusted.union(trusted)
        return replace(self, generation=self.generation + 1, identity=NEW, made=made, trusted=more, due=False)

    def is_needed(self) -> bool:
        return any(level in SECURED for _, level in self.services)


def at_least(release: str, version: str) -> bool:
    return [int(part) for part in release.split(".")] >= [int(part) for part in version.split(".")]


def factory_settings(release: str, generation: int, vendor: frozenset[str]) -> Security:
    """After a security default, and before anything was set. (S, R62, K9, MC)"""
    names = ("Configuration", "Security Administration", "System Status Interface", "Web Services")
    if at_least(release, "9.1"):
        services = (("HTTP", "Unsecure + Secure"), *((name, "Secure Medium") for name in names))
    else:
        services = (("HTTP", "Unsecure Only"), *((name, "Unsecure Only") for name in names))
    users = tuple((name, False, True) for name in ("security", "Administrator", "EnhTcpaService", "BranchAdmin"))
    return Security(generation, None, True, vendor, services, users, chain=at_least(release, "11.1"))


@dataclass(frozen=True)
class Config:
    """A configuration. ``lans``: whether it is a DHCP client, and its address."""

    system_name: str
    lans: tuple[tuple[bool, str], ...] = NEW_LANS
    sip_tls: tuple[bool, ...] = (False, False)
    users: tuple[tuple[str, str], ...] = ()
    primary: str = ""
    sip_domain: str = ""
    sip_fqdn: str = ""
    syslog: tuple[str, ...] = ()
    client_certificates: str = "off"

    def with_lan(self, lan: int, address: str | None) -> Config:
        """A fixed address, or a DHCP client that begins with the one it had."""
        changed = (False, address) if address else (True, self.lans[lan][1])
        return replace(self, lans=tuple(changed if n == lan else old for n, old in enumerate(self.lans)))

    def addressed(self, leases: Mapping[int, str]) -> Config:
        """With the addresses that a start takes. (MAN)"""
        lans = tuple(
            (dhcp, (leases.get(n) if dhcp else None) or address or FALLBACK[n])
            for n, (dhcp, address) in enumerate(self.lans)
        )
        return replace(self, lans=lans)

    def named(self, extension: str, name: str) -> Config:
        return replace(self, users=tuple((number, name if number == extension else old) for number, old in self.users))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address.partition("/")[0] for _, address in self.lans)


USERS_OF_A_NEW_UNIT = tuple((str(number), f"Extn{number}") for number in range(201, 209))  # BG


# What each operation does to the identity, by certificates.md section 3; "needed" where R6.2 makes it when needed.
# name -> (since this release, before it)
KEPT, MADE, GONE, GIVEN = "kept", "new key", "gone", "given"
IP500V2_IDENTITY: Mapping[str, tuple[str, str]] = {
    "power_on": (KEPT, KEPT),
    "power_on, reset held": (MADE, MADE),
    "press": (KEPT, KEPT),
    "default_security": (MADE, MADE),
    "delete_certificate": (MADE, GONE),
    "set_service": (KEPT, KEPT),
    "default_configuration": (KEPT, KEPT),
    "set_address": (KEPT, KEPT),
    "change_at_phone": (KEPT, KEPT),
    "card_removed": (KEPT, KEPT),
    "set_clock": (KEPT, KEPT),
    "restore_configuration": (KEPT, KEPT),
    "upgrade": (KEPT, KEPT),
    "reboot": (KEPT, KEPT),
    "shutdown": (KEPT, KEPT),
    "set_identity": (GIVEN, GIVEN),
    "share_identity": (KEPT, KEPT),
    "trust": (KEPT, KEPT),
    "distrust": (KEPT, KEPT),
    "set_sip": (KEPT, KEPT),
    "set_sip_tls": (KEPT, KEPT),
    "set_client_certificates": (KEPT, KEPT),
    "set_chain": (KEPT, KEPT),
    "set_checks": (KEPT, KEPT),
    "enrol": (GIVEN, GIVEN),
    "subscribe": (GIVEN, KEPT),
    "set_alarms": (KEPT, KEPT),
    "administrator_log_in": (KEPT, KEPT),
    "initial_configuration": (KEPT, KEPT),
}
# name -> (a root: Primary, Application Server, UCM; a node: Secondary, Expansion). For an identity that was made here.
LINUX_IDENTITY: Mapping[str, tuple[str, str]] = {
    "power_on": (KEPT, KEPT),
    "shutdown": (KEPT, KEPT),
    "reboot": (KEPT, KEPT),
    "reinstall": (GONE, GONE),
    "upgrade": (KEPT, KEPT),
    "default_security": (MADE, MADE),
    "set_address": (MADE, KEPT),
    "set_host_name": (MADE, KEPT),
    "initial_configuration": (KEPT, KEPT),
    "set_clock": (KEPT, KEPT),
    "card_removed": (KEPT, KEPT),
    "set_identity": (GIVEN, GIVEN),
    "share_identity": (KEPT, KEPT),
    "trust": (KEPT, KEPT),
    "distrust": (KEPT, KEPT),
    "set_sip": (MADE, KEPT),
    "set_sip_tls": (KEPT, KEPT),
    "set_client_certificates": (KEPT, KEPT),
    "set_chain": (KEPT, KEPT),
    "set_checks": (KEPT, KEPT),
    "enrol": (GIVEN, GIVEN),
    "subscribe": (GIVEN, GIVEN),
    "set_alarms": (KEPT, KEPT),
    "administrator_log_in": (KEPT, KEPT),
    "set_renewal": (KEPT, KEPT),
    "make_request": (KEPT, KEPT),
    "import_certificate": (GIVEN, GIVEN),
    "renew_authority": (KEPT, KEPT),
    "create_authority": (MADE, MADE),
    "import_authority": (MADE, MADE),
    "export_authority": (KEPT, KEPT),
    "issue_certificate": (KEPT, KEPT),
}
