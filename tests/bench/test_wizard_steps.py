"""The steps at the wizard: what is wrong with them is told when the file is read, what they meet when they run."""

from __future__ import annotations

import pytest

from firmware.bench import replay, scenario
from firmware.errors import BadInput
from tests.bench.support import ROOT

HEAD = "name: x\nunit: {platform: primary}\nsteps:\n"


def objections(*steps: str) -> list[str]:
    """What a run of these steps objects to."""
    text = HEAD + "".join(f"  - {step}\n" for step in steps)
    report = replay.run(scenario.parse(text, "x.yaml"))
    return [outcome.objection for outcome in report.outcomes if outcome.objection]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("ignite: {netwrok: {}}", "x.yaml:4:14: unknown page 'netwrok' (did you mean 'network'?)"),
        ("ignite: {network: {adress: 1}}", "x.yaml:4:24: unknown field of the page network 'adress'"),
        ("ignite: {network: {address: 1.2}}", "x.yaml:4:24: address: Enter an IPv4 address"),
        ("ignite: now", "ignite takes fields, not a single value: unit, licence, server_type"),
        ("ignite: {security: {ca: import, ca_file: nowhere.p12}}", "nowhere.p12: No such file"),
        ("open: reviw", "x.yaml:4:5: unknown page of the wizard 'reviw' (did you mean 'review'?)"),
        ("fill: {adress: 1}", "x.yaml:4:12: unknown field of the wizard 'adress' (did you mean 'address'?)"),
        ("fill: {address: [1]}", "x.yaml:4:12: [1] is not text"),
        ("submit: {twice: true}", "x.yaml:4:14: unknown field 'twice'"),
        ("expect: {page: nowhere}", "unknown page of the wizard 'nowhere'"),
        ("expect: {root: lost}", "x.yaml:4:14: root: "),
        ("expect: {platform: tertiary}", "unknown platform 'tertiary'"),
    ],
)
def test_what_is_wrong_with_a_step(step: str, said: str) -> None:
    with pytest.raises(BadInput) as error:
        scenario.parse(f"{HEAD}  - {step}\n", "x.yaml")
    assert said in str(error.value)


@pytest.mark.parametrize("step", ["ignite", "log_in", "open: licence", "fill: {accepted: true}", "submit", "back"])
def test_a_unit_without_a_wizard_has_no_such_step(step: str) -> None:
    with pytest.raises(BadInput) as error:
        scenario.parse(f"name: x\nunit: {{platform: ip500v2}}\nsteps: [{step}]\n", "x.yaml")
    name = step.partition(":")[0]
    assert str(error.value).startswith("x.yaml:3:9: ")
    assert str(error.value).endswith(f"{name} is not possible on an IP500 V2: it has no wizard")


def test_nothing_can_be_sent_again_that_was_not_sent() -> None:
    with pytest.raises(BadInput, match="has sent nothing that could be sent again"):
        objections("power_on", "log_in", "submit: {again: true}")


@pytest.mark.parametrize("step", ["fill: {address: 10.0.0.1}", "submit", "back"])
def test_a_step_at_a_window_without_a_page_is_no_step(step: str) -> None:
    with pytest.raises(BadInput, match="shows no page: log_in or open comes first"):
        objections("power_on", step)


def test_an_ignition_that_a_page_refuses_says_which() -> None:
    (said,) = objections(f"ignite: {{security: {{ca: import, ca_file: {ROOT}/tests/answers/expired.pem}}}}")
    assert said.startswith("security, ca_file: Expired: CN=Expired CA")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("page: review", "page: expected review, found licence"),
        ("errors: {accepted: x}", "error at accepted: expected 'x', found None"),
        ("refused: because", "refused: expected 'because', found 'nothing'"),
        ("ignited: true", "ignited: expected True, found False"),
        ("platform: secondary", "platform: expected secondary, found primary"),
        ("root: generated", "root CA: expected generated, found none"),
        ("issued_by_root: true", "issued by the root CA: False"),
    ],
)
def test_what_does_not_hold_says_what_was_found(wanted: str, said: str) -> None:
    assert objections("power_on", "log_in", f"expect: {{{wanted}}}") == [said]


def test_an_error_at_a_field_that_nobody_expected_is_said() -> None:
    assert objections("power_on", "log_in", "submit", "expect: {errors: {}}") == [
        "error at accepted: The licence terms must be accepted to go on."
    ]


def test_a_refusal_that_nobody_expected_is_said() -> None:
    (said,) = objections("power_on", "log_in: {password: x}", "expect: {refused: ''}")
    assert said == "refused: expected 'nothing', found 'The user name or the password is wrong.'"


def test_a_browser_in_front_of_a_server_without_power_gets_no_answer() -> None:
    (said,) = objections("open: licence", "expect: {refused: ''}")
    assert "the wizard is closed: the unit is in the state off" in said
