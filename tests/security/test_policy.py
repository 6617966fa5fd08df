"""Which trigger has which outcome; the IP500 V2's answers typed from certificates.md section 3."""

from __future__ import annotations

import pytest

from firmware.basis import Basis, assumed, inferred
from firmware.release import BY_VERSION
from firmware.security.policy import Outcome, Rule, Trigger, decide
from platforms.ip500v2 import PLATFORM

GENERATE, WHEN_NEEDED, KEEP, INSTALL = Outcome.GENERATE, Outcome.WHEN_NEEDED, Outcome.KEEP, Outcome.INSTALL
NOT_OFFERED = None
RELEASES = ("6.2", "8.1", "9.1", "12.3")
# The outcomes at 6.2, 8.1, 9.1 and 12.3; None: the platform has no such thing there.
IP500V2: dict[Trigger, tuple[Outcome | None, ...]] = {
    Trigger.FIRST_START: (WHEN_NEEDED, WHEN_NEEDED, GENERATE, GENERATE),
    Trigger.RESTART: (KEEP, KEEP, KEEP, KEEP),
    Trigger.SECURITY_DEFAULT: (GENERATE, GENERATE, GENERATE, GENERATE),
    Trigger.CONFIGURATION_DEFAULT: (KEEP, KEEP, KEEP, KEEP),
    Trigger.CONFIGURATION_RESTORED: (KEEP, KEEP, KEEP, KEEP),
    Trigger.DELETED: (WHEN_NEEDED, WHEN_NEEDED, GENERATE, GENERATE),
    Trigger.ADDRESS_CHANGE: (KEEP, KEEP, KEEP, KEEP),
    Trigger.SERVICE_SECURED: (WHEN_NEEDED, WHEN_NEEDED, NOT_OFFERED, NOT_OFFERED),
    Trigger.UPGRADE: (KEEP, KEEP, KEEP, KEEP),
    Trigger.CLOCK_CORRECTED: (KEEP, KEEP, KEEP, KEEP),
    Trigger.IDENTITY_SET: (INSTALL, INSTALL, INSTALL, INSTALL),
    Trigger.ENROLLED: (INSTALL, INSTALL, INSTALL, INSTALL),
    Trigger.ENROLMENT_DUE: (GENERATE, GENERATE, GENERATE, GENERATE),
    Trigger.SUPPLIED: (NOT_OFFERED, NOT_OFFERED, NOT_OFFERED, INSTALL),
    Trigger.NEAR_EXPIRY: (KEEP, KEEP, KEEP, KEEP),
    Trigger.EXPIRED: (KEEP, KEEP, KEEP, KEEP),
}


@pytest.mark.parametrize("trigger", IP500V2)
def test_what_the_ip500v2_does(trigger: Trigger) -> None:
    assert tuple(outcome(trigger, version) for version in RELEASES) == IP500V2[trigger]


def outcome(trigger: Trigger, version: str) -> Outcome | None:
    try:
        return decide(PLATFORM.policy, trigger, BY_VERSION[version]).value
    except LookupError:
        return NOT_OFFERED


# Where it is offered at all: before 9.1 a service waits for a certificate, since 11.1 there are subscriptions.
BOUNDED = {Trigger.SERVICE_SECURED: ("6.2", "8.1"), Trigger.SUPPLIED: ("11.1", "12.0", "12.3")}


def test_one_row_answers_each_trigger_at_each_release() -> None:
    assert set(IP500V2) == {rule.trigger for rule in PLATFORM.policy}
    for trigger in IP500V2:
        for release in PLATFORM.releases():
            offered = trigger not in BOUNDED or release.version in BOUNDED[trigger]
            assert sum(rule.applies(trigger, release) for rule in PLATFORM.policy) == offered


def test_documented_rows_name_their_source() -> None:
    outcomes = [rule.outcome for rule in PLATFORM.policy]
    assert all(outcome.source for outcome in outcomes if outcome.basis is Basis.DOCUMENTED)


def test_what_r62_documents_is_only_assumed_of_8_1() -> None:
    for trigger in (Trigger.FIRST_START, Trigger.DELETED, Trigger.SERVICE_SECURED):
        bases = [decide(PLATFORM.policy, trigger, BY_VERSION[version]).basis for version in ("6.2", "8.1")]
        assert bases == [Basis.DOCUMENTED, Basis.ASSUMED]


def test_bounds_are_releases() -> None:
    bounds = {bound for rule in PLATFORM.policy for bound in (rule.since, rule.before)}
    assert bounds - {None} <= set(BY_VERSION)


@pytest.mark.parametrize(
    ("since", "before", "versions"),
    [
        (None, None, "6.2 8.1 9.1 10.0 10.1 11.0 11.1 12.0 12.3"),
        ("9.1", None, "9.1 10.0 10.1 11.0 11.1 12.0 12.3"),
        (None, "9.1", "6.2 8.1"),
        ("9.1", "11.1", "9.1 10.0 10.1 11.0"),
        ("9.1", "9.1", ""),
    ],
)
def test_since_counts_and_before_does_not(since: str | None, before: str | None, versions: str) -> None:
    rule = Rule(Trigger.RESTART, assumed(KEEP), since, before)
    applying = [release.version for release in BY_VERSION.values() if rule.applies(Trigger.RESTART, release)]
    assert applying == versions.split()
    assert not any(rule.applies(Trigger.UPGRADE, release) for release in BY_VERSION.values())


def test_the_first_row_that_applies_decides() -> None:
    rules = (
        Rule(Trigger.RESTART, assumed(GENERATE), before="9.1"),
        Rule(Trigger.RESTART, inferred(KEEP)),
    )
    assert decide(rules, Trigger.RESTART, BY_VERSION["8.1"]) == assumed(GENERATE)
    assert decide(rules, Trigger.RESTART, BY_VERSION["9.1"]) == inferred(KEEP)


def test_no_row_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"no rule for 'software upgrade' at release 9\.1"):
        decide((), Trigger.UPGRADE, BY_VERSION["9.1"])
