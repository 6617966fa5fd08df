"""One unit: its parts, clock, panel, state and journal. Holds, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from firmware.configuration import Configuration
from firmware.device.clock import Clock
from firmware.device.entropy import Entropy
from firmware.device.flash import FlashPart
from firmware.device.panel import Card, Light, Slot
from firmware.device.power import Rail
from firmware.journal import Journal
from firmware.machine import Lights, State
from firmware.platform import Platform
from firmware.release import Release
from firmware.security.authority import Authority
from firmware.security.certificates import Identity
from firmware.security.sealed import SealedRecords
from firmware.security.settings import SecuritySettings, Vault

NVM = "nvm"  # the name of an IP500 V2's internal memory


class Reply(Protocol):
    """What a SCEP server answers to an HTTP request (RFC 8894, 4)."""

    @property
    def content_type(self) -> str: ...

    @property
    def body(self) -> bytes: ...


class ScepServer(Protocol):
    """:class:`firmware.peers.system_manager.SystemManager` is one."""

    def answer(self, operation: str, message: bytes, now: int) -> Reply: ...


class CertificateSupply(Protocol):
    """:class:`firmware.peers.cloud.Cloud` is one. None: it does not answer now."""

    def supply(self, system: str, request: bytes, now: int) -> tuple[bytes, ...] | None: ...


class Surroundings(Protocol):
    """What the unit's network answers; :mod:`firmware.peers.network` is one such. Addresses are ``a.b.c.d/prefix``."""

    def dhcp(self, lan: int) -> str | None: ...

    def bootp(self, mac: str) -> str | None:
        """The version of the firmware that Manager sends to this MAC, or None."""

    def time(self, now: int) -> int | None: ...

    def host_time(self, now: int) -> int | None:
        """What the clock of the unit shows that a module sits in; None: not set."""

    def name_of(self, address: str) -> str | None:
        """The name that DNS gives for an address."""

    def reaches(self, server: str) -> bool:
        """Whether an NTP server of this name or address is the one that answers."""

    def system_manager(self, name: str) -> ScepServer | None:
        """The System Manager of this name, if it answers."""

    def cloud(self) -> CertificateSupply | None:
        """The cloud of a subscription, if it answers."""

    def syslog(self, destination: str, message: bytes) -> None:
        """Send a datagram to a syslog receiver; whether one is there, the sender never knows."""


@dataclass
class Ram:
    """What a power cut loses. A start begins with a new one, so nothing survives a reset but the flash.

    Every value in it is immutable, so a copy is a copy of its dictionary. ``server`` and ``wizard`` are what ignition
    keeps of a Linux server's settings and of its wizard. ``sip_tls`` is what the configuration said of each LAN's SIP
    over TLS when the unit came up: it is in force until the next start.
    """

    place: str | None = None
    release: Release | None = None
    firmware: bytes = b""
    stored_configuration: bytes | None = None
    sd_light: Light | None = None
    configuration: Configuration | None = None
    sip_tls: tuple[bool, ...] = (False, False)
    settings: SecuritySettings | None = None
    identity: Identity | None = None
    alarms: tuple[str, ...] = ()
    held_button: str | None = None
    restart_after_saving: bool = True
    off_for: int | None = None
    skip_nightly: bool = False
    nightly_at: int | None = None
    reboot_at: int | None = None
    resuming: bool = False
    renews_key: bool = False
    configuration_defaulted: bool = False
    store_files: bool = False
    installation: int = 0
    host_name: str = ""
    authority: Authority | None = None
    said: tuple[tuple[str, str, str, str], ...] = ()  # what firmware.credentials.expiry has found
    server: object | None = None
    wizard: object | None = None

    def copy(self) -> Ram:
        other = Ram.__new__(Ram)
        other.__dict__ = self.__dict__.copy()
        return other


