"""The page of a server that is set up: what it is, its certificates, and what an administrator can change of it.

A form is one row: its fields, who sees it, which operation of the platform it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Any

from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.configuration import Lan
from firmware.times import show_time
from ignition import answers, checks, keeping, pages, web_pages, wizard
from ignition.answers import Values
from ignition.checks import YES, optional, required
from ignition.pages import Field, Kind, Page, Server

LONGEST_NAME = 31  # assumed, as a user's on an IP500 V2
_MODES = (("static", "Fixed"), ("dhcp", "By DHCP"))


@dataclass(frozen=True)
class Form:
    """``page`` holds fields and checks as a wizard's page does; ``shows`` what stands in the fields at first;
    ``operation`` is what it does, ``arguments`` with what."""

    page: Page
    button: str
    seen: Callable[[Appliance], bool]
    shows: Callable[[Appliance], Values]
    operation: str
    arguments: Callable[[Values], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FormView:
    name: str
    title: str
    lead: str
    button: str
    fields: list[web_pages.FieldView]


def _page(name: str, title: str, lead: str, fields: tuple[Field, ...], keep: Any = None) -> Page:
    more = {"keep": keep} if keep else {}
    return Page("-", name, title, lead, lambda _server: True, Basis.ASSUMED, "ours", fields, **more)


def _lans(unit: Appliance) -> tuple[Lan, ...]:
    assert unit.ram.configuration is not None
    return unit.ram.configuration.lans


def _lan_form(number: int) -> Form:
    lan = f"lan{number}"
    mode, address, mask = f"{lan}_mode", f"{lan}_address", f"{lan}_mask"

    def fixed(values: Values) -> bool:
        return values.get(mode) == "static"

    def keep(values: Values, _server: Server) -> keeping.Kept:
        errors = checks.together(values[address], values[mask], "") if fixed(values) else {}
        return ({}, {address: errors["address"]}) if errors else (dict(values), {})

    def shows(unit: Appliance) -> Values:
        present = _lans(unit)[number - 1]
        interface = IPv4Interface(present.interface or "0.0.0.0/0")
        filled = {address: str(interface.ip), mask: str(interface.netmask)} if present.interface else {}
        return {mode: "dhcp" if present.dhcp else "static", **filled}

    def arguments(values: Values) -> dict[str, Any]:
        fixed_to = str(IPv4Interface(f"{values[address]}/{values[mask]}")) if fixed(values) else None
        return {"lan": number - 1, "interface": fixed_to}

    fields = (
        Field(mode, "Address", required(checks.anything, "how the address is set"), Kind.CHOICE,
              choices=lambda _server: _MODES),
        Field(address, "IP address", required(checks.address, "an IPv4 address such as 192.168.42.1"),
              hint="For a fixed address.", asked=fixed),
        Field(mask, "Subnet mask", required(checks.mask, "a subnet mask such as 255.255.255.0"),
              hint="For a fixed address.", asked=fixed),
    )  # fmt: skip
    lead = f"How this server is reached on LAN{number}."
    return Form(
        _page(lan, f"LAN{number}", lead, fields, keep), f"Change LAN{number}", _always, shows, "set_address", arguments
    )


def _always(_unit: Appliance) -> bool:
    return True


def _is_root(unit: Appliance) -> bool:
    return unit.ram.authority is not None


def _nothing(_unit: Appliance) -> Values:
    return {}


def _sure(text: str) -> str:
    if text != YES:
        raise ValueError("Say that this is meant: every certificate that the present CA has signed must be renewed.")
    return text


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise ValueError(f"Use at most {LONGEST_NAME} printable characters.")
    return text


FORMS: tuple[Form, ...] = (
    Form(
        _page("initial-configuration", "Initial Configuration", "A device of a Server Edition belongs to a Primary.", (
            Field("system_name", "System name", optional(_name), hint="May stay empty: the name stays as it is."),
            Field("primary", "Address of the Primary", required(checks.address, "the IPv4 address of the Primary"),
                  hint="On a Primary, its own."),
        )),
        "Configure",
        lambda unit: unit.ram.configuration is not None and not unit.ram.configuration.primary,
        lambda unit: {"system_name": unit.ram.configuration.system_name if unit.ram.configuration else ""},
        "initial_configuration",
        lambda values: {"primary": values["primary"], "system_name": values["system_name"] or None},
    ),
    Form(
        _page("host-name", "Host name", "Part of the certificates; a CA keeps the name that it was made with.", (
            Field("host_name", "Host name", required(checks.host_name, "a host name such as server1")),
        )),
        "Change host name", _always, lambda unit: {"host_name": unit.ram.host_name},
        "set_host_name", lambda values: {"host_name": values["host_name"]},
    ),
    _lan_form(1),
    _lan_form(2),
    Form(
        _page("renew-authority", "Renew the CA",
              "A new certificate over the same key: what the CA has signed stays valid.", ()),
        "Renew existing CA", _is_root, _nothing, "renew_authority", lambda _values: {},
    ),
    Form(
        _page("create-authority", "Create a new CA", "A new key and certificate; the identity is made anew.", (
            Field("sure", "Every certificate of the present CA may become worthless", _sure, Kind.FLAG),
        )),
        "Create new CA", _is_root, _nothing, "create_authority", lambda _values: {},
    ),
)  # fmt: skip


def find(unit: Appliance, name: str) -> Form | None:
    """A form that this server shows."""
    return next((form for form in FORMS if form.page.name == name and form.seen(unit)), None)


def tag(unit: Appliance) -> str:
    """Changes when anything does that the forms are about: one made before is told apart."""
    identity, root = unit.ram.identity, unit.ram.authority
    configuration = unit.ram.configuration
    return answers.digest([
        unit.ram.host_name, configuration.to_bytes().hex() if configuration else "",
        identity.fingerprint if identity else "", root.fingerprint if root else "",
    ])  # fmt: skip


def views(unit: Appliance, sent: Form | None, values: Values, errors: Values) -> list[FormView]:
    """Every form of this server; the one that was sent as it was typed, with its errors."""
    found = []
    for form in FORMS:
        if form.seen(unit):
            held = values if form is sent else form.shows(unit)
            fields = web_pages.fields(form.page.fields, wizard.server(unit), held, errors if form is sent else {})
            found.append(FormView(form.page.name, form.page.title, form.page.lead, form.button, fields))
    return found


def check(unit: Appliance, form: Form, values: Values) -> keeping.Kept:
    return pages.check(form.page, values, wizard.server(unit))


def status(unit: Appliance) -> list[tuple[str, str]]:
    """The server in rows of (what, text)."""
    reading, configuration = unit.clock.read(), unit.ram.configuration
    rows = [
        ("State", unit.platform.bring_up.by_name[unit.state].about),
        ("Kind of server", unit.platform.title),
        ("Release", unit.release.version),
        (
            "Clock",
            "not set" if reading is None else show_time(reading // 1000 * 1000).replace("T", " ").replace("Z", " UTC"),
        ),
        ("Host name", unit.ram.host_name),
    ]
    if configuration is not None:
        rows += [(f"LAN{n}", f"{lan.interface or 'no address'}{' (by DHCP)' if lan.dhcp else ''}")
                 for n, lan in enumerate(configuration.lans, 1)]  # fmt: skip
        rows += [("System name", configuration.system_name), ("Primary", configuration.primary or "not configured yet")]
    return rows + [("Alarm", alarm) for alarm in unit.ram.alarms]
