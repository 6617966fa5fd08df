"""A module in its host, held to boot.md, UCM: lights in order, time, power cuts."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench import hosting, replay, scenario
from firmware.bench.answers import BUILT_IN
from firmware.bench.outside import identity_of
from firmware.bench.unattended import ignite
from firmware.device.faults import Cut, Moment, Torn
from firmware.peers.network import Network
from firmware.times import HOUR, MINUTE, parse_time
from tests.bench.seats import (
    BOOTING,
    HOST_SHUT_DOWN,
    HOST_SHUTTING_DOWN,
    INITIALISING,
    POWERING,
    SHUT_DOWN,
    SHUTTING_DOWN,
    START,
    STARTING,
    UP,
    ignited,
    said,
    seated,
)


def test_the_lights_of_a_start_in_the_documented_order() -> None:
    assert seated().start().pairs() == [POWERING, STARTING, INITIALISING, BOOTING, UP]


def test_the_lights_of_a_shutdown_in_the_documented_order() -> None:
    bench = ignited()
    since = len(bench.module.journal.events)
    bench.do(bench.host, "shutdown").settle()
    assert bench.pairs(since) == [SHUTTING_DOWN, SHUT_DOWN, HOST_SHUTTING_DOWN, HOST_SHUT_DOWN]
    assert (bench.host.state, bench.module.state) == ("shutdown.done", "host.shut_down")


def test_a_power_cut_of_the_host_is_one_of_the_module() -> None:
    bench = ignited()
    bench.world.cut_power(bench.host, "pulled")
    assert (bench.host.state, bench.module.state) == ("off", "off")
    assert not bench.module.rail.on
    assert bench.pairs()[-1] == ("off", "off")
    (cut,) = [event for event in bench.module.journal.events if event.kind == "power.cut"]
    assert cut.data["why"] == "its host host has no power"
    assert bench.host.modules_up == frozenset()
    bench.start()
    assert (bench.host.state, bench.module.state) == ("running", "running")


def test_a_cut_at_a_flash_operation_of_the_host_takes_the_module_down() -> None:
    bench = ignited()
    bench.host.rail.arm(Cut(1, Moment.INSIDE, Torn.HALF))
    bench.do(bench.host, "set_address", lan=0, interface="10.0.0.5/24")
    assert (bench.host.state, bench.module.state) == ("off", "off")


def test_a_module_has_no_plug_but_its_hosts() -> None:
    bench = ignited()
    bench.world.cut_power(bench.module, "pulled")
    assert (bench.host.state, bench.module.state) == ("off", "off")
    assert [said(unit, "power.cut")[-1]["why"] for unit in (bench.host, bench.module)] == [
        "module: pulled", "its host host has no power",
    ]  # fmt: skip
    assert bench.start().module.state == "running"


@pytest.mark.parametrize("operation", [1, 5, 12, 20])
def test_a_cut_in_the_modules_apply_takes_the_host_down_and_apply_is_finished_with_the_next_start(
    operation: int,
) -> None:
    bench = seated().start()
    bench.module.rail.arm(Cut(operation, Moment.INSIDE, Torn.HALF))
    ignite(bench.world, bench.module, BUILT_IN)
    assert (bench.host.state, bench.module.state) == ("off", "off")
    bench.start()
    ignite(bench.world, bench.module, BUILT_IN)
    assert (bench.host.state, bench.module.state) == ("running", "running")
    identity = identity_of(bench.module)
    assert identity is not None
    assert identity.is_whole()


def test_after_a_shutdown_the_power_goes_off_and_is_no_cut() -> None:
    bench = ignited()
    bench.do(bench.host, "shutdown").settle()
    bench.world.cut_power(bench.host, "unplugged")
    assert said(bench.module, "power.off")
    assert not said(bench.module, "power.cut")


def test_the_module_has_its_time_from_the_host() -> None:
    bench = seated(module_clock=0)
    bench.host.clock.set(parse_time("2031-05-01"))
    bench.start()
    assert bench.module.clock.read() == bench.host.clock.read()
    assert [e["by"] for e in said(bench.module, "clock.set")] == ["its host"]


def test_a_host_whose_clock_is_not_set_gives_no_time() -> None:
    bench = seated()
    bench.host.clock.lose()
    bench.start()
    assert bench.module.clock.read() is None
    ignite(bench.world, bench.module, BUILT_IN)
    identity = identity_of(bench.module)
    assert identity is not None
    # certificates.md 2.1: 1 January of the year of the release, with no further 24 h off.
    assert identity.certificate.not_valid_before_utc.isoformat() == "2024-01-01T00:00:00+00:00"


def test_the_hosts_clock_is_looked_at_again_within_the_hour() -> None:
    bench = ignited()
    bench.do(bench.host, "set_clock", reading=parse_time("2027-01-01"))
    bench.world.run_until(bench.world.now + 2 * HOUR)
    assert bench.module.clock.read() == bench.host.clock.read()


def test_what_else_surrounds_a_module_is_the_networks_answer() -> None:
    network = Network(leases={0: "10.0.0.9/24"}, hosts={"m.example": "10.0.0.9"}, ntp_server="10.0.0.9")
    seat = hosting.Seat(network, seated().host)
    assert (seat.dhcp(0), seat.dhcp(1), seat.bootp("x")) == ("10.0.0.9/24", None, None)
    assert (seat.name_of("10.0.0.9"), seat.reaches("m.example"), seat.time(5)) == ("m.example", True, 5)
    assert seat.host_time(START + MINUTE) == START + MINUTE


def test_the_module_starts_when_its_host_is_up_and_not_before() -> None:
    bench = seated()
    bench.do(bench.host, "power_on")
    bench.world.run_to_state(bench.host, "certificate.generating")
    assert bench.module.state == "host.powering"
    assert bench.world.run_to_state(bench.module, "power.starting")
    assert bench.host.state == "running"


def test_waiting_for_a_module_waits_for_what_its_host_is_about() -> None:
    bench = seated()
    bench.do(bench.host, "power_on")
    assert bench.world.run_to_state(bench.module, "system.booting")


def test_a_host_without_software_starts_no_module() -> None:
    bench = seated()
    bench.host.remove("system-sd")
    bench.start()
    assert (bench.host.state, bench.module.state) == ("firmware.none", "host.powering")
    assert bench.pairs() == [POWERING]


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.INSIDE, Moment.AFTER])
def test_the_host_is_cut_at_any_operation_of_a_shutdown_and_both_come_up(moment: Moment) -> None:
    base = ignited()
    base.do(base.host, "change_at_phone", extension="201", name="Front")
    for operation in range(1, 40):
        bench = base.copy()
        bench.host.rail.arm(Cut(operation, moment, Torn.HALF))
        bench.do(bench.host, "shutdown").settle()
        if bench.host.rail.armed:
            assert operation > 1
            return
        assert (bench.host.state, bench.module.state) == ("off", "off")
        bench.start()
        assert (bench.host.state, bench.module.state) == ("running", "running")
    raise AssertionError("a shutdown takes more than 40 operations")


COUPLED = "name: x\nunits: {host: {platform: ip500v2}, m: {platform: ucm, host: host}}\nsteps:\n"


def test_units_kept_in_files_are_coupled_again_by_the_next_run(tmp_path: Path) -> None:
    first = "- power_on: {unit: host}\n- ignite: {unit: m}\n- expect: {unit: m, state: running, identity: generated}\n"
    second = (
        "- expect: {unit: m, state: 'off', generation: 1}\n- power_on: {unit: host}\n"
        "- expect: {unit: m, state: running, generation: 1}\n- shutdown: {unit: host}\n"
        "- expect: {unit: m, state: host.shut_down, lower: red-amber}\n"
    )
    for steps in (first, second):
        report = replay.run(scenario.parse(COUPLED + steps, "f.yaml"), state=tmp_path / "state")
        assert [outcome.objection for outcome in report.outcomes if outcome.objection] == []
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["host", "m"]
