"""An ignited Linux server of any kind against a plain model: its settings, its CA, what ignition has set for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from firmware.errors import BadInput, NotNow
from firmware.security.certificates import Identity
from firmware.security.issuing import Wanted
from firmware.security.keys import KeyKind
from firmware.times import DAY, HOUR
from tests.boot.units import START, cut_power, do
from tests.credentials.units import answer_to, pem_of, pem_with_key, third_party
from tests.ignition.units import ignited
from tests.units.certificates import YEAR_AND_MORE, Certificates
from tests.units.machine import DURATIONS, OFF, RUNNING, is_off, is_running
from tests.units.model import LINUX_IDENTITY, MADE, NEW, OWN_CA, Config, Security, Stages, State, factory_settings
from tests.units.observing import VENDOR, as_config, digest, identities, linux_flash, names_in

KINDS = ("primary", "secondary", "expansion", "application_server", "ucm", "primary, CA imported")
RELEASES = ("11.1", "12.0", "12.3")
DONE, WIZARD, BARE = "shutdown.done", "ignition.login", "system.none"


def is_root(self: Any) -> bool:
    return bool(self.flash["CA"] is not None)


def is_running_root(self: Any) -> bool:
    return is_running(self) and is_root(self)


class Linux(Certificates):
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
        self.made_for_host = self.flash["host"]

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
            is_old = seen["security"] == before["security"] or seen["security"] == after["security"]
            if not (remakes and is_changed and is_old):
                return False
            return None if self.is_named(seen) and seen["CA key"] == before["CA key"] else True

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
        if struck or self.is_lost:
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
        self.lands(self.perform(action, stages, finals=finals, free=self.unsure()), RUNNING)

    def unsure(self) -> tuple[str, ...]:
        return ("security",) if self.is_renewing() or self.security.waits else ()

    # Power and time.

    @precondition(lambda self: self.unit.state in (OFF, DONE))
    @rule()
    def power_on(self) -> None:
        operation = self.unit.platform.operations["power_on"]
        self.restart([self.flash], lambda: operation(self.unit))

    @precondition(lambda self: self.unit.state not in (OFF, DONE))
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
        self.restart([self.flash], lambda: self.unit.platform.operations["reboot"](self.unit))

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
        operation = self.unit.platform.operations["upgrade"]
        if release == "6.2":
            self.do("upgrade", [self.flash], refused=BadInput, release=release)
            return
        self.restart([self.flash, {**self.flash, "release": release}], lambda: operation(self.unit, release=release))

    @precondition(lambda self: self.unit.state in (RUNNING, DONE))
    @rule(duration=DURATIONS)
    def wait(self, duration: int) -> None:
        state = self.unit.state
        self.lands(self.perform(lambda: self.pass_time(duration), [self.flash], free=self.unsure()), state)

    @precondition(is_running)
    @rule(by=st.sampled_from((-DAY, 10 * HOUR, 900 * DAY, 0)))
    def set_clock(self, by: int) -> None:
        self.do("set_clock", [self.flash], reading=self.unit.clock.now + by, free=self.unsure())

    @precondition(is_running)
    @rule()
    def card_removed(self) -> None:
        self.do("card_removed", [self.flash], slot="second-disk")

    # Security.

    @precondition(is_running)
    @rule()
    def default_security(self) -> None:
        fresh = factory_settings(self.release, self.security.generation, VENDOR).gone(due=True)
        self.lands(self.secure("default_security", fresh, self.anew(fresh)), RUNNING)

    @precondition(is_running)
    @rule()
    def default_security_by_a_way_that_there_is_not(self) -> None:
        self.secure("default_security", refused=BadInput, via="serial")

    @precondition(is_running)
    @rule(automatic=st.booleans())
    def set_renewal(self, automatic: bool) -> None:
        self.secure("set_renewal", replace(self.security, renews=automatic), automatic=automatic)

    @precondition(is_running)
    @rule()
    def make_request(self) -> None:
        was = self.security
        self.secure("make_request", replace(was, generation=was.generation + 1, requests=True))

    @precondition(lambda self: is_running(self) and self.in_date())
    @rule(ours=st.booleans())
    def import_certificate(self, ours: bool) -> None:
        was = self.security
        waiting = self.unit.ram.settings.request if self.unit.ram.settings else None
        if waiting is None:
            self.secure("import_certificate", refused=NotNow, data=b"")
        elif not ours:
            data, _, _ = self.given(1)
            self.secure("import_certificate", refused=BadInput, data=data)
        else:
            chain = answer_to(waiting.der)
            trusted = was.trusted | set(map(digest, chain[1:]))
            got = replace(was, identity=digest(chain[0]), made=False, trusted=trusted, requests=False)
            self.secure("import_certificate", got, data=pem_of(*chain))

    # Configuration.

    def configure(self, name: str, after: Config, /, **arguments: Any) -> None:
        assert self.ram is not None
        is_other = after != self.ram
        remakes = self.remakes(name) and self.security.renews and is_other
        struck = self.changed(name, {"configuration": after}, remakes=remakes, **arguments)
        self.ram = after
        self.lands(struck, RUNNING)

    @precondition(is_running)
    @rule(lan=st.integers(0, 1), interface=st.sampled_from(("10.0.0.1/24", "10.0.7.1/16", None)))
    def set_address(self, lan: int, interface: str | None) -> None:
        if self.ram is not None:
            self.configure("set_address", self.ram.with_lan(lan, interface), lan=lan, interface=interface)

    @precondition(is_running)
    @rule(domain=st.sampled_from(("example.com", "", None)), fqdn=st.sampled_from(("sip.example.com", "")))
    def set_sip(self, domain: str | None, fqdn: str) -> None:
        if self.ram is not None:
            after = replace(self.ram, sip_domain=self.ram.sip_domain if domain is None else domain, sip_fqdn=fqdn)
            self.configure("set_sip", after, domain=domain, fqdn=fqdn)

    @precondition(is_running)
    @rule(lan1=st.booleans(), lan2=st.booleans())
    def set_sip_tls(self, lan1: bool, lan2: bool) -> None:
        if self.ram is not None:
            self.configure("set_sip_tls", replace(self.ram, sip_tls=(lan1, lan2)), lan1=lan1, lan2=lan2)

    @precondition(is_running)
    @rule(setting=st.sampled_from(("off", "asked", "required")))
    def set_client_certificates(self, setting: str) -> None:
        if self.ram is not None:
            after = replace(self.ram, client_certificates=setting)
            self.configure("set_client_certificates", after, setting=setting)

    @precondition(is_running)
    @rule(syslog=st.sampled_from(((), ("10.0.0.9",), ("10.0.0.9", "10.0.0.8"))))
    def set_alarms(self, syslog: tuple[str, ...]) -> None:
        if self.ram is not None:
            self.configure("set_alarms", replace(self.ram, syslog=syslog), syslog=syslog)

    @precondition(is_running)
    @rule(name=st.sampled_from((None, "branch")), lan1=st.sampled_from((None, "10.3.3.3/24")))
    def initial_configuration(self, name: str | None, lan1: str | None) -> None:
        if self.ram is None:
            return
        after = replace(self.ram, primary="10.0.0.2", system_name=name or self.ram.system_name)
        after = after.with_lan(0, lan1) if lan1 else after
        is_elsewhere = after.lans != self.ram.lans
        remakes = is_elsewhere and self.remakes("set_address") and self.security.renews
        arguments = {"primary": "10.0.0.2", "system_name": name, "lan1": lan1}
        struck = self.changed("initial_configuration", {"configuration": after}, remakes=remakes, **arguments)
        self.ram = after
        self.lands(struck, RUNNING)

    @precondition(is_running)
    @rule(name=st.sampled_from(("server1", "server2", "main.example.com")))
    def set_host_name(self, name: str) -> None:
        remakes = self.remakes("set_host_name") and self.security.renews and name != self.flash["host"]
        self.lands(self.changed("set_host_name", {"host": name}, remakes=remakes, host_name=name), RUNNING)

    @precondition(is_running)
    @rule()
    def set_no_host_name(self) -> None:
        self.do("set_host_name", [self.flash], refused=BadInput, host_name="-")

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
        self.replaced("create_authority", {"CA": NEW, "CA key": NEW})
        self.imported = self.imported and self.unit.ram.authority is None

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

    @precondition(lambda self: self.unit.state in (OFF, RUNNING))
    @rule(really=st.sampled_from((False,) * 7 + (True,)))
    def reinstall(self, really: bool) -> None:
        """Everything goes; from here on it is another server, which the wizard's tests deal with."""
        operation = self.unit.platform.operations["reinstall"]
        if not really or self.is_lost:
            return
        self.is_lost = True
        if not self.perform(lambda: operation(self.unit), [self.flash]):
            assert self.unit.state == WIZARD
            seen = self.seen()
            assert (seen["security"], seen["CA"], seen["configuration"], seen["done"]) == (None,) * 4

    def teardown(self) -> None:
        """Whatever has happened: the next start comes up, and the one after that changes nothing."""
        if not hasattr(self, "unit") or self.is_lost or self.has_failed:
            return
        self.schedule = []
        for _ in range(2):
            if self.unit.state != OFF:
                cut_power(self.unit)
            self.unit.rail.arm(None)
            before = self.flash
            self.power_on()
        assert {**self.flash, "security": None} == {**before, "security": None}
        self.every_identity_is_whole()
        self.nothing_is_programmed_twice()
