"""An IP500 V2 against a plain model: what is on its NVM and cards, where it starts from, what it starts with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import probe
from firmware.boot.cards import new_card
from firmware.boot.software import image_of
from firmware.device.faults import BitFlip
from firmware.errors import BadInput, NotNow
from firmware.release import BY_VERSION
from firmware.times import DAY, HOUR, MINUTE, SECOND
from platforms import load
from tests.boot.units import START, cut_power, put_file, slot_start, unmended
from tests.units.certificates import Certificates
from tests.units.machine import DURATIONS, LONG, OFF, RUNNING, is_off, is_running
from tests.units.model import (
    COMMANDED,
    IP500V2_IDENTITY,
    MADE,
    NEW_LANS,
    REMOVED,
    USERS_OF_A_NEW_UNIT,
    Config,
    Security,
    Stages,
    State,
    at_least,
    factory_settings,
)
from tests.units.observing import VENDOR, as_config, ip500v2_flash, names_in

RELEASES = ("6.2", "9.1", "12.3")
KINDS = [("ip500v2", release) for release in RELEASES] + [("ip500v2_expansion", "12.3")]
ADDRESSES = st.sampled_from(("10.0.0.1/24", "10.0.7.1/16", None))
NONE, DONE = "firmware.none", "shutdown.done"
WINDOW = 30 * MINUTE  # KB: the daily copy is made between 00:00 and 00:30
BINARIES = ("card binary", "nvm binary", "card backup binary", "optional binary", "optional backup binary")  # KB


class IP500V2(Certificates):
    """``ram`` is the running configuration, ``place`` where the binary came from; times are readings of the clock,
    but ``restart_at``, which is simulated time."""

    look = staticmethod(ip500v2_flash)
    ram: Config | None = None
    place = ""
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

    def begin(self, unit: Any) -> None:
        super().begin(unit)

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
        if place is None:
            if not self.around.manager_firmware:
                return stages
            release = self.around.manager_firmware[self.unit.mac]
        else:
            release = flash[place]
        self.place = place or "bootp"
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
        security = flash["security"] or factory_settings(release, 0, VENDOR)
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
        self.ram, self.reboot_at, self.skips_nightly, self.was_set, self.restart_at = None, None, False, False, None

    def has_card(self) -> bool:
        return self.unit.slots["system-sd"].card is not None

    def saved(self, flash: State | None = None, ram: Config | None = None) -> State:
        """RAM in the System SD and the NVM; a default command is over with it."""
        flash, ram = flash or self.flash, ram or self.ram
        return {**flash, "nvm": ram, "mark": ""} | ({"card": ram} if self.has_card() else {})

    def lands(self, struck: bool, *states: str) -> None:
        """Where it comes to rest; what RAM then holds."""
        if struck or self.is_lost:
            if self.unit.state == OFF:
                self.forget()
            return
        assert self.unit.state in states, (self.unit.state, states)
        self.know_ram()

    def know_ram(self) -> None:
        if self.unit.state == RUNNING and not self.is_lost:
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
        self.boots(self.perform(action, stages + self.started(stages[-1])))

    # Power and buttons.

    @precondition(is_off)
    @rule(holding=st.sampled_from((None, None, None, "reset", "aux")))
    def power_on(self, holding: str | None) -> None:
        self.boots(self.do("power_on", self.started(self.flash, holding), holding=holding))

    @precondition(lambda self: not is_off(self))
    @rule()
    def power_on_what_is_on(self) -> None:
        self.do("power_on", [self.flash], refused=NotNow)

    @precondition(lambda self: is_running(self) and self.has_card())
    @rule(button=st.sampled_from(("reset", "aux")), held=st.sampled_from((2, 7, 20, 35, 50)))
    def press(self, button: str, held: int) -> None:
        action = lambda: self.unit.platform.operations["press"](self.unit, button=button, held=held * SECOND)  # noqa: E731
        if held == 2 or (button == "reset" and held == 50):
            self.perform(action, [self.flash])
        elif button == "aux":
            struck = self.perform(action, [self.flash, self.saved()])
            self.lands(struck, DONE)
            self.restart_at = None if struck else self.unit.clock.now + 10 * MINUTE
        elif held == 7:
            self.restart(True, [self.flash], action)
        else:
            marked = {**self.flash, "mark": COMMANDED}
            stages = [self.flash, marked, {**marked, "card": None}, {**marked, "card": None, "mark": REMOVED}]
            if held == 35:
                bare = {**stages[-1], "nvm binary": None}
                stages += [bare, {**bare, "card binary": None}]
            self.restart(False, stages, action)

    @precondition(is_running)
    @rule(when=st.sampled_from((None, 1 * HOUR, 9 * HOUR + 1)))
    def reboot(self, when: int | None) -> None:
        action = lambda: self.unit.platform.operations["reboot"](self.unit, at=when)  # noqa: E731
        if when is None:
            self.restart(True, [self.flash], action)
            return
        self.perform(action, [self.flash])
        shown = self.unit.clock.read()
        if self.unit.state == RUNNING and shown is not None:
            self.reboot_at = shown + ((when - shown) % DAY or DAY)
            self.skips_nightly = self.reboot_at // DAY > shown // DAY

    @precondition(is_running)
    @rule(off_for=st.sampled_from((None, HOUR)))
    def shutdown(self, off_for: int | None) -> None:
        struck = self.do("shutdown", [self.flash, self.saved()], off_for=off_for)
        self.lands(struck, DONE)
        self.restart_at = self.unit.clock.now + off_for if off_for and not struck else None
        assert struck or self.is_lost or unmended(self.unit) == []

    # Time.

    @precondition(lambda self: not is_off(self))
    @rule(duration=DURATIONS)
    def wait(self, duration: int) -> None:
        now, shown = self.unit.clock.now, self.unit.clock.read()
        action = lambda: self.pass_time(duration)  # noqa: E731
        if self.unit.state == DONE:
            due = self.restart_at is not None and now + duration >= self.restart_at
            duration = self.restart_at - now if due and self.restart_at else duration
            stages = self.started(self.flash) if due else [self.flash]
            struck = self.perform(action, stages, free=self.unsure(duration))
            self.boots(struck) if due else None
        elif self.unit.state == NONE:
            answered, duration = bool(self.around.manager_firmware), 1 * MINUTE
            self.boots(self.perform(action, self.started(self.flash, by_bootp=True) if answered else [self.flash]))
        elif (
            self.reboot_at is not None and shown is not None and shown + duration >= self.reboot_at and not self.moves()
        ):
            stages = [self.flash, self.saved()]
            boot = self.started(stages[-1])
            struck = self.perform(action, [*stages, *boot], free=self.unsure(duration))
            self.boots(struck)
        else:
            self.run_on(action, duration, shown)

    def run_on(self, action: Any, duration: int, shown: int | None) -> None:
        """Operation goes on, perhaps past a nightly copy – or, where a clock that jumps decides, past a reboot."""
        maybe, surely = self.nights(shown, duration)
        stages = [self.flash, self.saved()] if maybe else [self.flash]
        if self.reboot_at is not None and (self.moves() or self.was_set):
            cut_power(self.unit)  # nobody can say what the model is to expect: begin again
            self.forget()
            self.flash = self.seen() | {"security": self.flash["security"]}
            return
        struck = self.perform(action, stages, finals=1 if surely or not maybe else 2, free=self.unsure(duration))
        self.lands(struck, RUNNING)

    def moves(self) -> bool:
        """Whether SNTP will set the clock."""
        return self.around.ntp_server is not None and not self.is_right()

    def nights(self, shown: int | None, duration: int) -> tuple[bool, bool]:
        """Whether a nightly copy may fall into this time, and whether one must."""
        if self.moves() or self.was_set:
            return True, False
        if shown is None or self.skips_nightly:
            return False, False
        midnight = shown // DAY * DAY
        nights = [midnight + n * DAY for n in range(duration // DAY + 2)]
        may = any(night + WINDOW >= shown and night <= shown + duration for night in nights)
        return may, any(shown < night and night + WINDOW < shown + duration for night in nights)

    def unsure(self, duration: int) -> tuple[str, ...]:
        return ("security",) if self.is_renewing() or self.security.waits else ()

    @precondition(is_running)
    @rule(by=st.sampled_from((-LONG, -DAY, 10 * HOUR, 900 * DAY, 0)))
    def set_clock(self, by: int) -> None:
        if self.unit.clock.now + by > 0:
            self.do("set_clock", [self.flash], reading=self.unit.clock.now + by, free=self.unsure(0))
            self.was_set = True

    # Security.

    @precondition(is_running)
    @rule(via=st.sampled_from(("manager", "web", "serial")))
    def default_security(self, via: str) -> None:
        fresh = factory_settings(self.release, self.security.generation, VENDOR).gone(due=True)
        self.has_new_identity = False
        self.lands(self.secure("default_security", fresh, fresh.new(), via=via), RUNNING)

    @precondition(is_off)
    @rule()
    def default_security_by_the_boot_loader(self) -> None:
        self.boots(self.do("default_security", self.started(self.flash, "reset"), via="bootloader"))

    @precondition(is_running)
    @rule()
    def default_security_with_another_mac(self) -> None:
        self.secure("default_security", via="serial", mac="00e007000009")

    @precondition(is_running)
    @rule()
    def delete_certificate(self) -> None:
        was = self.security
        if was.identity is None:
            self.secure("delete_certificate", refused=NotNow)
            return
        again = self.release_makes_at_once("delete_certificate") or self.needs(was)
        stages = [was.gone(), was.gone().new()] if again else [was.gone()]
        self.lands(self.secure("delete_certificate", *stages), RUNNING)

    def release_makes_at_once(self, name: str) -> bool:
        now, before = IP500V2_IDENTITY[name]
        return (now if at_least(self.release, "9.1") else before) == MADE

    def needs(self, security: Security) -> bool:
        """Whether something that is offered needs a certificate."""
        assert self.ram is not None or self.is_lost
        return security.is_needed() or any(self.ram.sip_tls if self.ram else ())

    @precondition(is_running)
    @rule(
        service=st.sampled_from(("HTTP", "Web Services")),
        level=st.sampled_from(("Disabled", "Unsecure Only", "Unsecure + Secure", "Secure High")),
    )
    def set_service(self, service: str, level: str) -> None:
        was = self.security
        changed = tuple((name, level if name == service else old) for name, old in was.services)
        stages = [replace(was, services=changed)]
        if was.identity is None and stages[0].is_needed():
            stages.append(stages[0].new())
        self.lands(self.secure("set_service", *stages, service=service, level=level), RUNNING)

    @precondition(is_running)
    @rule()
    def set_no_service(self) -> None:
        self.secure("set_service", refused=BadInput, service="Telnet", level="Disabled")

    # Configuration.

    @precondition(lambda self: is_running(self) and self.has_card())
    @rule()
    def default_configuration(self) -> None:
        marked = {**self.flash, "mark": COMMANDED}
        action = lambda: self.unit.platform.operations["default_configuration"](self.unit)  # noqa: E731
        gone = {**marked, "card": None}
        self.restart(False, [self.flash, marked, gone, {**gone, "mark": REMOVED}], action)

    @precondition(is_running)
    @rule(lan=st.integers(0, 1), interface=ADDRESSES)
    def set_address(self, lan: int, interface: str | None) -> None:
        if self.ram is not None:
            self.configure("set_address", self.ram.with_lan(lan, interface), lan=lan, interface=interface)

    @precondition(is_running)
    @rule(extension=st.sampled_from(("201", "208")), name=st.sampled_from(("Front desk", "Cellar")))
    def change_at_phone(self, extension: str, name: str) -> None:
        refused = None if self.has_users and self.ram and self.ram.users else BadInput
        self.do("change_at_phone", [self.flash], refused=refused, extension=extension, name=name)
        if refused is None and self.ram is not None:
            self.ram = self.ram.named(extension, name)
            self.know_ram()

    @precondition(is_running)
    @rule(domain=st.sampled_from(("example.com", "", None)), fqdn=st.sampled_from(("sip.example.com", "")))
    def set_sip(self, domain: str | None, fqdn: str) -> None:
        if self.ram is not None:
            after = replace(self.ram, sip_domain=self.ram.sip_domain if domain is None else domain, sip_fqdn=fqdn)
            self.configure("set_sip", after, domain=domain, fqdn=fqdn)

    @precondition(is_running)
    @rule(lan1=st.booleans(), lan2=st.booleans())
    def set_sip_tls(self, lan1: bool, lan2: bool) -> None:
        if self.ram is None:
            return
        after = replace(self.ram, sip_tls=(lan1, lan2))
        stages = [self.flash, self.saved(ram=after)]
        if self.security.identity is None and (lan1 or lan2):
            stages.append({**stages[-1], "security": self.security.new()})
        struck = self.do("set_sip_tls", stages, lan1=lan1, lan2=lan2)
        self.ram = after
        self.lands(struck, RUNNING)

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

    @precondition(lambda self: is_running(self) and not self.has_users)
    @rule(name=st.sampled_from((None, "branch")), lan1=st.sampled_from((None, "10.3.3.3/24")))
    def initial_configuration(self, name: str | None, lan1: str | None) -> None:
        if self.ram is not None:
            after = replace(self.ram, primary="10.0.0.2", system_name=name or self.ram.system_name)
            after = after.with_lan(0, lan1) if lan1 else after
            self.configure("initial_configuration", after, primary="10.0.0.2", system_name=name, lan1=lan1)

    @precondition(lambda self: is_running(self) and self.has_card())
    @rule()
    def restore_configuration(self) -> None:
        after = self.flash["card backup"]
        if after is None:
            self.do("restore_configuration", [self.flash], refused=NotNow)
        else:
            self.configure("restore_configuration", after)

    @precondition(lambda self: is_running(self) and self.has_card())
    @rule(release=st.sampled_from(RELEASES))
    def upgrade(self, release: str) -> None:
        if not self.has_users and release == "6.2":
            return
        stages = [self.flash]
        for name in ("card binary", "card"):
            if self.flash[name] is not None:
                backup = name.replace("card", "card backup")
                stages.append({**stages[-1], backup: self.flash[name]})
        stages.append({**stages[-1], "card binary": release})
        action = lambda: self.unit.platform.operations["upgrade"](self.unit, release=release)  # noqa: E731
        self.restart(True, stages, action)

    # Cards.

    @precondition(lambda self: self.has_card() and not self.flash["mark"])
    @rule()
    def take_the_card_out(self) -> None:
        self.shelf = self.unit.remove("system-sd")
        gone = dict.fromkeys(("card", "card binary", "card backup", "card backup binary"))
        self.do_card_removed({**self.flash, **gone})

    def do_card_removed(self, without: State) -> None:
        operation = self.unit.platform.operations["card_removed"]
        self.perform(lambda: operation(self.unit, slot="system-sd"), [without])
        if self.unit.state == OFF:
            self.forget()

    @precondition(lambda self: not self.has_card() and not self.flash["mark"])
    @rule()
    def put_the_card_back(self) -> None:
        self.unit.insert("system-sd", self.shelf)
        self._accept("card")

    @precondition(lambda self: self.unit.slots["optional-sd"].card is None)
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

    # A fault within the budget.

    @precondition(lambda self: is_off(self) and not self.is_lost and unmended(self.unit) == [])
    @rule(record=st.sampled_from(("level", "generation", "configuration", "firmware", "security", "network")),
          copy=st.integers(0, 1), bit=st.integers(0, 8 * 40))  # fmt: skip
    def one_copy_of_a_record_is_damaged(self, record: str, copy: int, bit: int) -> None:
        with probe(self.unit):
            is_there = self.unit.records.present(record) is not None
        if is_there:
            self.unit.internal.flip(BitFlip(slot_start(self.unit, record, copy)[0], bit))
            self._narrow([self.flash], False, lambda _: False, ())

    @invariant()
    def the_level_never_changes(self) -> None:
        level = self.flash["level"]
        if level is not None and not self.is_lost:
            self.level = getattr(self, "level", level)
            assert level == self.level

    def teardown(self) -> None:
        """Whatever has happened: the next start comes up, and the one after that changes nothing."""
        if not hasattr(self, "unit") or self.is_lost or self.has_failed:
            return
        if self.unit.state != OFF:
            cut_power(self.unit)
            self.forget()
        self.unit.rail.arm(None)
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
