"""Redundant records against a plain dictionary: any writes, cuts, restarts, and one damaged copy at a time."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware.device.faults import BitFlip, Cut, Moment, Torn
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import PowerCut
from firmware.storage.nvm import HEADER, RecordStore

GEOMETRY = Geometry(program_unit=16, block_size=64, blocks=12)
LAYOUT = {"small": 1, "large": 3}
LONGEST = LAYOUT["small"] * GEOMETRY.block_size - HEADER.size

names = st.sampled_from(list(LAYOUT))
values = st.binary(max_size=LONGEST) | st.binary(min_size=100, max_size=LAYOUT["large"] * 64 - HEADER.size)
cuts = st.builds(Cut, st.integers(1, 40), st.sampled_from(Moment), st.sampled_from(Torn))


class Records(RuleBasedStateMachine):
    """``held`` is what must be read; a write that was cut leaves two possibilities until someone looks."""

    def __init__(self) -> None:
        super().__init__()
        rail = Rail()
        rail.on = True
        self.store = RecordStore(FlashPart("nvm", GEOMETRY, rail), LAYOUT)
        self.held: dict[str, bytes | None] = dict.fromkeys(LAYOUT)

    def restart(self) -> None:
        """A fresh object graph over the same flash."""
        rail, old = Rail(), self.store.part
        rail.on = True
        part = FlashPart("nvm", GEOMETRY, rail, old.image())
        part.overprograms = old.overprograms
        self.store = RecordStore(part, LAYOUT)

    def start(self) -> None:
        """As every start of the unit: each record is mended."""
        for name in LAYOUT:
            copy, _ = self.store.mend(name)
            assert (copy.data if copy else None) == self.held[name]
            first, second = self.store.copies(name)
            assert copy is None or first == second

    def cut_short(self, cut: Cut, name: str, data: bytes | None) -> None:
        """A replace, or without data a mend, that the cut may strike."""
        self.store.part.rail.arm(cut)
        try:
            if data is None:
                self.store.mend(name)
            else:
                self.store.replace(name, data)
                self.held[name] = data
        except PowerCut:
            self.restart()
            read = self.store.read(name)
            assert read in (self.held[name], self.held[name] if data is None else data)
            self.held[name] = read
        self.store.part.rail.arm(None)

    @rule(name=names, data=values)
    def write(self, name: str, data: bytes) -> None:
        if len(data) <= self.store.capacity(name):
            self.store.replace(name, data)
            self.held[name] = data

    @rule(name=names, data=values, cut=cuts)
    def write_cut_short(self, name: str, data: bytes, cut: Cut) -> None:
        if len(data) <= self.store.capacity(name):
            self.cut_short(cut, name, data)

    @rule(name=names, cut=cuts)
    def mend_cut_short(self, name: str, cut: Cut) -> None:
        self.cut_short(cut, name, None)

    @rule(name=names, slot=st.integers(0, 1), bit=st.integers(0, 3 * 64 * 8 - 1))
    def a_bit_flips_between_two_starts(self, name: str, slot: int, bit: int) -> None:
        self.start()
        if self.held[name] is not None:
            first, blocks = self.store.slot_start(name, slot)
            self.store.part.flip(BitFlip(first + bit // 512 % blocks, bit % 512))
        self.restart()
        self.start()

    @invariant()
    def every_record_is_what_was_last_written(self) -> None:
        assert {name: self.store.read(name) for name in LAYOUT} == self.held

    @invariant()
    def nothing_is_programmed_twice(self) -> None:
        assert self.store.part.overprograms == 0


TestRecords = Records.TestCase
