"""What ignition has set on a Linux server beside its configuration: text files as such a server has them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

from firmware.appliance import Appliance
from firmware.boot import alarms
from firmware.errors import StorageError
from firmware.memo import memoise
from firmware.platform import Platform
from ignition import checks, disk

T = TypeVar("T", bound="TextFile")

FALLBACK_ACCOUNT = "web-control"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of ``NAME=value`` lines, a line a field."""

    def to_bytes(self) -> bytes:
        return "".join(f"{f.name.upper()}={getattr(self, f.name)}\n" for f in fields(self)).encode()


@dataclass(frozen=True, slots=True)
class Network(TextFile):
    """``hostname`` is the name that the certificates bear, ``given_name`` what was typed: perhaps nothing."""

    hostname: str
    given_name: str = ""
    gateway: str = ""
    dns1: str = ""
    dns2: str = ""


@dataclass(frozen=True, slots=True)
class Clock(TextFile):
    """``ntp_server`` empty: the time is set by hand, or comes from the host of a module."""

    zone: str
    ntp_server: str = ""


@dataclass(frozen=True, slots=True)
class Services(TextFile):
    """Which applications run (yes or no; empty: this server has none), the companding law, the server's role."""

    companding: str
    one_x_portal: str = ""
    voicemail_pro: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """All of them together, as a running server has them in RAM."""

    network: Network
    clock: Clock
    services: Services


def write(unit: Appliance, record: str, content: bytes) -> None:
    """Replace a record, unless it holds this already."""
    try:
        present = unit.records.read(record)
    except StorageError:
        present = None
    if present != content:
        unit.records.replace(record, content)


def load(unit: Appliance) -> ServerSettings:
    """What is on the disk; defaults, and an alarm, where a file is missing or damaged."""
    return ServerSettings(
        _read(unit, disk.NETWORK, Network, Network(unit.mac)),
        _read(unit, disk.CLOCK, Clock, Clock("Etc/UTC")),
        _read(unit, disk.SERVICES, Services, Services("a-law")),
    )


def _read(unit: Appliance, record: str, kind: type[T], default: T) -> T:
    found = stored(unit, record, kind)
    if found is None:
        alarms.raise_alarm(unit, record, "missing or damaged: defaults are used")
    return found or default


def stored(unit: Appliance, record: str, kind: type[T]) -> T | None:
    """A file as it is on the disk; None when it is missing or damaged."""
    try:
        data = unit.records.read(record)
    except StorageError:
        return None
    found = None if data is None else _parse(data, kind)
    is_nameless = isinstance(found, Network) and found.hostname != unit.mac and not checks.is_host_name(found.hostname)
    return None if is_nameless else found


@memoise(4096)
def _parse(data: bytes, kind: type[T]) -> T | None:
    """None: no text."""
    try:
        pairs = dict(line.partition("=")[::2] for line in data.decode().splitlines())
    except UnicodeDecodeError:
        return None
    return kind(**{f.name: pairs.get(f.name.upper(), "") for f in fields(kind)})


def accounts(unit: Appliance) -> dict[str, str]:
    """The Linux accounts: name -> hash; none when the file is missing or damaged."""
    try:
        data = unit.records.read(disk.ACCOUNTS) or b""
        return dict(line.split(":", 1) for line in data.decode().splitlines())
    except (StorageError, ValueError):
        return {}


def accounts_of(platform: Platform, root: str, administrator: str) -> dict[str, str]:
    """The Linux accounts of a kind of server by the hashes of two passwords.

    An Application Server's and a module's fallback accounts have the Administrator's. (documented APPS)
    """
    applications = [name.lower().replace(" ", "-") for name in platform.applications]
    fallback = (*applications, FALLBACK_ACCOUNT) if applications else ()
    return {"root": root, **dict.fromkeys(("Administrator", *fallback), administrator)}


def mend_accounts(unit: Appliance) -> None:
    """Accounts that are lost have the passwords of the service users again, which were set together with them."""
    if accounts(unit):
        return
    users = {user.name: user.password.decode() for user in (unit.ram.settings.users if unit.ram.settings else ())}
    root, administrator = users.get("security", ""), users.get("Administrator", "")
    if not (root and administrator):
        alarms.raise_alarm(unit, disk.ACCOUNTS, "missing or damaged: nobody can log in until it is installed anew")
        return
    alarms.raise_alarm(unit, disk.ACCOUNTS, "missing or damaged: made anew from the service users")
    with alarms.alarm_on_failure(unit, disk.ACCOUNTS):
        write(unit, disk.ACCOUNTS, accounts_to_bytes(accounts_of(unit.platform, root, administrator)))


def accounts_to_bytes(found: dict[str, str]) -> bytes:
    return "".join(f"{name}:{kept}\n" for name, kept in found.items()).encode()
