"""Hypothesis strategies for properties of your own: :func:`scenarios`, :func:`faults`, :func:`answers`.

What they give is text and plain data as a person would write it, so a failing example can be run by hand.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

import yaml

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError:
    raise ImportError("firmware.bench.strategies needs Hypothesis: pip install 'ipoffice-sim[testing]'") from None

import platforms
from firmware.appliance import NVM
from firmware.bench import values
from firmware.bench.answers import server_of
from firmware.bench.steps.table import STEPS
from firmware.device.faults import LiveKind, Moment, Torn
from firmware.device.flash import Geometry
from firmware.errors import BadInput
from firmware.platform import Platform
from firmware.release import DEFAULT_RELEASE, Release
from firmware.security.settings import LEVELS, SERVICES
from ignition import pages, wizard, zones
from ignition.pages import Field, Kind, Page, Server

Row = Any  # a step as a scenario writes it

DEEPEST_CUT = 200  # flash operations ahead; a start has fewer
_FREE_NAMES = ("generated", "other", "wählt", "x" * 31)
_DURATIONS = ("1s", "90s", "10m", "1h", "26h", "31d")
_HOLDS = ("1s", "7s", "20s", "35s", "50s")  # one of each band of a button


def scenarios(
    platform: str | None = None, *, release: str | None = None, most: int = 6, beyond: bool = False
) -> SearchStrategy[str]:
    """Scenario files: a unit starts (a Linux server is ignited), then up to ``most`` things are done to it or befall
    it; in the end it is on. ``beyond``: also faults that the firmware's promise of losing nothing does not cover."""
    chosen = [_platform(platform, release).name] if platform is not None else _offering(release)
    return _scenarios(chosen, release, most, beyond)


def faults(platform: str = "ip500v2", *, beyond: bool = False) -> SearchStrategy[Row]:
    """Faults of flash and power as steps: a power cut at an operation to come and, where records are kept twice, a
    damaged copy. ``beyond``: what breaks while it works, whole records, blocks, erase groups.

    A run fails when a fault that was ordered never comes; ``cut_power`` at once, after what it is to strike, calls a
    power cut off.
    """
    found = _platform(platform, None)
    kinds = [_cuts(found, beyond)]
    if beyond or found.storage.name == NVM:
        kinds.append(_damage(found, beyond))
    return st.one_of(kinds)


def answers(platform: str = "primary", *, release: str | None = None) -> SearchStrategy[dict[str, dict[str, Any]]]:
    """Answers of an ignition, as an answers file and the step ``ignite`` have them; every page takes them."""
    found = _platform(platform, release)
    if not wizard.has_wizard(found):
        raise BadInput(f"{found.named} has no wizard to answer")
    server = server_of(found, _release(found, release))
    shown = {page.name: _page(page, server) for page in pages.ASKED if page.seen(server)}
    return st.fixed_dictionaries({}, optional=shown)


@st.composite
def _scenarios(draw: st.DrawFn, chosen: list[str], release: str | None, most: int, beyond: bool) -> str:
    platform = values.platform(draw(st.sampled_from(chosen)))
    unit: dict[str, Any] = {"platform": platform.name, "seed": draw(st.integers(0, 9))}
    if release is not None:
        unit["release"] = release
    rows = draw(_start(platform, release, beyond))
    for some in draw(st.lists(_happenings(platform, release, beyond), max_size=most)):
        rows += some
    head = {"name": f"generated, {platform.title}", "unit": unit, "steps": rows}
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=110)


def _start(platform: Platform, release: str | None, beyond: bool) -> SearchStrategy[list[Row]]:
    """The first start, whole or with power cut in it."""
    starts: SearchStrategy[Row] = st.just("power_on")
    if wizard.has_wizard(platform):
        starts = answers(platform.name, release=release).map(lambda given: {"ignite": given})
    whole = starts.map(lambda start: [start])
    return whole | st.builds(
        lambda start, cut: [cut, start, "cut_power", deepcopy(start)], starts, _cuts(platform, beyond)
    )


