"""The wizard's pages: one row a page – what it asks, how that is checked, which servers see it.

The facts are those of the product's document on ignition; each row carries its basis. Read top to bottom: it is the
order in which a person meets the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from firmware.basis import Basis
from firmware.device.entropy import Entropy
from firmware.platform import Platform
from firmware.release import Release
from ignition import answers, checks, keeping
from ignition.answers import Answers, Values
from ignition.checks import NO, YES, Check, optional, required

_DOCUMENTED, _INFERRED, _ASSUMED = Basis.DOCUMENTED, Basis.INFERRED, Basis.ASSUMED


class Kind(str, Enum):
    """How a field is shown and filled in. A flag's value is yes or no; a file's is its bytes in base64."""

    TEXT = "text"
    PASSWORD = "password"  # noqa: S105  # a kind of field
    CHOICE = "choice"
    FLAG = "flag"
    FILE = "file"
    LOCAL_TIME = "time"


@dataclass(frozen=True, slots=True)
class Server:
    """What the wizard knows of the server it runs on: ``role`` is what it is to become, ``kin`` what it could."""

    role: Platform
    kin: tuple[Platform, ...]
    release: Release
    disk_found: bool
    clock: int | None
    chance: Entropy
    answers: Answers


Choices = tuple[tuple[str, str], ...]


def _always(_anything: object) -> bool:
    return True


def _none(_server: Server) -> Choices:
    return ()


@dataclass(frozen=True)
class Field:
    """One field. ``sample`` is what the built-in answers hold; ``asked`` whether it matters, given the page's values.

    ``choices`` are (value, label); ``seen`` whether this server has the field at all. ``again`` names the field that
    this one repeats: forms have it, answers files do not.
    """

    name: str
    label: str
    check: Check
    kind: Kind = Kind.TEXT
    sample: str = ""
    hint: str = ""
    choices: Callable[[Server], Choices] = _none
    seen: Callable[[Server], bool] = _always
    asked: Callable[[Values], bool] = _always
    again: str | None = None

    @property
    def is_secret(self) -> bool:
        return self.kind in (Kind.PASSWORD, Kind.FILE)


def _keep_as_given(values: Values, _server: Server) -> keeping.Kept:
    return dict(values), {}


@dataclass(frozen=True)
class Page:
    """One page; ``number`` is the document's.

    ``keep`` judges its checked values together: what is kept of them, and what is wrong, by field.
    """

    number: str
    name: str
    title: str
    lead: str
    seen: Callable[[Server], bool]
    basis: Basis
    source: str
    fields: tuple[Field, ...] = ()
    keep: Callable[[Values, Server], keeping.Kept] = _keep_as_given

    def shown_fields(self, server: Server) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.seen(server))


def _roles(server: Server) -> Choices:
    return tuple((platform.name, platform.title) for platform in server.kin)


def _fixed(*choices: tuple[str, str]) -> Callable[[Server], Choices]:
    return lambda _server: choices


def _is(field: str, value: str) -> Callable[[Values], bool]:
    return lambda values: values.get(field) == value


def _own_clock(server: Server) -> bool:
    return not server.role.hosted


def _password(name: str, label: str, sample: str, hint: str) -> tuple[Field, Field]:
    return (
        Field(name, label, checks.anything, Kind.PASSWORD, sample, hint),
        Field(f"{name}_again", f"{label}, again", checks.anything, Kind.PASSWORD, again=name),
    )


LOGIN, REVIEW, APPLY = "login", answers.REVIEW, "apply"

PAGES: tuple[Page, ...] = (
    Page(
        "0", LOGIN, "Log in", "This server has been installed and is waiting to be set up.", _always,
        _ASSUMED, "ports 7070/7071 and accounts",
        (
            Field("user", "User name", required(checks.anything, "a user name"), sample="Administrator",
                  hint="root or Administrator"),
            Field("password", "Password", required(checks.anything, "the password"), Kind.PASSWORD, "Administrator",
                  hint="As set by the installation."),
        ),
    ),
    Page(
        "1", "licence", "Accept licence", "Using this server requires the licence terms to be accepted.", _always,
        _DOCUMENTED, "TB145; Application Server inferred, UCM assumed",
        (Field("accepted", "I accept the licence terms", checks.flag, Kind.FLAG, YES),),
        keeping.licence,
    ),
    Page(
        "2", "server_type", "Server type", "Ignition turns this machine into one kind of server, for good.",
        lambda server: bool(server.kin),
        _DOCUMENTED, "TB145; Application Server inferred",
        (Field("server_type", "Kind of server", required(checks.anything, "a kind of server"), Kind.CHOICE,
               choices=_roles),),
        keeping.server_type,
    ),
    Page(
        "3", "new_hardware", "New hardware", "A further disk was found.", lambda server: server.disk_found,
        _ASSUMED, "ignition.md, page 3",
        (Field("format_disk", "Format the further disk and mount it", checks.flag, Kind.FLAG, NO,
               hint="Everything on it is erased when the settings are applied."),),
    ),
    Page(
        "4", "network", "Configure network", "How this server is reached.", _always,
        _DOCUMENTED, "TB145; fields assumed",
        (
            Field("interface", "Interface", required(checks.anything, "an interface"), Kind.CHOICE, "eth0",
                  choices=_fixed(("eth0", "eth0 (LAN1)"), ("eth1", "eth1 (LAN2)"))),
            Field("mode", "Address", required(checks.anything, "how the address is set"), Kind.CHOICE, "static",
                  choices=_fixed(("static", "Fixed"), ("dhcp", "By DHCP"))),
            Field("address", "IP address", required(checks.address, "an IPv4 address such as 192.168.42.1"),
                  sample="192.168.42.1", hint="For a fixed address.", asked=_is("mode", "static")),
            Field("mask", "Subnet mask", required(checks.mask, "a subnet mask such as 255.255.255.0"),
                  sample="255.255.255.0", hint="For a fixed address.", asked=_is("mode", "static")),
            Field("gateway", "Gateway", optional(checks.address), hint="For a fixed address; may stay empty.",
                  asked=_is("mode", "static")),
            Field("dns1", "DNS server 1", optional(checks.address), hint="May stay empty."),
            Field("dns2", "DNS server 2", optional(checks.address), hint="May stay empty."),
            Field("host_name", "Host name", optional(checks.host_name), sample="server1",
                  hint="Part of the certificates. Empty: the name that DNS gives for LAN1 or LAN2, else the MAC."),
        ),
        keeping.network,
    ),
    Page(
        "5", "time", "Time and companding", "When this server thinks it is.", _always,
        _DOCUMENTED, "TB145; fields assumed",
        (
            Field("use_ntp", "Take the time from an NTP server", checks.flag, Kind.FLAG, NO, seen=_own_clock),
            Field("ntp_server", "NTP server", required(checks.host, "a host name or an IPv4 address"),
                  hint="With NTP: a name or an address.", seen=_own_clock, asked=_is("use_ntp", YES)),
            Field("date_time", "Date and time", optional(checks.local_time), Kind.LOCAL_TIME,
                  hint="Without NTP, in the time zone below. Empty: the clock stays as it is.", seen=_own_clock,
                  asked=_is("use_ntp", NO)),
            Field("time_zone", "Time zone", required(checks.time_zone, "a time zone such as Europe/Berlin"),
                  sample="Etc/UTC", hint="A name of the tz database, such as Europe/Berlin."),
            Field("companding", "Companding", required(checks.anything, "a companding law"), Kind.CHOICE, "a-law",
                  choices=_fixed(("a-law", "A-law"), ("mu-law", "µ-law"))),
        ),
        keeping.time,
    ),
    Page(
        "6", "passwords", "Change passwords", "New passwords for this server's accounts: 8 to 31 characters, of two "
        "kinds at least, no more than three equal ones in a row.", _always,
        _DOCUMENTED, "TB145: root's; the rest and all rules assumed",
        (
            *_password("root", "root and security password", "Ignition-2026-root", "For the Linux account root and "
                       "the service user security."),
            *_password("administrator", "Administrator password", "Ignition-2026-admin", "For the Linux account and "
                       "for the service user of that name."),
            *_password("system", "System password", "Ignition-2026-system", "For Manager's access to the system."),
        ),
        keeping.passwords_page,
    ),
    Page(
        "6b", "services", "Configure services", "Applications that this server runs.",
        lambda server: bool(server.role.applications),
        _ASSUMED, "ignition.md, page 6b",
        (
            Field("one_x_portal", "one-X Portal", checks.flag, Kind.FLAG, YES),
            Field("voicemail_pro", "Voicemail Pro", checks.flag, Kind.FLAG, YES),
        ),
    ),
    Page(
        "7", "security", "Security", "The root CA of this server's network: made here, or brought along.",
        lambda server: server.role.root_profile is not None,
        _DOCUMENTED, "B; UCM and details assumed",
        (
            Field("ca", "Certificate authority", required(checks.anything, "where the CA comes from"), Kind.CHOICE,
                  "generate", choices=_fixed(("generate", "Generate one automatically"), ("import", "Import one"))),
            Field("ca_file", "CA file", checks.anything, Kind.FILE,
                  hint="To import: PKCS#12 or PEM with the CA's certificate and private key.",
                  asked=_is("ca", "import")),
            Field("ca_password", "Password of the file", checks.anything, Kind.PASSWORD,
                  hint="Empty when it has none.", asked=_is("ca", "import")),
        ),
        keeping.security,
    ),
    Page("8", REVIEW, "Review settings", "Nothing has been changed so far. Apply makes it so, once and for good.",
         _always, _ASSUMED, "ignition.md, page 8"),
    Page("9", APPLY, "Apply", "The server is being set up.", _always, _ASSUMED, "ignition.md, page 9"),
)  # fmt: skip

BY_NAME: Mapping[str, Page] = {page.name: page for page in PAGES}
ASKED = tuple(page for page in PAGES if page.name not in (LOGIN, REVIEW, APPLY))
STEPS = tuple(page for page in PAGES if page.name not in (LOGIN, APPLY))


def visible(server: Server) -> tuple[Page, ...]:
    """The pages between log-in and Apply that this server shows, in order."""
    return tuple(page for page in STEPS if page.seen(server))


def frontier(server: Server) -> Page:
    """The first page that is still to be answered: nobody gets beyond it."""
    return next(page for page in visible(server) if page.name == REVIEW or server.answers.of(page.name) is None)


def check(page: Page, values: Values, server: Server) -> keeping.Kept:
    """What is to be kept of a page's values, or what is wrong with them, by field: a sentence to act on each."""
    checked: dict[str, str] = {}
    errors: dict[str, str] = {}
    fields = page.shown_fields(server)
    for field in fields:
        text = values.get(field.name, "")
        if not field.asked({**values, **checked}):
            text = ""
        else:
            try:
                text = field.check(text if field.is_secret else text.strip())
                _require_choice(field, text, server)
            except ValueError as error:
                errors[field.name] = str(error)
        checked[field.name] = text
    for field in fields:
        if field.again and checked[field.again] != checked[field.name]:
            errors[field.name] = "This is not the same password."
    if errors:
        return {}, errors
    return page.keep({f.name: checked[f.name] for f in fields if not f.again}, server)


def _require_choice(field: Field, value: str, server: Server) -> None:
    allowed = field.choices(server)
    if field.kind is Kind.CHOICE and value not in dict(allowed):
        raise ValueError(f"Choose one of: {', '.join(label for _, label in allowed)}.")
