"""The commands about one unit in its state directory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware.bench.cli import JSON, STATE, style
from firmware.errors import BadInput, Unmet

if TYPE_CHECKING:
    from firmware.appliance import Appliance


class Value(click.ParamType):
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


UNSET = "unset"
SLOT = click.option(
    "--slot",
    type=click.Choice(["system-sd", "optional-sd"]),
    default="system-sd",
    show_default=True,
    help="Which card.",
)


@click.command()
@click.argument("platform", type=Value("platform", "PLATFORM"))
@STATE
@click.option("--release", type=Value("release", "R"), help="Firmware release of a new unit.  [default: 12.3]")
@click.option("--mac", type=Value("mac", "MAC"), help="LAN1 MAC address of a new unit.")
@click.option("--seed", type=Value("seed", "N"), help="All the chance of a new unit.  [default: 0]")
@click.option("--clock", metavar="TIME|unset", help="Simulated time at power-on (ISO), or a clock that is not set.")
@click.option("--pull-plug", is_flag=True, help="End in a power cut instead of a planned shutdown.")
def boot(
    platform: Any,
    state: Path,
    release: str | None,
    mac: str | None,
    seed: int | None,
    clock: str | None,
    pull_plug: bool,
) -> None:
    """Start a unit, let it come up, and shut it down.

    The first call makes the unit in --state and is its first start-up; a later one is an ordinary start. Without
    --clock the first start takes the wall clock, a later one the unit's kept time plus the time gone by.

    \b
    Example: ipsim boot ip500v2 --state state/ip500v2 --seed 7
    """
    from firmware.bench.orders import Order, open_unit
    from firmware.bench.outside import identity_of
    from firmware.bench.timeline import Timeline
    from firmware.bench.world import World
    from firmware.peers.network import SILENT

    timeline = Timeline(style())
    order = Order(platform, release, mac, seed)
    directory, unit, is_new = open_unit(
        order, state, lambda: _start_time(clock), SILENT, lambda event: click.echo("\n".join(timeline.lines(event)))
    )
    try:
        if is_new and clock == UNSET:
            unit.clock.lose()
        elif not is_new:
            unit.clock.advance_to(_later_start(unit, clock, directory.gone_by(), state))
        before = identity_of(unit)
        world = World(unit.clock.now)
        world.add(unit)
        operations = unit.platform.operations
        world.act(unit, lambda: operations["power_on"](unit))
        world.settle()
        reached = unit.state
        if pull_plug or reached != "running":
            world.cut_power(unit, "pulled by --pull-plug" if pull_plug else "pulled: the unit did not come up")
        else:
            world.act(unit, lambda: operations["shutdown"](unit))
            world.settle()
            world.cut_power(unit, "unplugged after the shutdown")
        directory.save(unit)
        after = identity_of(unit)
    finally:
        directory.close()
    if reached != "running":
        raise Unmet(f"{state}: the unit stayed in {reached}; ipsim fsck --state {state} says what is wrong")
    click.echo()
    if after is None:
        click.echo("identity: none yet; this release makes it when it is first needed")
        return
    change = "kept" if before and before.der == after.der else "generated"
    click.echo(f"identity {change}: SHA-256 {after.fingerprint}")
    click.echo(f"look at it: ipsim cert --state {state} | openssl x509 -noout -text")


def _start_time(clock: str | None) -> int:
    from firmware.bench import values
    from firmware.bench.orders import DEFAULT_START
    from firmware.times import SECOND

    if clock is None:
        return int(time.time()) * SECOND
    return DEFAULT_START if clock == UNSET else _checked(values.moment, clock)


def _checked(check: Callable[[str], Any], text: str) -> Any:
    try:
        return check(text)
    except ValueError as error:
        raise BadInput(f"--clock: {error}, or unset") from None


def _later_start(unit: Appliance, clock: str | None, gone_by: int, state: Path) -> int:
    from firmware.bench import values
    from firmware.times import SECOND, show_time

    kept = unit.clock.now
    if clock is None:
        return kept + gone_by // SECOND * SECOND
    if clock == UNSET:
        if unit.clock.read() is not None:
            raise BadInput(f"{state}: this unit's clock is set; a scenario's set_clock {{battery: flat}} loses it")
        return kept
    asked: int = _checked(values.moment, clock)
    if asked < kept:
        raise BadInput(
            f"{state}: holds a unit whose time is {show_time(kept)}; --clock {clock} lies before it: leave it out"
        )
    return asked


@contextmanager
def _looking_at(state: Path) -> Iterator[Appliance]:
    """The unit of an existing state directory, to read only."""
    with _opened(state, exclusive=False) as (unit, _save):
        yield unit


@contextmanager
def _opened(state: Path, *, exclusive: bool) -> Iterator[tuple[Appliance, Callable[[], None]]]:
    from firmware.bench.state import StateDirectory, holds_unit

    if not holds_unit(state):
        raise BadInput(f"{state}: holds no unit; ipsim boot ip500v2 --state {state} makes one")
    with StateDirectory(state, exclusive=exclusive) as directory:
        unit = directory.load()
        yield unit, lambda: directory.save(unit)


@click.command()
@STATE
@JSON
def show(state: Path, as_json: bool) -> None:
    """Show a unit: its releases, clock, identity with the basis of each field, configuration, cards, flash.

    \b
    Example: ipsim show --state state/ip500v2
    """
    from firmware.bench import summary

    with _looking_at(state) as unit:
        found = summary.summarise(unit)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else summary.show(found))


@click.command()
@STATE
@click.option(
    "--p12", type=click.Path(path_type=Path, dir_okay=False), help="Write certificate and key there, as PKCS#12."
)
@click.option(
    "--password-file", type=click.Path(path_type=Path, dir_okay=False), help="Its first line protects the file."
)
def cert(state: Path, p12: Path | None, password_file: Path | None) -> None:
    """Print the unit's certificate as PEM, or export it with its key.

    \b
    Example: ipsim cert --state state/ip500v2 | openssl x509 -noout -text
    """
    from firmware.bench import export
    from firmware.bench.outside import identity_of

    if (p12 is None) != (password_file is None):
        raise click.UsageError("--p12 and --password-file go together")
    with _looking_at(state) as unit:
        identity = identity_of(unit)
        name = unit.name
    if identity is None:
        raise BadInput(f"{state}: this unit holds no identity certificate yet")
    if p12 is None or password_file is None:
        click.echo(identity.pem().decode("ascii"), nl=False)
        return
    export.write_private(p12, export.pkcs12(identity, name, export.read_password(password_file)))
    click.echo(f"certificate and key written to {p12}")


@click.command()
@STATE
@JSON
def fsck(state: Path, as_json: bool) -> None:
    """Check every store of a unit without changing a bit; exit 1 when something is found.

    \b
    Example: ipsim fsck --state state/ip500v2
    """
    from dataclasses import asdict

    from firmware.bench import fsck as checks

    with _looking_at(state) as unit:
        findings = checks.check(unit)
        parts = ", ".join(unit.parts())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            click.echo(str(finding))
    if findings:
        raise Unmet(f"{state}: {len(findings)} finding{'s' if len(findings) > 1 else ''}")
    if not as_json:
        click.echo(f"{state}: {parts}: all sound")


@click.group()
def card() -> None:
    """List, read, write and remove the files on a unit's SD cards (the unit is off)."""


