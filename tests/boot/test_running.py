"""Boot steps 7 and 8: what a running unit does by the clock, and how it shuts down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.appliance import Appliance
from firmware.errors import BadInput, NotNow
from firmware.peers.network import Network
from firmware.times import DAY, HOUR, MINUTE, SECOND, parse_time, show_time
from tests.boot.units import act, do, events, fresh, identity_of, run_to, running, shut_down, start_again, states, wait

NTP = Network(ntp_server="192.0.2.123")


def _mac(minute: int) -> str:
    """A unit's MAC that has its nightly copy at this minute past midnight."""
    return f"{0x00E007000000 // 30 * 30 + minute:012x}"


def _running_at(reading: str, *, mac: str = "00e00705918e", drift_ppm: int = 0) -> Appliance:
    unit = do(fresh(mac=mac), "power_on")
    unit.clock.drift_ppm = drift_ppm
    return do(unit, "set_clock", reading=parse_time(reading))


def _copies(unit: Appliance) -> list[str]:
    """When, by the unit's clock less its drift, the nightly copies ran."""
    nightly = ("nightly copy", "nightly.skipped")
    return [
        show_time(event.time + (unit.clock.read() or 0) - unit.clock.now)
        for event in unit.journal.of_kind("configuration.saved", "nightly.skipped")
        if event.data.get("why") in nightly or event.kind == "nightly.skipped"
    ]


@pytest.mark.parametrize("minute", [0, 1, 15, 29])
def test_the_nightly_copy_runs_between_00_00_and_00_30(minute: int) -> None:
    unit = _running_at("2026-11-23T22:00:00Z", mac=_mac(minute))
    do(unit, "change_at_phone", extension="201", name="Front desk")
    wait(unit, 3 * DAY)
    runs = _copies(unit)
    assert runs == [f"2026-11-{day}T00:{minute:02}:00Z" for day in (24, 25, 26)]
    configuration = start_again(unit).ram.configuration
    assert configuration is not None
    assert dict(configuration.users)["201"] == "Front desk"


@pytest.mark.parametrize("drift_ppm", [-1000, 1000])
@pytest.mark.parametrize("minute", [0, 29])
def test_a_clock_that_drifts_still_copies_once_a_night_and_within_the_window(minute: int, drift_ppm: int) -> None:
    unit = _running_at("2026-11-23T12:00:00Z", mac=_mac(minute), drift_ppm=drift_ppm)
    readings: list[int | None] = []
    unit.journal.listener = lambda event: readings.append(unit.clock.read()) if "why" in event.data else None
    wait(unit, 10 * DAY)
    assert len(readings) == 10
    assert all(reading is not None and reading % DAY < 30 * MINUTE for reading in readings)


def test_without_a_clock_there_is_no_night() -> None:
    unit = fresh()
    unit.clock.lose()
    do(unit, "power_on")
    wait(unit, 3 * DAY)
    assert _copies(unit) == []
    do(unit, "set_clock", reading=unit.clock.now)
    wait(unit, DAY)
    assert len(_copies(unit)) == 1


def test_a_certificate_that_is_made_over_midnight_does_not_cost_the_nightly_copy() -> None:
    unit = _running_at("2026-11-23T23:59:00Z", mac=_mac(0))
    do(unit, "default_security")
    wait(unit, HOUR)
    assert len(_copies(unit)) == 1


def test_a_timed_reboot_is_kept_through_the_making_of_a_certificate() -> None:
    unit = _running_at("2026-11-23T22:00:00Z")
    do(unit, "reboot", at=2 * HOUR)
    do(unit, "delete_certificate")
    wait(unit, 5 * HOUR)
    restarts = [event for event in unit.journal.of_kind("state") if event.data["state"] == "shutdown.saving"]
    assert [show_time(event.time + (unit.clock.read() or 0) - unit.clock.now) for event in restarts] == [
        "2026-11-24T02:00:00Z"
    ]
    assert unit.state == "running"


def test_a_timed_reboot_past_midnight_cancels_that_nights_copy_only() -> None:
    unit = _running_at("2026-11-23T22:00:00Z")
    do(unit, "reboot", at=2 * HOUR)
    wait(unit, 2 * HOUR + 45 * MINUTE)
    assert events(unit, "nightly.skipped") == [{"why": "a timed reboot past midnight is due"}]
    wait(unit, 2 * DAY)
    assert len(_copies(unit)) == 3
    assert len(events(unit, "nightly.skipped")) == 1


