"""What littlefs does on blocks that it has read before: the same again, without asking it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from firmware.device.flash import FlashPart
from firmware.memo import ByBlocks
from firmware.storage.volume import Volume, mounted

R = TypeVar("R")

_KEPT = 1 << 14
_DONE = ByBlocks(_KEPT)


def on_volume(
    part: FlashPart, what: Callable[..., R], *about: Hashable, mount: Callable[[FlashPart], Volume] = mounted
) -> R:
    """Mount a part for one function: it is given the volume and what it is ``about``. Raises what :func:`mounted` does.

    What littlefs does follows from the blocks that it reads. Where it has read the same before, the same operations
    are carried out as then. The result is shared: read it, never change it.
    """
    if not part.is_sound:
        with mount(part) as volume:
            return what(volume, *about)
    question = (part.name, part.geometry, what, about)
    if (known := _DONE.find(question, part.blocks)) is not None:
        found: R
        found, operations, over = known
        part.again(operations, over)
        return found
    before, over = part.image(), part.overprograms
    with part.rail.noting() as noted, mount(part) as volume:
        found = what(volume, *about)
        read = tuple([block for block, is_read in volume.driver.touched.items() if is_read])
    _DONE.keep(question, read, before, (found, tuple(noted), part.overprograms - over))
    return found
