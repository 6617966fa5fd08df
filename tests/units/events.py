"""What may come over any unit – power cuts, its network, its clock – and what must hold of it at any time."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from firmware.device.faults import Cut, Moment, Torn
from firmware.peers.system_manager import Approval
from firmware.times import DAY, HOUR, MINUTE
from tests.boot.units import cut_power, overprograms
from tests.units.machine import OFF, RUNNING, UnitMachine, is_off
from tests.units.observing import digest, identities, require_whole, secrets_of

FORMS = (Torn.HALF, Torn.ONE_BIT, Torn.ALL_BUT_ONE_BIT)  # Torn.GROUP is beyond the fault budget
OPERATIONS = st.integers(1, 12) | st.integers(1, 60)
CUTS = st.builds(Cut, OPERATIONS, st.sampled_from(Moment), st.sampled_from(FORMS)) | st.builds(
    Cut, OPERATIONS, st.just(Moment.AFTER), lost=st.integers(1, 4)
)
DURATIONS = st.sampled_from((1 * MINUTE, 20 * MINUTE, 3 * HOUR, 15 * HOUR, 1 * DAY, 3 * DAY))
LONG = 700 * DAY  # with the power off, so that certificates expire while nothing happens


class Events(UnitMachine):
    def is_right(self) -> bool:
        """Whether the clock is near enough to the truth for a System Manager to deal with the unit."""
        shown = self.unit.clock.read()
        return shown is not None and abs(shown - self.unit.clock.now) < HOUR

    @initialize(schedule=st.lists(st.tuples(st.integers(0, 3), CUTS), max_size=12))
    def plan_the_cuts(self, schedule: list[tuple[int, Cut]]) -> None:
        """Which actions a power cut is to strike in: after so many that go through, at this operation of the next."""
        self.schedule = list(schedule)

    @precondition(lambda self: self.unit.rail.armed is None)
    @rule(cut=CUTS)
    def power_is_to_go(self, cut: Cut) -> None:
        """Some operation of the flash from now on will be the last one."""
        self.arm(cut)

    @precondition(lambda self: self.unit.state != OFF)
    @rule()
    def pull_the_plug(self) -> None:
        cut_power(self.unit)
        self.disarm()
        self.forget()
        if not self.is_lost:
            self.narrow([self.flash])

    @rule(connected=st.booleans(), leases=st.booleans(), time=st.booleans(), bootp=st.booleans())
    def network_changes(self, connected: bool, leases: bool, time: bool, bootp: bool) -> None:
        self.network(connected, leases, time, bootp)

    @rule(approval=st.sampled_from(Approval))
    def system_manager_is_set(self, approval: Approval) -> None:
        self.peers.managers["smgr"].approval = approval

    @precondition(lambda self: self.peers.managers["smgr"].pending())
    @rule(approved=st.booleans())
    def system_manager_decides(self, approved: bool) -> None:
        server = self.peers.managers["smgr"]
        for entry in server.pending():
            (server.approve if approved else server.reject)(entry.transaction)

    @precondition(is_off)
    @rule(flat=st.booleans())
    def battery(self, flat: bool) -> None:
        self.unit.clock.battery_good = not flat
        if flat:
            self.unit.clock.power_lost()

    @precondition(is_off)
    @rule(duration=st.sampled_from((HOUR, 20 * DAY, LONG)))
    def lie_in_a_cupboard(self, duration: int) -> None:
        if self.unit.clock.now < self.born + 8 * LONG:
            self.unit.clock.advance_to(self.unit.clock.now + duration)

    # What holds at any time.

    @invariant()
    def every_identity_is_whole(self) -> None:
        for one in identities(self.unit):
            require_whole(one)

    @invariant()
    def it_rests_in_the_table(self) -> None:
        assert self.unit.state in self.unit.platform.bring_up.by_name
        assert self.unit.platform.bring_up.rests(self.unit)

    @invariant()
    def nothing_is_programmed_twice(self) -> None:
        assert self.is_lost or overprograms(self.unit) == 0

    @invariant()
    def no_secret_is_in_the_journal(self) -> None:
        new = self.unit.journal.events[self.events :]
        self.events += len(new)
        text = "\n".join(repr(event.data) for event in new)
        assert not [secret for secret in secrets_of(self.unit) if secret in text]

    @invariant()
    def ram_holds_what_is_on_the_flash(self) -> None:
        used = self.unit.ram.settings
        if used is None or self.unit.state != RUNNING or self.is_lost:
            return
        assert used.generation == self.security.generation
        assert (digest(used.identity.der) if used.identity else None) == self.security.identity
        assert self.unit.ram.identity == used.identity
