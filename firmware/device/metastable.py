"""Pages that were not quite written: they read now as one thing, now as another."""

from __future__ import annotations


class Pages:
    """The pages of a part that read so. Each shows what its cells are held to be and its other content in turn."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        # (block, offset) -> the other content, and whether the next read shows it.
        self._pages: dict[tuple[int, int], tuple[bytes, bool]] = {}

    def add(self, block: int, offset: int, other: bytes) -> None:
        self._pages[block, offset] = (other, False)

    def seen(self, block: int, content: bytes, offset: int, end: int) -> bytes:
        """What a read of ``offset`` to ``end`` gets, ``content`` being the block's."""
        for (at, start), (other, shows) in self._pages.items():
            stop = start + len(other)
            if at == block and start < end and offset < stop:
                if shows:
                    content = content[:start] + other + content[stop:]
                self._pages[at, start] = (other, not shows)
        return content[offset:end]

    def written(self, block: int, offset: int, end: int) -> bool:
        """A program or erase makes the pages that it reaches firm. Returns whether any other is left."""
        self._pages = {
            (at, start): page
            for (at, start), page in self._pages.items()
            if at != block or start >= end or offset >= start + len(page[0])
        }
        return bool(self._pages)

    def copy(self) -> Pages:
        other = Pages()
        other._pages = self._pages.copy()
        return other
