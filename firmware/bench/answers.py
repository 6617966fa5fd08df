"""What an answers file and the scenario step ``ignite`` say, checked against the wizard's pages, every error placed."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from firmware.bench import marked_yaml, values
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.problems import Problems
from firmware.device.entropy import Entropy
from firmware.platform import Platform
from firmware.release import Release
from ignition import pages, wizard
from ignition.answers import Answers
from ignition.checks import NO, YES
from ignition.disk import SECOND_DISK
from ignition.pages import LOGIN, Field, Kind, Page, Server

UTILITY = "initial_configuration"
_UTILITY_FIELDS = ("primary", "system_name")
LARGEST_FILE = 128 * 1024
PASSWORDS = frozenset(field.name for page in pages.PAGES for field in page.fields if field.kind is Kind.PASSWORD)


@dataclass(frozen=True)
class Given:
    """What to answer, page by page; what was left out is as in the built-in answers.

    ``where`` tells the place of each value that was written, ``file`` that of the whole. ``utility`` is what the
    Initial Configuration Utility is told afterwards; nothing: it does not run.
    """

    pages: Mapping[str, Mapping[str, str]]
    utility: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[tuple[str, str], str] = field(default_factory=dict)
    file: str = "built-in answers"

    def of(self, page: Page, server: Server) -> dict[str, str]:
        """The values of a page's form: given, else the sample; a password is typed twice."""
        told = self.pages.get(page.name, {})
        fields = page.shown_fields(server)
        form = {
            f.name: told.get(f.name, wizard.preset(f, server) if f.kind is Kind.CHOICE else f.sample) for f in fields
        }
        return form | {f.name: form[f.again] for f in fields if f.again}

    def place(self, page: str, name: str) -> str:
        """``file:line:column`` of a value, or of what is nearest to it."""
        return self.where.get((page, name)) or self.where.get((page, "")) or self.file


BUILT_IN = Given({})


def load(path: Path, platform: Platform, release: Release) -> Given:
    """Read an answers file. BadInput holds a line for every error in it."""
    text = values.read_text(path, "an answers file")
    problems = Problems(marked := marked_yaml.load(text, values.printable(path)))
    given = check({} if marked.data is None else marked.data, (), problems, platform, release, path.parent)
    chosen = given.pages.get("server_type", {}).get("server_type", platform.name)
    if chosen != platform.name:
        place = ("server_type", "server_type")
        problems.add(place, f"this is to be a {platform.title}; a {chosen} is made by ipsim ignite {chosen}")
    problems.raise_any()
    return given


def check(data: Any, place: Place, problems: Problems, platform: Platform, release: Release, folder: Path) -> Given:
    """Data as it was written -> Given; what is wrong goes to ``problems``. Files are looked for in ``folder``."""
    marked = problems.marked
    if not isinstance(data, dict):
        problems.add(place, "answers are a mapping of pages, each with its fields")
        return BUILT_IN
    server = server_of(platform, release)
    known = [page for page in (pages.BY_NAME[LOGIN], *pages.ASKED) if _has(page, platform)]
    told: dict[str, dict[str, str]] = {}
    where: dict[tuple[str, str], str] = {}
    for name, fields in data.items():
        at = (*place, name)
        where[name, ""] = marked.where(at)
        if name == UTILITY:
            continue
        page = next((page for page in known if page.name == name), None)
        if page is None:
            problems.add_strange(at, name, [*(page.name for page in known), UTILITY], "page")
            continue
        told[name] = _fields(page, fields, at, problems, folder)
        where |= {(name, key): marked.where((*at, key)) for key in told[name]}
    given = Given(told, _utility(data, place, problems), where, marked.where(place))
    for page in known:
        if page.name in told:
            _check_page(page, given, server, (*place, page.name), problems)
    return given


def server_of(platform: Platform, release: Release) -> Server:
    """A server of this kind as far as a file can know it: its clock is not judged before it runs."""
    has_room = SECOND_DISK in platform.slots
    return Server(platform, platform.kin(), release, has_room, None, Entropy(0, "checked only"), Answers())


def _has(page: Page, platform: Platform) -> bool:
    """Whether a unit of this platform, or what ignition can make of it, may show the page."""
    roles = platform.kin() or (platform,)
    return any(page.seen(server_of(role, role.releases()[-1])) for role in roles)


