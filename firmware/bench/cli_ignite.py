"""The command that ignites a Linux server without a person."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from firmware.bench.cli_options import NEW_UNIT, QUIET, RECORD, Value, say, teller
from firmware.errors import BadInput, Unmet


@click.command()
@click.argument("platform", type=Value("platform", "PLATFORM"))
@click.option("--state", type=click.Path(path_type=Path), metavar="DIR", help="The unit's directory.")
@click.option("--answers", type=click.Path(path_type=Path), metavar="FILE", help="YAML.  [default: built-in answers]")
@click.option("--print-answers", is_flag=True, help="Print the built-in answers as a commented file, and end.")
@click.option("--reinstall", is_flag=True, help="Install the software anew first: nothing on the disk stays.")
@click.option("--if-needed", is_flag=True, help="Of a unit that is ignited already: an ordinary start.")
@NEW_UNIT
@RECORD
@QUIET
def ignite(
    platform: Any,
    state: Path | None,
    answers: Path | None,
    print_answers: bool,
    reinstall: bool,
    if_needed: bool,
    record: Path | None,
    quiet: bool,
    **asked: Any,
) -> None:
    """Start a newly installed Linux server, answer its wizard, apply, and shut it down.

    A unit whose ignition was cut short goes on with it. One that is ignited already is refused, unless the software is
    to be installed anew first.

    \b
    Example: ipsim ignite primary --answers answers.yaml --state state/primary
    """
    from firmware.bench import answers as reading
    from firmware.bench.orders import Order

    _require_wizard(platform)
    if print_answers:
        click.echo(reading.template(platform), nl=False)
        return
    if state is None:
        raise click.UsageError("missing option '--state'")
    clock = asked.pop("clock")
    order = Order(platform, **asked)
    given = reading.load(answers, platform, order.starts_with) if answers else reading.BUILT_IN
    _run(order, given, state, clock, record, reinstall=reinstall, if_needed=if_needed, quiet=quiet)


def _require_wizard(platform: Any) -> None:
    from ignition.wizard import has_wizard

    if not has_wizard(platform):
        raise BadInput(f"{platform.title} has no ignition: ipsim boot {platform.name} starts it")


def _run(
    order: Any, given: Any, state: Path, clock: int | str | None, record: Path | None, *, reinstall: bool,
    if_needed: bool, quiet: bool,
) -> None:  # fmt: skip
    from firmware.bench import start, unattended
    from firmware.bench.orders import open_unit
    from firmware.bench.outside import identity_of, look_at
    from firmware.bench.recording.tape import recorded
    from firmware.platform import operate
    from ignition.starting import ignited_as

    directory, unit, is_new = open_unit(order, state, lambda: start.new(order, clock), teller(quiet=quiet))
    with directory:
        before = None if reinstall else ignited_as(look_at(unit))
        if before is not None and not if_needed:
            raise BadInput(f"{state}: already ignited, as {unit.platform.named}; {_REMEDY}")
        held = identity_of(unit)
        if not is_new:
            start.let_time_pass(unit, clock, directory.gone_by(), state)
        with recorded(record, unit, state, is_new=is_new) as world:
            try:
                if reinstall:
                    world.act(unit, partial(operate, unit, "reinstall"))
                    world.settle()
                used = unattended.ignite(world, unit, given)
            except unattended.PageRefused as error:
                start.end(world, unit, pull_plug=False)
                directory.save(unit)
                lines = [f"{given.place(error.page, name)}: {name}: {text}" for name, text in error.errors.items()]
                raise BadInput("\n".join(lines)) from None
            reached = unit.state
            start.end(world, unit, pull_plug=False)
        directory.save(unit)
    if reached != start.RUNNING:
        raise Unmet(f"{state}: the unit stayed in {reached}; ipsim fsck --state {state} says what is wrong")
    if not quiet:
        say()
    if given.pages and not used:
        why = "it is ignited already" if before else "Apply had begun, and was finished as planned"
        say(f"{given.file} was not used: {why}")
    _show(unit, state, held)


_REMEDY = "ipsim boot starts it; ipsim ignite --reinstall makes everything new"


def _show(unit: Any, state: Path, before: Any) -> None:
    from firmware.bench.outside import authority_of, identity_of

    identity, authority = identity_of(unit), authority_of(unit)
    if authority is not None:
        say(f"root CA: SHA-256 {authority.fingerprint}")
    assert identity is not None
    change = "kept" if before and before.der == identity.der else "generated"
    say(f"identity {change}: SHA-256 {identity.fingerprint}")
    say(f"look at it: ipsim cert --state {state}{' --root' if authority else ''} | openssl x509 -noout -text")


COMMANDS = {"ignite": ignite}
