"""The rules of an Application Server, held to the table of certificates.md section 3 – not to our own."""

from __future__ import annotations

import pytest

from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Trigger, decide
from platforms.application_server import PLATFORM

KEEP, GENERATE = Outcome.KEEP, Outcome.GENERATE

DOCUMENT = [  # trigger, outcome, basis; the same at every release
    (Trigger.IGNITION, GENERATE, "documented B, SEED"),
    (Trigger.CA_IMPORTED, GENERATE, "documented B, SEED; that it signs an identity made here is assumed"),
    (Trigger.ADDRESS_CHANGE, GENERATE, "documented U; new key assumed"),
    (Trigger.NAME_CHANGE, GENERATE, "documented U; new key assumed"),
    (Trigger.CA_RENEWED, KEEP, "assumed as Primary"),
    (Trigger.CA_CREATED, GENERATE, "assumed as Primary"),
    (Trigger.JOINED, KEEP, "documented C, MC"),
    (Trigger.RESTART, KEEP, "assumed as IP500 V2"),
    (Trigger.SECURITY_DEFAULT, GENERATE, "assumed no document; the root CA is kept"),
    (Trigger.CLOCK_CORRECTED, KEEP, "inferred A"),
    (Trigger.REINSTALL, GENERATE, "inferred effect of TB145's reinstall: the next ignition makes all new"),
]


@pytest.mark.parametrize("release", ["8.1", "9.1", "12.3"])
@pytest.mark.parametrize(("trigger", "outcome", "basis"), DOCUMENT)
def test_a_row_of_the_document(trigger: Trigger, outcome: Outcome, basis: str, release: str) -> None:
    rule = decide(PLATFORM.policy, trigger, BY_VERSION[release])
    assert (rule.value, rule.cite()) == (outcome, basis)


def test_every_trigger_of_its_policy_is_in_the_document() -> None:
    assert {trigger for trigger, *_ in DOCUMENT} == {rule.trigger for rule in PLATFORM.policy}


def test_what_it_is() -> None:
    assert (PLATFORM.releases()[0].version, len(PLATFORM.releases())) == ("8.1", 8)
    assert PLATFORM.slots == ("second-disk",)
    assert PLATFORM.leds == ()
    assert PLATFORM.applications == ("one-X Portal", "Voicemail Pro")
    assert PLATFORM.root_profile is not None
    assert not PLATFORM.hosted
