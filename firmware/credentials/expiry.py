"""What a running unit finds wrong with its certificates, and whom it tells: journal, alarm log, syslog, administrator.

A date is said once a day for each certificate (M), the day being that of the unit's clock; anything else once. Judged
are the identity, that of telephony where it is another one, and the unit's own CA; that the certificates in its trusted
store are not is assumed. What was said is kept in RAM: a start writes nothing to flash for it, and says it again
(assumed). Only an expiry goes into the alarm log, which holds an entry once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from firmware.appliance import Appliance
from firmware.basis import documented
from firmware.boot import alarms, running
from firmware.credentials import destinations, held, identity
from firmware.credentials.syslog import Severity
from firmware.errors import BadInput
from firmware.security import reading
from firmware.security.importing import issued
from firmware.security.policy import Trigger
from firmware.security.settings import Origin
from firmware.security.trust.members import Member, readable
from firmware.times import DAY, show_time

NOTICE = documented(60 * DAY, "M")

IDENTITY, TELEPHONY, AUTHORITY = "identity", "telephony identity", "CA"
EXPIRING, EXPIRED = "certificate.expiring", "certificate.expired"
MISMATCH, ORPHANED = "certificate.mismatch", "certificate.orphaned"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a finding is told (texts: assumed), and the trigger of the policy that it is when it is the identity's."""

    severity: Severity
    text: str
    trigger: Trigger | None = None


KINDS: Mapping[str, Kind] = {
    EXPIRING: Kind(
        Severity.WARNING, "the {which} certificate expires on {not_after}, days left: {days}", Trigger.NEAR_EXPIRY
    ),
    EXPIRED: Kind(Severity.ERROR, "the {which} certificate expired on {not_after}", Trigger.EXPIRED),
    MISMATCH: Kind(Severity.WARNING, "the {which} certificate {objections}"),
    ORPHANED: Kind(Severity.WARNING, "the {which} certificate is orphaned: {why}"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """``again`` tells one from the next of its kind: what is wrong, or the day on which it is said."""

    kind: str
    which: str
    der: bytes
    again: str
    data: tuple[tuple[str, Any], ...]

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.kind, self.which, reading.fingerprint(self.der), self.again

    def event(self) -> dict[str, Any]:
        return {"which": self.which, **dict(self.data), "sha256": reading.fingerprint(self.der)}

    def shown(self) -> dict[str, str]:
        """The same as text."""
        return {
            name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in self.event().items()
        }

    @property
    def text(self) -> str:
        return KINDS[self.kind].text.format_map(self.shown())


def look(unit: Appliance) -> None:
    """Say what has not been said yet since the start, or today; then do what the policy says of a date."""
    found, said = findings(unit), unit.ram.said
    unit.ram.said = tuple(finding.key for finding in found)
    new = [finding for finding in found if finding.key not in said]
    for finding in new:
        unit.note(finding.kind, **finding.event())
        if finding.kind == EXPIRED:
            alarms.raise_alarm(unit, f"{finding.which} certificate", f"expired {finding.shown()['not_after']}")
        destinations.send(unit, KINDS[finding.kind].severity, finding.kind, finding.text, finding.shown())
    for finding in new:
        trigger = KINDS[finding.kind].trigger
        # Once a day: were a new identity as short-lived as the old one, this would never end.
        followed = any((finding.kind, IDENTITY, finding.again) == (kind, which, day) for kind, which, _, day in said)
        if trigger is not None and finding.which == IDENTITY and not followed:
            identity.follow_change(unit, trigger)  # which leaves alone what somebody else has made
            return


def findings(unit: Appliance) -> list[Finding]:
    """All that is wrong now."""
    return [*dated(unit), *_misnamed(unit), *_orphaned(unit)]


def watched(unit: Appliance) -> list[tuple[str, bytes]]:
    """The certificates that are judged: which one it is, and its DER."""
    settings = unit.ram.settings
    if settings is None:
        return []
    holders = {IDENTITY: settings.identity, TELEPHONY: settings.telephony, AUTHORITY: unit.ram.authority}
    return [(which, holder.der) for which, holder in holders.items() if holder is not None]


def dated(unit: Appliance) -> list[Finding]:
    """Certificates that expire soon or have expired, with the whole days left. A clock that is not set judges none.
    (Both assumed)"""
    clock = unit.clock.read()
    if clock is None:
        return []
    found, today = [], str(clock // DAY)
    for which, der in watched(unit):
        _, not_after = reading.dates(der)
        left, shown = not_after - clock, ("not_after", show_time(not_after))
        if left < 0:
            found.append(Finding(EXPIRED, which, der, today, (shown,)))
        elif left <= NOTICE.value:
            found.append(Finding(EXPIRING, which, der, today, (("days", left // DAY), shown)))
    return found


def _misnamed(unit: Appliance) -> Iterator[Finding]:
    """The identity does not name what the unit is called or reached by now: it was kept when that changed. (U)"""
    objections = identity.misnamed(unit)
    if objections and unit.ram.identity is not None:
        der, what = unit.ram.identity.der, ("objections", objections)
        yield Finding(MISMATCH, IDENTITY, der, ", ".join(objections), (what,))


def _orphaned(unit: Appliance) -> Iterator[Finding]:
    """Identities whose issuer is gone: not in the store, or not the unit's CA any more. (certificates.md, 3)"""
    for which, der in watched(unit):
        if which != AUTHORITY and (why := _why_orphaned(unit, which, der)):
            yield Finding(ORPHANED, which, der, why, (("why", why),))


def _why_orphaned(unit: Appliance, which: str, der: bytes) -> str:
    present, found = held.settings_of(unit), next(iter(readable((der,))), None)
    if found is None or found.is_self_signed:
        return ""
    if not _signed_by_one_of(found, present.trusted):
        return f"its issuer {found.issuer_label} is not in the trusted certificate store"
    own = (unit.ram.authority.der,) if unit.ram.authority is not None else ()
    if which == IDENTITY and present.origin is Origin.MADE and not _signed_by_one_of(found, own):
        return f"its issuer {found.issuer_label} is not this unit's CA any more"
    return ""


def _signed_by_one_of(signed: Member, candidates: tuple[bytes, ...]) -> bool:
    """By the same rule by which signing certificates were taken in."""
    return any(issued(reading.load(signed.der), reading.load(one.der)) for one in readable(candidates))


def warnings(unit: Appliance) -> list[str]:
    """What an administrator is told at log-in: a sentence for each certificate that expires soon or has expired."""
    return [finding.text for finding in dated(unit)]


def warn(unit: Appliance, user: str) -> None:
    """An administrator has logged in: the days left are said. (M)"""
    if certificates := warnings(unit):
        unit.note("login.certificates", user=user, certificates=certificates)


def administrator_log_in(unit: Appliance, user: str = "Administrator") -> None:
    """A service user logs in, by Manager or Web Manager. Passwords are not judged here."""
    running.require(unit, "nobody can log in")
    users = [known.name for known in held.settings_of(unit).users]
    if user not in users:
        raise BadInput(f"no service user {user!r}: there are {', '.join(users)}")
    unit.note("login.accepted", user=user)
    warn(unit, user)
