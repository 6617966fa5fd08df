"""A returned unit: its images are where a scenario begins, and stay as they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

from firmware.appliance import Appliance
from firmware.bench.state import LOCK, StateDirectory, holds_unit
from firmware.errors import BadInput
from firmware.journal import Event


@contextmanager
def copied(images: str | None) -> Iterator[Path | None]:
    """A state directory's files elsewhere, for a while. BadInput: there is no unit in it, or it is in use."""
    if images is None:
        yield None
        return
    directory = Path(images)
    if not holds_unit(directory):
        raise BadInput(f"{directory}: holds no unit; give a state directory")
    with StateDirectory(directory, exclusive=False), TemporaryDirectory() as place:
        copy = Path(place) / "unit"
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns(LOCK))
        try:
            yield copy
        except BadInput as error:
            raise BadInput(str(error).replace(str(copy), str(directory))) from None


def digest_of(directory: Path) -> str:
    """A short digest of the images; of none where there are none."""
    total = blake2b(digest_size=8)
    for image in sorted(directory.glob("*.img")):
        total.update(image.name.encode() + image.read_bytes())
    return total.hexdigest()


def detach(unit: Appliance, listener: Callable[[Event], None] | None = None) -> None:
    """A unit that goes on when its directory is closed: in memory only."""
    unit.journal.listener = listener
    for part in unit.parts().values():
        part.mirror = None
