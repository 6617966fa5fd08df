"""A module in its host, held to boot.md, UCM: reboots, waiting, the 3-minute limit, resets – and identities apart."""

from __future__ import annotations

import pytest

from firmware.bench import hosting
from firmware.bench.answers import BUILT_IN
from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import identity_of
from firmware.bench.unattended import ignite
from firmware.bench.world import World
from firmware.errors import NotNow
from firmware.times import HOUR, MINUTE, SECOND
from platforms import ip500v2, ip500v2_expansion, primary, ucm
from tests.bench.seats import (
    BOOTING,
    HOST_SHUT_DOWN,
    HOST_SHUTTING_DOWN,
    INITIALISING,
    SHUT_DOWN,
    SHUTTING_DOWN,
    START,
    STARTING,
    UP,
    ignited,
    said,
    seated,
)


def test_a_reboot_of_the_host_takes_the_module_down_and_up() -> None:
    bench = ignited()
    since = len(bench.module.journal.events)
    bench.do(bench.host, "reboot").settle()
    assert bench.pairs(since) == [
        SHUTTING_DOWN, SHUT_DOWN, HOST_SHUTTING_DOWN, STARTING, INITIALISING, BOOTING, UP,
    ]  # fmt: skip
    assert "host.powering" in bench.states(bench.module, since)
    assert (bench.host.state, bench.module.state) == ("running", "running")
    assert not said(bench.module, "power.reset")


def test_a_restart_at_once_is_a_reset_of_the_module() -> None:
    bench = ignited()
    since = len(bench.module.journal.events)
    bench.do(bench.host, "default_configuration").settle()
    assert "shutdown.stopping" not in bench.states(bench.module, since)
    assert len(said(bench.module, "power.reset")) == 1
    assert (bench.host.state, bench.module.state) == ("running", "running")


def test_the_host_does_not_wait_when_the_module_is_quick() -> None:
    bench = ignited()
    began = bench.world.now
    bench.do(bench.host, "shutdown").settle()
    assert "shutdown.modules" not in bench.states(bench.host)
    assert bench.world.now - began == 20 * SECOND


def test_the_host_waits_for_a_module_that_takes_its_time() -> None:
    """One that is being installed, say, or busy with its Apply: it shuts down as soon as it can."""
    bench = seated().start()
    bench.do(bench.module, "reinstall")
    bench.world.run_until(bench.world.now + 15 * MINUTE - 30 * SECOND)
    began = bench.world.now
    bench.do(bench.host, "shutdown").settle()
    # 30 s of installation, a start of 15 + 10 + 40 s, then the wizard shuts down within 5 s.
    assert bench.world.now - began == (30 + 15 + 10 + 40 + 5) * SECOND
    assert "shutdown.modules" in bench.states(bench.host)
    assert (bench.host.state, bench.module.state) == ("shutdown.done", "host.shut_down")
    assert not said(bench.host, "modules.overdue")
    assert not said(bench.module, "power.reset")


@pytest.mark.parametrize("operation", ["shutdown", "reboot"])
def test_a_module_that_hangs_holds_its_host_up_for_three_minutes(operation: str) -> None:
    bench = seated().start()
    bench.do(bench.module, "reinstall")
    began = bench.world.now
    bench.do(bench.host, operation)
    done = "shutdown.done" if operation == "shutdown" else "power.starting"
    assert bench.world.run_to_state(bench.host, done)
    assert bench.world.now - began == 3 * MINUTE
    assert [e["modules"] for e in said(bench.host, "modules.overdue")] == [["module"]]
    assert said(bench.module, "power.reset")
    assert bench.settle().module.state == ("host.shut_down" if operation == "shutdown" else "ignition.login")


def test_a_timed_shutdown_brings_both_back() -> None:
    bench = ignited()
    bench.do(bench.host, "press", button="aux", held=6 * SECOND).settle()
    assert (bench.host.state, bench.module.state) == ("shutdown.done", "host.shut_down")
    bench.world.run_until(bench.world.now + HOUR)
    assert (bench.host.state, bench.module.state) == ("running", "running")


def test_a_module_that_shut_down_by_itself_is_dark_and_in_nobodys_way() -> None:
    bench = ignited()
    bench.do(bench.module, "shutdown").settle()
    assert bench.pairs()[-2:] == [SHUTTING_DOWN, SHUT_DOWN]
    assert bench.host.modules_up == frozenset()
    since = len(bench.module.journal.events)
    bench.do(bench.host, "shutdown").settle()
    assert bench.pairs(since) == [HOST_SHUTTING_DOWN, HOST_SHUT_DOWN]


def test_a_security_default_of_the_host_leaves_the_modules_identity_alone() -> None:
    bench = ignited()
    before = (identity_of(bench.host), identity_of(bench.module))
    image, states = bench.module.internal.image(), len(bench.module.journal.events)
    bench.do(bench.host, "default_security").settle()
    after = (identity_of(bench.host), identity_of(bench.module))
    assert after[0] != before[0]
    assert after[1] == before[1]
    assert (bench.module.internal.image(), bench.module.state) == (image, "running")
    assert len(bench.module.journal.events) == states


def test_a_security_default_of_the_module_leaves_the_hosts_identity_alone() -> None:
    bench = ignited()
    before = (identity_of(bench.host), identity_of(bench.module))
    bench.do(bench.module, "default_security").settle()
    assert identity_of(bench.host) == before[0]
    assert identity_of(bench.module) != before[1]


def test_a_module_in_a_host_is_not_switched_on_by_itself() -> None:
    bench = seated()
    with pytest.raises(NotNow, match="module has its power from host: it is not switched on by itself"):
        hosting.require_own_power(bench.world, bench.module)
    hosting.require_own_power(bench.world, bench.host)
    with pytest.raises(NotNow, match="has its power from host"):
        ignite(bench.world, bench.module, BUILT_IN)


def test_a_module_alone_takes_its_host_as_up_and_right() -> None:
    world = World(START)
    module = new_unit(Order(ucm.PLATFORM, name="module"), START)
    module.clock.set(0)
    world.add(module)
    world.act(module, lambda: ucm.PLATFORM.operations["power_on"](module))
    world.settle()
    assert module.state == "ignition.login"
    assert module.clock.read() == world.now


def test_which_platforms_have_a_slot_for_a_module() -> None:
    assert hosting.can_host(ip500v2.PLATFORM)
    assert hosting.can_host(ip500v2_expansion.PLATFORM)
    assert not hosting.can_host(primary.PLATFORM)
    assert not hosting.can_host(ucm.PLATFORM)


def test_every_trigger_of_the_coupling_is_one_of_the_modules_table() -> None:
    triggers = {row.trigger for row in ucm.PLATFORM.bring_up.rows}
    states = set(ip500v2.PLATFORM.bring_up.by_name)
    for table in (hosting.FROM_HOST, hosting.FROM_MODULE):
        assert set(table) <= states
        assert {trigger for row in table.values() for trigger in row} <= triggers
    assert set(hosting.DOWN) <= set(ucm.PLATFORM.bring_up.by_name)
    assert set(hosting.RESETS) <= triggers
