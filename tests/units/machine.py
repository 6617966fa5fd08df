"""What the machines of all units share: doing something that a power cut may strike, and judging what is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from firmware.appliance import Appliance
from firmware.bench.world import World
from firmware.device.faults import Cut
from firmware.errors import IpsimError, NotNow, StorageError
from firmware.peers.cloud import Cloud
from firmware.peers.network import Network, Peers
from firmware.security.reading import dates
from firmware.times import DAY
from tests.boot.units import act
from tests.credentials.units import manager
from tests.units.model import MAYBE, NEW, OWN_CA, Security, Stages, State, factory_settings
from tests.units.observing import VENDOR, digest, identities, own_ca, public_key
from tests.units.reordering import Log

RUNNING, OFF = "running", "off"
RENEWAL = 34 * DAY  # so long before its expiry an identity that is managed may become another one within three days

LEASES = {0: "192.168.7.20/24", 1: "192.168.8.20/24"}


def is_running(self: Any) -> bool:
    return bool(self.unit.state == RUNNING and not self.is_lost)


def is_off(self: Any) -> bool:
    return bool(self.unit.state == OFF and not self.is_lost)


def is_on(self: Any) -> bool:
    return bool(self.unit.state != OFF and not self.is_lost)


class UnitMachine(RuleBasedStateMachine):
    """``flash`` is the model of what is committed; ``keys`` the generation at which each public key was first met.

    ``is_lost``: something beyond the fault budget has happened, so only what design.md's promise 2 says is judged, and
    there is no model any more. ``tally`` counts what all examples together have done.
    """

    look: ClassVar[staticmethod[[Appliance], dict[str, Any]]]
    tally: ClassVar[Counter[str]] = Counter()
    unit: Appliance
    flash: State
    born: int = 0
    owes: bool | None = False

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[bytes, int] = {}
        self.issuers: dict[bytes, str] = {}
        self.is_lost = False
        self.events = 0
        self.has_new_identity = False
        self.has_failed = False
        self.schedule: list[tuple[int, Cut]] = []
        self.log: Log | None = None

    def begin(self, unit: Appliance) -> None:
        self.unit = unit
        self.peers = deepcopy(Peers({"smgr": manager()}, Cloud("Avaya", 5)))
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

    def forget(self) -> None:
        """What a unit's RAM held is gone."""
        raise NotImplementedError

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

    def is_managed(self) -> bool:
        """Whether whoever manages the identity may change it at any time, and nobody can say when."""
        now, held = self.unit.clock.read(), self.flash["security"]
        if held is None or held.member is None or held.waits:
            return held is not None and held.member is not None
        return now is not None and any(now > last - RENEWAL for last in self._expiries())

    def _expiries(self) -> list[int]:
        held = self.flash["security"]
        if held is None or held.member is None:
            return []
        return [dates(one.der)[1] for one in identities(self.unit) if digest(one.der) == held.identity]

    # Doing, and judging.

    def perform(
        self,
        action: Callable[[], object],
        stages: Stages,
        *,
        refused: type[Exception] | None = None,
        finals: int = 1,
        owed: Callable[[State], bool | None] = lambda _: False,
        managed: bool = False,
    ) -> bool:
        """Do it; True when a power cut has struck. ``finals``: so many of the last stages may be found uncut.

        ``owed`` says of a crash state whether an identity is still to be made; ``managed``, that whoever manages the
        identity may have changed it meanwhile.
        """
        assert not self.is_lost
        self.has_failed = True  # until it has not: what is torn down after a failure is not judged
        self._arm_by_schedule()
        managed, expiries = managed or self.is_managed(), self._expiries()
        error, struck = self.attempt(action)
        now = self.unit.clock.read()
        managed = managed or any(now is None or now > last - RENEWAL for last in expiries)
        if not struck:
            assert error is None or (refused is not None and isinstance(error, refused)), error
            assert error is not None or refused is None, f"not refused: {refused}"
            assert not isinstance(error, StorageError), error
        if refused is not None and not struck:
            stages, finals = stages[:1], 1
        self.narrow(stages if struck else stages[-finals:], struck, owed, managed)
        self.has_failed = False
        return struck

    def attempt(self, action: Callable[[], object]) -> tuple[IpsimError | None, bool]:
        """Do something to the unit: what it was refused with, and whether the power cut that was armed has struck."""
        armed, error = self.unit.rail.armed, None
        try:
            act(self.unit, lambda: (action(), None)[1])
        except IpsimError as refusal:
            error = refusal
        struck = armed is not None and self.unit.rail.armed is None and self.unit.state == OFF
        if struck:
            assert armed is not None
            self.tally[f"cut {armed.moment.value}"] += 1
            if self.log is not None:
                self.tally["cut, reordered"] += self.log.lose(self.unit)
        if self.unit.state == OFF:
            self.disarm()
        return error, struck

    def arm(self, cut: Cut) -> None:
        """From now on a power cut is to come, once."""
        self.unit.rail.arm(replace(cut, lost=0))
        self.log = Log(self.unit, cut.lost) if cut.lost else None

    def disarm(self) -> None:
        self.unit.rail.arm(None)
        self.unit.rail.trace, self.log = None, None

    def _arm_by_schedule(self) -> None:
        if not self.schedule or self.unit.rail.armed is not None:
            return
        wait, cut = self.schedule[0]
        if wait:
            self.schedule[0] = (wait - 1, cut)
        else:
            self.arm(cut)
            del self.schedule[0]

    def narrow(
        self,
        options: Stages,
        struck: bool = False,
        owed: Callable[[State], bool | None] = lambda _: False,
        managed: bool = False,
    ) -> None:
        """Of what may be found, what is found is the model from here on."""
        seen, before = self.seen(), self.flash
        for name, value in seen.items():
            allowed = [stage[name] for stage in options]
            if name == "security":
                seen[name] = self._narrowed(allowed, value, managed)
            else:
                is_new = NEW in allowed and value is not None and value != before[name]
                assert is_new or value in allowed, f"{name}: {value!r} is none of {allowed!r}"
        self.flash = seen
        if seen["security"] is not None:
            self.owes = False
        elif struck and any(stage["security"] is not None and stage["security"].identity == NEW for stage in options):
            self.owes = MAYBE  # an identity that is announced while there are no settings yet
        if struck and seen["security"] is not None and (more := owed(seen)) is not False:
            self.flash = {**seen, "security": replace(seen["security"], due=more)}
        self._learn(before["security"].generation if before["security"] else 0)

    def _narrowed(self, allowed: list[Security | None], found: Security | None, managed: bool) -> Security | None:
        ca = own_ca(self.unit)
        fitting = [one for one in allowed if one == found or self._is(one, found, ca)]
        if not fitting and managed and any(self._is_managed_into(one, found, ca) for one in allowed):
            self.has_new_identity = False
            return found
        assert fitting, f"security settings\n{found}\nare none of\n" + "\n".join(map(str, allowed))
        self.has_new_identity = all(one is not None and one.identity == NEW for one in fitting)
        dues = {one.due if one is not None else False for one in fitting}
        return found and replace(found, due=dues.pop() if len(dues) == 1 else MAYBE)

    def _is_managed_into(self, wanted: Security | None, found: Security | None, ca: frozenset[str]) -> bool:
        """Whether a manager can have made of what is wanted what is found: nothing but what it is there for."""
        if wanted is None or wanted.member is None or found is None:
            return False
        if OWN_CA in wanted.trusted:
            wanted = replace(wanted, trusted=wanted.trusted - {OWN_CA} | ca)
        is_theirs = found.identity is not None and not found.made
        return (
            (found.identity == wanted.identity or is_theirs or (wanted.identity == NEW and found.identity is not None))
            and found.trusted >= wanted.trusted
            and found.generation >= wanted.generation
            and found.member in (wanted.member, None)
            and found == replace(wanted, identity=found.identity, made=found.made, trusted=found.trusted,
                                 generation=found.generation, waits=found.waits, member=found.member)
        )  # fmt: skip

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

    # What anybody can do.

    def order(self, name: str, /, **arguments: Any) -> Callable[[], object]:
        """To do an operation of the platform."""
        self.tally[name] += 1
        return lambda: self.unit.platform.operations[name](self.unit, **arguments)

    def do(self, name: str, stages: Stages, /, *, refused: type[Exception] | None = None, **rest: Any) -> bool:
        """An operation of the platform. ``rest``: its arguments, and those of :meth:`perform`."""
        judged = {key: rest.pop(key) for key in ("finals", "owed", "managed") if key in rest}
        if self.unit.state != RUNNING and name != "power_on" and rest.get("via") != "bootloader":
            refused = refused or NotNow
        return self.perform(self.order(name, **rest), stages, refused=refused, **judged)

    def secure(self, name: str, /, *after: Security, **rest: Any) -> bool:
        """An operation that changes the security settings only."""
        return self.do(name, [self.flash, *({**self.flash, "security": one} for one in after)], **rest)

    def pass_time(self, duration: int) -> None:
        world = World(self.unit.clock.now)
        world.add(self.unit)
        world.run_until(self.unit.clock.now + duration)
