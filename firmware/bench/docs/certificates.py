"""Certificates: what each kind holds, what the releases differ in, and what becomes of one, by platform."""

from __future__ import annotations

from enum import Enum

import platforms
from firmware.basis import Fact
from firmware.bench.docs import trust
from firmware.bench.docs.markdown import code, document, link, table
from firmware.bench.rules import case, triggers
from firmware.bench.rules.check import planned
from firmware.bench.rules.report import as_markdown
from firmware.platform import Platform
from firmware.release import RELEASES, Release
from firmware.security import profiles
from firmware.security.profiles import Profile
from firmware.times import show_duration

_KNOWN = (
    'Each value has its basis – documented, inferred, assumed – and the key of its source (README, "What is modelled").'
)
_MILLISECONDS = ("backdate", "generation_time")
_RELEASE = ("dated", "lifetime", "generation_time", "certificate_at_first_start", "offers_chain", "tcs_capacity")


def draw_profiles() -> str:
    parts = [
        f"{_KNOWN} `{{host}}` and `{{mac}}` are the unit's; a subject is in the order of its encoding. A SAN's `cn`, "
        "`uri`, `fqdn`, `sip_domain`, `lan1`, `lan2` and `given` stand for the name or address that is meant."
    ]
    for profile in _profiles():
        parts += [f"## {profile.name}", _users(profile), _facts(profile)]
    parts += ["## By platform and release", _lifetimes()]
    return document("Certificate profiles", *parts)


def _profiles() -> list[Profile]:
    """Those of the product, then those that only a platform has."""
    own = [profile for profile in vars(profiles).values() if isinstance(profile, Profile)]
    used = [profile for platform in _all() for profile in (platform.profile, platform.root_profile) if profile]
    return list(dict.fromkeys([*own, *used]))


def _all() -> list[Platform]:
    return [platforms.load(name) for name in platforms.names()]


def _users(profile: Profile) -> str:
    identity = [platform.title for platform in _all() if platform.profile == profile]
    root = [platform.title for platform in _all() if platform.root_profile == profile]
    told = [f"{what} of: {', '.join(names)}." for what, names in (("Identity", identity), ("Root CA", root)) if names]
    return " ".join(told) or "No platform's identity or root CA."


def _facts(profile: Profile) -> str:
    rows = [(name.replace("_", " "), _shown(name, fact), fact.cite()) for name, fact in profile.facts()]
    return table(("field", "value", "basis, source"), rows)


def _shown(name: str, fact: Fact[object]) -> str:
    value = fact.value
    if name in _MILLISECONDS and isinstance(value, int):
        return show_duration(value)
    if isinstance(value, Enum):
        return str(value.value)
    if name == "subject" and isinstance(value, tuple):
        return ", ".join(f"{key}={text}" for key, text in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _lifetimes() -> str:
    rows = [
        (platform.title, platform.profile.name, release.version, f"{fact.value} days", fact.cite())
        for platform in _all()
        for release in platform.releases()
        if (fact := platform.profile.lifetime or release.lifetime)
    ]
    return table(("platform", "identity", "release", "valid for", "basis, source"), rows)


def draw_releases() -> str:
    heads = ("release", *(name.replace("_", " ") for name in _RELEASE))
    rows = [(release.version, *(_cell(release, name) for name in _RELEASE)) for release in RELEASES]
    about = (
        f"{_KNOWN} *Dated* gives the notBefore of a certificate that is made with the clock not set, *lifetime* is of "
        "an identity in days, *tcs capacity* in certificates. Which platform has which releases: see the policies."
    )
    parts = ["## Platforms", _since(), "## Security levels of services", trust.tls_by_release(),
             "## Checks of received certificates", trust.checks_by_release()]  # fmt: skip
    return document("Releases", about, table(heads, rows), *parts)


def _cell(release: Release, name: str) -> str:
    fact = getattr(release, name)
    return f"{_shown(name, fact)} ({fact.cite()})"


def _since() -> str:
    rows = [(platform.title, code(platform.name), platform.since, platform.default_mac) for platform in _all()]
    return table(("platform", "name", "first release", "default MAC"), rows)


def draw_policies() -> str:
    about = (
        "What a platform does with its identity certificate when something happens: the first row that fits applies. A "
        f"platform has no row for what it does not offer. {link('The rule matrix', 'Rules', 'rules.md')} says what the "
        "documents expect, apart from these rows, and `ipsim rules --check` compares units with it."
    )
    parts = [about]
    for platform in _all():
        rows = [
            (rule.trigger.value, rule.since or "", rule.before or "", rule.outcome.value.value, rule.outcome.cite())
            for rule in platform.policy
        ]
        heads = ("trigger", "from", "before", "outcome", "basis, source")
        parts += [f"## {platform.title} ({platform.name})", table(heads, rows)]
    return document("Policies", *parts)


def draw_rules() -> str:
    cells = list(case.cells(_all(), list(RELEASES), list(triggers.table().triggers)))
    about = (
        "What becomes of a certificate, read from the documents: what a TLS handshake shows after the trigger, "
        "compared with before. `ipsim rules --check` builds each unit and looks; `ipsim rules --markdown` prints this "
        "table."
    )
    return document("Rules", about, as_markdown(list(planned(cells))).rstrip())
