"""Which trigger has which outcome for an identity certificate. Platforms choose their rows from this vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firmware.basis import Fact
from firmware.release import BY_VERSION, Release


class Trigger(str, Enum):
    """What may bear on an identity. A platform has no row for what it does not offer."""

    FIRST_START = "first start-up"
    RESTART = "reboot, power cycle"
    SECURITY_DEFAULT = "security settings defaulted"
    CONFIGURATION_DEFAULT = "configuration defaulted"
    CONFIGURATION_RESTORED = "configuration restored"
    DELETED = "identity certificate deleted"
    ADDRESS_CHANGE = "LAN IP, SIP domain or FQDN change"
    NAME_CHANGE = "host name changed"
    CHANGE_BY_HAND = "name or address changed, automatic renewal off"
    SERVICE_SECURED = "service level raised from Unsecure Only"
    UPGRADE = "software upgrade"
    CLOCK_CORRECTED = "clock corrected"
    IGNITION = "ignition"
    CA_IMPORTED = "ignition with an imported CA"
    JOINED = "joins the Primary's network"
    CA_RENEWED = "CA renewed over its key"
    CA_CREATED = "CA created new"
    CA_REPLACED = "CA imported later"
    REINSTALL = "software installed anew"
    IDENTITY_SET = "identity set from PKCS#12"
    REQUEST_ANSWERED = "certificate imported for a request"
    ENROLLED = "enrolled with System Manager"
    ENROLMENT_DUE = "enrolment near its expiry"
    SUPPLIED = "automatic certificate management"
    NEAR_EXPIRY = "within 60 days of expiry"
    EXPIRED = "expired"


class Outcome(str, Enum):
    """``GENERATE``: a new key and certificate. ``RENEW``: a new certificate over the same key. ``WHEN_NEEDED``: a new
    key, once a service needs it. ``INSTALL``: what comes from outside takes its place. ``KEEP``: nothing."""

    GENERATE = "generate, new key"
    RENEW = "renew, same key"
    WHEN_NEEDED = "generate when first needed"
    INSTALL = "replaced by the one given"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. It applies from release ``since`` (included) to ``before`` (not included); None: no bound."""

    trigger: Trigger
    outcome: Fact[Outcome]
    since: str | None = None
    before: str | None = None

    def applies(self, trigger: Trigger, release: Release) -> bool:
        return (
            self.trigger is trigger
            and (self.since is None or BY_VERSION[self.since] <= release)
            and (self.before is None or release < BY_VERSION[self.before])
        )


def decide(rules: tuple[Rule, ...], trigger: Trigger, release: Release) -> Fact[Outcome]:
    """The outcome of the first row that applies. LookupError when a platform's table has no row for it."""
    for rule in rules:
        if rule.applies(trigger, release):
            return rule.outcome
    raise LookupError(f"no rule for {trigger.value!r} at release {release}")
