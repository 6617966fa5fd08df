"""The steps and expectations about alarms: what they refuse, and what a wrong expectation says."""

from __future__ import annotations

import pytest

from firmware.bench import replay, scenario
from firmware.errors import BadInput

HEAD = "unit: {platform: ip500v2}\nenvironment: {syslog: [192.0.2.10]}"
STALE = ("power_on", "set_alarms: {syslog: [192.0.2.10]}", "set_address: {lan1: 10.0.0.1/24}", "wait: 1d")


def outcomes(*steps: str, head: str = HEAD) -> list[str]:
    text = "\n".join(["name: x", head, "steps:", *(f"  - {step}" for step in steps)])
    return [outcome.objection for outcome in replay.run(scenario.parse(text, "f.yaml")).outcomes]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("[something else]", "syslog: nothing says 'something else'; received ['<132>Jan  6 09:0"),
        ("[]", "syslog: expected nothing, received ['<132>Jan  6 09:0"),
    ],
)
def test_a_wrong_expectation_says_what_came(wanted: str, says: str) -> None:
    *rest, last = outcomes(*STALE, f"expect: {{syslog: {wanted}}}")
    assert rest == [""] * len(STALE)
    assert says in last


def test_what_came_before_the_last_look_is_not_asked_about() -> None:
    assert outcomes(*STALE, "expect: {syslog: [LAN1]}", "expect: {syslog: []}")[-2:] == ["", ""]


def test_what_nobody_received_has_not_come() -> None:
    found = outcomes(*STALE, "expect: {syslog: [], happened: [syslog.sent]}", head="unit: {platform: ip500v2}")
    assert found[-1] == ""


def test_of_two_units_each_is_asked_about_its_own() -> None:
    head = HEAD.replace("unit: {", "units: {a: {").replace("ip500v2}", "ip500v2}, b: {platform: ip500v2}}")
    steps = [step.replace("{", "{unit: a, ") if "{" in step else f"{step}: {{unit: a}}" for step in STALE[:-1]]
    found = outcomes(
        *steps, "power_on: {unit: b}", "set_alarms: {unit: b, syslog: [192.0.2.10]}", "wait: {unit: a, for: 1d}",
        "expect: {unit: a, syslog: [LAN1]}", "expect: {unit: b, syslog: []}", head=head,
    )  # fmt: skip
    assert found == [""] * len(found)


def test_more_than_two_receivers_are_refused() -> None:
    with pytest.raises(BadInput, match=r"f\.yaml:6:5: 3 syslog destinations: there can be 2"):
        outcomes("power_on", "set_alarms: {syslog: [192.0.2.1, 192.0.2.2, 192.0.2.3]}")


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("set_alarms: {syslog: [nobody]}", "nobody"),
        ("set_alarms: {format: rfc3195}", "rfc3164"),
        ("administrator_log_in: {user: ''}", "is no line of text"),
    ],
)
def test_a_step_that_is_written_wrongly(step: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        outcomes("power_on", step)


def test_a_step_before_its_time() -> None:
    assert "nobody can log in" in outcomes("administrator_log_in")[0]
