"""The man page, in the macros of man(7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firmware import __version__
from firmware.bench.cli import ipsim
from firmware.bench.docs.commands import ENVIRONMENT, EXIT_CODES, SHELLS, Command, every_command

_FILES = (
    ("unit.json", "what a state directory holds of a unit besides its flash"),
    ("*.img", "a flash image a part; any littlefs tool opens that of a card or disk"),
    ("journal.jsonl", "what happened to the unit, an event a line"),
)


def draw() -> str:
    commands = list(every_command())
    return "\n".join([
        '.\\" Drawn from the command line by make docs.',
        f'.TH IPSIM 1 "" "ipsim {__version__}" "User Commands"',
        *_section("NAME", [r"ipsim \- simulate Avaya IP Office appliances"]),
        *_section("SYNOPSIS", [r".B ipsim", r".I COMMAND", r"[\fIOPTION\fR]..."]),
        *_section("DESCRIPTION", _plain((ipsim.help or "").split("\b")[0])),
        *_section("COMMANDS", [line for command in commands for line in _command(command)]),
        *_section("EXIT STATUS", _terms((str(number), about) for number, about in EXIT_CODES)),
        *_section("ENVIRONMENT", _terms(ENVIRONMENT)),
        *_section("FILES", ["A directory given with --state holds:", *_terms(_FILES)]),
        *_section("COMPLETION", ["A line in the shell's own file makes Tab complete:",
                                 *_terms((f"{name} ({file})", line) for name, (line, file) in SHELLS.items())]),
        *_section("SEE ALSO", [r".BR openssl (1)"]),
    ]) + "\n"  # fmt: skip


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from lines


def _command(command: Command) -> Iterator[str]:
    yield f'.SS "{_escaped(command.name)}"'
    yield f".B {_line(command.usage)}"
    for paragraph in command.paragraphs:
        yield ".PP"
        yield from _plain(paragraph)
    yield from _terms(command.options)
    if command.examples:
        yield ".PP"
        yield "Examples:" if len(command.examples) > 1 else "Example:"
        yield from (".PP", ".RS", ".nf", *map(_line, command.examples), ".fi", ".RE")


def _terms(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, about in pairs:
        yield ".TP"
        yield f".B {_line(term)}"
        yield from _plain(about)


def _plain(text: str) -> Iterator[str]:
    yield _line(" ".join(text.split()))


def _line(text: str) -> str:
    """A line that is no request, whatever it begins with."""
    found = _escaped(text)
    return f"\\&{found}" if found[:1] in (".", "'") else found


def _escaped(text: str) -> str:
    text = text.replace("``", "").replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    for character, name in (("–", "\\(en"), ("…", "..."), ("µ", "\\(mc"), ("'", "\\(aq")):
        text = text.replace(character, name)
    return text
