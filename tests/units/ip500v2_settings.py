"""What an administrator sets on an IP500 V2: security, configuration, software."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from firmware.errors import BadInput, NotNow
from tests.units.ip500v2_power import Power
from tests.units.ip500v2_start import RELEASES
from tests.units.machine import RUNNING, is_off, is_running
from tests.units.model import IP500V2_IDENTITY, MADE, Security, at_least, factory_settings
from tests.units.observing import VENDOR

ADDRESSES = st.sampled_from(("10.0.0.1/24", "10.0.7.1/16", None))


class Settings(Power):
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
        stages = self.started(self.flash, "reset")
        self.boots(self.do("default_security", stages, via="bootloader", finals=self.finals))

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
        assert self.ram is not None
        return security.is_needed() or any(self.ram.sip_tls)

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

    @precondition(is_running)
    @rule()
    def default_configuration(self) -> None:
        action = self.order("default_configuration")
        self.restart(False, self.defaulted(), action)

    @precondition(is_running)
    @rule(lan=st.integers(0, 1), interface=ADDRESSES)
    def set_address(self, lan: int, interface: str | None) -> None:
        assert self.ram is not None
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
        assert self.ram is not None
        after = replace(self.ram, sip_domain=self.ram.sip_domain if domain is None else domain, sip_fqdn=fqdn)
        self.configure("set_sip", after, domain=domain, fqdn=fqdn)

    @precondition(is_running)
    @rule(lan1=st.booleans(), lan2=st.booleans())
    def set_sip_tls(self, lan1: bool, lan2: bool) -> None:
        assert self.ram is not None
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
        assert self.ram is not None
        after = replace(self.ram, client_certificates=setting)
        self.configure("set_client_certificates", after, setting=setting)

    @precondition(is_running)
    @rule(syslog=st.sampled_from(((), ("10.0.0.9",), ("10.0.0.9", "10.0.0.8"))))
    def set_alarms(self, syslog: tuple[str, ...]) -> None:
        assert self.ram is not None
        self.configure("set_alarms", replace(self.ram, syslog=syslog), syslog=syslog)

    @precondition(lambda self: is_running(self) and not self.has_users)
    @rule(name=st.sampled_from((None, "branch")), lan1=st.sampled_from((None, "10.3.3.3/24")))
    def initial_configuration(self, name: str | None, lan1: str | None) -> None:
        assert self.ram is not None
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
        action = self.order("upgrade", release=release)
        self.restart(True, stages, action)
