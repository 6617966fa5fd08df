"""What a platform is: one frozen value in one file of ``platforms/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firmware.basis import Fact
from firmware.device.flash import FlashPart, Geometry
from firmware.machine import BringUp
from firmware.release import RELEASES, Release
from firmware.security.policy import Rule
from firmware.security.profiles import Profile
from firmware.storage.store import Records

if TYPE_CHECKING:
    from firmware.appliance import Appliance
    from firmware.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Storage:
    """What is built in to keep things: a part's ``name`` and ``geometry``, and the ``records`` on it.

    ``layout`` places each record: its blocks a slot on an NVM, its path on a disk; ``open`` makes the store of them.
    ``is_volume``: it also holds a file system that a person can look into.
    """

    name: str
    geometry: Geometry
    layout: Mapping[str, Any]
    open: Callable[[FlashPart, Mapping[str, Any]], Records]
    is_volume: bool


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A hardware target.

    ``slots`` are those for cards and further disks, in order, ``card`` the geometry of what goes into them; ``files``
    names the part that a file lies on when none is named. ``operations`` is what can be done to a unit from outside:
    name -> function of the appliance and keyword arguments. ``furnish`` gives a new unit what the factory gives it;
    ``runs`` tells the release that a unit would start with; ``objections`` what is wrong with the certificate it
    presents; ``stored_configuration`` what configuration it keeps; ``save_configuration`` keeps the running one, the
    text says why.
    ``users`` are those of a new configuration.

    A platform with ``root_profile`` can be the root CA of a network. Ignition can turn a unit into any of its ``kin``;
    ``is_now`` tells, from the flash, into which it was turned. ``rests_in`` names the states in which a unit has come
    up; a ``hosted`` one sits in another unit and has its power and time from it. ``applications`` are those that
    ignition asks about and makes accounts for.
    """

    name: str
    title: str
    since: str
    default_mac: str
    storage: Storage
    card: Geometry
    slots: tuple[str, ...]
    files: str
    leds: tuple[str, ...]
    profile: Profile
    root_profile: Profile | None = None
    policy: tuple[Rule, ...]
    bring_up: BringUp[Any]
    rests_in: tuple[str, ...] = ("running",)
    operations: Mapping[str, Callable[..., Any]]
    furnish: Callable[[Appliance, Release], None]
    runs: Callable[[Appliance], str | None]
    objections: Callable[[Appliance], list[str]]
    stored_configuration: Callable[[Appliance], Configuration | None]
    save_configuration: Callable[[Appliance, str], None]
    users: Fact[tuple[tuple[str, str], ...]]
    hunt_groups: Fact[tuple[tuple[str, str], ...]]
    kin: Callable[[], tuple[Platform, ...]] = tuple
    is_now: Callable[[Appliance], Platform] | None = None
    hosted: bool = False
    applications: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """The title with its article, for the middle of a sentence."""
        return f"{'an' if self.title[0] in 'AEIO' else 'a'} {self.title}"

    def releases(self) -> tuple[Release, ...]:
        """The releases that exist for this platform, oldest first."""
        return tuple(release for release in RELEASES if self.takes(release))

    def takes(self, release: Release) -> bool:
        """Whether there is software of this release for it."""
        return release.number >= tuple(map(int, self.since.split(".")))

    def volumes(self) -> tuple[str, ...]:
        """The parts that hold a file system."""
        return (self.storage.name, *self.slots) if self.storage.is_volume else self.slots


def operate(unit: Appliance, operation: str, **arguments: Any) -> None:
    """Do one of the things that can be done to a unit from outside, by its name."""
    unit.platform.operations[operation](unit, **arguments)
