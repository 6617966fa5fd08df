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

    What littlefs does follows from the blocks that it reads. Where it has read the same before, the part is asked for
    the same operations as then. The result is shared: read it, never change it.
    """
    question = (part.geometry, what, about)
    is_sound = part.is_sound
    if is_sound and (known := _DONE.find(question, part.blocks)) is not None:
        found: R
        found, asked = known
        for operation, *arguments in asked:
            operation(part, *arguments)
        return found
    before = part.image()
    with mount(part) as volume:
        found = what(volume, *about)
        if is_sound:
            read = tuple([block for block, is_read in volume.driver.touched.items() if is_read])
            _DONE.keep(question, read, before, (found, tuple(volume.driver.asked)))
    return found
