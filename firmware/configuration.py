"""What an administrator sets: addresses, users, groups. The whole is one file on the card and one record in the NVM."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Interface
from typing import Any

from firmware.basis import Fact, documented, inferred
from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.memo import memoise
from firmware.storage import records

Pairs = tuple[tuple[str, str], ...]

_MAGIC, _VERSION = b"IPOC", 3

# The formats of syslog messages: RFC 3164 (EV) comes first, the other is assumed.
SYSLOG_FORMATS = ("rfc3164", "rfc5424")
# What the SIP registrar asks of a peer over TLS. That a server may ask is documented (SEED), the three words are ours.
CLIENT_CERTIFICATES = ("off", "asked", "required")
# boot.md step 5 (MAN): the addresses of a DHCP client that got no answer.
FALLBACK_ADDRESSES = documented(("192.168.42.1/24", "192.168.43.1/24"), "MAN")
DEFAULT_USERS: Fact[Pairs] = inferred(tuple((str(number), f"Extn{number}") for number in range(201, 209)), "BG")
DEFAULT_HUNT_GROUPS: Fact[Pairs] = inferred((("200", "Main"),), "BG")


@dataclass(frozen=True, slots=True)
class Lan:
    """One LAN port: a DHCP client or a fixed address, as ``a.b.c.d/prefix``; empty: it has not had one yet."""

    dhcp: bool = True
    interface: str = ""

    @property
    def address(self) -> str:
        return self.interface.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Configuration:
    """``lans`` are LAN1 and LAN2, ``sip_tls`` whether each LAN's SIP registrar offers TLS; users by extension.

    ``primary`` is the address of the Server Edition Primary that a device belongs to; empty: it belongs to none.
    ``sip_domain`` and ``sip_fqdn`` are those of the SIP registrar; empty: phones reach it by its addresses.
    ``syslog`` are the addresses that events go to, in one of the formats :data:`SYSLOG_FORMATS`;
    ``client_certificates`` is one of :data:`CLIENT_CERTIFICATES`.
    """

    system_name: str
    lans: tuple[Lan, ...]
    sip_tls: tuple[bool, ...]
    users: tuple[tuple[str, str], ...]
    hunt_groups: tuple[tuple[str, str], ...]
    primary: str = ""
    sip_domain: str = ""
    sip_fqdn: str = ""
    syslog: tuple[str, ...] = ()
    syslog_format: str = SYSLOG_FORMATS[0]
    client_certificates: str = CLIENT_CERTIFICATES[0]

    def with_lan(self, index: int, lan: Lan) -> Configuration:
        return replace(self, lans=tuple(lan if n == index else old for n, old in enumerate(self.lans)))

    def with_user_name(self, extension: str, name: str) -> Configuration:
        users = tuple((number, name if number == extension else old) for number, old in self.users)
        return replace(self, users=users)

    def with_sip(self, domain: str | None, fqdn: str | None) -> Configuration:
        """Another domain or FQDN of the SIP registrar; None leaves the one that is set."""
        return replace(
            self,
            sip_domain=self.sip_domain if domain is None else domain,
            sip_fqdn=self.sip_fqdn if fqdn is None else fqdn,
        )

    def to_bytes(self) -> bytes:
        return _encode(self)


def factory(mac: str, lans: tuple[Lan, ...], users: Pairs, hunt_groups: Pairs) -> Configuration:
    """The configuration of a unit that has none, with the addresses that survived."""
    return Configuration(mac, lans, (False,) * len(lans), users, hunt_groups)


@memoise(4096)
def from_bytes(data: bytes) -> Configuration:
    """Read a stored configuration. Damaged says what does not hold."""
    body = records.parse(records.CONFIGURATION, records.unframe(_MAGIC, _VERSION, data))
    if body.syslog_format not in SYSLOG_FORMATS:
        raise Damaged(f"{body.syslog_format!r} is no format of syslog messages")
    if body.client_certificates not in CLIENT_CERTIFICATES:
        raise Damaged(f"{body.client_certificates!r} says nothing of client certificates")
    return Configuration(
        system_name=body.system_name,
        lans=_lans(body.lans),
        sip_tls=tuple(body.sip_tls),
        users=tuple((user.extension, user.name) for user in body.users),
        hunt_groups=tuple((group.extension, group.name) for group in body.hunt_groups),
        primary=body.primary,
        sip_domain=body.sip_domain,
        sip_fqdn=body.sip_fqdn,
        syslog=tuple(body.syslog),
        syslog_format=body.syslog_format,
        client_certificates=body.client_certificates,
    )


@memoise(4096)
def _encode(configuration: Configuration) -> bytes:
    body = records.build(
        records.CONFIGURATION,
        {
            "system_name": configuration.system_name,
            "lans": _lan_rows(configuration.lans),
            "sip_tls": configuration.sip_tls,
            "users": [{"extension": number, "name": name} for number, name in configuration.users],
            "hunt_groups": [{"extension": number, "name": name} for number, name in configuration.hunt_groups],
            "primary": configuration.primary,
            "sip_domain": configuration.sip_domain,
            "sip_fqdn": configuration.sip_fqdn,
            "syslog": configuration.syslog,
            "syslog_format": configuration.syslog_format,
            "client_certificates": configuration.client_certificates,
        },
    )
    return records.frame(_MAGIC, _VERSION, body)


@memoise(4096)
def lans_to_bytes(lans: tuple[Lan, ...]) -> bytes:
    """The NVM's note of address and mode, which survives a missing configuration (MAN)."""
    return records.build(records.NETWORK, {"lans": _lan_rows(lans)})


@memoise(4096)
def lans_from_bytes(data: bytes) -> tuple[Lan, ...]:
    return _lans(records.parse(records.NETWORK, data).lans)


def _lan_rows(lans: tuple[Lan, ...]) -> list[dict[str, object]]:
    return [{"dhcp": lan.dhcp, "interface": lan.interface} for lan in lans]


def _lans(rows: list[Any]) -> tuple[Lan, ...]:
    for row in rows:
        try:
            IPv4Interface(row.interface or "0.0.0.0/0")
        except ValueError:
            raise Damaged(f"{row.interface!r} is no address of a LAN") from None
    return tuple(Lan(row.dhcp, row.interface) for row in rows)


def sip_password(entropy: Entropy) -> str:
    """The SIP password of the default extensions: not documented, so assumed to be one fixed default a unit."""
    return f"{entropy.drbg('sip password').integer(32) % 10**8:08d}"
