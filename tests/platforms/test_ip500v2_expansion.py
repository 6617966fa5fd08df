"""The rules of an IP500 V2 as Server Edition expansion, held to the table of certificates.md section 3."""

from __future__ import annotations

import pytest

from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Trigger, decide
from platforms.ip500v2_expansion import PLATFORM

KEEP, GENERATE, LAZY, INSTALL = Outcome.KEEP, Outcome.GENERATE, Outcome.WHEN_NEEDED, Outcome.INSTALL

DOCUMENT = [  # trigger, release, outcome, basis
    (Trigger.FIRST_START, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.FIRST_START, "9.1", GENERATE, "documented SEED, A; new key inferred"),
    (Trigger.FIRST_START, "12.3", GENERATE, "documented SEED, A; new key inferred"),
    (Trigger.RESTART, "12.3", KEEP, "inferred A"),
    (Trigger.SECURITY_DEFAULT, "8.1", GENERATE, "documented A, RS; new key inferred"),
    (Trigger.SECURITY_DEFAULT, "12.3", GENERATE, "documented A, RS; new key inferred"),
    (Trigger.CONFIGURATION_DEFAULT, "12.3", KEEP, "inferred"),
    (Trigger.CONFIGURATION_RESTORED, "12.3", KEEP, "inferred"),
    (Trigger.DELETED, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.DELETED, "12.3", GENERATE, "documented K9; new key assumed"),
    (Trigger.ADDRESS_CHANGE, "12.3", KEEP, "documented U"),
    (Trigger.SERVICE_SECURED, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.UPGRADE, "12.3", KEEP, "inferred"),
    (Trigger.CLOCK_CORRECTED, "12.3", KEEP, "inferred A"),
    (Trigger.IDENTITY_SET, "8.1", INSTALL, "documented U"),
    (Trigger.IDENTITY_SET, "12.3", INSTALL, "documented U"),
    (Trigger.ENROLLED, "12.3", INSTALL, "assumed SG documents the enrolment, not what it leaves"),
    (Trigger.ENROLMENT_DUE, "12.3", GENERATE, "assumed renewed by System Manager, new key"),
    (Trigger.SUPPLIED, "12.3", INSTALL, "documented MC; from which release on: assumed"),
    (Trigger.NEAR_EXPIRY, "12.3", KEEP, "documented M"),
    (Trigger.EXPIRED, "12.3", KEEP, "inferred M"),
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
