"""An ignited Linux server of any kind against a plain model: its settings, its CA, what ignition has set for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from firmware.errors import NotNow
from firmware.security.certificates import Identity
from firmware.security.issuing import Wanted
from firmware.security.keys import KeyKind
from tests.boot.units import START, cut_power
from tests.credentials.units import pem_with_key, third_party
from tests.units.certificates import YEAR_AND_MORE
from tests.units.linux_settings import Settings
from tests.units.linux_start import WIZARD, is_root
from tests.units.machine import OFF, RUNNING, is_off, is_running
from tests.units.model import NEW, OWN_CA, State
from tests.units.observing import digest


def is_running_root(self: Any) -> bool:
    return is_running(self) and is_root(self)


class Linux(Settings):
    # The CA.

    def replaced(self, name: str, changes: State, **arguments: Any) -> None:
        """Another CA: in the store with it; an identity that was made here is owed by it."""
        was = self.security
        held = replace(was, trusted=was.trusted | {OWN_CA})
        remakes = self.remakes(name)
        self.lands(self.changed(name, {**changes, "security": held}, remakes=remakes, **arguments), RUNNING)

    @precondition(is_running_root)
    @rule()
    def renew_authority(self) -> None:
        if self.imported:
            self.do("renew_authority", [self.flash], refused=NotNow)
        else:
            self.replaced("renew_authority", {"CA": NEW})

    @precondition(is_running_root)
    @rule()
    def create_authority(self) -> None:
        before = self.flash["CA key"]
        self.replaced("create_authority", {"CA": NEW, "CA key": NEW})
        self.imported = self.imported and self.flash["CA key"] == before

    @precondition(lambda self: is_running_root(self) and self.in_date())
    @rule()
    def import_authority(self) -> None:
        ca = third_party("Import", 0)
        data = pem_with_key(Identity(ca.signer.key, ca.chain))
        ours = {"CA": digest(ca.signer.der), "CA key": digest(ca.signer.key.public_der)}
        self.replaced("import_authority", ours, data=data)
        self.imported = self.imported or self.flash["CA"] == ours["CA"]

    @precondition(is_running_root)
    @rule()
    def export_authority(self) -> None:
        self.do("export_authority", [self.flash])

    @precondition(is_running_root)
    @rule(kind=st.just(KeyKind.P_256))
    def issue_certificate(self, kind: KeyKind) -> None:
        now = self.unit.clock.read()
        if now is not None and START <= now < START + YEAR_AND_MORE:
            after = {**self.flash, "issued": self.flash["issued"] + 1}
            self.do("issue_certificate", [self.flash, after], wanted=Wanted("node", ("10.0.0.7",), 30, kind))

    @precondition(lambda self: self.may_be_lost and (is_off(self) or is_running(self)))
    @rule()
    def reinstall(self) -> None:
        """Everything goes; from here on it is another server, which the wizard's tests deal with."""
        self.is_lost = True
        self.schedule = []
        armed = self.unit.rail.armed
        self.try_to(self.order("reinstall"))
        if armed is None:
            assert self.unit.state == WIZARD
            seen = self.seen()
            assert (seen["security"], seen["CA"], seen["configuration"], seen["done"]) == (None,) * 4

    def forget(self) -> None:
        self.ram = None

    def teardown(self) -> None:
        """Whatever has happened: the next start comes up, and the one after that changes nothing."""
        if not hasattr(self, "unit") or self.has_failed:
            return
        if self.is_lost:
            self.come_up_beyond_the_budget()
            return
        self.schedule = []
        for _ in range(2):
            if self.unit.state != OFF:
                cut_power(self.unit)
            self.disarm()
            before = self.flash
            self.power_on()
        assert {**self.flash, "security": None} == {**before, "security": None}
        self.every_identity_is_whole()
        self.nothing_is_programmed_twice()
