"""What a start of an IP500 V2 does by the documents: where the binary comes from, what it begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from firmware.bench.orders import Order, new_unit
from firmware.errors import NotNow
from platforms import load
from tests.boot.units import START
from tests.units.certificates import Certificates
from tests.units.machine import RUNNING
from tests.units.model import (
    COMMANDED,
    IP500V2_IDENTITY,
    MADE,
    NEW_LANS,
    REMOVED,
    USERS_OF_A_NEW_UNIT,
    Config,
    Stages,
    State,
    at_least,
    factory_settings,
)
from tests.units.observing import VENDOR, as_config, ip500v2_flash, names_in

RELEASES = ("6.2", "9.1", "12.3")
KINDS = [("ip500v2", release) for release in RELEASES] + [("ip500v2_expansion", "12.3")]
NONE = "firmware.none"
BINARIES = ("card binary", "nvm binary", "card backup binary", "optional binary", "optional backup binary")  # KB


class Starting(Certificates):
    """``ram`` is the running configuration, ``held`` the button held at power-on,
    ``finals`` how many of a start's last stages may be its end; times are readings of the clock,
    but ``restart_at``, which is simulated time."""

    look = staticmethod(ip500v2_flash)
    ram: Config | None = None
    held: str | None = None
    finals = 1
    reboot_at: int | None = None
    skips_nightly = False
    was_set = False
    restart_at: int | None = None

    @initialize(kind=st.sampled_from(KINDS), seed=st.integers(1, 2))
    def unpack(self, kind: tuple[str, str], seed: int) -> None:
        name, release = kind
        self.begin(new_unit(Order(load(name), release=release, seed=seed), START))
        self.born = START
        self.shelf: Any = None
        self.flash = {**self.flash, "level": None}
        self.has_users = name == "ip500v2"

    # What a start does. (boot.md)

    def chosen(self, flash: State, holding: str | None) -> str | None:
        skipped = BINARIES[:2] if holding == "aux" else ()
        return next((name for name in BINARIES if name not in skipped and flash[name] not in (None, "damaged")), None)

    def started(self, flash: State, holding: str | None = None, *, by_bootp: bool = False) -> Stages:
        """Every stage of a start; sets what RAM holds at its end."""
        place = None if by_bootp else self.chosen(flash, holding)
        stages = [flash]

        def then(**changes: Any) -> None:
            stages.append({**stages[-1], **{name.replace("_", " "): value for name, value in changes.items()}})

        self.forget()
        self.held = holding
        if place is None:
            if not self.around.manager_firmware:
                return stages
            release = self.around.manager_firmware[self.unit.mac]
        else:
            release = flash[place]
        if place == "card binary":
            then(nvm_binary=release)
        if place == "nvm binary" and self.has_card():
            then(card_binary=release)
        if flash["level"] is None:
            then(level=release)
        if flash["mark"] == COMMANDED and self.has_card():  # it was cut short: that is finished first
            then(card=None)
            then(mark=REMOVED)
        self.ram = self.configured(stages[-1], place).addressed(self.around.leases)
        then(lans=self.ram.lans)
        security = flash["security"] or replace(factory_settings(release, 0, VENDOR), due=self.owes)
        if holding == "reset":
            assert IP500V2_IDENTITY["power_on, reset held"][0] == MADE
            security = factory_settings(release, security.generation, VENDOR).gone(due=True)
            then(security=security)
        is_needed = security.is_needed() or any(self.ram.sip_tls) or at_least(release, "9.1")
        if security.identity is None and (security.due or is_needed):
            then(security=security.new())
        elif security.identity is None and security.due is None:
            then(security=security.gone(due=None))
            then(security=security.new())
            self.finals = 2
        return stages

    def configured(self, flash: State, place: str | None) -> Config:
        """The table of boot.md, step 4."""
        beside = flash[place.removesuffix(" binary")] if place and place != "nvm binary" else None
        if isinstance(beside, Config):
            return beside
        if not flash["mark"] and flash["nvm"] is not None:
            assert isinstance(flash["nvm"], Config)
            return flash["nvm"]
        users = USERS_OF_A_NEW_UNIT if self.has_users else ()
        lans = NEW_LANS if flash["mark"] or flash["lans"] is None else flash["lans"]
        return Config(self.unit.mac, lans, users=users)

    def forget(self) -> None:
        self.held, self.finals = None, 1
        self.ram, self.reboot_at, self.skips_nightly, self.was_set, self.restart_at = None, None, False, False, None

    def has_card(self) -> bool:
        return self.unit.slots["system-sd"].card is not None

    def saved(self, flash: State | None = None, ram: Config | None = None) -> State:
        """RAM in the System SD and the NVM; a default command is over with it."""
        flash, ram = flash or self.flash, ram or self.ram
        return {**flash, "nvm": ram, "mark": ""} | ({"card": ram} if self.has_card() else {})

    def lands(self, struck: bool, *states: str) -> None:
        """Where it comes to rest; what RAM then holds."""
        if struck:
            self.forget()
            return
        assert self.unit.state in states, (self.unit.state, states)
        self.know_ram()

    def know_ram(self) -> None:
        if self.unit.state == RUNNING:
            assert as_config(self.unit.ram.configuration) == self.ram
            assert self.ram is not None
            if self.has_new_identity:
                self.has_new_identity = False
                assert self.unit.ram.identity is not None
                if self.security.made:
                    assert set(self.ram.addresses) <= names_in(self.unit.ram.identity.der)

    def boots(self, struck: bool) -> None:
        self.lands(struck, RUNNING if self.ram is not None else NONE)

    def configure(self, name: str, after: Config, /, **arguments: Any) -> None:
        """An operation that changes the configuration, and saves it."""
        refused = None if self.unit.state == RUNNING else NotNow
        stages = [self.flash, self.saved(ram=after)]
        if name in ("set_address", "restore_configuration", "initial_configuration"):
            stages.append({**stages[-1], "lans": after.lans})
        struck = self.do(name, stages, refused=refused, **arguments)
        self.ram = after
        self.lands(struck, RUNNING)

    def restart(self, saving: bool, before: Stages, action: Any) -> None:
        """What ends in another start: of what is saved, or of what is on the flash."""
        stages = [*before, self.saved(before[-1])] if saving else before
        boot = self.started(stages[-1])
        self.boots(self.perform(action, stages + boot, finals=self.finals))
