"""How a person moves through the wizard. Browser, answers file and scenario all come through here.

What happens in each case, and the tests that hold it:

* A page opens when every page before it is answered; beyond the first unanswered one nobody gets, by whatever URL.
* A page that is sent is saved and the next one opens. Going back saves nothing and loses nothing.
* A page that is sent twice with the same content is saved once. Sent with other content from a form that was made
  before somebody else saved the page, it is a conflict: nothing is saved, the page shows what there is now.
* What is saved survives a reboot; who was logged in does not.
* From the moment Apply begins, nothing more is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.appliance import Appliance
from firmware.errors import BadInput, FirmwareError, NotNow
from firmware.platform import Platform
from ignition import answers, disk, keeping, pages, plan, sessions
from ignition.answers import Values
from ignition.pages import LOGIN, REVIEW, Page, Server
from ignition.sessions import Session, desk

GROUP = "ignition."
_FIRST = GROUP + LOGIN


class NotYet(FirmwareError):
    """The page cannot be shown (now); ``page`` is where to go instead."""

    def __init__(self, page: str, why: str) -> None:
        super().__init__(why)
        self.page = page


class Conflict(FirmwareError):
    """Somebody else has saved this page since the form was made."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it is to be shown: its values without secrets, and what is wrong with them by field.

    ``tag`` goes into the form and comes back with it. ``pages`` are the steps of this server, ``frontier`` the first
    that is still to be answered.
    """

    page: Page
    server: Server
    values: Values
    errors: Values
    tag: str
    pages: tuple[Page, ...]
    frontier: Page


def server(unit: Appliance) -> Server:
    """What the wizard knows of the server it runs on."""
    given = desk(unit).answers
    slot = unit.slots.get(disk.SECOND_DISK)
    return Server(
        role=plan.role_of(unit, given),
        kin=unit.platform.kin(),
        release=unit.release,
        disk_found=slot is not None and slot.card is not None and not slot.card.failed,
        clock=plan.planned_clock(unit, given),
        chance=unit.chance,
        answers=given,
    )


def has_wizard(platform: Platform) -> bool:
    """Whether units of this platform go through ignition."""
    return any(name.startswith(GROUP) for name in platform.bring_up.by_name)


def is_open(unit: Appliance) -> bool:
    """Whether the unit is in its wizard."""
    return unit.state.startswith(GROUP)


def log_in(unit: Appliance, user: str, password: str, token: str) -> Session:
    """Begin a session; the first one takes the wizard to the first page that is still to be answered."""
    _require_open(unit)
    session = sessions.log_in(unit, user, password, token)
    if unit.state == _FIRST:
        _go(unit, pages.frontier(server(unit)))
    return session


def open_page(unit: Appliance, token: str | None, name: str) -> Shown:
    """Open a page. LogInFirst, NotYet, or NotNow when the unit is not in its wizard."""
    _require_open(unit)
    sessions.session_of(unit, token)
    page = _reachable(unit, name)
    _go(unit, page)
    return shown(unit, page)


def back(unit: Appliance, token: str | None, name: str) -> Shown:
    """Open the page before this one, or the first one again."""
    _require_open(unit)
    order = [page.name for page in pages.visible(server(unit))]
    return open_page(unit, token, order[max(order.index(_reachable(unit, name).name) - 1, 0)])


def submit(unit: Appliance, token: str | None, name: str, values: Values, tag: str | None = None) -> Shown:
    """Send a page: the next one when all is well, the same one with errors when not. On Review, Apply begins.

    ``tag`` is that of the form; None sends it whatever others did meanwhile. BadInput for a field that the page does
    not have, Conflict as above.
    """
    _require_open(unit)
    sessions.session_of(unit, token)
    page = _reachable(unit, name)
    known = server(unit)
    strange = sorted(set(values) - {field.name for field in page.shown_fields(known)})
    if strange:
        raise BadInput(f"the page {name} has no field {strange[0]!r}")
    _go(unit, page)
    if page.name == REVIEW:
        if tag is not None and tag != desk(unit).answers.tag(REVIEW):
            raise Conflict("The settings have been changed meanwhile. Look at what they are now and send them again.")
        apply(unit, token)
        return shown(unit, page)
    kept, errors = pages.check(page, values, known)
    if errors:
        unit.note("ignition.refused", page=name, errors=errors)
        return shown(unit, page, values, errors)
    changed = known.answers.with_page(name, kept)
    if changed != known.answers:
        if tag is not None and tag != known.answers.tag(name):
            raise Conflict("Somebody else has saved this page meanwhile. Look at what it says now and send it again.")
        _save(unit, changed)
        unit.note("ignition.saved", page=name, values=_public(page, kept))
    following = pages.visible(server(unit))
    order = [step.name for step in following]
    after = following[order.index(name) + 1]
    _go(unit, after)
    return shown(unit, after)


def apply(unit: Appliance, token: str | None) -> None:
    """Begin to apply the settings, or try again when that failed: from here there is no way back."""
    sessions.session_of(unit, token)
    if is_open(unit):
        _reachable(unit, REVIEW)
        known = server(unit)
        if why := keeping.out_of_date(known.answers.of("security") or {}, known.clock):
            raise NotYet("security", why)
    unit.platform.bring_up.fire(unit, "apply")


def shown(unit: Appliance, page: Page, values: Values | None = None, errors: Values | None = None) -> Shown:
    """A page with what it holds: what was typed, else what is kept, else the sample."""
    known = server(unit)
    kept = known.answers.of(page.name)
    fields = page.shown_fields(known)
    held = {field.name: _value(field, known, values if values is not None else kept) for field in fields}
    frontier = pages.frontier(known)
    return Shown(page, known, held, errors or {}, known.answers.tag(page.name), pages.visible(known), frontier)


def _value(field: pages.Field, known: Server, values: Values | None) -> str:
    if field.is_secret:
        return ""
    if values is not None:
        return values.get(field.name, "")
    return preset(field, known) if field.kind is pages.Kind.CHOICE else ""


def preset(field: pages.Field, known: Server) -> str:
    """What a choice shows before anybody has chosen: its sample, else what this server was ordered as."""
    if field.sample or known.role.name not in dict(field.choices(known)):
        return field.sample
    return known.role.name


def _reachable(unit: Appliance, name: str) -> Page:
    """The page, when it is one of this server's and not beyond the first unanswered one."""
    known = server(unit)
    order = pages.visible(known)
    limit = pages.frontier(known)
    page = next((page for page in order if page.name == name), None)
    if page is None:
        raise NotYet(limit.name, f"this server has no page {name!r}")
    if order.index(page) > order.index(limit):
        raise NotYet(limit.name, f"{limit.title} comes before {page.title}")
    return page


def _go(unit: Appliance, page: Page) -> None:
    if unit.state != GROUP + page.name:
        unit.platform.bring_up.fire(unit, f"open_{page.name}")
    if page.name == REVIEW:  # also when it is looked at again: another clock or address may be due to be announced
        _save(unit, plan.announce_authority(unit, server(unit)))


def _save(unit: Appliance, changed: answers.Answers) -> None:
    if changed != desk(unit).answers:
        answers.save(unit, changed)
        unit.ram.wizard = replace(desk(unit), answers=changed)


def _public(page: Page, kept: Values) -> dict[str, str]:
    """What the journal may hold of a page."""
    public = {field.name for field in page.fields if not field.is_secret}
    return {name: value for name, value in kept.items() if name in public}


def _require_open(unit: Appliance) -> None:
    if not is_open(unit):
        raise NotNow(f"the wizard is closed: the unit is in the state {unit.state}")
