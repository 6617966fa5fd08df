"""The rules of an IP500 V2 as Server Edition expansion, held to the table of certificates.md section 3."""

from __future__ import annotations

import pytest

from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Trigger, decide
from platforms.ip500v2_expansion import PLATFORM

KEEP, GENERATE, LAZY = Outcome.KEEP, Outcome.GENERATE, Outcome.WHEN_NEEDED

DOCUMENT = [  # trigger, release, outcome, basis
    (Trigger.FIRST_START, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.FIRST_START, "9.1", GENERATE, "documented SEED, A; new key inferred"),
    (Trigger.FIRST_START, "12.3", GENERATE, "documented SEED, A; new key inferred"),
    (Trigger.RESTART, "12.3", KEEP, "inferred A"),
    (Trigger.SECURITY_DEFAULT, "8.1", GENERATE, "documented A, RS; new key inferred"),
    (Trigger.SECURITY_DEFAULT, "12.3", GENERATE, "documented A, RS; new key inferred"),
    (Trigger.CONFIGURATION_DEFAULT, "12.3", KEEP, "inferred"),
    (Trigger.DELETED, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.DELETED, "12.3", GENERATE, "documented K9; new key assumed"),
    (Trigger.ADDRESS_CHANGE, "12.3", KEEP, "documented U"),
    (Trigger.SERVICE_SECURED, "12.3", LAZY, "assumed as R6.2"),
    (Trigger.UPGRADE, "12.3", KEEP, "inferred"),
    (Trigger.CLOCK_CORRECTED, "12.3", KEEP, "inferred A"),
    (Trigger.JOINED, "8.1", KEEP, "inferred MC: until a certificate of the Primary is installed"),
    (Trigger.JOINED, "12.3", KEEP, "inferred MC: until a certificate of the Primary is installed"),
]


@pytest.mark.parametrize(("trigger", "release", "outcome", "basis"), DOCUMENT)
def test_a_row_of_the_document(trigger: Trigger, release: str, outcome: Outcome, basis: str) -> None:
    rule = decide(PLATFORM.policy, trigger, BY_VERSION[release])
    assert (rule.value, rule.cite()) == (outcome, basis)


def test_every_trigger_of_its_policy_is_in_the_document() -> None:
    assert {trigger for trigger, *_ in DOCUMENT} == {rule.trigger for rule in PLATFORM.policy}


def test_it_has_been_there_since_8_1_with_the_hardware_of_an_ip500v2() -> None:
    assert [release.version for release in PLATFORM.releases()][:3] == ["8.1", "9.1", "10.0"]
    assert PLATFORM.slots == ("system-sd", "optional-sd")
    assert PLATFORM.leds == ("cpu", "sd", "base")
    assert PLATFORM.users.value == ()
    assert not PLATFORM.hosted
