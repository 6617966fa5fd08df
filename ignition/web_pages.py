"""From the rows of pages.py to what a template shows: fields, steps, the review, certificates; and the templates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from firmware.appliance import Appliance
from firmware.security import reading
from firmware.security.authority import Authority
from ignition import apply, plan, wizard, zones
from ignition.answers import REVIEW, Answers, Values
from ignition.checks import YES
from ignition.pages import APPLY, BY_NAME, Field, Kind, Page, Server
from ignition.wizard import Shown

STATIC_TYPES = {
    "style.css": "text/css; charset=utf-8",
    "progress.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_INPUTS = {
    Kind.TEXT: "text", Kind.PASSWORD: "password", Kind.FLAG: "checkbox", Kind.FILE: "file",
    Kind.LOCAL_TIME: "datetime-local", Kind.CHOICE: "radio",
}  # fmt: skip
_AUTOCOMPLETE = {"user": "username", "password": "current-password", "ca_password": "off"}
_NAMES_OF_ZONES = "time_zone"


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field as a form shows it. ``choices`` are (value, label, whether it is chosen)."""

    name: str
    label: str
    input: str
    value: str
    hint: str
    error: str
    autocomplete: str
    choices: tuple[tuple[str, str, bool], ...] = ()
    suggests_zones: bool = False

    @property
    def described_by(self) -> str:
        parts = (("error", self.error), ("hint", self.hint))
        return " ".join(f"{self.name}-{what}" for what, text in parts if text)


@dataclass(frozen=True, slots=True)
class Step:
    """One step at the side: ``mark`` is done, here, open (it may be opened) or ahead."""

    number: int
    title: str
    mark: str
    href: str


def fields(rows: tuple[Field, ...], server: Server | None, values: Values, errors: Values) -> list[FieldView]:
    """The fields of a form. Without a server, their choices ask none."""
    return [_field(row, server, values.get(row.name, ""), errors.get(row.name, "")) for row in rows]


def _field(row: Field, server: Server | None, value: str, error: str) -> FieldView:
    offered = row.choices(server)  # type: ignore[arg-type]  # a form outside the wizard has fixed choices only
    choices = tuple((choice, label, choice == value) for choice, label in offered)
    autocomplete = _AUTOCOMPLETE.get(row.name, "new-password" if row.kind is Kind.PASSWORD else "off")
    suggests = row.name == _NAMES_OF_ZONES
    return FieldView(
        row.name, row.label, _INPUTS[row.kind], value, row.hint, error, autocomplete, choices, suggests
    )  # fmt: skip


def steps(shown: Shown) -> list[Step]:
    """The steps of this server; Apply is the last."""
    order = shown.pages
    here, limit = order.index(shown.page), order.index(shown.frontier)
    marks = [
        "here" if n == here else "done" if n < limit else "open" if n == limit else "ahead" for n in range(len(order))
    ]
    found = [
        Step(n + 1, page.title, mark, f"/ignition/{page.name}")
        for n, (page, mark) in enumerate(zip(order, marks, strict=True))
    ]
    return [*found, Step(len(found) + 1, BY_NAME[APPLY].title, "ahead", "")]


def before(shown: Shown) -> str:
    """Where Back leads; empty on the first page."""
    place = shown.pages.index(shown.page)
    return f"/ignition/{shown.pages[place - 1].name}" if place else ""


def kept_note(shown: Shown) -> str:
    """What is said of secrets that a page holds already, and does not show."""
    kept = shown.server.answers.of(shown.page.name) or {}
    if any(name in kept and field.kind is Kind.PASSWORD for name, field in _by_name(shown.page).items()):
        return "Passwords are set already. Leave every field empty to keep them."
    return "A CA is imported already. Choose no file to keep it." if "authority" in kept else ""


def _by_name(page: Page) -> dict[str, Field]:
    return {field.name: field for field in page.fields}


