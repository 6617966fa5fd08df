"""What a field may hold: each check returns the value to keep, or raises ValueError with a sentence to act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ignition import zones

Check = Callable[[str], str]

# RFC 5280, ub-common-name: 64 characters, of which ipoffice-root-….avaya.com takes 24.
LONGEST_HOST_NAME = 40
YES, NO = "yes", "no"
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_NAME = 253  # RFC 1035, 2.3.4, without the last dot
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_FIRST_YEAR, _LAST_YEAR = 2000, 2099


def required(check: Check, what: str) -> Check:
    """A field that may not stay empty."""

    def checked(text: str) -> str:
        if not text:
            raise ValueError(f"Enter {what}.")
        return check(text)

    return checked


def optional(check: Check) -> Check:
    """A field that may stay empty."""
    return lambda text: check(text) if text else ""


def flag(text: str) -> str:
    if text not in ("", YES, NO):
        raise ValueError("Choose yes or no.")
    return text or NO


def anything(text: str) -> str:
    return text


def address(text: str) -> str:
    """The IPv4 address of a host."""
    try:
        found = IPv4Address(text)
    except ValueError:
        raise ValueError("Enter an IPv4 address such as 192.168.42.1.") from None
    if found in _THIS_NETWORK or found.is_multicast or found.is_unspecified or found.is_loopback or found.is_reserved:
        raise ValueError(f"{found} cannot be the address of a host on a LAN.")
    return str(found)


def mask(text: str) -> str:
    """A subnet mask, dotted or as a prefix length; kept dotted."""
    try:
        network = IPv4Network(f"0.0.0.0/{text.removeprefix('/')}")
    except ValueError:
        raise ValueError("Enter a subnet mask such as 255.255.255.0.") from None
    if not 8 <= network.prefixlen <= 30 or (str(network.netmask) != text and "." in text):
        raise ValueError("Enter a subnet mask from 255.0.0.0 to 255.255.255.252.")
    return str(network.netmask)


def host_name(text: str) -> str:
    """A host name, perhaps with its domain (RFC 1123, 2.1)."""
    if len(text) > LONGEST_HOST_NAME:
        raise ValueError(f"Use at most {LONGEST_HOST_NAME} characters: the name becomes part of the certificates.")
    if not _is_name(text):
        raise ValueError("Use letters, digits and hyphens, such as server1 or server1.example.com.")
    return text


def is_host_name(text: str) -> bool:
    """Whether a certificate can name such a host."""
    return len(text) <= LONGEST_HOST_NAME and _is_name(text)


def _is_name(text: str) -> bool:
    labels = text.split(".")
    return all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def host(text: str) -> str:
    """A server, by name or address."""
    if re.fullmatch(r"[0-9.]+", text):
        return address(text)
    if len(text) > _LONGEST_NAME or not _is_name(text):
        raise ValueError("Enter a host name or an IPv4 address such as 0.pool.ntp.org.")
    return text


def local_time(text: str) -> str:
    """A date and time of the chosen zone, kept as ``YYYY-MM-DDTHH:MM:SS``."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?", text):
        raise ValueError("Enter date and time such as 2026-11-23 09:00.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("There is no such date or time.") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"The clock can be set from the year {_FIRST_YEAR} to {_LAST_YEAR}.")
    return moment.isoformat(timespec="seconds")


def time_zone(text: str) -> str:
    if text not in zones.names():
        raise ValueError("Choose a time zone of the list, such as Europe/Berlin.")
    return text


def together(host: str, subnet_mask: str, gateway: str) -> dict[str, str]:
    """What is wrong with a checked address, its mask and its gateway together, by field."""
    network = IPv4Interface(f"{host}/{subnet_mask}").network
    ends = (str(network.network_address), str(network.broadcast_address))
    if host in ends:
        return {"address": f"{host} is the address of the network {network} itself, not of a host in it."}
    if gateway and (IPv4Address(gateway) not in network or gateway in ends):
        return {"gateway": f"The gateway must be a host of the subnet {network}."}
    if gateway == host:
        return {"gateway": "The gateway must be another host than this one."}
    return {}
