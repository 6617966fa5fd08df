"""What steps do that no scenario file shows, and every field of ``expect`` when it does not hold."""

from __future__ import annotations

import pytest

from firmware.appliance import NVM
from firmware.bench import expectations, replay, scenario, wizard_expectations
from firmware.bench.fields import Known
from firmware.bench.replay import Report
from firmware.bench.steps.table import STEPS
from firmware.device.faults import BadBlock, StuckBit
from firmware.release import DEFAULT_RELEASE
from firmware.storage.nvm import CopyState
from platforms.ip500v2 import PLATFORM


def run(*steps: str, head: str = "unit: {platform: ip500v2}") -> Report:
    text = "\n".join(["name: x", head, "steps:", *(f"  - {step}" for step in steps)])
    return replay.run(scenario.parse(text, "f.yaml"))


def objection(*steps: str) -> str:
    """What the last step objects to."""
    outcomes = run(*steps).outcomes
    assert len(outcomes) == len(steps)
    assert not any(outcome.objection for outcome in outcomes[:-1])
    return outcomes[-1].objection


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("state: off", "state: expected off, found running"),
        ("cpu: red", "CPU LED: expected red, found green"),
        ("sd: red", "SD LED: expected red, found green"),
        ("base: red", "base LED1: expected red, found red once in 5 s"),
        ("identity: none", "identity: expected none, found generated"),
        ("identity: new key", "identity: expected new key, found generated"),
        ("generation: 2", "generation: expected 2, found 1"),
        ("not_before: 2020-01-01", "notBefore: expected 2020-01-01T00:00:00Z, found 2026-01-04T"),
        ("not_after: 2020-01-01", "notAfter: expected 2020-01-01T00:00:00Z, found 2028-04-08T"),
        ("names: [a]", "names: expected ['a'], found ['ipoffice-00e00705918e.avaya.com', '192.168.42.1', "),
        ("fit: false", "certificate: expected it to be unfit, a client would accept it"),
        ("release: '12.0'", "release: expected 12.0, found 12.3"),
        ("release: null", "release: expected None, found 12.3"),
        ("original_level: '12.0'", "original software level: expected 12.0, found 12.3"),
        ("firmware_from: nvm", "firmware from: expected nvm, found system-sd/primary"),
        ("configuration_from: nvm", "configuration from: expected nvm, found default"),
        ("security: present", "security settings: expected present, found empty"),
        ("lan1: 10.0.0.1/24", "LAN1: expected 10.0.0.1/24, found 192.168.42.1/24"),
        ("lan2: 10.0.0.1/24", "LAN2: expected 10.0.0.1/24, found 192.168.43.1/24"),
        ("clock: unset", "clock: expected unset, found 2026-01-05T09:0"),
        ("clock: 2020-01-01", "clock: expected 2020-01-01T00:00:00Z, found 2026-01-05T09:0"),
        ("user_names: {'201': A, '999': B}", "user 201: expected 'A', found 'Extn201'; user 999: expected 'B', found "),
        ("alarms: [fire]", "alarms: none says 'fire'; found []"),
        ("files: {system/x: present}", "file system/x: expected present, found absent"),
        ("files: {'system-sd:system/primary/ip500v2.bin': absent}", "expected absent, found present"),
        ("happened: [alarm]", "alarm did not happen; what did: power.on, state, firmware.chosen"),
        ("users: ['201']", "users: expected ['201'], found ['201', '202', '203', "),
        ("primary: 10.0.0.1", "Primary: expected 10.0.0.1, found None"),
        ("system_name: Front", "system name: expected Front, found 00e00705918e"),
        ("happened: [{kind: level.fixed, release: '9'}]", "{'kind': 'level.fixed', 'release': '9'} did not happen"),
        ("not_happened: [level.fixed]", "level.fixed happened at 2026-01-05T09:0"),
    ],
)  # fmt: skip
def test_an_expectation_that_does_not_hold(wanted: str, says: str) -> None:
    assert says in objection("power_on", f"expect: {{{wanted}}}")


def test_every_field_of_expect_is_judged() -> None:
    judged = {*expectations._CHECKS, *wizard_expectations.CHECKS}
    assert judged == set(STEPS["expect"].model_fields) - {"unit", "browser", "refusal", "at_once"}


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("upper: green", "upper LED: expected green, found off"),
        ("lower: green", "lower LED: expected green, found red"),
        ("original_level: '12.0'", "original software level: expected 12.0, found None"),
    ],
)
def test_an_expectation_of_a_module_that_does_not_hold(wanted: str, says: str) -> None:
    units = "units: {host: {platform: ip500v2}, m: {platform: ucm, host: host}}"
    outcomes = run(
        "power_on: {unit: host, until: security.loading}", f"expect: {{unit: m, {wanted}}}", head=units
    ).outcomes
    assert says in outcomes[-1].objection


