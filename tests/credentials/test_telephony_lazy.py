"""R6.2: SIP over TLS is a service that needs a certificate, which is made when it is first needed."""

from __future__ import annotations

from tests.boot.units import do, running


def test_enabling_sip_over_tls_makes_the_first_certificate_of_a_lazy_release() -> None:
    unit = running("6.2")
    assert unit.ram.identity is None
    do(unit, "set_sip_tls", lan1=False)
    assert unit.ram.identity is None
    do(unit, "set_sip_tls", lan1=True)
    assert unit.ram.identity is not None