class Appliance:
    """A unit. ``clock.now`` is the simulated time it has reached; ``timers`` what is due next."""

    __slots__ = (
        "clock", "entropy", "held_button", "internal", "journal", "lights", "mac", "modules_up", "name", "platform",
        "rail", "ram", "records", "sealed", "slots", "state", "surroundings", "timers", "vault",
    )  # fmt: skip

    def __init__(
        self,
        platform: Platform,
        *,
        mac: str,
        seed: int,
        clock: Clock,
        surroundings: Surroundings,
        journal: Journal | None = None,
        name: str = "unit",
    ) -> None:
        self.platform = platform
        self.mac = mac
        self.name = name
        self.entropy = Entropy(seed, mac)
        self.clock = clock
        self.surroundings = surroundings
        self.journal = journal if journal is not None else Journal()
        self.rail = Rail()
        self.attach_internal(FlashPart(platform.storage.name, platform.storage.geometry, self.rail))
        self.slots = {name: Slot(name) for name in platform.slots}
        self.ram = Ram()
        self.held_button: str | None = None
        self.modules_up: frozenset[str] = frozenset()
        self.state = platform.bring_up.initial
        self.lights = Lights()
        self.timers: dict[str, int] = {}

    def attach_internal(self, part: FlashPart) -> None:
        """Make ``part`` the unit's internal memory or disk."""
        self.internal = part
        self.records = self.platform.storage.open(part, self.platform.storage.layout)
        self.sealed = SealedRecords(self.records, self.entropy)
        self.vault = Vault(self.sealed)

    @property
    def release(self) -> Release:
        """The release that is running."""
        assert self.ram.release is not None
        return self.ram.release

    @property
    def chance(self) -> Entropy:
        """The chance of this installation of the software: a server that is installed anew draws anew."""
        number = self.ram.installation
        return Entropy(self.entropy.seed, f"{self.mac}/{number}") if number else self.entropy

    def parts(self) -> dict[str, FlashPart]:
        """Every flash part of the unit by name, the cards in its slots included."""
        cards = {slot.name: slot.card.part for slot in self.slots.values() if slot.card}
        return {self.internal.name: self.internal, **cards}

    def note(self, kind: str, **data: Any) -> None:
        """Write an event into the journal at the unit's simulated time."""
        self.journal.add(self.clock.now, self.name, kind, data)

    def entered(self, state: State[Any]) -> None:
        self.lights = lights = state.lights
        if self.ram.sd_light is not None and lights.sd is not Light.OFF:
            self.lights = lights = replace(lights, sd=self.ram.sd_light)
        shown = {led: getattr(lights, led).label for led in self.platform.leds}
        self.note("state", state=state.name, about=state.about, **shown)

    def show_sd(self, light: Light, why: str) -> None:
        """The System SD LED shows this from now on, whatever the state would have it show, until the next start."""
        if self.ram.sd_light is not light:
            self.ram.sd_light = light
            self.lights = replace(self.lights, sd=light)
            self.note("led", led="SD", shows=light.label, why=why)

    def insert(self, slot: str, card: Card) -> None:
        """Put a card into a slot: its part now lives on this unit's power and bears the slot's name."""
        card.part.rail, card.part.name = self.rail, slot
        self.slots[slot].card = card

    def remove(self, slot: str) -> Card | None:
        """Take the card out. It keeps its contents; on a rail of its own it has no power."""
        card, self.slots[slot].card = self.slots[slot].card, None
        if card is not None:
            card.part.rail, card.part.mirror = Rail(), None
        return card

    def copy(self) -> Appliance:
        """The same unit in the same state, from here on apart: a sweep forks instead of starting over."""
        other = Appliance.__new__(Appliance)
        other.platform, other.mac, other.name, other.entropy = self.platform, self.mac, self.name, self.entropy
        other.surroundings, other.state, other.lights = self.surroundings, self.state, self.lights
        other.held_button, other.modules_up = self.held_button, self.modules_up
        other.clock = self.clock.copy()
        other.journal = self.journal.copy()
        other.rail = rail = self.rail.copy()
        other.internal = self.internal.copy(rail)
        other.records = self.records.on(other.internal)
        other.sealed = self.sealed.on(other.records)
        other.vault = Vault(other.sealed)
        other.slots = {
            name: Slot(name, slot.card.copy(slot.card.part.copy(rail)) if slot.card else None)
            for name, slot in self.slots.items()
        }
        other.ram = self.ram.copy()
        other.timers = self.timers.copy()
        return other
