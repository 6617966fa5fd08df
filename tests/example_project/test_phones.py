"""Phones that validate, by real handshakes."""

import pytest

from firmware.bench.pytest_plugin import Phone, Unit


@pytest.fixture
def office(appliance: Unit) -> Unit:
    """A unit whose registrar speaks TLS."""
    return appliance.power_on().do("set_sip_tls", lan1=True, lan2=True).do("reboot")


def test_a_phone_registers(office: Unit, phone: Phone) -> None:
    assert phone.connect(office, service="https")
    phone.reboot(office)  # from now on it checks the chain
    assert phone.register(office, 201)


def test_an_address_change_turns_it_away(office: Unit, phone: Phone) -> None:
    phone.connect(office, service="https")
    phone.reboot(office)
    office.set_address(lan1="10.0.0.1/24")
    refused = phone.connect(office)
    assert not refused
    assert refused.objections == ["does not name 10.0.0.1"]


@pytest.mark.endpoint("e129")
def test_an_e129_checks_nothing(office: Unit, phone: Phone) -> None:
    office.set_address(lan1="10.0.0.1/24")
    assert phone.connect(office)
