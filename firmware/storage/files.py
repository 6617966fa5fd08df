"""Records as files of a volume: what a Linux server keeps where an IP500 V2 has NVM records.

littlefs replaces a file whole but guards only its metadata, so each file carries the header of an NVM record: its
sequence number, its length and a CRC-32 over its name and all of it. It is read back as old, new or damaged.
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware.device.flash import FlashPart
from firmware.errors import Full
from firmware.storage.again import on_volume
from firmware.storage.nvm import HEADER, Copy, CopyState, Lost, decode_copy, encode_copy
from firmware.storage.volume import Volume

_LARGEST = 96 * 1024  # a full trusted certificate store, as on an IP500 V2
_NONE, _DAMAGED = Copy(CopyState.BLANK), Copy(CopyState.DAMAGED)


class FileStore:
    """The records of one volume. ``layout`` gives each record's path. The interface is that of the NVM's records."""

    __slots__ = ("_paths", "part")

    def __init__(self, part: FlashPart, layout: Mapping[str, str]) -> None:
        self.part = part
        self._paths = layout

    def on(self, part: FlashPart) -> FileStore:
        """The same layout on another part."""
        return FileStore(part, self._paths)

    def names(self) -> tuple[str, ...]:
        return tuple(self._paths)

    def path(self, name: str) -> str:
        return self._paths[name]

    def capacity(self, name: str) -> int:
        """Bytes that a record may have; the volume may have less room."""
        return _LARGEST

    def copies(self, name: str) -> tuple[Copy, ...]:
        """The one copy that there is. Damaged when the volume cannot be followed."""
        return (_decode(name, on_volume(self.part, Volume.read, self._paths[name])),)

    def present(self, name: str) -> Copy | None:
        """The record, or None when there is no such file. Lost when it is damaged."""
        (copy,) = self.copies(name)
        if copy.state is CopyState.DAMAGED:
            raise Lost(f"the file {self._paths[name]} is damaged")
        return copy if copy.state is CopyState.GOOD else None

    def read(self, name: str) -> bytes | None:
        copy = self.present(name)
        return None if copy is None else copy.data

    def mend(self, name: str) -> tuple[Copy | None, bool]:
        """As :meth:`present`: a file has no second copy that could be put right."""
        return self.present(name), False

    def next_sequence(self, name: str) -> int:
        """The sequence number that :meth:`replace` will use: a sealed record binds itself to it."""
        return _following(*self.copies(name))

    def replace(self, name: str, data: bytes) -> None:
        """Make ``data`` the record. After a power cut it is the old or the new one, whole.

        Raises Full (nothing changed), StorageError when the disk fails.
        """
        if len(data) > _LARGEST:
            raise Full(f"the file {self._paths[name]} holds {_LARGEST} bytes, not {len(data)}")
        content = encode_copy(name, self.next_sequence(name), data)
        on_volume(self.part, Volume.replace, self._paths[name], content)

    def remove(self, name: str) -> bool:
        """Remove the file; False when there was none."""
        return on_volume(self.part, Volume.remove, self._paths[name])


def _following(copy: Copy) -> int:
    return (copy.sequence + 1) % 2**32 if copy.state is CopyState.GOOD else 1


def _decode(name: str, raw: bytes | None) -> Copy:
    """A file is the record or damage: unlike flash it is never blank, and nothing follows the data."""
    if raw is None:
        return _NONE
    if len(raw) < HEADER.size:
        return _DAMAGED
    copy = decode_copy(name, raw)
    return copy if copy.state is CopyState.GOOD and len(raw) == HEADER.size + len(copy.data) else _DAMAGED