@pytest.mark.parametrize("step", ["power_on", "power_cycle", "ignite"])
def test_a_module_in_a_host_is_not_switched_on_by_itself(step: str) -> None:
    units = "units: {host: {platform: ip500v2}, m: {platform: ucm, host: host}}"
    outcomes = run(f"{step}: {{unit: m}}", head=units).outcomes
    assert outcomes[-1].objection == "m has its power from host: it is not switched on by itself, but starts with it"


def test_objections_come_in_one_order() -> None:
    found = objection("power_on", "expect: {lan1: 10.0.0.1/24, generation: 9, state: 'off', cpu: red, alarms: [x]}")
    assert [part.split(":")[0] for part in found.split("; ")[:4]] == ["state", "CPU LED", "generation", "LAN1"]


@pytest.mark.parametrize("record", PLATFORM.storage.layout)
@pytest.mark.parametrize(("copies", "damaged"), [("first", [0]), ("second", [1]), ("both", [0, 1])])
def test_corrupting_a_record_damages_it_whatever_it_holds(record: str, copies: str, damaged: list[int]) -> None:
    result = run("power_on", "shutdown", "cut_power", f"corrupt: {{part: nvm, record: {record}, copies: {copies}}}")
    unit = result.units["unit"]
    unit.rail.on = True
    states = [copy.state for copy in unit.records.copies(record)]
    assert [index for index, state in enumerate(states) if state is CopyState.DAMAGED] == damaged


def test_corrupting_blocks() -> None:
    unit = run(
        "corrupt: {part: nvm, block: 3, how: bad_block}",
        "corrupt: {part: system-sd, block: 4, bit: 8, how: stuck_at_1}",
        "corrupt: {part: system-sd, block: 200, bit: 9}",
    ).units["unit"]
    assert unit.internal.defects == (BadBlock(3),)
    card = unit.parts()["system-sd"]
    assert card.defects == (StuckBit(4, 8, 1),)
    assert card.blocks[200][:2] == b"\xff\xfd"


def test_what_was_damaged_is_told_as_it_was_written() -> None:
    (event,) = (e for e in run("corrupt: {part: nvm, record: flags}").events if e.kind == "damaged")
    assert event.data == {"part": NVM, "record": "flags"}


def test_a_card_is_not_lost_on_the_shelf() -> None:
    remove = "remove: {slot: system-sd, as: a}"
    with pytest.raises(Exception, match=r"f\.yaml:6:5: a card 'a' lies on the shelf already"):
        run(remove, "insert: {slot: system-sd}", remove)
    assert objection(remove, "insert: {slot: system-sd, card: a}", "power_on", "expect: {state: running}") == ""


def test_a_step_that_the_unit_is_not_ready_for() -> None:
    assert "the unit is in the state off: it cannot be rebooted" in objection("reboot")
    assert "power on is not possible in the state running" in objection("power_on", "power_on")


def test_waiting_for_a_state_that_never_comes() -> None:
    assert (
        objection("power_on: {until: firmware.none}") == "unit came to rest in running and never entered firmware.none"
    )
    assert objection("wait_for: running") == "unit came to rest in off and never entered running"


def test_waiting() -> None:
    clock = "unit: {platform: ip500v2}\nclock: 2026-01-05T09:00:00Z"
    for step, end in (
        ("90s", "09:01:30"),
        ("{until: '08:00'}", "08:00:00"),
        ("{at: 2026-01-05T12:00:00Z}", "12:00:00"),
    ):
        unit = run(f"wait: {step}", head=clock).units["unit"]
        assert unit.clock.now % 86_400_000 == sum(
            int(n) * m for n, m in zip(end.split(":"), (3_600_000, 60_000, 1000), strict=True)
        )


def test_a_drifting_clock() -> None:
    head = "unit: {platform: ip500v2, drift_ppm: 1000}\nclock: 2026-01-05T09:00:00Z"
    assert run("wait: 1000s", "expect: {clock: 2026-01-05T09:16:41Z}", head=head).passed


@pytest.mark.parametrize("name", STEPS)
def test_every_step_says_what_it_is_and_what_its_fields_are(name: str) -> None:
    step = STEPS[name]
    assert step.name == name
    assert step.__doc__
    assert step.scalar is None or step.scalar in step.model_fields


def test_names_are_checked_against_the_platform_only_where_there_is_one() -> None:
    step = STEPS["wait_for"]
    assert step.model_validate({"state": "whatever"})
    with pytest.raises(ValueError, match="unknown state 'whatever'"):
        step.model_validate({"state": "whatever"}, context=Known(PLATFORM, DEFAULT_RELEASE, ("unit",)))
