"""The command ``ipsim``: parses, calls, prints. Heavy imports wait in the commands: start-up is part of the product.

Exit codes: 0 fine; 1 an expectation failed, a finding or a difference; 2 bad input or usage; 3 our fault.
"""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from firmware import __version__
from firmware.bench.cli_options import Group, mute
from firmware.errors import IpsimError

COMMANDS = {
    **dict.fromkeys(("boot", "show", "cert", "fsck"), "firmware.bench.cli_unit"),
    "ignite": "firmware.bench.cli_ignite",
    "serve": "firmware.bench.cli_serve",
    "card": "firmware.bench.cli_card",
    "inspect": "firmware.bench.cli_inspect",
    "rules": "firmware.bench.cli_rules",
    "sweep": "firmware.bench.cli_sweep",
    **dict.fromkeys(("replay", "diff", "scenario"), "firmware.bench.cli_replay"),
    **dict.fromkeys(("run", "platforms", "diagram", "doctor"), "firmware.bench.cli_scenarios"),
    "schema": "firmware.bench.cli_docs",
}


COMPLETE = "_IPSIM_COMPLETE"  # what a shell sets when it wants to know what could come next


class _Lazily(Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        commands: dict[str, click.Command] = import_module(COMMANDS[cmd_name]).COMMANDS
        return commands[cmd_name]


@click.group(cls=_Lazily, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ipsim", message="%(prog)s %(version)s")
def ipsim() -> None:
    """Simulate Avaya IP Office appliances: boot, flash, certificates – repeatable from a seed.

    \b
    Exit codes: 0 fine, 1 an expectation failed or a finding, 2 bad input or usage, 3 our fault.
    """


def main() -> NoReturn:
    """The entry point: every error becomes one line on stderr and an exit code."""
    try:
        code = _work()
    except click.exceptions.Exit as asked:
        code = asked.exit_code
    except click.ClickException as error:
        code = _usage(error)
    except (click.Abort, KeyboardInterrupt):
        code = _fail("interrupted", 130)
    except BrokenPipeError:
        mute()
        code = 0
    except IpsimError as error:
        code = _fail(str(error), error.exit_code)
    except BaseException as error:  # PowerCut is none of Exception's, nor is a panic of cryptography's Rust
        code = _fault(error)
    sys.exit(code)


def _work() -> int:
    if asked_by_shell := os.environ.get(COMPLETE):
        return shell_complete(ipsim, {}, "ipsim", COMPLETE, asked_by_shell)
    # Not by ipsim.main(): it has ideas of its own on a broken pipe and an interruption.
    with ipsim.make_context("ipsim", sys.argv[1:]) as context:
        ipsim.invoke(context)
    return 0


def _fail(text: str, code: int) -> int:
    for line in text.splitlines():
        click.echo(f"ipsim: {line}", err=True)
    return code


def _usage(error: click.ClickException) -> int:
    """What is wrong with the command line, on one line; the whole help when nothing but help was asked for."""
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ipsim"
    text = re.sub(r"\. \(?Did you mean (.+)\?\)?$", r" (did you mean \1?)", error.format_message())
    if "\n" in text:
        click.echo(text, err=True)
        return 2
    click.echo(f"{command}: {text[:1].lower()}{text[1:].rstrip('.')}; {command} --help says more", err=True)
    return 2


def _fault(error: BaseException) -> int:
    """Ours – unless the system would not take what was to be written."""
    if os.environ.get("IPSIM_DEBUG"):
        import traceback

        traceback.print_exc()
    if isinstance(error, OSError):
        return _fail(f"{error.filename or 'output'}: {error.strerror or error}", 2)
    said = " ".join(str(error).splitlines())
    return _fail(f"internal fault: {type(error).__name__}: {said}; please report it (IPSIM_DEBUG=1 shows where)", 3)


if __name__ == "__main__":
    main()
