"""A littlefs file system on a flash part, through littlefs's own C code.

littlefs guards its metadata with CRCs but not what is in a file: whoever stores something here frames it with a
checksum or digest (:mod:`firmware.storage.records`) and reads it back as old, new or damaged.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from littlefs import LittleFSError, lfs

from firmware.device.faults import BadBlock
from firmware.device.flash import FlashPart
from firmware.errors import Damaged, Full, PowerCut, StorageError
from firmware.storage.driver import CORRUPT, Driver, config

# One name a folder: littlefs never forgets a name's place, so one per file would never settle. In the same folder the
# rename is one commit; across folders it is two, with a move pending in between.
_TEMPORARY = ".new"
_NO_ENTRY, _EXISTS, _NOT_DIRECTORY, _IS_DIRECTORY, _INVALID, _NOT_EMPTY = -2, -17, -20, -21, -22, -39
_DIRECTORY = 2
_READ_ONLY = lfs.LFSFileFlag(1)  # LFS_O_RDONLY; given as text the flags are parsed anew at each open
_VISITS_A_BLOCK = 1000  # in one use of littlefs, before it counts as running in a circle; the dearest seen took 5
# Kept free for metadata, for a file and for each directory that must be made: where littlefs runs out of blocks in the
# middle of a commit it has assertions, not errors.
_METADATA_BLOCKS = 4


class _Guard:
    """Around each use of littlefs: its errors become ours, and a power cut comes to light."""

    __slots__ = ("_driver", "_visits", "_volume")

    def __init__(self, volume: Volume, driver: Driver) -> None:
        self._volume = volume
        self._driver = driver
        self._visits = _VISITS_A_BLOCK * driver.part.geometry.blocks

    def __enter__(self) -> None:
        driver = self._driver
        if driver.failure is not None:
            raise driver.failure
        if not driver.part.rail.on:
            raise PowerCut(f"{driver.part.name} has no power")
        driver.visits_left = self._visits

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, LittleFSError):
            self._volume._mount_anew()
        if self._driver.failure is not None:
            raise self._driver.failure from None
        if isinstance(error, LittleFSError):
            raise self._volume._as_ours(error) from None
        if isinstance(error, UnicodeError):
            raise Damaged(f"{self._driver.part.name}: a name is not UTF-8 ({error})") from None


class Volume:
    """A mounted file system; get one from :func:`mounted`, in a with block. Paths are relative to its root."""

    def __init__(self, part: FlashPart) -> None:
        self.part = part
        self._driver = Driver(part)
        self._config = config(part, self._driver)
        self._guard = _Guard(self, self._driver)
        self._fs = lfs.LFSFilesystem()
        self._is_mounted = False

    @property
    def driver(self) -> Driver:
        """What was read of the part."""
        return self._driver

    def read(self, path: str) -> bytes | None:
        """A file's bytes, or None when there is no such file. Damaged when littlefs cannot follow it."""
        with self._guard:
            try:
                handle = lfs.file_open(self._fs, path, _READ_ONLY)
            except LittleFSError as error:
                if error.code in (_NO_ENTRY, _NOT_DIRECTORY, _IS_DIRECTORY):
                    return None
                raise
            try:
                size = lfs.file_size(self._fs, handle)
                if size > self.part.geometry.size:
                    raise Damaged(f"{self.part.name}: {path} claims to be {size} bytes long, more than the part holds")
                return lfs.file_read(self._fs, handle, size)
            finally:
                lfs.file_close(self._fs, handle)

    def replace(self, path: str, data: bytes) -> None:
        """Write a file whole: after a power cut it is the old or the new one. Missing directories are made.

        Raises Full, with nothing changed, when the volume has no room for a second copy.
        """
        folder = posixpath.dirname(path)
        temporary = posixpath.join(folder, _TEMPORARY)
        self._require_room(len(data), folder)
        with self._guard:
            self._make_directories(folder)
            handle = lfs.file_open(self._fs, temporary, "w")
            try:
                if data:
                    lfs.file_write(self._fs, handle, data)
            except BaseException:
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
                if error.code in (_NO_ENTRY, _NOT_DIRECTORY):
                    return False
                if error.code != _NOT_EMPTY or self.entries(path):
                    raise
                # All that it holds is what a cut left of a write.
                lfs.remove(self._fs, posixpath.join(path, _TEMPORARY))
                lfs.remove(self._fs, path)
            return True

    def make_directories(self, path: str) -> None:
        """Make a directory and those above it. Full, with nothing changed, when the volume has no room for them."""
        self._require_room(0, path)
        with self._guard:
            self._make_directories(path)

    def entries(self, path: str = "") -> list[tuple[str, int | None]]:
        """(name, size) of each entry of a directory, sorted; a directory's size is None. [] when there is none."""
        with self._guard:
            try:
                handle = lfs.dir_open(self._fs, path or "/")
            except LittleFSError as error:
                if error.code in (_NO_ENTRY, _NOT_DIRECTORY):
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
        return ((found, size) for found, size in self._tree(path) if size is not None)

    def _tree(self, path: str) -> Iterator[tuple[str, int | None]]:
        """A directory and every file and directory below it; a directory's size is None."""
        pending: list[tuple[str, int | None]] = [(path, None)]
        directories_left = self.part.geometry.blocks // 2  # each takes two blocks
        while pending:
            found, size = pending.pop()
            yield found, size
            if size is None:
                directories_left -= 1
                if directories_left < 0:
                    raise Damaged(f"{self.part.name}: its directories lead in a circle")
                pending += [(posixpath.join(found, name), size) for name, size in reversed(self.entries(found))]

    def free_bytes(self) -> int:
        """What no file, no directory and no bad block takes."""
        with self._guard:
            used = lfs.fs_size(self._fs)
        bad = sum(isinstance(defect, BadBlock) for defect in self.part.defects)
        return (self.part.geometry.blocks - used - bad) * self.part.geometry.block_size

    def room(self) -> int:
        """The largest file that :meth:`replace` takes in a directory that is there, in bytes."""
        return max(0, self.free_bytes() - _METADATA_BLOCKS * self.part.geometry.block_size)

    def _require_room(self, size: int, folder: str) -> None:
        names = [name for name in folder.split("/") if name]
        each = _METADATA_BLOCKS * self.part.geometry.block_size
        if size + len(names) * each <= self.room():
            return
        missing = sum(not self._is_there("/".join(names[: n + 1])) for n in range(len(names)))
        if size + missing * each > self.room():
            self._remove_leftovers()
        if size + missing * each > (room := self.room()):
            folders = f" and {missing} new folders" if missing else ""
            raise Full(f"{self.part.name} is full: it takes a file of {room} bytes at most, not {size}{folders}")

    def _is_there(self, path: str) -> bool:
        with self._guard:
            try:
                lfs.stat(self._fs, path)
            except LittleFSError as error:
                if error.code in (_NO_ENTRY, _NOT_DIRECTORY):
                    return False
                raise
            return True

    def _remove_leftovers(self) -> None:
        """What cut writes left behind takes room."""
        for folder in [found for found, size in self._tree("") if size is None]:
            self.remove(posixpath.join(folder, _TEMPORARY))

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

    def _mount(self) -> None:
        self._mount_as_it_is()
        try:
            # Between the two commits of a move across folders, a mount that only reads does not see the entry that
            # follows the moved one (littlefs 2.11: lfs_dir_fetchmatch shifts its id, lfs_dir_getslice takes that for
            # the moved one's). Finishing the move first writes only when one is pending.
            lfs.fs_mkconsistent(self._fs)
        except LittleFSError:  # what takes no more writes can still be read
            self._unmount()
            self._mount_as_it_is()

    def _mount_as_it_is(self) -> None:
        self._fs = lfs.LFSFilesystem()
        lfs.mount(self._fs, self._config)
        self._is_mounted = True

    def _unmount(self) -> None:
        # A mount that is not undone leaks memory in C; one undone twice frees it twice.
        if self._is_mounted:
            self._is_mounted = False
            lfs.unmount(self._fs)

    def _mount_anew(self) -> None:
        """After an error littlefs may hold half a page, and trips an assertion over it at its next write."""
        if self._is_mounted and self._driver.failure is None:
            self._unmount()
            try:
                self._mount()
            except LittleFSError as error:
                self._unmount()
                self._driver.failure = self._driver.failure or self._as_ours(error)

    def _as_ours(self, error: LittleFSError) -> StorageError:
        if error.code == CORRUPT or (error.code == _INVALID and not self._is_mounted):
            return Damaged(f"{self.part.name}: littlefs finds its structure damaged ({error})")
        return StorageError(f"{self.part.name}: {error}")

    def __enter__(self) -> Volume:
        return self

    def __exit__(self, *_error: object) -> None:
        self._unmount()


def mounted(part: FlashPart) -> Volume:
    """Mount a part, for a with block. Damaged when it holds no littlefs – it is never formatted to make it fit."""
    volume = Volume(part)
    try:
        with volume._guard:
            volume._mount()
    except BaseException:
        volume._unmount()
        raise
    return volume


def format_volume(part: FlashPart) -> None:
    """Make an empty file system."""
    volume = Volume(part)
    with volume._guard:
        lfs.format(volume._fs, volume._config)
