"""Beyond the fault budget: whatever is done to a unit then, promise 2 of the design holds; no more is judged.

A named error or a documented recovery; never another exception, a hang, a wrong identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import probe
from firmware.device.faults import BitFlip, Cut, LiveFault, LiveKind, Moment, Torn
from firmware.errors import IpsimError, NotNow, StorageError
from firmware.security.certificates import Identity
from firmware.security.issuing import Wanted
from firmware.security.keys import KeyKind
from firmware.times import DAY, SECOND
from platforms import load
from tests.boot.units import START, cut_power, do
from tests.credentials.units import ENROLMENT, elliptic, pem_of, pem_with_key, roots, third_party
from tests.ignition.units import LINUX, finish
from tests.units.events import DURATIONS, Events
from tests.units.machine import OFF
from tests.units.observing import identities, public_key

ROT, SWAPPED, BLANK, FOREIGN, GONE, NONSENSE, LIVE, GROUP = (
    "bits rot", "two blocks are swapped", "a part is blank", "another unit's memory", "a record is gone",
    "a record of wrong content", "the part breaks", "an erase group is lost",
)  # fmt: skip
NONSENSES = (b"", b"\0", b"\xff" * 8, b"HOSTNAME=\n", b"{}", b"no record of ours" * 20)


@dataclass(frozen=True)
class Beyond:
    """A fault beyond the budget. ``where`` and ``what`` are reduced to what there is."""

    kind: str
    where: int
    what: int
    live: LiveKind


FAULTS = st.builds(
    Beyond,
    st.sampled_from((ROT, SWAPPED, BLANK, FOREIGN, GONE, NONSENSE, LIVE, GROUP)),
    st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(LiveKind),
)  # fmt: skip

_PEM = st.integers(0, 3).map(lambda number: pem_of(roots(4)[number])) | st.just(b"none")
_IDENTITY = st.integers(1, 3).map(lambda number: pem_with_key(elliptic("Acme", number)))
_LEVELS = st.sampled_from(("Disabled", "Unsecure Only", "Unsecure + Secure", "Secure High"))
_RELEASE = st.sampled_from(("9.1", "11.1", "12.3"))
_ADDRESS = st.sampled_from(("10.0.0.1/24", "10.0.7.1/16", None))
_NAME = st.sampled_from(("server1", "server2", "main.example.com"))

# What the operations of all platforms are called with here.
ARGUMENTS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "power_on": {},
    "press": {
        "button": st.sampled_from(("reset", "aux")),
        "held": st.sampled_from((2, 7, 20, 35, 50)).map(lambda seconds: seconds * SECOND),
    },
    "reboot": {},
    "shutdown": {},
    "upgrade": {"release": _RELEASE},
    "set_clock": {"reading": st.sampled_from((START - DAY, START, START + 900 * DAY))},
    "card_removed": {"slot": st.sampled_from(("optional-sd", "second-disk"))},
    "default_security": {"via": st.sampled_from(("manager", "web", "serial", "bootloader"))},
    "delete_certificate": {},
    "set_service": {"service": st.sampled_from(("HTTP", "Web Services")), "level": _LEVELS},
    "default_configuration": {},
    "restore_configuration": {},
    "set_address": {"lan": st.integers(0, 1), "interface": _ADDRESS},
    "change_at_phone": {
        "extension": st.sampled_from(("201", "208")),
        "name": st.sampled_from(("Front desk", "Cellar")),
    },
    "initial_configuration": {"primary": st.just("10.0.0.2"), "lan1": st.sampled_from((None, "10.3.3.3/24"))},
    "reinstall": {},
    "set_host_name": {"host_name": _NAME},
    "set_identity": {"data": _IDENTITY | st.just(b"none"), "telephony": st.booleans()},
    "share_identity": {},
    "trust": {"data": _PEM},
    "distrust": {"data": _PEM},
    "set_sip": {"domain": st.sampled_from(("example.com", "", None)), "fqdn": st.sampled_from(("sip.example.com", ""))},
    "set_sip_tls": {"lan1": st.booleans(), "lan2": st.booleans()},
    "set_client_certificates": {"setting": st.sampled_from(("off", "asked", "required"))},
    "set_chain": {"offered": st.booleans()},
    "set_checks": {"management": st.sampled_from(("None", "Low", "High")), "telephony": st.none()},
    "enrol": {"manager": st.just("smgr"), "password": st.sampled_from((ENROLMENT, "wrong"))},
    "subscribe": {"automatic": st.booleans()},
    "set_alarms": {"syslog": st.sampled_from(((), ("10.0.0.9",)))},
    "administrator_log_in": {"user": st.sampled_from(("Administrator", "nobody"))},
    "set_renewal": {"automatic": st.booleans()},
    "make_request": {},
    "import_certificate": {"data": _IDENTITY},
    "renew_authority": {},
    "create_authority": {},
    "import_authority": {"data": st.builds(lambda: pem_with_key(_authority()))},
    "export_authority": {},
    "issue_certificate": {"wanted": st.just(Wanted("node", ("10.0.0.7",), 30, KeyKind.P_256))},
}


def _authority() -> Identity:
    ca = third_party("Import", 0)
    return Identity(ca.signer.key, ca.chain)


@cache
def another(name: str) -> Appliance:
    """Another unit of a platform, in operation: its memory is to be found where it does not belong."""
    unit = new_unit(Order(load(name), mac="00e00705aaaa", seed=11), START)
    do(unit, "power_on")
    return finish(unit) if name in LINUX else unit


class BeyondTheBudget(Events):
    may_be_lost = False

    @initialize(may=st.sampled_from((False, False, True)))
    def see_how_far_it_goes(self, may: bool) -> None:
        self.may_be_lost = may

    @precondition(lambda self: self.may_be_lost or self.is_lost)
    @rule(fault=FAULTS)
    def beyond_the_budget(self, fault: Beyond) -> None:
        self.tally[fault.kind] += 1
        self.is_lost = True
        self.schedule = []
        strike(self.unit, fault)

    @precondition(lambda self: self.is_lost)
    @rule(data=st.data())
    def do_anything(self, data: st.DataObject) -> None:
        operations = self.unit.platform.operations
        name = data.draw(st.sampled_from(["power_on"] * 4 + sorted(operations)))
        arguments = data.draw(st.fixed_dictionaries(dict(ARGUMENTS[name])))
        self.tally[f"beyond: {name}"] += 1
        error = self.try_to(lambda: operations[name](self.unit, **arguments))
        assert name != "power_on" or error is None or isinstance(error, NotNow), error

    @precondition(lambda self: self.is_lost and self.unit.state != OFF)
    @rule(duration=DURATIONS)
    def time_passes(self, duration: int) -> None:
        error = self.try_to(lambda: self.pass_time(duration))
        assert error is None, error

    def try_to(self, action: Callable[[], object]) -> IpsimError | None:
        """What a person is told, if it is refused; what the unit does by itself tells nobody, but the journal."""
        self.has_failed = True
        error, _ = self.attempt(action)
        self.has_failed = False
        return error

    @invariant()
    def no_identity_is_anothers(self) -> None:
        if self.is_lost:
            held = {public_key(one.der) for one in identities(self.unit)}
            assert not held & {public_key(one.der) for one in identities(another(self.unit.platform.name))}

    def come_up_beyond_the_budget(self) -> None:
        """Two more starts, whatever they lead to."""
        for _ in range(2):
            if self.unit.state != OFF:
                cut_power(self.unit)
            self.disarm()
            error = self.try_to(lambda: self.unit.platform.operations["power_on"](self.unit))
            assert error is None, error
            assert self.unit.state != OFF, "it does not even begin to start"
            self.it_rests_in_the_table()
            self.every_identity_is_whole()
            self.no_identity_is_anothers()


def strike(unit: Appliance, fault: Beyond) -> None:
    """Do what a fault says."""
    parts = unit.parts()
    name = sorted(parts)[fault.where % len(parts)]
    part, size = parts[name], parts[name].geometry.block_size
    used = [block for block, content in enumerate(part.blocks) if content != b"\xff" * size] or [0]
    block, other = used[fault.what % len(used)], used[fault.where % len(used)]
    if fault.kind == ROT:
        for n in range(1 + fault.where % 3):
            part.flip(BitFlip(block, (fault.where * (2 * n + 1) + fault.what) % (8 * size)))
    elif fault.kind == SWAPPED:
        here, there = part.blocks[block], part.blocks[other]
        part.overwrite(block, there)
        part.overwrite(other, here)
    elif fault.kind == BLANK:
        for number in range(part.geometry.blocks):
            part.overwrite(number, b"\xff" * size)
    elif fault.kind == FOREIGN:
        for number, content in enumerate(another(unit.platform.name).internal.blocks):
            unit.internal.overwrite(number, content)
    elif fault.kind in (GONE, NONSENSE):
        records = unit.records.names()
        content = b"" if fault.kind == GONE else NONSENSES[fault.where % len(NONSENSES)]
        with probe(unit), suppress(StorageError):  # where an earlier fault has left nothing to write on
            unit.records.replace(records[fault.what % len(records)], content)
    elif fault.kind == LIVE:
        unit.rail.plan(LiveFault(fault.live, 1 + fault.what % 40))
    else:
        unit.rail.arm(Cut(1 + fault.what % 40, Moment.INSIDE, Torn.GROUP))