def _happenings(platform: Platform, release: str | None, beyond: bool) -> SearchStrategy[list[Row]]:
    """A few steps each, after which the unit is on."""
    known = _actions(platform, _release(platform, release))
    doable = {name: given for name, given in known.items() if (STEPS[name].does or "power_on") in platform.operations}
    one = st.one_of([_row(name, given) for name, given in doable.items()])
    shut_down: SearchStrategy[list[Row]] = st.just(["shutdown", "power_cycle"])
    if not wizard.has_wizard(platform):  # what wakes up by itself
        shut_down |= st.sampled_from(_DURATIONS[:4]).map(lambda time: [{"shutdown": {"for": time}}, {"wait": "2h"}])
    fault = faults(platform.name, beyond=beyond)
    return st.one_of(
        one.map(lambda row: [row]),
        st.builds(lambda cut, row: [cut, row, "cut_power", "power_on"], _cuts(platform, beyond), one),
        st.builds(lambda cut: ["cut_power", cut, "power_on", "cut_power", "power_on"], fault),
        shut_down,
    )


def _actions(platform: Platform, release: Release) -> dict[str, SearchStrategy[Any]]:
    """Step -> what it may be told; None: nothing."""
    routes = ("web",) if wizard.has_wizard(platform) else ("manager", "web", "serial")
    later = [known.version for known in platform.releases() if known.number >= release.number]
    extensions = [number for number, _ in platform.users.value]
    lan = _interfaces() | st.just("dhcp")
    found: dict[str, SearchStrategy[Any]] = {
        "wait": st.sampled_from(_DURATIONS),
        "power_cycle": st.none() | st.sampled_from(_DURATIONS).map(lambda time: {"off_for": time}),
        "default_security": st.sampled_from(routes),
        "default_configuration": st.none(),
        "delete_certificate": st.none(),
        "reboot": st.none(),
        "renew_authority": st.none(),
        "create_authority": st.none(),
        "set_address": st.fixed_dictionaries({"lan1": lan}, optional={"lan2": lan}),
        "set_service": st.fixed_dictionaries(
            {"service": st.sampled_from([name for name, _ in SERVICES.value]), "level": st.sampled_from(LEVELS)}
        ),
        "set_host_name": _host_names(),
        "set_sip_tls": st.fixed_dictionaries({"lan1": st.booleans(), "lan2": st.booleans()}),
        "upgrade": st.sampled_from(later),
    }
    if not release.certificate_at_first_start.value:  # there may be none to delete
        del found["delete_certificate"]
    if extensions:
        told = {"extension": st.sampled_from(extensions), "name": st.sampled_from(_FREE_NAMES)}
        found["change_at_phone"] = st.fixed_dictionaries(told)
    return found


def _row(name: str, given: SearchStrategy[Any]) -> SearchStrategy[Row]:
    return given.map(lambda told: name if told is None else {name: told})


def _cuts(platform: Platform, beyond: bool) -> SearchStrategy[Row]:
    """Power cuts that some part of the platform can suffer, each with its place."""
    parts = _parts(platform)
    torn = [form for form in Torn if form is not Torn.GROUP]
    at = {"operation": st.integers(1, DEEPEST_CUT)}
    inside = {**at, "moment": st.just("inside"), "torn": st.sampled_from([form.value for form in torn])}
    forms = [
        st.fixed_dictionaries({**at, "moment": st.sampled_from([Moment.BEFORE.value, Moment.AFTER.value])}),
        st.fixed_dictionaries(inside, optional={"part": st.sampled_from(sorted(parts))}),
    ]
    grouped = [name for name, geometry in parts.items() if "group_erased" in geometry.sheet.can]
    if grouped and beyond:
        group = {**at, "moment": st.just("inside"), "torn": st.just("group"), "part": st.sampled_from(grouped)}
        forms.append(st.fixed_dictionaries(group))
    return _row("cut_power", st.one_of(forms))


def _damage(platform: Platform, beyond: bool) -> SearchStrategy[Row]:
    """Damage at rest; ``beyond`` the promise also what breaks at an operation to come."""
    parts = _parts(platform)
    forms: list[SearchStrategy[Row]] = []
    if platform.storage.name == NVM:
        copies = ("first", "second", "both") if beyond else ("first", "second")
        told = {"record": st.sampled_from(sorted(platform.storage.layout)), "copies": st.sampled_from(copies)}
        forms.append(_row("corrupt", st.fixed_dictionaries({"part": st.just(NVM), **told})))
    for name, geometry in parts.items() if beyond else ():
        where = {"part": st.just(name), "block": st.integers(0, geometry.blocks - 1)}
        bit = st.integers(0, 8 * geometry.block_size - 1)
        how = st.sampled_from(("flip", "bad_block", "stuck_at_0", "stuck_at_1"))
        forms.append(_row("corrupt", st.fixed_dictionaries({**where, "bit": bit, "how": how})))
        kinds = [kind.value for kind in LiveKind if kind.value in geometry.sheet.can]
        live = {"kind": st.sampled_from(kinds), "operation": st.integers(1, DEEPEST_CUT), "part": st.just(name)}
        forms.append(_row("flash_fault", st.fixed_dictionaries(live)))
    return st.one_of(forms)