def test_a_timed_reboot_on_the_same_day_cancels_nothing() -> None:
    unit = _running_at("2026-11-23T20:00:00Z")
    do(unit, "reboot", at=23 * HOUR)
    wait(unit, 5 * HOUR)
    assert events(unit, "nightly.skipped") == []
    assert len(_copies(unit)) == 1


def test_a_timed_reboot_goes_by_the_clock_even_when_that_is_put_right() -> None:
    unit = _running_at("2026-11-23T10:00:00Z")
    do(unit, "reboot", at=12 * HOUR)
    do(unit, "set_clock", reading=parse_time("2026-11-23T11:30:00Z"))
    wait(unit, 29 * MINUTE)
    assert "shutdown.saving" not in states(unit)
    wait(unit, 2 * MINUTE)
    assert "shutdown.saving" in states(unit)


def test_a_timed_reboot_needs_a_clock() -> None:
    unit = fresh()
    unit.clock.lose()
    do(unit, "power_on")
    do(unit, "reboot", at=HOUR)
    assert [data["what"] for data in events(unit, "alarm")] == ["reboot"]


def test_the_time_is_asked_for_at_the_start_and_hourly() -> None:
    unit = fresh(network=replace(NTP, ntp_error=2 * HOUR))
    do(unit, "power_on")
    assert unit.clock.read() == unit.clock.now + 2 * HOUR
    unit.surroundings = NTP
    wait(unit, 59 * MINUTE)
    assert len(events(unit, "clock.set")) == 1
    wait(unit, 2 * MINUTE)
    assert unit.clock.read() == unit.clock.now
    assert [data["by"] for data in events(unit, "clock.set")] == ["SNTP", "SNTP"]


def test_a_clock_put_right_after_the_first_start_keeps_the_certificate() -> None:
    unit = fresh(network=NTP)
    unit.clock.lose()
    made = identity_of(do(unit, "power_on"))
    assert events(unit, "certificate.generated")[0]["not_before"] == "2024-01-01T00:00:00Z"
    assert [data["objections"] for data in events(unit, "certificate.unfit")] == [["expired 2026-04-05T00:00:00Z"]]
    assert identity_of(start_again(unit)) == made


def test_the_servers_name_must_be_known_to_dns() -> None:
    unit = fresh(network=Network(ntp_server="time.example", ntp_error=HOUR))
    do(unit, "power_on")
    assert events(unit, "clock.set") == []
    unit.surroundings = Network(ntp_server="time.example", ntp_error=HOUR, hosts={"time.example": "192.0.2.123"})
    wait(unit, HOUR)
    assert len(events(unit, "clock.set")) == 1


def test_a_flat_battery_loses_the_time_with_the_power() -> None:
    unit = running()
    unit.clock.battery_good = False
    assert start_again(unit).clock.read() is None


def test_an_indefinite_shutdown_needs_a_power_cycle() -> None:
    unit = do(running(), "shutdown")
    assert unit.state == "shutdown.done"
    assert (unit.lights.cpu.label, unit.lights.sd.label, unit.lights.base.label) == (
        "fast flashing red",
        "off",
        "fast flashing red",
    )
    wait(unit, 30 * DAY)
    assert unit.state == "shutdown.done"
    assert start_again(unit).state == "running"


def test_a_shutdown_takes_at_most_a_minute() -> None:
    unit = running()
    unit.platform.operations["shutdown"](unit)
    begun = unit.clock.now
    assert 0 < run_to(unit, "shutdown.done").clock.now - begun <= MINUTE


def test_a_timed_shutdown_restarts_itself() -> None:
    unit = do(running(), "shutdown", off_for=2 * HOUR)
    wait(unit, 2 * HOUR - SECOND)
    assert unit.state == "shutdown.done"
    wait(unit, 5 * MINUTE)
    assert unit.state == "running"


