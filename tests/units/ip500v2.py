"""An IP500 V2 against a plain model: what is on its NVM and cards, where it starts from, what it starts with."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from firmware.bench.outside import probe
from firmware.boot.cards import new_card
from firmware.boot.software import image_of
from firmware.device.faults import BitFlip
from firmware.release import BY_VERSION
from tests.boot.units import cut_power, put_file, slot_start, unmended
from tests.units.ip500v2_settings import Settings
from tests.units.machine import OFF, is_off


class IP500V2(Settings):
    # Cards.

    @precondition(lambda self: not self.is_lost and self.has_card() and not self.flash["mark"])
    @rule()
    def take_the_card_out(self) -> None:
        self.shelf = self.unit.remove("system-sd")
        gone = dict.fromkeys(("card", "card binary", "card backup", "card backup binary"))
        self.perform(self.order("card_removed", slot="system-sd"), [{**self.flash, **gone}])
        if self.unit.state == OFF:
            self.forget()

    @precondition(lambda self: not self.is_lost and not self.has_card() and not self.flash["mark"])
    @rule()
    def put_the_card_back(self) -> None:
        self.unit.insert("system-sd", self.shelf)
        self._accept("card")

    @precondition(lambda self: not self.is_lost and self.unit.slots["optional-sd"].card is None)
    @rule(release=st.sampled_from(("9.1", "12.3", None)))
    def insert_an_optional_card(self, release: str | None) -> None:
        made = BY_VERSION[release] if release else None
        self.unit.insert("optional-sd", new_card(self.unit.platform.card, "optional-sd", made, "A-law", "000000000009"))
        self._accept("optional")

    @precondition(lambda self: is_off(self) and self.has_card())
    @rule(release=st.sampled_from(("9.1", "12.3", None)), folder=st.sampled_from(("primary", "backup")))
    def put_a_binary_on_the_card(self, release: str | None, folder: str) -> None:
        """A person does, at a PC."""
        data = image_of(BY_VERSION[release]) if release else None
        put_file(self.unit, f"system/{folder}/ip500v2.bin", data)
        self._accept("card")

    @precondition(lambda self: is_off(self) and self.has_card() and not self.flash["mark"])
    @rule()
    def remove_the_configuration_from_the_card(self) -> None:
        put_file(self.unit, "system/primary/config.cfg", None)
        self._accept("card")

    def _accept(self, card: str) -> None:
        """What a person has done to a card is what is on it; nothing else has changed."""
        seen = self.seen()
        self.flash = {name: seen[name] if name.startswith(card) else value for name, value in self.flash.items()}
        if self.log is not None:
            self.log.begin(self.unit)

    # A fault within the budget.

    @precondition(lambda self: is_off(self))
    @rule(record=st.sampled_from(("level", "generation", "configuration", "flags", "firmware", "security", "network")),
          copy=st.integers(0, 1), bit=st.integers(0, 8 * 40))  # fmt: skip
    def one_copy_of_a_record_is_damaged(self, record: str, copy: int, bit: int) -> None:
        with probe(self.unit):
            is_there = self.unit.records.present(record) is not None
        if is_there and record not in unmended(self.unit):
            self.unit.internal.flip(BitFlip(slot_start(self.unit, record, copy)[0], bit))
            self.narrow([self.flash])

    @invariant()
    def the_level_never_changes(self) -> None:
        level = self.flash["level"]
        if level is not None and not self.is_lost:
            self.level = getattr(self, "level", level)
            assert level == self.level

    def teardown(self) -> None:
        """Whatever has happened: the next start comes up, and the one after that changes nothing."""
        if not hasattr(self, "unit") or self.has_failed:
            return
        if self.is_lost:
            self.come_up_beyond_the_budget()
            return
        if self.unit.state != OFF:
            cut_power(self.unit)
            self.forget()
        self.disarm()
        self.schedule = []
        self.power_on(None)
        if self.ram is not None:
            before = self.flash
            cut_power(self.unit)
            self.power_on(None)
            assert {**self.flash, "security": None} == {**before, "security": None}
            self.shutdown(None)
        self.every_identity_is_whole()
        self.nothing_is_programmed_twice()
