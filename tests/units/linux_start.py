"""What an ignited Linux server starts with; its power and time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from firmware.errors import BadInput, NotNow
from firmware.times import DAY, HOUR
from tests.boot.units import do
from tests.ignition.units import ignited
from tests.units.certificates import Certificates
from tests.units.events import DURATIONS
from tests.units.machine import OFF, RUNNING, is_off, is_on, is_running
from tests.units.model import LINUX_IDENTITY, MADE, MAYBE, OWN_CA, Config, Security, Stages, State
from tests.units.observing import as_config, digest, identities, linux_flash, names_in

KINDS = ("primary", "secondary", "expansion", "application_server", "ucm", "primary, CA imported")
RELEASES = ("11.1", "12.0", "12.3")
DONE, WIZARD = "shutdown.done", "ignition.login"


def is_done(self: Any) -> bool:
    return bool(self.unit.state == DONE and not self.is_lost)


def is_root(self: Any) -> bool:
    return bool(self.flash["CA"] is not None)


class Starting(Certificates):
    """``ram`` is the running configuration: the stored one, with the addresses that DHCP has given."""

    look = staticmethod(linux_flash)
    ram: Config | None = None
    imported = False

    @initialize(kind=st.sampled_from(KINDS))
    def ignite(self, kind: str) -> None:
        unit = ignited(kind)
        do(unit, "set_clock", reading=unit.clock.now)
        self.begin(unit)
        self.born = unit.clock.now
        self.imported = kind == "primary, CA imported"
        assert self.security.generation == 1
        self.ram = self.flash["configuration"]

    # What the table says.

    def remakes(self, name: str) -> bool:
        """Whether an operation makes the identity anew: one that came from outside is the administrator's."""
        return self.security.made and LINUX_IDENTITY[name][0 if is_root(self) else 1] == MADE

    def own(self) -> frozenset[str]:
        return frozenset({OWN_CA} if is_root(self) else ())

    def anew(self, security: Security) -> Security:
        return security.new(trusted=self.own())

    def changed(self, name: str, changes: State, *, remakes: bool, **arguments: Any) -> bool:
        """An operation that writes these records, then perhaps makes the identity anew – which is owed from then on."""
        before, after = self.flash, {**self.flash, **changes}
        stages = [before, after]
        if remakes:
            stages.append({**after, "security": self.anew(after["security"])})

        def owed(seen: State) -> bool | None:
            is_changed = any(seen[key] != before[key] for key in changes if key != "security")
            is_old = seen["security"].identity == before["security"].identity
            is_visible = any(after[key] != before[key] for key in changes if key != "security")
            if remakes and is_old and not is_visible:  # as when the same CA is imported again
                return MAYBE
            if not (remakes and is_changed and is_old):
                return False
            return MAYBE if self.is_named(seen) and seen["CA key"] == before["CA key"] else True

        return self.do(name, stages, owed=owed, **arguments)

    def is_named(self, flash: State) -> bool:
        """Whether the identity names all that the unit is called by: then nobody can tell that it is owed another."""
        named = [names_in(one.der) for one in identities(self.unit) if digest(one.der) == flash["security"].identity]
        config = flash["configuration"]
        wanted = {flash["host"], *config.addresses, config.sip_fqdn, config.sip_domain} - {""}
        return any(wanted <= names for names in named)

    def lands(self, struck: bool, *states: str) -> None:
        if self.unit.state == OFF:
            self.ram = None
        if struck:
            return
        assert self.unit.state in states, (self.unit.state, states)
        if self.unit.state != RUNNING:
            self.ram = None
            return
        assert as_config(self.unit.ram.configuration) == self.ram
        assert self.unit.ram.host_name == self.flash["host"]
        if self.has_new_identity and self.security.made and is_root(self):
            assert self.unit.ram.identity is not None
            assert self.ram is not None
            assert {*self.ram.addresses, self.flash["host"]} <= names_in(self.unit.ram.identity.der)
        self.has_new_identity = False

    def started(self, flash: State) -> Stages:
        self.ram = flash["configuration"].addressed(self.around.leases)
        security = flash["security"]
        stages = [flash]
        if security.identity is None or security.due:
            stages += [{**flash, "security": replace(security, trusted=security.trusted | self.own(), due=True)}]
            stages += [{**flash, "security": self.anew(security)}]
        elif security.due is None:
            stages += [{**flash, "security": self.anew(security)}]
            stages += [{**flash, "security": replace(security, trusted=security.trusted | self.own(), due=False)}]
        else:
            stages += [{**flash, "security": replace(security, trusted=security.trusted | self.own())}]
        return stages

    def restart(self, before: Stages, action: Callable[[], object]) -> None:
        stages = before + self.started(before[-1])
        finals = 2 if before[-1]["security"].due is None else 1
        self.lands(self.perform(action, stages, finals=finals), RUNNING)

    # Power and time.

    @precondition(lambda self: is_off(self) or is_done(self))
    @rule()
    def power_on(self) -> None:
        self.restart([self.flash], self.order("power_on"))

    @precondition(lambda self: is_on(self) and not is_done(self))
    @rule()
    def power_on_what_is_on(self) -> None:
        self.do("power_on", [self.flash], refused=NotNow)

    @precondition(is_off)
    @rule()
    def power_on_with_a_button(self) -> None:
        self.do("power_on", [self.flash], refused=BadInput, holding="reset")

    @precondition(is_running)
    @rule()
    def reboot(self) -> None:
        self.restart([self.flash], self.order("reboot"))

    @precondition(is_running)
    @rule(timed=st.booleans())
    def shutdown(self, timed: bool) -> None:
        if timed:
            self.do("shutdown", [self.flash], refused=BadInput, off_for=HOUR)
        else:
            self.lands(self.do("shutdown", [self.flash]), DONE)

    @precondition(is_running)
    @rule(release=st.sampled_from((*RELEASES, "6.2")))
    def upgrade(self, release: str) -> None:
        if release == "6.2":
            self.do("upgrade", [self.flash], refused=BadInput, release=release)
            return
        self.restart([self.flash, {**self.flash, "release": release}], self.order("upgrade", release=release))

    @precondition(lambda self: is_running(self) or is_done(self))
    @rule(duration=DURATIONS)
    def wait(self, duration: int) -> None:
        state = self.unit.state
        self.lands(self.perform(lambda: self.pass_time(duration), [self.flash]), state)

    @precondition(is_running)
    @rule(by=st.sampled_from((-DAY, 10 * HOUR, 900 * DAY, 0)))
    def set_clock(self, by: int) -> None:
        self.do("set_clock", [self.flash], reading=self.unit.clock.now + by)

    @precondition(is_running)
    @rule()
    def card_removed(self) -> None:
        self.do("card_removed", [self.flash], slot="second-disk")
