"""The IP500 V2's rules, held to the table of certificates.md section 3 – not to our own."""

from __future__ import annotations

import pytest

from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Trigger, decide
from platforms.ip500v2 import PLATFORM

KEEP, GENERATE, LAZY, INSTALL = Outcome.KEEP, Outcome.GENERATE, Outcome.WHEN_NEEDED, Outcome.INSTALL

DOCUMENT = [  # trigger, release, outcome, basis
    (Trigger.FIRST_START, "6.2", LAZY, "documented R62"),
    (Trigger.FIRST_START, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.FIRST_START, "9.1", GENERATE, "documented SEED, A; new key inferred"),
    (Trigger.FIRST_START, "12.3", GENERATE, "documented SEED, A; new key inferred"),
    (Trigger.RESTART, "12.3", KEEP, "inferred A"),
    (Trigger.SECURITY_DEFAULT, "6.2", GENERATE, "documented A, RS; new key inferred"),
    (Trigger.SECURITY_DEFAULT, "12.3", GENERATE, "documented A, RS; new key inferred"),
    (Trigger.CONFIGURATION_DEFAULT, "12.3", KEEP, "inferred"),
    (Trigger.CONFIGURATION_RESTORED, "12.3", KEEP, "inferred"),
    (Trigger.DELETED, "6.2", LAZY, "documented R62"),
    (Trigger.DELETED, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.DELETED, "9.1", GENERATE, "documented K9; new key assumed"),
    (Trigger.ADDRESS_CHANGE, "12.3", KEEP, "documented U"),
    (Trigger.SERVICE_SECURED, "6.2", LAZY, "documented R62"),
    (Trigger.SERVICE_SECURED, "8.1", LAZY, "assumed as R6.2"),
    (Trigger.UPGRADE, "12.3", KEEP, "inferred"),
    (Trigger.CLOCK_CORRECTED, "12.3", KEEP, "inferred A"),
    (Trigger.IDENTITY_SET, "6.2", INSTALL, "documented U"),
    (Trigger.IDENTITY_SET, "12.3", INSTALL, "documented U"),
    (Trigger.ENROLLED, "12.3", INSTALL, "assumed SG documents the enrolment, not what it leaves"),
    (Trigger.ENROLMENT_DUE, "12.3", GENERATE, "assumed renewed by System Manager, new key"),
    (Trigger.SUPPLIED, "12.3", INSTALL, "documented MC; from which release on: assumed"),
    (Trigger.NEAR_EXPIRY, "6.2", KEEP, "documented M"),
    (Trigger.NEAR_EXPIRY, "12.3", KEEP, "documented M"),
    (Trigger.EXPIRED, "12.3", KEEP, "inferred M"),
]


@pytest.mark.parametrize(("trigger", "release", "outcome", "basis"), DOCUMENT)
def test_a_row_of_the_document(trigger: Trigger, release: str, outcome: Outcome, basis: str) -> None:
    rule = decide(PLATFORM.policy, trigger, BY_VERSION[release])
    assert (rule.value, rule.cite()) == (outcome, basis)


@pytest.mark.parametrize("release", ["9.1", "12.3"])
def test_where_a_certificate_is_made_at_once_a_service_never_waits_for_one(release: str) -> None:
    with pytest.raises(LookupError):
        decide(PLATFORM.policy, Trigger.SERVICE_SECURED, BY_VERSION[release])


def test_every_trigger_of_its_policy_is_in_the_document() -> None:
    assert {trigger for trigger, *_ in DOCUMENT} == {rule.trigger for rule in PLATFORM.policy}


def test_it_has_been_there_since_6_2_with_two_card_slots() -> None:
    assert [release.version for release in PLATFORM.releases()] == [
        "6.2",
        "8.1",
        "9.1",
        "10.0",
        "10.1",
        "11.0",
        "11.1",
        "12.0",
        "12.3",
    ]
    assert PLATFORM.slots == ("system-sd", "optional-sd")
    assert PLATFORM.default_mac == "00e00705918e"
