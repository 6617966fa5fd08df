"""The commands as the command line itself knows them, and their reference in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import click

from firmware.bench.cli import COMPLETE, ipsim
from firmware.bench.docs.markdown import code, document, fenced, link, prose, table
from firmware.bench.schema.table import OUTPUTS

EXIT_CODES = (
    (0, "fine"),
    (1, "an expectation failed, a finding or a difference"),
    (2, "bad input or usage; the message says what, where, and what is allowed"),
    (3, "our fault; IPSIM_DEBUG=1 shows where"),
    (130, "interrupted"),
)
ENVIRONMENT = (
    ("NO_COLOR", "set: no colours, on a terminal either"),
    ("IPSIM_DEBUG", "set: a fault of ours shows its traceback"),
    (COMPLETE, "set by a shell that wants to know how to complete a command line"),
)
SHELLS = {
    "bash": (f'eval "$({COMPLETE}=bash_source ipsim)"', "~/.bashrc"),
    "zsh": (f'eval "$({COMPLETE}=zsh_source ipsim)"', "~/.zshrc"),
    "fish": (f"{COMPLETE}=fish_source ipsim | source", "~/.config/fish/completions/ipsim.fish"),
}
_EXAMPLES = re.compile(r"Examples?: *")


@dataclass(frozen=True)
class Command:
    """A command or a command of a command: how it is called, what it says of itself, its options with their help."""

    name: str
    usage: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def every_command() -> Iterator[Command]:
    """In the order of ``ipsim --help``; a group comes before its own commands."""
    # With its settings: click remembers a command's help option as it was first asked for.
    with click.Context(ipsim, info_name="ipsim", **ipsim.context_settings) as context:
        for name in ipsim.list_commands(context):
            command = ipsim.get_command(context, name)
            assert command is not None
            yield from _walk(command, name, context)


def _walk(command: click.Command, name: str, parent: click.Context) -> Iterator[Command]:
    with click.Context(command, info_name=name, parent=parent) as context:
        yield _read(command, context)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                assert found is not None
                yield from _walk(found, inner, context)


def _read(command: click.Command, context: click.Context) -> Command:
    paragraphs, examples = [], []
    for paragraph in (command.help or "").strip().split("\n\n"):
        lines = [line.strip() for line in paragraph.replace("\b", "").strip().splitlines()]
        if lines and _EXAMPLES.match(lines[0]):
            examples += [_EXAMPLES.sub("", line, count=1) for line in lines]
        elif lines:
            paragraphs.append(" ".join(lines))
    asked = [
        parameter for parameter in command.get_params(context) if parameter is not command.get_help_option(context)
    ]
    options = tuple(record for one in asked if (record := one.get_help_record(context)) and record[1])
    usage = f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    return Command(context.command_path, usage, tuple(paragraphs), tuple(examples), options)


def draw() -> str:
    parts = [
        "Every command has `--help` with an example. The same as a man page: `man ipsim`, or `man docs/ipsim.1`.",
        "## Exit codes",
        table(("code", "meaning"), EXIT_CODES),
        "## Environment",
        table(("variable", "meaning"), [(code(name), about) for name, about in ENVIRONMENT]),
        "## Completion in the shell",
        "Commands, options, platforms, releases, triggers and files complete with Tab after a line in the shell's own "
        "file:",
        table(("shell", "line", "file"), [(name, code(line), code(file)) for name, (line, file) in SHELLS.items()]),
    ]
    for command in every_command():
        parts += [f"## {command.name}", *_command(command)]
    return document("Commands", *parts)


def _command(command: Command) -> Iterator[str]:
    yield fenced(command.usage)
    yield from map(prose, command.paragraphs)
    if command.examples:
        yield fenced("\n".join(command.examples), "sh")
    if command.options:
        yield table(("option", "meaning"), [(code(names), about) for names, about in command.options])
    name = command.name.removeprefix("ipsim ")
    if name in OUTPUTS:
        yield f"The JSON that it gives: {link(f'ipsim {name}', f'ipsim {name}', 'json.md')}."
