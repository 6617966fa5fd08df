"""What the machines of all units share: doing something that a power cut may strike, and judging what is found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware.appliance import Appliance
from firmware.bench.world import World
from firmware.device.faults import Cut, Moment, Torn
from firmware.errors import IpsimError, NotNow, StorageError
from firmware.peers.cloud import Cloud
from firmware.peers.network import Network, Peers
from firmware.security.reading import dates
from firmware.times import DAY, HOUR, MINUTE
from tests.boot.units import act, cut_power, overprograms
from tests.credentials.units import manager
from tests.units.model import MAYBE, NEW, OWN_CA, Security, Stages, State, factory_settings
from tests.units.observing import VENDOR, digest, identities, own_ca, public_key, require_whole, secrets_of

RUNNING, OFF = "running", "off"
CUTS = st.builds(Cut, st.integers(1, 60) | st.integers(1, 12), st.sampled_from(Moment), st.sampled_from(Torn))
DURATIONS = st.sampled_from((1 * MINUTE, 20 * MINUTE, 3 * HOUR, 15 * HOUR, 1 * DAY, 3 * DAY))
LONG = 700 * DAY  # with the power off, so that certificates expire while nothing happens
RENEWAL = 31 * DAY  # before its expiry an identity that is managed may be another one at any time

LEASES = {0: "192.168.7.20/24", 1: "192.168.8.20/24"}


def is_running(self: Any) -> bool:
    return bool(self.unit.state == RUNNING)


def is_off(self: Any) -> bool:
    return bool(self.unit.state == OFF)


class UnitMachine(RuleBasedStateMachine):
    """``flash`` is the model of what is committed; ``keys`` the generation at which each public key was first met.

    ``is_lost``: something beyond the fault budget has happened, so only what design.md's promise 2 says is judged.
    """

    look: ClassVar[staticmethod[[Appliance], dict[str, Any]]]
    unit: Appliance
    flash: State

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[bytes, int] = {}
        self.issuers: dict[bytes, str] = {}
        self.is_lost = False
        self.events = 0
        self.has_new_identity = False
        self.has_failed = False
        self.schedule: list[tuple[int, Cut]] = []

    def begin(self, unit: Appliance) -> None:
        self.unit = unit
        peers = Peers({"smgr": manager()}, Cloud("Avaya", 5))
        self.peers = deepcopy(peers)
        self.network(connected=False, leases=False, time=False)
        self.flash = self.seen()
        self._learn(0)

    def seen(self) -> dict[str, Any]:
        return type(self).look(self.unit)

    @property
    def security(self) -> Security:
        """What the settings are: those of the factory while none were ever written."""
        found = self.flash["security"]
        if found is None:
            return factory_settings(self.unit.release.version, 0, VENDOR)
        assert isinstance(found, Security)
        return found

    # The network.

    def network(self, connected: bool, leases: bool, time: bool, bootp: bool = False) -> None:
        self.unit.surroundings = Network(
            LEASES if leases else {},
            ntp_server="10.9.9.9" if time else None,
            manager_firmware={self.unit.mac: "12.3"} if bootp else {},
            managers=("smgr",) if connected else (),
            has_cloud=connected,
            peers=self.peers,
        )

    @property
    def around(self) -> Network:
        assert isinstance(self.unit.surroundings, Network)
        return self.unit.surroundings

    def is_right(self) -> bool:
        """Whether the clock is near enough to the truth for a System Manager to deal with the unit."""
        shown = self.unit.clock.read()
        return shown is not None and abs(shown - self.unit.clock.now) < HOUR

    def is_renewing(self) -> bool:
        """Whether a managed identity may be renewed at any time, and nobody can say when."""
        now = self.unit.clock.read()
        if self.security.member is None or (now is None and self.security.waits):
            return self.security.member is not None
        held = [one for one in identities(self.unit) if digest(one.der) == self.security.identity]
        return self.security.waits or any(now is None or now > dates(one.der)[1] - RENEWAL for one in held)

    # Doing, and judging.

    def perform(
        self,
        action: Callable[[], object],
        stages: Stages,
        *,
        refused: type[Exception] | None = None,
        finals: int = 1,
        owed: Callable[[State], bool | None] = lambda _: False,
        free: Collection[str] = (),
    ) -> bool:
        """Do it; True when a power cut has struck. ``finals``: so many of the last stages may be found uncut.

        ``owed`` says of a crash state whether an identity is still to be made; ``free`` names are not judged.
        """
        self.has_failed = True  # until it has not: what is torn down after a failure is not judged
        self._arm_by_schedule()
        armed = self.unit.rail.armed is not None
        error: Exception | None = None
        try:
            act(self.unit, lambda: (action(), None)[1])
        except IpsimError as refusal:
            error = refusal
        struck = armed and self.unit.rail.armed is None and self.unit.state == OFF
        if self.is_lost:
            self.flash = {**self.flash, **{k: v for k, v in self.seen().items() if v is not None or k != "security"}}
            self._learn(None)
            self.has_failed = False
            return struck
        if not struck:
            expected = refused or ()
            assert error is None or (expected and isinstance(error, expected)), error
            assert error is not None or refused is None, f"not refused: {refused}"
            assert not isinstance(error, StorageError), error
        if refused is not None and not struck:
            stages, finals = stages[:1], 1
        self._narrow(stages if struck else stages[-finals:], struck, owed, free)
        self.has_failed = False
        return struck

    def _narrow(
        self, options: Stages, struck: bool, owed: Callable[[State], bool | None], free: Collection[str]
    ) -> None:
        """Of what may be found, what is found is the model from here on."""
        seen, ca = self.seen(), own_ca(self.unit)
        before = self.flash
        for name, value in seen.items():
            if name in free:
                continue
            allowed = [stage[name] for stage in options]
            if name == "security":
                fitting = [one for one in allowed if one == value or self._is(one, value, ca)]
                assert fitting, f"security settings\n{value}\nare none of\n" + "\n".join(map(str, allowed))
                self.has_new_identity = all(one is not None and one.identity == NEW for one in fitting)
                if value is not None:
                    dues = {one.due if one is not None else False for one in fitting}
                    seen[name] = replace(value, due=dues.pop() if len(dues) == 1 else MAYBE)
            elif NEW in allowed and value is not None and value != before[name]:
                continue
            else:
                assert value in allowed, f"{name}: {value!r} is none of {allowed!r}"
        self.flash = seen
        if struck and seen["security"] is not None and (more := owed(seen)) is not False:
            self.flash = {**seen, "security": replace(seen["security"], due=more)}
        self._learn(before["security"].generation if before["security"] else 0)

    def _is(self, wanted: Security | None, found: Security | None, ca: frozenset[str]) -> bool:
        """Whether what is found is what is wanted, NEW and OWN_CA filled in."""
        if found is None:  # what changes nothing need not write anything
            factory = [factory_settings(release, 0, VENDOR) for release in ("6.2", "9.1", "12.3")]
            return wanted is None or (self.flash["security"] is None and wanted in factory)
        if wanted is None:
            return False
        if OWN_CA in wanted.trusted:
            wanted = replace(wanted, trusted=wanted.trusted - {OWN_CA} | ca)
        if wanted.identity == NEW and found.identity is not None:
            key = self._key_of(found.identity)
            if key in self.keys:
                return False
            wanted = replace(wanted, identity=found.identity)
        return wanted == found

    def _key_of(self, der_digest: str) -> bytes:
        return next(public_key(one.der) for one in identities(self.unit) if digest(one.der) == der_digest)

    def _learn(self, before: int | None) -> None:
        """A generation never decreases, and no key is of two of them."""
        security = self.flash["security"]
        if security is None or self.is_lost:
            return
        assert before is None or security.generation >= before, "the generation went back"
        if security.identity is not None and security.made:
            key = self._key_of(security.identity)
            assert self.keys.setdefault(key, security.generation) <= security.generation
            certificate = self.issuers.setdefault(key, security.identity)
            assert certificate == security.identity, "one key, two certificates"
        elif security.identity is not None:
            self.keys.setdefault(self._key_of(security.identity), security.generation)

    def settle(self, stages: Stages, **more: Any) -> bool:
        """As :meth:`perform`, of what happens by itself."""
        return self.perform(lambda: None, stages, **more)

    # What anybody can do.

    def do(self, name: str, stages: Stages, /, *, refused: type[Exception] | None = None, **rest: Any) -> bool:
        """An operation of the platform. ``rest``: its arguments, and those of :meth:`perform`."""
        judged = {key: rest.pop(key) for key in ("finals", "owed", "free") if key in rest}
        if self.unit.state != RUNNING and name != "power_on" and rest.get("via") != "bootloader":
            refused = refused or NotNow
        operation = self.unit.platform.operations[name]
        return self.perform(lambda: operation(self.unit, **rest), stages, refused=refused, **judged)

    def secure(self, name: str, /, *after: Security, **rest: Any) -> bool:
        """An operation that changes the security settings only."""
        return self.do(name, [self.flash, *({**self.flash, "security": one} for one in after)], **rest)

    def pass_time(self, duration: int) -> None:
        world = World(self.unit.clock.now)
        world.add(self.unit)
        world.run_until(self.unit.clock.now + duration)

    @initialize(schedule=st.lists(st.tuples(st.integers(0, 3), CUTS), max_size=12))
    def plan_the_cuts(self, schedule: list[tuple[int, Cut]]) -> None:
        """Which actions a power cut is to strike in: after so many that go through, at this operation of the next."""
        self.schedule = [(wait, cut) for wait, cut in schedule]

    def _arm_by_schedule(self) -> None:
        if not self.schedule or self.unit.rail.armed is not None:
            return
        wait, cut = self.schedule[0]
        if wait:
            self.schedule[0] = (wait - 1, cut)
        else:
            self.unit.rail.arm(cut)
            del self.schedule[0]

    @precondition(lambda self: self.unit.rail.armed is None)
    @rule(cut=CUTS)
    def arm(self, cut: Cut) -> None:
        """Some operation of the flash from now on will be the last one."""
        self.unit.rail.arm(cut)

    @rule(connected=st.booleans(), leases=st.booleans(), time=st.booleans(), bootp=st.booleans())
    def network_changes(self, connected: bool, leases: bool, time: bool, bootp: bool) -> None:
        self.network(connected, leases, time, bootp)

    @precondition(lambda self: self.unit.state != OFF)
    @rule()
    def pull_the_plug(self) -> None:
        cut_power(self.unit)
        self._narrow([self.flash], False, lambda _: False, ()) if not self.is_lost else None

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

    born: int = 0

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
