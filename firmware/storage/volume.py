"""A littlefs file system on a flash part, through littlefs's own C code.

littlefs guards its metadata with CRCs but not what is in a file: whoever stores something here frames it with a
checksum or digest (:mod:`firmware.storage.records`) and reads it back as old, new or damaged.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from littlefs import LittleFSError, lfs

from firmware.device.flash import BlockFailed, FlashPart
from firmware.errors import Damaged, Full, PowerCut, StorageError

# One name a folder: littlefs never forgets a name's place, so one per file would never settle. In the same folder the
# rename is one commit; across folders it is two, with a move pending in between.
_TEMPORARY = ".new"
_NO_ENTRY, _EXISTS, _NOT_EMPTY, _CORRUPT, _INVALID = -2, -17, -39, -84, -22
_DIRECTORY = 2
_READ_ONLY = lfs.LFSFileFlag(1)  # LFS_O_RDONLY; given as text the flags are parsed anew at each open


class _Context:
    """What littlefs reads, programs and erases.

    A callback that raises does not stop littlefs: it takes the error for a bad block and goes on. So at a power cut
    the part keeps its image, littlefs finishes on a scratch copy, and :class:`Volume` raises the PowerCut afterwards.
    """

    __slots__ = ("blocks", "cut", "part")

    def __init__(self, part: FlashPart) -> None:
        self.part = part
        self.blocks = part.blocks
        self.cut: PowerCut | None = None

    def read(self, _cfg: Any, block: int, offset: int, size: int) -> bytes:
        return self.blocks[block][offset : offset + size]

    def prog(self, _cfg: Any, block: int, offset: int, data: bytes) -> int:
        if self.cut is None:
            try:
                self.part.program(block, offset, data)
                return 0
            except BlockFailed:
                return _CORRUPT
            except PowerCut as cut:
                self._freeze(cut)
        content = self.blocks[block]
        self.blocks[block] = content[:offset] + data + content[offset + len(data) :]
        return 0

    def erase(self, _cfg: Any, block: int) -> int:
        if self.cut is None:
            try:
                self.part.erase(block)
                return 0
            except BlockFailed:
                return _CORRUPT
            except PowerCut as cut:
                self._freeze(cut)
        self.blocks[block] = b"\xff" * self.part.geometry.block_size
        return 0

    def sync(self, _cfg: Any) -> int:
        return 0

    def _freeze(self, cut: PowerCut) -> None:
        self.cut, self.blocks = cut, self.part.blocks.copy()


def _config(part: FlashPart, context: _Context) -> lfs.LFSConfig:
    geometry = part.geometry
    # cache = program unit: with a larger cache a page torn out of order passes littlefs's own check.
    return lfs.LFSConfig(
        context,
        block_size=geometry.block_size,
        block_count=geometry.blocks,
        read_size=geometry.program_unit,
        prog_size=geometry.program_unit,
        cache_size=geometry.program_unit,
        lookahead_size=-(-geometry.blocks // 64) * 8,
        block_cycles=-1,
    )


class _Guard:
    """Around each use of littlefs: its errors become ours, and a power cut comes to light."""

    __slots__ = ("_context", "_name")

    def __init__(self, name: str, context: _Context) -> None:
        self._name = name
        self._context = context

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if self._context.cut is not None:
            raise self._context.cut from None
        if isinstance(error, LittleFSError):
            if error.code in (_CORRUPT, _INVALID):
                raise Damaged(f"{self._name}: littlefs finds its structure damaged ({error})") from None
            raise StorageError(f"{self._name}: {error}") from None


class Volume:
    """A mounted file system; get one from :func:`mounted`, in a with block. Paths are relative to its root."""

    def __init__(self, part: FlashPart) -> None:
        self.part = part
        self._context = _Context(part)
        self._config = _config(part, self._context)
        self._guard = _Guard(part.name, self._context)
        self._fs = lfs.LFSFilesystem()

    def read(self, path: str) -> bytes | None:
        """A file's bytes, or None when there is no such file. Damaged when littlefs cannot follow it."""
        with self._guard:
            try:
                handle = lfs.file_open(self._fs, path, _READ_ONLY)
            except LittleFSError as error:
                if error.code in (_NO_ENTRY, -20, -21):  # no such name; a file on the way; a directory
                    return None
                raise
            try:
                return lfs.file_read(self._fs, handle, lfs.file_size(self._fs, handle))
            finally:
                lfs.file_close(self._fs, handle)

    def replace(self, path: str, data: bytes) -> None:
        """Write a file whole: after a power cut it is the old or the new one. Missing directories are made.

        Raises Full, with nothing changed, when the volume has no room for a second copy.
        """
        self._require_room(len(data))
        with self._guard:
            folder = posixpath.dirname(path)
            temporary = posixpath.join(folder, _TEMPORARY)
            self._make_directories(folder)
            handle = lfs.file_open(self._fs, temporary, "w")
            try:
                if data:
                    lfs.file_write(self._fs, handle, data)
            except LittleFSError:
                self._close_failed(handle)
                raise
            lfs.file_close(self._fs, handle)
            lfs.rename(self._fs, temporary, path)

    def remove(self, path: str) -> bool:
        """Remove a file or an empty directory. False when there is none."""
        with self._guard:
            try:
                lfs.remove(self._fs, path)
            except LittleFSError as error:
                if error.code == _NO_ENTRY:
                    return False
                if error.code != _NOT_EMPTY or self.entries(path):
                    raise
                # All that it holds is what a cut left of a write.
                lfs.remove(self._fs, posixpath.join(path, _TEMPORARY))
                lfs.remove(self._fs, path)
            return True

    def make_directories(self, path: str) -> None:
        with self._guard:
            self._make_directories(path)

    def entries(self, path: str = "") -> list[tuple[str, int | None]]:
        """(name, size) of each entry of a directory, sorted; a directory's size is None. [] when there is none."""
        with self._guard:
            try:
                handle = lfs.dir_open(self._fs, path or "/")
            except LittleFSError as error:
                if error.code in (_NO_ENTRY, -20):
                    return []
                raise
            found: list[tuple[str, int | None]] = []
            try:
                while entry := lfs.dir_read(self._fs, handle):
                    if entry.name not in (".", "..", _TEMPORARY):
                        found.append((entry.name, None if entry.type == _DIRECTORY else entry.size))
            finally:
                lfs.dir_close(self._fs, handle)
        return sorted(found)

    def files(self, path: str = "") -> Iterator[tuple[str, int]]:
        """(path, size) of every file below a directory, depth first, in the order of names."""
        for name, size in self.entries(path):
            below = posixpath.join(path, name)
            if size is None:
                yield from self.files(below)
            else:
                yield below, size

    def free_bytes(self) -> int:
        with self._guard:
            used = lfs.fs_size(self._fs)
        return (self.part.geometry.blocks - used) * self.part.geometry.block_size

    def room(self) -> int:
        """The largest file that :meth:`replace` takes, in bytes."""
        # Four blocks of headroom for metadata: littlefs has assertions, not errors, where it runs out in mid-commit.
        return max(0, self.free_bytes() - 4 * self.part.geometry.block_size)

    def _require_room(self, size: int) -> None:
        if size > (room := self.room()):
            raise Full(f"{self.part.name} is full: it takes a file of {room} bytes at most, not {size}")

    def _make_directories(self, path: str) -> None:
        made = ""
        for name in filter(None, path.split("/")):
            made = f"{made}/{name}"
            try:
                lfs.mkdir(self._fs, made)
            except LittleFSError as error:
                if error.code != _EXISTS:
                    raise

    def _close_failed(self, handle: lfs.LFSFile) -> None:
        # A file that met an error must be closed exactly once: twice trips an assertion in C, never leaks it.
        try:
            lfs.file_close(self._fs, handle)
        except LittleFSError:
            return

    def __enter__(self) -> Volume:
        return self

    def __exit__(self, *_error: object) -> None:
        # A mount that is not undone leaks memory in C.
        lfs.unmount(self._fs)


def mounted(part: FlashPart) -> Volume:
    """Mount a part, for a with block. Damaged when it holds no littlefs – it is never formatted to make it fit."""
    if not part.rail.on:
        raise PowerCut(f"{part.name} has no power")
    volume = Volume(part)
    with volume._guard:
        lfs.mount(volume._fs, volume._config)
    try:
        # Between the two commits of a move across folders, a mount that only reads does not see the entry that follows
        # the moved one (littlefs 2.11: lfs_dir_fetchmatch shifts its id, lfs_dir_getslice takes that for the moved
        # one's). Finishing the move first writes only when one is pending.
        with volume._guard:
            lfs.fs_mkconsistent(volume._fs)
    except BaseException:
        lfs.unmount(volume._fs)
        raise
    return volume


def format_volume(part: FlashPart) -> None:
    """Make an empty file system."""
    volume = Volume(part)
    with volume._guard:
        lfs.format(volume._fs, volume._config)
