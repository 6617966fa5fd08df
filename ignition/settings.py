"""What ignition has set on a Linux server beside its configuration: text files as such a server has them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

from firmware.appliance import Appliance
from firmware.errors import StorageError
from firmware.memo import memoise
from ignition import disk

T = TypeVar("T", bound="TextFile")


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
    """Which applications run (yes or no; empty: this server has none), and the companding law."""

    companding: str
    one_x_portal: str = ""
    voicemail_pro: str = ""


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
    """What is on the disk; defaults where a file is missing or damaged."""
    return ServerSettings(
        _read(unit, disk.NETWORK, Network, Network(unit.mac)),
        _read(unit, disk.CLOCK, Clock, Clock("Etc/UTC")),
        _read(unit, disk.SERVICES, Services, Services("a-law")),
    )


def _read(unit: Appliance, record: str, kind: type[T], default: T) -> T:
    try:
        data = unit.records.read(record)
    except StorageError:
        return default
    return default if data is None else _parse(data, kind)


@memoise(4096)
def _parse(data: bytes, kind: type[T]) -> T:
    pairs = dict(line.partition("=")[::2] for line in data.decode().splitlines())
    return kind(**{f.name: pairs.get(f.name.upper(), "") for f in fields(kind)})


def accounts(unit: Appliance) -> dict[str, str]:
    """The Linux accounts: name -> hash."""
    try:
        data = unit.records.read(disk.ACCOUNTS) or b""
    except StorageError:
        return {}
    return dict(line.split(":", 1) for line in data.decode().splitlines())


def accounts_to_bytes(found: dict[str, str]) -> bytes:
    return "".join(f"{name}:{kept}\n" for name, kept in found.items()).encode()