def _parts(platform: Platform) -> dict[str, Geometry]:
    """Those that a new unit has."""
    return {platform.files: platform.card, platform.storage.name: platform.storage.geometry}


def _page(page: Page, server: Server) -> SearchStrategy[dict[str, Any]]:
    if page.name == "network":
        return _network_page()
    if page.name == "security":  # an import needs a file
        return st.just({"ca": "generate"})
    fields = {field.name: _field(field, server) for field in page.shown_fields(server) if not field.again}
    return st.fixed_dictionaries(fields)


def _field(field: Field, server: Server) -> SearchStrategy[Any]:
    """What a field of a page may hold, by its kind; of those with a check of their own, by its name."""
    if field.name == "server_type":
        return st.just(server.role.name)
    if field.name == "accepted":
        return st.just(True)
    by_name: dict[str, SearchStrategy[Any]] = {
        "time_zone": st.sampled_from(zones.names()),
        "ntp_server": _host_names() | _hosts().map(lambda pair: pair[0]),
    }
    by_kind: dict[Kind, SearchStrategy[Any]] = {
        Kind.FLAG: st.booleans(),
        Kind.CHOICE: st.sampled_from([value for value, _ in field.choices(server)] or [""]),
        Kind.PASSWORD: _passwords(),
        Kind.LOCAL_TIME: st.just("") | _local_times(),
    }
    return by_name[field.name] if field.name in by_name else by_kind[field.kind]


@st.composite
def _network_page(draw: st.DrawFn) -> dict[str, Any]:
    address, prefix, other = draw(_hosts())
    mask = str(IPv4Network(f"0.0.0.0/{prefix}").netmask)
    told: dict[str, Any] = {
        "interface": draw(st.sampled_from(("eth0", "eth1"))),
        "mode": draw(st.sampled_from(("static", "dhcp"))),
        "address": address,
        "mask": mask,
        "gateway": draw(st.sampled_from(("", other))),
        "host_name": draw(st.just("") | _host_names()),
    }
    return told | draw(st.fixed_dictionaries({}, optional={"dns1": st.sampled_from(("", other))}))


@st.composite
def _hosts(draw: st.DrawFn) -> tuple[str, int, str]:
    """An address in a private network, its prefix, and another host there."""
    network = IPv4Network(draw(st.sampled_from(("10.0.0.0/8", "172.20.0.0/16", "192.168.7.0/24", "192.168.7.64/29"))))
    own, other = draw(st.lists(st.integers(1, network.num_addresses - 2), min_size=2, max_size=2, unique=True))
    return str(network[own]), network.prefixlen, str(network[other])


def _interfaces() -> SearchStrategy[str]:
    return _hosts().map(lambda host: f"{host[0]}/{host[1]}")


def _host_names() -> SearchStrategy[str]:
    return st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.example\.com)?", fullmatch=True)


def _passwords() -> SearchStrategy[str]:
    """Of two kinds of characters at least, and not three equal ones in a row."""
    return st.lists(st.sampled_from(("aB", "c9", "X-", "7z", "Qw")), min_size=4, max_size=15).map("".join)


def _local_times() -> SearchStrategy[str]:
    """At noon, when no zone puts its clocks forward."""
    days = st.datetimes(datetime(2026, 1, 1), datetime(2035, 12, 31))  # the zone is another field
    return days.map(lambda day: day.strftime("%Y-%m-%d 12:%M"))


def _platform(name: str, release: str | None) -> Platform:
    """BadInput: there is no such platform, or not of this release."""
    try:
        found = values.platform(name)
        if release is not None:
            values.one_of(release, tuple(known.version for known in found.releases()), f"release of {found.named}")
    except ValueError as error:
        raise BadInput(str(error)) from None
    return found


def _release(platform: Platform, release: str | None) -> Release:
    return next((known for known in platform.releases() if known.version == release), DEFAULT_RELEASE)


def _offering(release: str | None) -> list[str]:
    """The platforms that a release exists for."""
    found = map(platforms.load, platforms.names())
    return [each.name for each in found if release is None or release in [known.version for known in each.releases()]]
