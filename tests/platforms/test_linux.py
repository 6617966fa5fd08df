"""The Linux platforms, held to the table of certificates.md section 3 and to ignition.md – not to our own tables."""

from __future__ import annotations

import pytest

import platforms
from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Trigger, decide

KEEP, GENERATE, INSTALL = Outcome.KEEP, Outcome.GENERATE, Outcome.INSTALL

ALL = [  # trigger, outcome, basis; the same at every release
    (Trigger.RESTART, KEEP, "assumed as IP500 V2"),
    (Trigger.SECURITY_DEFAULT, GENERATE, "assumed no document; the root CA is kept"),
    (Trigger.CLOCK_CORRECTED, KEEP, "inferred A"),
    (Trigger.UPGRADE, KEEP, "assumed as IP500 V2"),
    (Trigger.IDENTITY_SET, INSTALL, "documented U"),
    (Trigger.REQUEST_ANSWERED, INSTALL, "documented L"),
    (Trigger.ENROLLED, INSTALL, "assumed SG documents the enrolment, not what it leaves"),
    (Trigger.ENROLMENT_DUE, GENERATE, "assumed renewed by System Manager, new key"),
    (Trigger.NEAR_EXPIRY, KEEP, "documented M"),
    (Trigger.EXPIRED, KEEP, "inferred M"),
    (Trigger.REINSTALL, GENERATE, "inferred effect of TB145's reinstall: the next ignition makes all new"),
]
CHANGES_OF_A_ROOT = [
    (Trigger.ADDRESS_CHANGE, GENERATE, "documented U; new key assumed"),
    (Trigger.NAME_CHANGE, GENERATE, "documented U; new key assumed"),
    (Trigger.CHANGE_BY_HAND, KEEP, "inferred U"),
    (Trigger.CA_REPLACED, GENERATE, "assumed as ignition with an imported CA"),
]
NODE = [
    (Trigger.IGNITION, GENERATE, "documented C"),
    (Trigger.ADDRESS_CHANGE, KEEP, "documented U"),
    (Trigger.NAME_CHANGE, KEEP, "documented U"),
    (Trigger.JOINED, KEEP, "documented C, MC"),
    *ALL,
]
DOCUMENT = {
    "primary": [
        (Trigger.IGNITION, GENERATE, "documented B, SEED"),
        (Trigger.CA_IMPORTED, GENERATE, "documented B, SEED; that it signs an identity made here is assumed"),
        (Trigger.CA_RENEWED, KEEP, "documented M"),
        (Trigger.CA_CREATED, GENERATE, "documented M"),
        (Trigger.JOINED, KEEP, "assumed its own network"),
        *CHANGES_OF_A_ROOT,
        *ALL,
    ],
    "application_server": [
        (Trigger.IGNITION, GENERATE, "documented B, SEED"),
        (Trigger.CA_IMPORTED, GENERATE, "documented B, SEED; that it signs an identity made here is assumed"),
        (Trigger.CA_RENEWED, KEEP, "assumed as Primary"),
        (Trigger.CA_CREATED, GENERATE, "assumed as Primary"),
        (Trigger.JOINED, KEEP, "documented C, MC"),
        *CHANGES_OF_A_ROOT,
        *ALL,
    ],
    "ucm": [
        (Trigger.IGNITION, GENERATE, "documented SEED"),
        (Trigger.CA_IMPORTED, GENERATE, "assumed SEED; that it signs an identity made here is assumed"),
        (Trigger.ADDRESS_CHANGE, GENERATE, "assumed as Primary; new key assumed"),
        (Trigger.NAME_CHANGE, GENERATE, "assumed as Primary; new key assumed"),
        (Trigger.CHANGE_BY_HAND, KEEP, "assumed as Primary"),
        (Trigger.CA_REPLACED, GENERATE, "assumed as ignition with an imported CA"),
        (Trigger.CA_RENEWED, KEEP, "assumed as Primary"),
        (Trigger.CA_CREATED, GENERATE, "assumed as Primary"),
        (Trigger.JOINED, KEEP, "assumed as Application Server"),
        *ALL,
    ],
    "secondary": NODE,
    "expansion": NODE,
}
ROWS = [(name, *row) for name, rows in DOCUMENT.items() for row in rows]


@pytest.mark.parametrize("release", ["8.1", "9.1", "12.3"])
@pytest.mark.parametrize(("name", "trigger", "outcome", "basis"), ROWS)
def test_a_row_of_the_document(name: str, trigger: Trigger, outcome: Outcome, basis: str, release: str) -> None:
    rule = decide(platforms.load(name).policy, trigger, BY_VERSION[release])
    assert (rule.value, rule.cite()) == (outcome, basis)


@pytest.mark.parametrize("name", DOCUMENT)
def test_a_subscription_s_cloud_supplies_identities_as_long_as_there_have_been_subscriptions(name: str) -> None:
    policy = platforms.load(name).policy
    rule = decide(policy, Trigger.SUPPLIED, BY_VERSION["11.1"])
    assert (rule.value, rule.cite()) == (INSTALL, "documented MC; from which release on: assumed")
    with pytest.raises(LookupError):
        decide(policy, Trigger.SUPPLIED, BY_VERSION["11.0"])


@pytest.mark.parametrize("name", DOCUMENT)
def test_every_trigger_of_its_policy_is_in_the_document(name: str) -> None:
    named = {trigger for trigger, *_ in DOCUMENT[name]} | {Trigger.SUPPLIED}
    assert named == {rule.trigger for rule in platforms.load(name).policy}


SERVERS = ("primary", "secondary", "expansion", "application_server")  # ignition.md, page 2
ROOTS, WITH_APPLICATIONS = ("primary", "application_server", "ucm"), ("application_server", "ucm")


@pytest.mark.parametrize("name", DOCUMENT)
def test_what_it_is(name: str) -> None:
    platform = platforms.load(name)
    assert (platform.releases()[0].version, len(platform.releases())) == ("8.1", 8)
    assert (platform.root_profile is not None) == (name in ROOTS)
    assert platform.applications == (("one-X Portal", "Voicemail Pro") if name in WITH_APPLICATIONS else ())
    assert platform.hosted == (name == "ucm")
    assert platform.leds == (("upper", "lower") if name == "ucm" else ())
    assert platform.slots == (() if name == "ucm" else ("second-disk",))
    assert tuple(kin.name for kin in platform.kin()) == (() if name == "ucm" else SERVERS)
    assert platform.users.value == ()
