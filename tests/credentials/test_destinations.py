"""Where events go: two syslog receivers at most, kept with the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware.appliance import Appliance
from firmware.configuration import SYSLOG_FORMATS, from_bytes
from firmware.credentials import destinations
from firmware.credentials.syslog import FORMATS, Severity
from firmware.errors import BadInput, Damaged, NotNow
from firmware.peers.network import Network
from tests.boot.cuts import crash_states
from tests.boot.units import do, events, running, shut_down, start_again
from tests.ignition import units as linux

TWO = ("192.0.2.10", "192.0.2.11")
KINDS: tuple[Callable[[], Appliance], ...] = (running, linux.ignited, lambda: linux.ignited("ucm"))


def kept(unit: Appliance) -> tuple[tuple[str, ...], str]:
    assert unit.ram.configuration is not None
    return unit.ram.configuration.syslog, unit.ram.configuration.syslog_format


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("format", SYSLOG_FORMATS)
def test_they_are_kept_over_a_start(format: str, made: Callable[[], Appliance]) -> None:
    unit = made()
    assert kept(unit) == ((), "rfc3164")
    do(unit, "set_alarms", syslog=TWO, format=format)
    assert events(unit, "alarms.directed") == [{"syslog": list(TWO), "format": format}]
    assert kept(start_again(unit)) == (TWO, format)
    do(unit, "set_alarms")
    assert kept(start_again(unit)) == ((), "rfc3164")


@pytest.mark.parametrize("made", KINDS[:2])
def test_power_lost_meanwhile_leaves_the_old_or_the_new_ones(made: Callable[[], Appliance]) -> None:
    base, seen = do(made(), "set_alarms", syslog=TWO[:1]), set()
    for _, unit in crash_states(base, lambda unit: do(unit, "set_alarms", syslog=TWO)):
        seen.add(kept(start_again(unit))[0])
    assert seen == {TWO[:1], TWO}


@pytest.mark.parametrize(
    ("syslog", "format", "why"),
    [
        ((*TWO, "192.0.2.12"), "rfc3164", "3 syslog destinations: there can be 2"),
        (("syslog.example.com",), "rfc3164", "'syslog.example.com' is no address"),
        (TWO, "rfc3195", "'rfc3195': rfc3164, rfc5424 are offered"),
    ],
)
def test_what_is_refused_changes_nothing(syslog: tuple[str, ...], format: str, why: str) -> None:
    unit = running()
    with pytest.raises(BadInput, match=why):
        do(unit, "set_alarms", syslog=syslog, format=format)
    assert kept(unit) == ((), "rfc3164")


def test_only_a_running_unit_can_be_told() -> None:
    with pytest.raises(NotNow, match="alarm destinations"):
        do(shut_down(), "set_alarms")


def test_a_stored_format_that_is_none_is_damage() -> None:
    configuration = running().ram.configuration
    assert configuration is not None
    with pytest.raises(Damaged, match="'rfc0' is no format"):
        from_bytes(replace(configuration, syslog_format="rfc0").to_bytes())
    assert tuple(FORMATS) == SYSLOG_FORMATS


def test_each_destination_gets_it_and_the_sender_never_knows() -> None:
    unit = running()
    unit.surroundings = network = Network(receivers=TWO[1:])
    do(unit, "set_alarms", syslog=TWO)
    destinations.send(unit, Severity.ERROR, "kind", "that is so", {})
    assert [data["to"] for data in events(unit, "syslog.sent")] == list(TWO)
    [(address, [message])] = network.peers.received.items()
    assert address == TWO[1]
    assert message.endswith(b" 192.168.42.1 ipoffice: that is so")
    assert events(unit, "syslog.sent")[0]["message"] == message.decode()


def test_a_server_has_a_name() -> None:
    unit = linux.ignited()
    do(unit, "set_alarms", syslog=TWO)
    destinations.send(unit, Severity.ERROR, "kind", "that is so", {})
    assert " server1 ipoffice: that is so" in events(unit, "syslog.sent")[0]["message"]


def test_one_that_is_given_twice_is_one() -> None:
    unit = do(running(), "set_alarms", syslog=(*TWO, TWO[0]))
    assert kept(unit)[0] == TWO
