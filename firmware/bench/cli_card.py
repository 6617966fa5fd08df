"""The commands about the files on a unit's SD cards, or on a server's disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmware.bench.cli_options import STATE, Group, Value, opened, write_file
from firmware.errors import BadInput

if TYPE_CHECKING:
    from firmware.storage.volume import Volume

SLOT = click.option("--slot", metavar="SLOT", help="Which card or disk.  [default: the System SD; a server's disk]")
PATH = click.argument("path", type=Value("card_path", "PATH"))
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.group(cls=Group)
def card() -> None:
    """List, read, write and remove the files on a unit's SD cards or a server's disk (the unit is off)."""


@card.command("ls")
@STATE
@SLOT
@click.argument("path", default="")
def list_files(state: Path, slot: str | None, path: str) -> None:
    """List a folder of a card, sizes in bytes.

    \b
    Example: ipsim card ls --state state/ip500v2 system/primary
    """
    path = path.strip("/")
    with _card(state, slot) as volume:
        entries = volume.entries(path)
        single = volume.read(path) if path and not entries else None
        if single is None and path and not entries and not _is_folder(volume, path):
            raise BadInput(f"{state}: no {path!r} on {volume.part.name}")
    rows = entries if single is None else [(path, len(single))]
    for name, size in rows:
        click.echo(f"{'' if size is None else size:>8}  {name}{'/' if size is None else ''}")


@card.command("get")
@STATE
@SLOT
@PATH
@click.argument("file", type=FILE, default="-")
def get(state: Path, slot: str | None, path: str, file: Path) -> None:
    """Copy a file off a card, to FILE or stdout.

    \b
    Example: ipsim card get --state state/ip500v2 system/primary/config.cfg config.cfg
    """
    with _card(state, slot) as volume:
        data = volume.read(path)
        if data is None:
            what = "is a folder" if _is_folder(volume, path) else "is not there"
            raise BadInput(f"{state}: {path!r} {what} on {volume.part.name}")
    if str(file) == "-":
        click.echo(data, nl=False)
    else:
        write_file(file, data)


@card.command("put")
@STATE
@SLOT
@click.argument("file", type=FILE)
@PATH
def put(state: Path, slot: str | None, file: Path, path: str) -> None:
    """Copy FILE (or - for stdin) onto a card, folders made as needed.

    \b
    Example: ipsim card put --state state/ip500v2 ip500v2.bin system/primary/ip500v2.bin
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from None
    with _card(state, slot, exclusive=True) as volume:
        if _is_folder(volume, path):
            raise BadInput(f"{state}: {path!r} is a folder on {volume.part.name}")
        above = path
        while above := above.rpartition("/")[0]:
            if volume.read(above) is not None:
                raise BadInput(f"{state}: {above!r} is a file on {volume.part.name}, no folder")
        volume.replace(path, data)


@card.command("rm")
@STATE
@SLOT
@PATH
def remove(state: Path, slot: str | None, path: str) -> None:
    """Remove a file or an empty folder from a card.

    \b
    Example: ipsim card rm --state state/ip500v2 system/primary/config.cfg
    """
    with _card(state, slot, exclusive=True) as volume:
        if volume.entries(path):
            raise BadInput(f"{state}: {path!r} on {volume.part.name} is a folder that is not empty")
        if not volume.remove(path):
            raise BadInput(f"{state}: no {path!r} on {volume.part.name}")


def _is_folder(volume: Volume, path: str) -> bool:
    parent, _, name = path.rpartition("/")
    return (name, None) in volume.entries(parent)


@contextmanager
def _card(state: Path, slot: str | None, *, exclusive: bool = False) -> Iterator[Volume]:
    from firmware.bench.outside import probe
    from firmware.bench.values import one_of
    from firmware.errors import StorageError
    from firmware.storage.volume import mounted

    with opened(state, exclusive=exclusive) as unit:
        try:
            name = unit.platform.files if slot is None else one_of(slot, unit.platform.volumes(), "volume")
        except ValueError as error:
            raise BadInput(f"--slot: {error}") from None
        held = unit.slots[name].card if name in unit.slots else None
        if name in unit.slots and (held is None or held.failed):
            what = "there is no card" if held is None else "the card has failed"
            raise BadInput(f"{state}: {what} in the {name} slot")
        try:
            with probe(unit), mounted(unit.parts()[name]) as volume:
                yield volume
        except StorageError as error:
            raise BadInput(f"{state}: {error}") from None


COMMANDS = {"card": card}
