"""Linux units in the states that these tests start from – made once, handed out as copies – and hands to work them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import probe
from firmware.device.flash import FlashPart
from firmware.device.panel import Card
from firmware.device.power import Rail
from firmware.peers.network import SILENT, Network
from firmware.security import authority
from firmware.security.authority import Authority
from firmware.security.settings import SecuritySettings
from firmware.storage.volume import mounted
from firmware.times import parse_time
from ignition import disk, pages, wizard
from ignition.answers import Answers, load
from ignition.sessions import desk
from ignition.wizard import Shown
from platforms import load as platform
from tests.boot.units import act, cut_power, do
from tests.ignition.imports import imported_file

LINUX = ("primary", "secondary", "expansion", "application_server", "ucm")
SERVERS = LINUX[:-1]
START = parse_time("2026-11-23T09:00:00Z")
SEALED = ("answers", "authority", "security")
ROOT, ADMINISTRATOR, SYSTEM = "Root-2026", "Admin-2026", "System-2026"

Pages = Mapping[str, Mapping[str, str]]

GIVEN: Pages = {
    "licence": {"accepted": "yes"},
    "server_type": {"server_type": ""},
    "new_hardware": {"format_disk": "yes"},
    "network": {
        "interface": "eth0", "mode": "static", "address": "10.1.2.3", "mask": "255.255.255.0", "gateway": "10.1.2.1",
        "dns1": "10.1.2.2", "dns2": "", "host_name": "server1",
    },
    "time": {
        "use_ntp": "no", "ntp_server": "", "date_time": "2026-11-24T08:30:00", "time_zone": "Europe/Berlin",
        "companding": "a-law",
    },
    "passwords": {
        "root": ROOT, "root_again": ROOT, "administrator": ADMINISTRATOR, "administrator_again": ADMINISTRATOR,
        "system": SYSTEM, "system_again": SYSTEM,
    },
    "services": {"one_x_portal": "yes", "voicemail_pro": "no"},
    "security": {"ca": "generate", "ca_file": "", "ca_password": ""},
    "review": {},
}  # fmt: skip

CONNECTED = Network(
    leases={0: "192.168.7.20/24", 1: "192.168.8.20/24"},
    hosts={"ntp.example.com": "192.168.7.9", "dns-name.example.com": "192.168.7.20"},
    ntp_server="ntp.example.com",
    ntp_error=5000,
)


def fresh(name: str = "primary", *, seed: int = 7, network: Network = SILENT, with_disk: bool = False) -> Appliance:
    """A unit as the factory ships it: off, its software installed, never started."""
    unit = new_unit(Order(platform(name), seed=seed), START, network)
    if with_disk:
        unit.insert(disk.SECOND_DISK, another_disk())
    return unit


def another_disk() -> Card:
    part = FlashPart(disk.SECOND_DISK, disk.STORAGE.geometry, Rail())
    return Card(part, None, None)


def token_of(unit: Appliance) -> str | None:
    sessions = desk(unit).sessions
    return sessions[-1].token if sessions else None


def log_in(unit: Appliance, token: str = "browser", password: str = "Administrator") -> Appliance:  # noqa: S107
    act(unit, lambda: _log_in(unit, token, password))
    return unit


def _log_in(unit: Appliance, token: str, password: str) -> None:
    wizard.log_in(unit, "Administrator", password, token)


def given_for(unit: Appliance, page: str, **changes: str) -> dict[str, str]:
    """What these tests type into a page, as far as this server has the fields."""
    known = wizard.server(unit)
    row = pages.BY_NAME[page]
    values = {**GIVEN[page], **changes}
    if page == "server_type" and "server_type" not in changes:
        values["server_type"] = unit.platform.name
    return {field.name: values[field.name] for field in row.shown_fields(known)}


def send(unit: Appliance, page: str, **changes: str) -> Appliance:
    """Submit a page as :data:`GIVEN` has it, but for ``changes``; what follows happens too. Errors fail the test."""
    shown: list[Shown] = []

    def submit() -> None:
        shown.append(wizard.submit(unit, token_of(unit), page, given_for(unit, page, **changes)))

    act(unit, submit)
    assert not shown or not shown[0].errors, shown[0].errors
    return unit


Choices = Mapping[str, Mapping[str, str]]


def fill(unit: Appliance, until: str = "review", choices: Choices | None = None) -> Appliance:
    """Answer every page up to one, which stays to be sent."""
    while (page := pages.frontier(wizard.server(unit)).name) not in (until, "review"):
        send(unit, page, **(choices or {}).get(page, {}))
    act(unit, lambda: _open(unit, until))
    return unit


def _open(unit: Appliance, page: str) -> None:
    wizard.open_page(unit, token_of(unit), page)


def apply(unit: Appliance) -> Appliance:
    """Send Review: Apply runs to its end."""
    return send(unit, "review")


def finish(unit: Appliance, choices: Choices | None = None) -> Appliance:
    """From wherever in the wizard to its end."""
    return apply(fill(log_in(unit, "to the end"), "review", choices))


# What a test may start from: platform, network, further disk, and what is answered otherwise than in GIVEN.
IMPORT: Choices = {"security": {"ca": "import", "ca_file": imported_file(), "ca_password": "secret"}}
DHCP: Choices = {
    "network": {"mode": "dhcp", "address": "", "mask": "", "gateway": "", "host_name": ""},
    "time": {"use_ntp": "yes", "ntp_server": "192.168.7.9", "date_time": ""},
}
KINDS: Mapping[str, tuple[str, Network, bool, Choices]] = {
    **{name: (name, SILENT, False, {}) for name in LINUX},
    "primary, CA imported": ("primary", SILENT, False, IMPORT),
    "primary, further disk": ("primary", SILENT, True, {}),
    "primary, DHCP and NTP": ("primary", CONNECTED, False, DHCP),
}


@cache
def _at(kind: str, page: str) -> Appliance:
    name, network, with_disk, choices = KINDS[kind]
    if page == "login":
        return do(fresh(name, network=network, with_disk=with_disk), "power_on")
    return fill(log_in(at(kind, "login")), page, choices)


def at(kind: str, page: str) -> Appliance:
    """A unit in its wizard, at a page that is to be sent next; logged in, unless it is the log-in page."""
    return _at(kind, page).copy()


def pages_of(kind: str) -> list[str]:
    """The pages that this kind of server is asked, in order."""
    return [page.name for page in pages.visible(wizard.server(_at(kind, "review")))]


@cache
def _ignited(kind: str) -> Appliance:
    return apply(at(kind, "review"))


def ignited(kind: str = "primary") -> Appliance:
    """A unit that has been ignited and is running."""
    unit = _ignited(kind).copy()
    assert unit.state == "running"
    return unit


def kept(unit: Appliance) -> dict[str, bytes | None]:
    """What every record on the disk holds, read from outside; sealed ones opened."""
    with probe(unit):
        return {
            name: unit.sealed.read(name) if name in SEALED else unit.records.read(name) for name in unit.records.names()
        }


def answers_of(unit: Appliance) -> Answers:
    """The answers on the disk."""
    with probe(unit):
        return load(unit)


def settings_of(unit: Appliance) -> SecuritySettings:
    with probe(unit):
        settings = unit.vault.peek()[1]
    assert settings is not None
    return settings


def authority_of(unit: Appliance) -> Authority | None:
    with probe(unit):
        data = unit.sealed.read(authority.RECORD)
    return authority.from_bytes(data) if data else None


def damage(unit: Appliance, record: str, bit: int = 8 * 20) -> Appliance:
    """Write a record's file again with one bit flipped: what a bit flip at rest makes of it."""
    path = disk.files(unit).path(record)
    with probe(unit), mounted(unit.internal) as volume:
        content = bytearray(volume.read(path) or bytes(40))
        content[bit // 8] ^= 1 << bit % 8
        volume.replace(path, bytes(content))
    return unit


def remove(unit: Appliance, record: str) -> Appliance:
    with probe(unit):
        disk.files(unit).remove(record)
    return unit


def off(unit: Appliance) -> Appliance:
    return unit if unit.state == "off" else cut_power(unit)
