"""What the commands share: options, values, colour, and opening a unit's directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from firmware.errors import BadInput

if TYPE_CHECKING:
    from firmware.appliance import Appliance
    from firmware.journal import Event

F = TypeVar("F", bound=Callable[..., Any])

STATE = click.option(
    "--state",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The unit's directory.",
)
RECORD = click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="F", help="Record what is "
                      "done and what comes of it, for ipsim replay, diff and scenario.")  # fmt: skip
QUIET = click.option("-q", "--quiet", is_flag=True, help="No timeline: only what came of it.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Group(click.Group):
    """Commands that are named when one is asked for that is not there, the nearest first."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-"):
            from firmware.bench.values import one_of

            try:
                one_of(args[0], tuple(self.list_commands(ctx)), "command")
            except ValueError as error:
                raise click.UsageError(str(error), ctx) from None
        return super().resolve_command(ctx, args)


class Value(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """An option checked by one of :mod:`firmware.bench.values`."""

    def __init__(self, check: str, metavar: str) -> None:
        self.check = check
        self.name = metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from firmware.bench import values

        check: Callable[[Any], Any] = getattr(values, self.check)
        try:
            return value if not isinstance(value, str) else check(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from firmware.bench import values

        return completions(values.NAMES[self.check](), incomplete) if self.check in values.NAMES else []


def completions(names: Iterable[str], incomplete: str) -> list[Any]:
    """The names that a shell can offer after what was typed."""
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def NEW_UNIT(command: F) -> F:
    """``--release --mac --seed --clock``: they mean the same on every command that makes a unit."""
    for option in (
        click.option(
            "--clock",
            type=Value("start_time", "TIME|unset"),
            metavar="TIME|unset",
            help="Simulated time at power-on (ISO), or a clock that is not set.",
        ),
        click.option("--seed", type=Value("seed", "N"), help="All the chance of a new unit.  [default: 0]"),
        click.option("--mac", type=Value("mac", "MAC"), help="LAN1 MAC address of a new unit."),
        click.option("--release", type=Value("release", "R"), help="Firmware release of a new unit.  [default: 12.3]"),
    ):
        command = option(command)
    return command


def style() -> Any:
    """Colour on a terminal only."""
    from firmware.bench.timeline import plain

    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return plain
    kinds: dict[str, dict[str, Any]] = {"bold": {"bold": True}, "dim": {"dim": True}}
    return lambda text, kind: click.style(text, **kinds.get(kind, {"fg": kind})) if kind else text


def teller(*, quiet: bool) -> Callable[[Event], None]:
    """Prints what happens to a unit as it happens."""
    from firmware.bench.timeline import Timeline

    timeline = Timeline(style())
    return lambda event: None if quiet else say("\n".join(timeline.lines(event)))


def say(text: str = "") -> None:
    """Print, also when nobody reads any more: what is told of goes on all the same."""
    try:
        click.echo(text)
    except BrokenPipeError:
        mute()


def mute() -> None:
    """Nobody reads the output any more: the rest of it goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


@contextmanager
def opened(state: Path, *, exclusive: bool = False) -> Iterator[Appliance]:
    """The unit of an existing state directory; unless ``exclusive``, to look at only."""
    from firmware.bench.state import StateDirectory, holds_unit

    if not holds_unit(state):
        raise BadInput(f"{state}: holds no unit; ipsim boot ip500v2 --state {state} makes one")
    with StateDirectory(state, exclusive=exclusive) as directory:
        yield directory.load()