@card.command("ls")
@STATE
@SLOT
@click.argument("path", default="")
def card_ls(state: Path, slot: str, path: str) -> None:
    """List a folder of a card, sizes in bytes."""
    with _card(state, slot, exclusive=False) as volume:
        entries = volume.entries(path)
        single = volume.read(path) if path and not entries else None
        if single is None and not entries and path and not _is_folder(volume, path):
            raise BadInput(f"{state}: no {path!r} on {slot}")
    if single is not None:
        click.echo(f"{len(single):>8}  {path}")
    for name, size in entries:
        click.echo(f"{'' if size is None else size:>8}  {name}{'/' if size is None else ''}")


def _is_folder(volume: Any, path: str) -> bool:
    parent, _, name = path.strip("/").rpartition("/")
    return (name, None) in volume.entries(parent)


@card.command("get")
@STATE
@SLOT
@click.argument("path")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
def card_get(state: Path, slot: str, path: str, file: Path) -> None:
    """Copy a file off a card, to FILE or stdout."""
    with _card(state, slot, exclusive=False) as volume:
        data = volume.read(path)
    if data is None:
        raise BadInput(f"{state}: no file {path!r} on {slot}")
    if str(file) == "-":
        sys.stdout.buffer.write(data)
    else:
        _write_file(file, data)


@card.command("put")
@STATE
@SLOT
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.argument("path")
def card_put(state: Path, slot: str, file: Path, path: str) -> None:
    """Copy FILE (or - for stdin) onto a card."""
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from None
    with _card(state, slot, exclusive=True) as volume:
        volume.replace(path, data)


@card.command("rm")
@STATE
@SLOT
@click.argument("path")
def card_rm(state: Path, slot: str, path: str) -> None:
    """Remove a file or an empty folder from a card."""
    with _card(state, slot, exclusive=True) as volume:
        if not volume.remove(path):
            raise BadInput(f"{state}: no {path!r} on {slot}")


@contextmanager
def _card(state: Path, slot: str, *, exclusive: bool) -> Iterator[Any]:
    from firmware.bench.outside import probe
    from firmware.errors import StorageError
    from firmware.storage.volume import mounted

    with _opened(state, exclusive=exclusive) as (unit, save):
        place = unit.slots.get(slot)
        if place is None or place.card is None:
            raise BadInput(f"{state}: there is no card in the {slot} slot")
        try:
            with probe(unit), mounted(place.card.part) as volume:
                yield volume
        except StorageError as error:
            raise BadInput(f"{state}: {error}") from None
        if exclusive:
            save()


def _write_file(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


COMMANDS = {command.name: command for command in (boot, show, cert, fsck, card)}
