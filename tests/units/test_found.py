"""What the machines have found, each as a test by itself."""

from __future__ import annotations

from tests.boot.cuts import crash_states
from tests.boot.units import do, running, start_again


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
