"""What an administrator sets on a Linux server: security and configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from firmware.errors import BadInput, NotNow
from tests.credentials.units import answer_to, pem_of
from tests.units.linux_start import Starting
from tests.units.machine import RUNNING, is_running
from tests.units.model import Config, factory_settings
from tests.units.observing import VENDOR, digest


class Settings(Starting):
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
        assert self.ram is not None
        self.configure("set_address", self.ram.with_lan(lan, interface), lan=lan, interface=interface)

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
        self.configure("set_sip_tls", replace(self.ram, sip_tls=(lan1, lan2)), lan1=lan1, lan2=lan2)

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

    @precondition(is_running)
    @rule(name=st.sampled_from((None, "branch")), lan1=st.sampled_from((None, "10.3.3.3/24")))
    def initial_configuration(self, name: str | None, lan1: str | None) -> None:
        assert self.ram is not None
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
