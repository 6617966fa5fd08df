"""What a platform is: one frozen value in one file of ``platforms/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firmware.device.flash import Geometry
from firmware.machine import BringUp
from firmware.release import RELEASES, Release
from firmware.security.policy import Rule
from firmware.security.profiles import Profile

if TYPE_CHECKING:
    from firmware.appliance import Appliance
    from firmware.configuration import Configuration


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A hardware target.

    ``nvm_records`` gives each NVM record's blocks a slot; ``slots`` the card slots in order. ``operations`` is what can
    be done to a unit from outside: name -> function of the appliance and keyword arguments. ``furnish`` gives a new
    unit its cards; ``runs`` tells the release that a unit would start with; ``objections`` what is wrong with the
    certificate it presents; ``stored_configuration`` what configuration it keeps.
    """

    name: str
    title: str
    since: str
    default_mac: str
    nvm: Geometry
    nvm_records: Mapping[str, int]
    card: Geometry
    slots: tuple[str, ...]
    profile: Profile
    policy: tuple[Rule, ...]
    bring_up: BringUp[Any]
    operations: Mapping[str, Callable[..., None]]
    furnish: Callable[[Appliance, Release], None]
    runs: Callable[[Appliance], str | None]
    objections: Callable[[Appliance], list[str]]
    stored_configuration: Callable[[Appliance], Configuration | None]

    def releases(self) -> tuple[Release, ...]:
        """The releases that exist for this platform, oldest first."""
        return tuple(release for release in RELEASES if release.number >= tuple(map(int, self.since.split("."))))