def test_reset_imminent_is_orange() -> None:
    unit = running()
    unit.platform.operations["reboot"](unit)
    assert unit.lights.sd.label == "orange"
    assert do(_running_at("2026-11-23T22:00:00Z"), "reboot", at=23 * HOUR).lights.sd.label == "green"
    timed = do(_running_at("2026-11-23T22:00:00Z"), "reboot", at=23 * HOUR)
    run_to_saving(timed)
    assert timed.lights.sd.label == "orange"


def run_to_saving(unit: Appliance) -> None:
    while unit.state == "running":
        act(unit, lambda: None)
        unit.platform.bring_up.step(unit)


@pytest.mark.parametrize(
    ("button", "held", "action"),
    [  # boot.md, Resets: each band at both its edges
        ("reset", 0, "nothing"),
        ("reset", 4999, "nothing"),
        ("reset", 5000, "reboot"),
        ("reset", 9999, "reboot"),
        ("reset", 10_000, "configuration"),
        ("reset", 29_999, "configuration"),
        ("reset", 30_000, "firmware"),
        ("reset", 39_999, "firmware"),
        ("reset", 40_000, "nothing"),
        ("reset", 400_000, "nothing"),
        ("aux", 0, "nothing"),
        ("aux", 4999, "nothing"),
        ("aux", 5000, "off for 10 minutes"),
        ("aux", 60_000, "off for 10 minutes"),
    ],
)
def test_what_a_button_does_depends_on_how_long_it_is_held(button: str, held: int, action: str) -> None:
    unit = start_again(shut_down())
    do(unit, "change_at_phone", extension="201", name="Front desk")
    made = identity_of(unit)
    do(unit, "press", button=button, held=held)
    lights = {"reboot": "orange", "configuration": "flashing orange", "firmware": "red"}
    assert events(unit, "button")[-1]["cpu"] == lights.get(action, "unchanged")
    if action == "firmware":
        assert unit.state == "firmware.none"
        return
    if action == "off for 10 minutes":
        assert unit.state == "shutdown.done"
        wait(unit, 10 * MINUTE + 5 * MINUTE)
    assert (unit.state, identity_of(unit)) == ("running", made)
    assert unit.ram.configuration is not None
    name = dict(unit.ram.configuration.users)["201"]
    assert name == ("Extn201" if action == "configuration" else "Front desk")
    rebooted = action in ("reboot", "configuration", "off for 10 minutes")
    assert (states(unit).count("power.starting") > 1) == rebooted


def test_the_button_erases_the_alarm_log_with_the_configuration() -> None:
    unit = running()
    unit.remove("system-sd")
    do(unit, "card_removed", slot="system-sd")
    assert unit.ram.alarms == ("System SD: removed while running",)
    unit.platform.operations["press"](unit, button="reset", held=15_000)
    assert not unit.records.read("alarms")


def test_a_button_of_a_unit_that_starts_does_nothing() -> None:
    unit = shut_down()
    unit.platform.operations["power_on"](unit)
    with pytest.raises(NotNow):
        unit.platform.operations["press"](unit, button="reset", held=15_000)


@pytest.mark.parametrize("state", ["network.addressing", "certificate.generating", "running"])
def test_a_system_sd_that_is_taken_out_is_an_alarm_in_every_state(state: str) -> None:
    unit = fresh()
    unit.platform.operations["power_on"](unit)
    run_to(unit, state)
    unit.remove("system-sd")
    unit.platform.operations["card_removed"](unit, slot="system-sd")
    assert [data["what"] for data in events(unit, "alarm")] == ["System SD"]
    assert unit.lights.sd.label == "off"


@pytest.mark.parametrize("state", ["off", "shutdown.done"])
def test_a_card_may_be_taken_from_a_unit_that_is_off_or_shut_down(state: str) -> None:
    unit = shut_down() if state == "off" else do(running(), "shutdown")
    unit.remove("system-sd")
    do(unit, "card_removed", slot="system-sd")
    assert events(unit, "alarm") == []


@pytest.mark.parametrize("name", ["x" * 32, "µ" * 16, "\ud800", "two\nlines"])
def test_a_name_that_no_record_could_hold_is_refused(name: str) -> None:
    unit = start_again(shut_down())
    with pytest.raises(BadInput, match="at most 31 bytes of printable text"):
        do(unit, "change_at_phone", extension="201", name=name)
    assert do(unit, "change_at_phone", extension="201", name="µ" * 15).ram.configuration is not None
