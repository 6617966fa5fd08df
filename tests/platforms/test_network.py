"""What the network around a unit answers."""

from __future__ import annotations

from firmware.peers.network import SILENT, Network
from firmware.times import HOUR

MAC = "00e00705918e"


def test_a_silent_network_answers_nothing() -> None:
    assert {SILENT.dhcp(0), SILENT.dhcp(1), SILENT.bootp(MAC), SILENT.resolve("a.example")} == {None}
    assert SILENT.time(0) is None


def test_leases_are_by_lan() -> None:
    network = Network(leases={1: "10.0.0.5/24"})
    assert (network.dhcp(0), network.dhcp(1)) == (None, "10.0.0.5/24")


def test_manager_knows_units_by_mac() -> None:
    network = Network(manager_firmware={MAC: "12.0"})
    assert (network.bootp(MAC), network.bootp("00e007000001")) == ("12.0", None)


def test_a_name_needs_dns_and_an_address_is_itself() -> None:
    network = Network(hosts={"time.example": "192.0.2.1"})
    assert network.resolve("time.example") == "192.0.2.1"
    assert network.resolve("other.example") is None
    assert network.resolve("192.0.2.7") == "192.0.2.7"
    assert {network.resolve("1.2"), network.resolve("999.0.0.1")} == {None}


def test_the_time_is_as_wrong_as_its_server() -> None:
    assert Network(ntp_server="192.0.2.1", ntp_error=-HOUR).time(2 * HOUR) == HOUR
    assert Network(ntp_server="time.example", ntp_error=0).time(2 * HOUR) is None
    assert Network(ntp_server="time.example", hosts={"time.example": "192.0.2.1"}).time(2 * HOUR) == 2 * HOUR