def _fields(page: Page, written: Any, at: Place, problems: Problems, folder: Path) -> dict[str, str]:
    if not isinstance(written, dict):
        problems.add(at, f"the page {page.name} has fields: {', '.join(f.name for f in page.fields if not f.again)}")
        return {}
    by_name = {f.name: f for f in page.fields if not f.again}
    found = {}
    for name, value in written.items():
        if name not in by_name:
            problems.add_strange((*at, name), name, by_name, f"field of the page {page.name}")
            continue
        try:
            found[name] = as_typed(by_name[name], value, folder)
        except ValueError as error:
            problems.add((*at, name), str(error))
    return found


def as_typed(known: Field, value: Any, folder: Path) -> str:
    """A YAML value as a form would send it; of a file, its contents. ValueError says why it cannot be."""
    if isinstance(value, bool):
        return YES if value else NO
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise ValueError(f"{values.brief(value)} is not text")
    if known.kind is not Kind.FILE:
        return str(value)
    path = folder / str(value)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST_FILE:
        raise ValueError(f"{path}: {len(data)} bytes are too many; {LARGEST_FILE} are the most")
    return base64.b64encode(data).decode()


def _check_page(page: Page, given: Given, server: Server, at: Place, problems: Problems) -> None:
    role = given.pages.get("server_type", {}).get("server_type", server.role.name)
    as_role = next((kin for kin in server.kin if kin.name == role), server.role)
    known = replace(server, role=as_role)
    if not page.seen(known):
        problems.add(at, f"a {as_role.title} does not show the page {page.name}")
        return
    unseen = set(given.pages[page.name]) - {f.name for f in page.shown_fields(known)}
    for name in sorted(unseen):
        problems.add((*at, name), f"a {as_role.title} does not ask for {name}")
    _, errors = pages.check(page, given.of(page, known), known)
    for name, sentence in errors.items():
        original = next((f.again or f.name for f in page.fields if f.name == name), name)
        problems.add((*at, original), f"{original}: {sentence}")


def _utility(data: dict[str, Any], place: Place, problems: Problems) -> dict[str, str]:
    written, at = data.get(UTILITY), (*place, UTILITY)
    if written is None:
        return {}
    if not isinstance(written, dict) or "primary" not in written:
        problems.add(at, f"{UTILITY} has fields: {', '.join(_UTILITY_FIELDS)}; primary is needed")
        return {}
    found = {}
    for name, value in written.items():
        if name not in _UTILITY_FIELDS:
            problems.add_strange((*at, name), name, _UTILITY_FIELDS, f"field of {UTILITY}")
            continue
        try:
            found[name] = values.address(value) if name == "primary" else values.line(value)
        except ValueError as error:
            problems.add((*at, name), str(error))
    return found


_WIDTH = 110


def template(platform: Platform) -> str:
    """The built-in answers as a commented file."""
    server = server_of(platform, platform.releases()[-1])
    lines = [
        f"# Ignition of: {platform.title}. Use: ipsim ignite {platform.name} --answers FILE --state DIR",
        "# What is left out is as written here. These passwords are public: choose others for anything that matters.",
    ]
    for page in pages.ASKED:
        if page.seen(server):
            lines += ["", *_comment(f"{page.number}. {page.title}. {page.lead}"), f"{page.name}:"]
            for known in page.shown_fields(server):
                lines += [] if known.again else _template_field(known, server)
    lines += [
        "",
        "# Afterwards, the Initial Configuration Utility; left out, it does not run.",
        f"# {UTILITY}:",
        "#   primary: 192.168.42.1  # the Server Edition Primary's address",
        "#   system_name: Server1",
    ]
    return "\n".join(lines) + "\n"


def _template_field(known: Field, server: Server) -> list[str]:
    preset = wizard.preset(known, server) if known.kind is Kind.CHOICE else known.sample
    choices = " | ".join(value for value, _ in known.choices(server))
    label = f"{known.label} ({choices})." if choices else f"{known.label}."
    about = _comment(f"{label} {known.hint}".strip(), "  ")
    if not preset:
        return [*about, f"  # {known.name}:"]
    shown = {YES: "true", NO: "false"}.get(preset, preset) if known.kind is Kind.FLAG else preset
    return [*about, f"  {known.name}: {shown}"]


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
