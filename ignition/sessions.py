"""Who is logged in to the wizard or the platform pages: in RAM, so a reboot logs everybody out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.appliance import Appliance
from firmware.basis import assumed, documented
from firmware.credentials import expiry
from firmware.errors import FirmwareError, NotNow
from firmware.times import MINUTE, show_duration
from ignition import passwords, settings
from ignition.answers import Answers

ACCOUNTS = ("root", "Administrator")
FAILURES, WITHIN, BLOCKED = documented(3, "WM"), documented(10 * MINUTE, "WM"), documented(1 * MINUTE, "WM")
IDLE = assumed(10 * MINUTE)
MOST = 20  # sessions at once; the oldest gives way


class LogInFirst(FirmwareError):
    """No session, or one that has ended."""


class WrongPassword(FirmwareError):
    """The user name or the password is wrong; which of them is not said."""


class Blocked(FirmwareError):
    """Too many failures; ``left`` is how long log-in stays blocked, in ms."""

    def __init__(self, left: int) -> None:
        super().__init__(f"Log-in is blocked after {FAILURES.value} failures. Try again in {show_duration(left)}.")
        self.left = left


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is logged in. ``seen`` is the simulated time of its last request."""

    token: str
    user: str
    seen: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What the wizard holds in RAM: the answers as on the disk, the sessions, the failures to log in (user, time)."""

    answers: Answers
    sessions: tuple[Session, ...] = ()
    failures: tuple[tuple[str, int], ...] = ()


def desk(unit: Appliance) -> Desk:
    if not isinstance(unit.ram.wizard, Desk):
        raise NotNow(f"nobody can log in: the unit is in the state {unit.state}")
    return unit.ram.wizard


def log_in(unit: Appliance, user: str, password: str, token: str) -> Session:
    """Begin a session under a token that the caller has drawn. Blocked or WrongPassword says why not.

    Failures are counted by user name; all names that are nobody's count as one.
    """
    now = unit.clock.now
    counted = user if user in ACCOUNTS else ""
    recent = tuple((name, at) for name, at in desk(unit).failures if now - at < WITHIN.value)
    mine = [at for name, at in recent if name == counted]
    if len(mine) >= FAILURES.value and now - mine[-1] < BLOCKED.value:
        left = mine[-1] + BLOCKED.value - now
        unit.note("login.blocked", user=counted or "unknown", left=show_duration(left))
        raise Blocked(left)
    if not _is_right(unit, user, password):
        unit.note("login.refused", user=counted or "unknown", failures=len(mine) + 1)
        unit.ram.wizard = replace(desk(unit), failures=(*recent, (counted, now))[-100:])
        raise WrongPassword("The user name or the password is wrong.")
    session = Session(token, user, now)
    rest = tuple((name, at) for name, at in recent if name != counted)
    unit.ram.wizard = replace(desk(unit), sessions=(*desk(unit).sessions, session)[-MOST:], failures=rest)
    unit.note("login.accepted", user=user)
    expiry.warn(unit, user)
    return session


def _is_right(unit: Appliance, user: str, password: str) -> bool:
    """Before ignition the installation's password, after it the account's own."""
    if user not in ACCOUNTS:
        return False
    # By the state, not by the mark on the disk: a mark that is lost must not open an ignited server again.
    if unit.state.startswith(_BEFORE_IGNITION_IS_DONE):
        return password == INSTALLATION_PASSWORD
    return passwords.matches(password, settings.accounts(unit).get(user, ""))


_BEFORE_IGNITION_IS_DONE = ("ignition.", "apply.")
INSTALLATION_PASSWORD = passwords.INSTALLATION.value


def session_of(unit: Appliance, token: str | None) -> Session:
    """The session under a token, seen again. LogInFirst when there is none, or it was idle for too long."""
    now = unit.clock.now
    found = next((s for s in desk(unit).sessions if s.token == token), None)
    if found is not None and now - found.seen >= IDLE.value:
        log_out(unit, found.token)
        found = None
    if found is None:
        raise LogInFirst("Log in first.")
    again = replace(found, seen=now)
    others = tuple(again if s is found else s for s in desk(unit).sessions)
    unit.ram.wizard = replace(desk(unit), sessions=others)
    return again


def log_out(unit: Appliance, token: str) -> None:
    rest = tuple(s for s in desk(unit).sessions if s.token != token)
    unit.ram.wizard = replace(desk(unit), sessions=rest)


def end_all(unit: Appliance) -> None:
    """Everybody is logged out: the accounts have other passwords now."""
    unit.ram.wizard = replace(desk(unit), sessions=())
