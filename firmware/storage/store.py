"""What both kinds of stores offer: records by name, each replaced whole."""

from __future__ import annotations

from typing import Protocol

from firmware.device.flash import FlashPart
from firmware.storage.nvm import Copy


class Records(Protocol):
    """:class:`firmware.storage.nvm.RecordStore` and :class:`firmware.storage.files.FileStore`."""

    part: FlashPart

    def on(self, part: FlashPart) -> Records:
        """The same records on another part of the same geometry."""

    def names(self) -> tuple[str, ...]: ...

    def capacity(self, name: str) -> int: ...

    def copies(self, name: str) -> tuple[Copy, ...]: ...

    def present(self, name: str) -> Copy | None: ...

    def read(self, name: str) -> bytes | None: ...

    def next_sequence(self, name: str) -> int: ...

    def replace(self, name: str, data: bytes) -> None: ...

    def mend(self, name: str) -> tuple[Copy | None, bool]: ...