def review(shown: Shown) -> list[tuple[Page, list[tuple[str, str]]]]:
    """Everything that was answered: (page, (label, what is shown of the value)); of a secret only that it is set."""
    given = shown.server.answers
    return [
        (page, _answered(page, given.of(page.name) or {}, shown.server)) for page in shown.pages if page.name != REVIEW
    ]


def _answered(page: Page, kept: Values, server: Server) -> list[tuple[str, str]]:
    rows = []
    for field in page.shown_fields(server):
        if field.again or not field.asked(kept):
            continue
        if field.kind is Kind.FILE:
            rows.append((field.label, "set" if "authority" in kept else "not set"))
        elif field.kind is not Kind.PASSWORD or field.name in kept:
            rows.append((field.label, _said(field, kept.get(field.name, ""), server)))
    return rows


def _said(field: Field, value: str, server: Server) -> str:
    if field.is_secret:
        return "set" if value else "not set"
    if field.kind is Kind.FLAG:
        return "yes" if value == YES else "no"
    if field.kind is Kind.LOCAL_TIME:
        value = value.replace("T", " ")
    return dict(field.choices(server)).get(value, value) or "not given"


def planned(unit: Appliance, given: Answers) -> Authority | None:
    """The CA that Apply will make, or bring along."""
    return plan.planned_authority(unit, given, plan.role_of(unit, given))


def certificate(der: bytes) -> list[tuple[str, str]]:
    """A certificate as rows of (what, text)."""
    found = reading.describe(der)
    names = found["names"]
    return [
        ("Subject", str(found["subject"])),
        ("Issuer", reading.issuer(der)),
        ("Names", ", ".join(names) or "none"),
        ("Valid from", _moment(str(found["not_before"]))),
        ("Valid until", _moment(str(found["not_after"]))),
        ("Key", str(found["key"])),
        ("Serial number", str(found["serial"])),
        ("SHA-256", str(found["sha256"])),
    ]


def _moment(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")


_APPLYING = "apply."
_FAILED, _PREPARING = "apply.failed", "apply.preparing"


def progress(unit: Appliance) -> dict[str, Any]:
    """How far Apply is: ``phase`` is a key of the table below, each task has its mark."""
    here, names = unit.state, [f"apply.{task.name}" for task in apply.TASKS]
    phase = next((phase for start, phase in _PHASES if here.startswith(start)), "starting")
    over = phase == "done" or here.startswith("server.")
    reached = names.index(here) if here in names else len(names) if over else 0
    marks = ["done" if n < reached else "now" if names[n] == here else "ahead" for n in range(len(names))]
    tasks = [{"name": t.name, "about": t.about, "mark": mark} for t, mark in zip(apply.TASKS, marks, strict=True)]
    about = unit.platform.bring_up.by_name[here].about
    return {
        "phase": phase,
        "state": here,
        "about": about,
        "tasks": tasks,
        "said": _SAID[phase].format(about=about.removeprefix("applying: ")),
    }


_PHASES = (
    (_FAILED, "failed"),
    (_APPLYING, "applying"),
    (wizard.GROUP, "asking"),
    ("server.", "applying"),  # nobody can log in yet
    ("certificate.", "done"),
    ("running", "done"),
)
_SAID = {
    "failed": "The settings could not be applied.",
    "applying": "In progress: {about}.",
    "asking": "The settings are not applied yet.",
    "done": "All settings are applied.",
    "starting": "The server is not up: {about}.",
}


@cache
def static_files() -> Mapping[str, bytes]:
    place = files("ignition").joinpath("static")
    return {name: place.joinpath(name).read_bytes() for name in STATIC_TYPES}


def _static(name: str) -> str:
    """A static file's address; it changes with the content, so a browser may keep what it has."""
    return f"/static/{name}?v={hashlib.sha256(static_files()[name]).hexdigest()[:12]}"


@cache
def _zone_options() -> Markup:
    return Markup("").join(Markup("<option>{}</option>").format(name) for name in zones.names())


@cache
def templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ignition"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    functions: dict[str, Callable[..., object]] = {"static": _static, "zone_options": _zone_options}
    environment.globals.update(functions)
    return environment
