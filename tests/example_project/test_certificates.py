"""What becomes of a unit's certificate, and what a customer might expect of it."""

import pytest

from firmware.bench.pytest_plugin import Network, Unit, platforms
from firmware.errors import Unmet


@pytest.mark.platform("ip500v2", release="12.0", seed=7)
def test_a_first_start_makes_a_certificate(appliance: Unit) -> None:
    appliance.power_on()
    assert appliance.state == "running"
    assert appliance.identity.generated
    assert appliance.identity.fit
    assert appliance.leds["cpu"] == "green"
    assert "192.168.42.1" in appliance.certificate.names  # type: ignore[union-attr]  # there is one


def test_an_address_change_keeps_it(appliance: Unit) -> None:
    appliance.power_on()
    appliance.set_address(lan1="10.0.0.1/24")
    assert appliance.identity.kept
    assert not appliance.identity.fit
    assert "certificate.unfit" in appliance.journal


def test_phones_survive_a_security_default(appliance: Unit) -> None:
    """Wrong, and meant to be: the README shows how this fails."""
    appliance.power_on()
    appliance.do("default_security", via="web")
    assert appliance.identity.kept


def test_a_power_cut_while_it_is_made(appliance: Unit) -> None:
    appliance.power_on(until="certificate.generating")
    appliance.cut_power()
    appliance.power_on()
    assert appliance.identity.generated
    assert len(appliance.journal.of("certificate.generated")) == 1


@pytest.mark.platform(*platforms(wizard=False))
def test_a_restart_keeps_it(appliance: Unit) -> None:
    appliance.power_on().power_cycle(off_for="1h")
    assert appliance.identity.kept


@pytest.mark.platform("secondary", answers={"network": {"host_name": "branch7"}})
def test_a_secondary_signs_its_own(ignited: Unit) -> None:
    assert ignited.certificate is not None
    assert ignited.certificate.subject == ignited.certificate.issuer
    assert ignited.certificate.subject.startswith("CN=branch7,")


def test_what_is_refused(appliance: Unit) -> None:
    with pytest.raises(Unmet, match="off"):
        appliance.press("reset", "7s")


def test_a_primary_issues_for_its_nodes(network: Network) -> None:
    network.issue_certificates()
    assert network.branch.identity.new_key
    assert network.secondary.identity.new_key
    assert network.primary.identity.kept
