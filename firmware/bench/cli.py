"""The command ``ipsim``: parses, calls, prints. Heavy imports wait in the commands: start-up is part of the product.

Exit codes: 0 fine; 1 an expectation failed, a finding or a difference; 2 bad input or usage; 3 our fault.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from firmware import __version__
from firmware.errors import IpsimError, PowerCut

STATE = click.option(
    "--state",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The unit's directory.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


COMMANDS = {
    **dict.fromkeys(("boot", "show", "cert", "fsck", "card"), "firmware.bench.cli_unit"),
    **dict.fromkeys(("run", "platforms", "diagram", "doctor"), "firmware.bench.cli_scenarios"),
}


class _Lazily(click.Group):
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


def style() -> Any:
    """Colour on a terminal only."""
    from firmware.bench.timeline import plain

    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return plain
    kinds: dict[str, dict[str, Any]] = {"bold": {"bold": True}, "dim": {"dim": True}}
    return lambda text, kind: click.style(text, **kinds.get(kind, {"fg": kind})) if kind else text


def main() -> NoReturn:
    """The entry point: every error becomes one line on stderr and an exit code."""
    try:
        ipsim.main(standalone_mode=False)
        code = 0
    except click.exceptions.Exit as asked:
        code = asked.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("ipsim: interrupted", err=True)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except IpsimError as error:
        for line in str(error).splitlines():
            click.echo(f"ipsim: {line}", err=True)
        code = error.exit_code
    except (Exception, PowerCut) as error:
        click.echo(
            f"ipsim: internal fault: {type(error).__name__}: {error}; please report it (IPSIM_DEBUG=1 shows where)",
            err=True,
        )
        if os.environ.get("IPSIM_DEBUG"):
            import traceback

            traceback.print_exc()
        code = 3
    sys.exit(code)


if __name__ == "__main__":
    main()
