"""What the machines have found, each as a test by itself."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.peers.network import Network
from tests.boot.cuts import crash_states
from tests.boot.units import do, running, start_again
from tests.credentials.units import pem_of, roots, settings_in_use
from tests.ignition.units import ignited


def test_r62_sip_over_tls_that_is_on_needs_a_certificate_whatever_was_cut_short() -> None:
    base = running("6.2")
    assert base.ram.identity is None
    for cut, crashed in crash_states(base, lambda unit: do(unit, "set_sip_tls", lan1=True)):
        unit = start_again(crashed)
        assert unit.ram.configuration is not None
        assert (unit.ram.identity is not None) == any(unit.ram.configuration.sip_tls), cut


def test_r62_a_certificate_that_sip_over_tls_needs_is_made_again_when_it_is_deleted() -> None:
    unit = do(running("6.2"), "set_sip_tls", lan1=True)
    do(unit, "delete_certificate")
    assert unit.ram.identity is not None


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("set_address", {"lan": 0, "interface": "10.1.2.3/24"}),
        ("set_sip", {"domain": "", "fqdn": ""}),
        ("set_host_name", {"host_name": "server1"}),
    ],
)
def test_a_setting_that_is_saved_as_it_was_makes_no_identity(operation: str, arguments: dict[str, Any]) -> None:
    unit = ignited("primary")
    before = unit.ram.identity
    do(unit, operation, **arguments)
    assert unit.ram.identity == before


def test_a_security_default_that_was_cut_short_is_no_change_of_an_address_that_dhcp_has_given() -> None:
    base = ignited("primary")
    base.surroundings = Network({1: "192.168.8.20/24"})
    do(base, "reboot")
    do(base, "default_security")
    do(base, "trust", data=pem_of(roots(1)[0]))
    old = base.ram.identity
    for cut, crashed in crash_states(base, lambda unit: do(unit, "default_security"), sample=0):
        settings = settings_in_use(start_again(crashed))
        assert (settings.identity == old) == (roots(1)[0] in settings.trusted), cut
