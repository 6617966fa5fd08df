"""What the parts of a unit hold, as one value that a search can tell apart from millions of others, cheaply.

A state of the flash is the difference to a base image: global block index -> content. It has two keys. The *raw* key
tells any two images apart. The *canonical* key merges what no store can ever tell apart (the stores declare it:
:mod:`firmware.storage.nvm_form`, :mod:`firmware.storage.littlefs_form`). Both are 128-bit digests, combined by XOR, so
that a changed block changes the key in constant time (Zobrist hashing), and equal in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from firmware.appliance import Appliance
from firmware.device.flash import FlashPart, Geometry
from firmware.storage.littlefs_form import VolumeForms
from firmware.storage.nvm import RecordStore
from firmware.storage.nvm_form import record_form

Changes = dict[int, bytes]


def digest(*what: object) -> int:
    """128 bits of anything whose ``repr`` says all of it."""
    return int.from_bytes(blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=16).digest(), "little")


@dataclass(frozen=True, slots=True)
class Component:
    """A run of blocks that has a canonical form of its own: an NVM record's two slots, or a whole volume.

    ``copies``: how many times it holds what it holds; a bit that flips in one of two loses nothing.
    """

    name: str
    first: int
    count: int
    form: Callable[[Sequence[bytes]], Hashable]
    copies: int = 1


def all_of(keys: list[int]) -> int:
    """One key of all components."""
    total = 0
    for key in keys:
        total ^= key
    return total


class Flash:
    """The parts of one unit, laid end to end: how its images are told apart, and put back into a unit."""

    def __init__(self, unit: Appliance) -> None:
        parts = unit.parts()
        self.first: dict[str, int] = {}
        self.geometry: dict[str, Geometry] = {name: part.geometry for name, part in parts.items()}
        self.base: list[bytes] = []
        self.components: list[Component] = []
        for name, part in parts.items():
            self.first[name] = len(self.base)
            self.components += _components(unit, part, len(self.base))
            self.base += part.blocks
        self.of_block = [n for n, c in enumerate(self.components) for _ in range(c.count)]
        self._names = [name for name, part in parts.items() for _ in part.blocks]
        self._digests: dict[tuple[int, bytes], int] = {}
        self._forms: list[dict[int, int]] = [{} for _ in self.components]
        self._base_keys = [0] * len(self.components)
        for at, content in enumerate(self.base):
            self._base_keys[self.of_block[at]] ^= self.of_content(at, content)

    def of_content(self, at: int, content: bytes) -> int:
        """The digest of a block's content at its place."""
        known = self._digests.get((at, content))
        if known is None:
            known = int.from_bytes(blake2b(content, digest_size=16, salt=at.to_bytes(16, "little")).digest(), "little")
            self._digests[at, content] = known
        return known

    def changes(self, unit: Appliance) -> Changes:
        """How the unit's parts differ from the base image."""
        base = self.base
        return {
            n: content
            for name, part in unit.parts().items()
            for n, content in enumerate(part.blocks, self.first[name])
            if content is not base[n] and content != base[n]
        }

    def put(self, unit: Appliance, changes: Mapping[int, bytes]) -> None:
        """Let a unit's parts hold the base image with these changes."""
        blocks = self.base.copy()
        for at, content in changes.items():
            blocks[at] = content
        for name, part in unit.parts().items():
            first = self.first[name]
            part.blocks = blocks[first : first + part.geometry.blocks]

    def keys(self, changes: Mapping[int, bytes]) -> list[int]:
        """The raw key of each component."""
        keys = self._base_keys.copy()
        for at, content in changes.items():
            keys[self.of_block[at]] ^= self.of_content(at, self.base[at]) ^ self.of_content(at, content)
        return keys

    def canonical(
        self, component: int, key: int, changes: Mapping[int, bytes], over: tuple[tuple[int, bytes], ...] = ()
    ) -> int:
        """The digest of a component's canonical form, with what lies ``over`` the changes; ``key`` is its raw key, by
        which it is remembered."""
        known = self._forms[component].get(key)
        if known is None:
            row = self.components[component]
            blocks = self.base[row.first : row.first + row.count]
            for at, content in (*changes.items(), *over):
                if self.of_block[at] == component:
                    blocks[at - row.first] = content
            known = self._forms[component][key] = digest(component, row.form(blocks))
        return known

    def place(self, at: int) -> tuple[str, int]:
        """The part and the block of a global index."""
        name = self._names[at]
        return name, at - self.first[name]


def _components(unit: Appliance, part: FlashPart, first: int) -> list[Component]:
    records = unit.records
    if part is not unit.internal or not isinstance(records, RecordStore):
        # An ignition formats a further disk, whatever it holds; a unit's own disk is formatted by no start.
        forms = VolumeForms(part.geometry, may_format=part is not unit.internal)
        return [Component(part.name, first, part.geometry.blocks, forms.form)]
    found = []
    end = 0
    for name in records.names():
        start, blocks = records.slot_start(name, 0)
        found.append(Component(f"{part.name} {name}", first + start, 2 * blocks, _slots_of(name, blocks), 2))
        end = start + 2 * blocks
    if end < part.geometry.blocks:
        found.append(Component(f"{part.name} unused", first + end, part.geometry.blocks - end, tuple))
    return found


def _slots_of(name: str, blocks: int) -> Callable[[Sequence[bytes]], Hashable]:
    return lambda both: record_form(name, (tuple(both[:blocks]), tuple(both[blocks:])))
