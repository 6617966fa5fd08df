"""The canonical form of a littlefs volume: what littlefs, mounted by :mod:`firmware.storage.volume`, can ever read.

A search over power cuts keeps one image of each form. Two images of one form give the same reads, and the same work on
both, cut at the same operation in the same way or not at all, leaves two images that again behave alike.

In the form, for each metadata pair in the order of the list that littlefs threads through them:

- its entries in order, files with their contents (``.new`` too), folders by the place of their pair in that list, and
  whether its tail continues the folder. All else follows from them: the blocks in use, how much a log begun anew takes,
  which folder is an orphan;
- what it adds to littlefs's global state (moves pending, orphans): a pair that adds nothing writes less;
- whether its log can be appended to; if so, where it ends and what lies behind that, unless that is blank.

Not in the form, and why it does not matter:

- Free blocks: erased before they are programmed. Of what a new folder's blocks held only the revision count is read,
  and the new one is set to follow it.
- A pair's block that is not in use: erased before it is programmed, and no torn erase makes a commit of it that the
  revision counts put in front. Nor which of the two it is: that only tells which one is written next.
- The revision counts, and the order of the attributes in a log: only their sum decides what fits.
- Where a log ends that cannot be appended to, and what lies behind: the next commit goes to the other block.
- Block numbers. Where something comes to lie depends on every CRC of the volume, but littlefs only asks whether two
  numbers are equal. Two exceptions, in which the form holds them: a move from pair to pair is written down by number;
  and littlefs takes for used, until its search comes round, what a mount has freed, so that on a volume nearly full it
  depends on the places whether a write finds room.

No volume at all, where neither block of the first pair holds a commit: nothing but these is read before littlefs gives
up, and a format that follows erases both. So all such images are of one form. Anything else – metadata that littlefs
never writes – is its own form, by every byte of it.

Faults that reach beyond the block being written are outside this: a lost erase leaves, under what is programmed next,
what is not in the form, a moved erase group takes its neighbours with it, a bit flip can bring the other block of a
pair to light. So is a format of a volume that mounts, which erases block 0 whatever it holds: ``may_format`` is for
searches in which one may come.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from hashlib import blake2b
from operator import itemgetter
from struct import Struct, unpack_from
from typing import Any, NamedTuple

from firmware.device.flash import Geometry
from firmware.memo import memoise
from firmware.storage.littlefs_log import CHAIN, FOLDER, SUPERBLOCK, Log, NoCommit, Pair, Unreadable, newer

Reading = Generator[tuple[int, ...], tuple[bytes, ...], Any]  # yields numbers of blocks, is sent the blocks
_ROOT: Pair = (0, 1)
_PAIR = Struct("<II")
_SUPERBLOCK = Struct("<III")  # version, size of a block, blocks
_VERSIONS = range(0x00020000, 0x00020002)
_STATE = Struct("<III")  # of the global state: its kind, the pair it is about
_ORPHANS = 1 << 31  # the bit of the kind that is about no pair
_NUMBERS = "block numbers"
# More than half full counts as nearly full. In an emptier volume the blocks wrongly remembered as used are fewer than
# the free ones left by any write that takes no more than (free blocks - used blocks).
_ROOMY = 2
_KEPT_BYTES = 1 << 28  # of blocks held by the memo of one geometry


class VolumeForms:
    """Canonical forms of images of one geometry, memoised by the blocks read, in order (a trie).

    A node is what to read next, and for each content found there the next node; a leaf is a form.
    """

    __slots__ = ("_first", "_geometry", "_leaves", "_may_format")

    def __init__(self, geometry: Geometry, *, may_format: bool = False) -> None:
        self._geometry, self._may_format = geometry, may_format
        self._first: tuple[Callable[[Sequence[bytes]], Any], dict[Any, Any]] = (itemgetter(*_ROOT), {})
        self._leaves = 0

    def form(self, blocks: Sequence[bytes]) -> bytes:
        """The form of an image, as a digest: equal bytes, equal futures."""
        node: Any = self._first
        while node.__class__ is tuple:
            read, following = node
            node = following.get(read(blocks))
        return node if node is not None else self._learn(blocks)

    def _learn(self, blocks: Sequence[bytes]) -> bytes:
        self._leaves += 1
        if self._leaves * self._geometry.block_size > _KEPT_BYTES:  # about one block of each image is new
            self._first[1].clear()
            self._leaves = 1
        work = _form(self._geometry, self._may_format)
        (read, following), numbers = self._first, next(work)
        while True:
            key = read(blocks)
            try:
                numbers = work.send(tuple([blocks[number] for number in numbers]))
            except StopIteration as done:
                following[key] = done.value
                form: bytes = done.value
                return form
            if key not in following:
                following[key] = itemgetter(*numbers), {}
            read, following = following[key]


def _form(geometry: Geometry, may_format: bool) -> Reading:
    try:
        volume, other = yield from _volume(geometry)
    except NoCommit:
        return _digest("blank")
    except Unreadable:
        blocks = yield tuple(range(geometry.blocks))
        return _digest("none", tuple(_digest_of(block) for block in blocks))
    if may_format:
        # Once a format has erased block 0 the volume is what block 1 says, old or new.
        try:
            volume = volume, (yield from _volume(geometry, other))[0] if other else None
        except NoCommit:
            volume = volume, "blank"
        except Unreadable:
            blocks = yield tuple(range(geometry.blocks))
            volume = volume, tuple(_digest_of(block) for block in blocks[1:])
    return _digest("volume", volume)


def _digest(*meaning: object) -> bytes:
    return blake2b(repr(meaning).encode(), digest_size=16).digest()


@memoise(1 << 16)
def _digest_of(block: bytes) -> bytes:
    return blake2b(block, digest_size=16).digest()


class _File(NamedTuple):
    """A file that has blocks of its own: the last of them, and bytes."""

    head: int
    size: int


def _volume(geometry: Geometry, root: bytes | None = None) -> Reading:
    """What a volume comes to; and, when it is block 0 that says so, what block 1 holds. ``root``: of the first pair,
    block 0 is erased and block 1 holds this."""
    logs, other = yield from _metadata(geometry, root)
    pairs = _in_order(logs)
    _check_superblock(logs[_ROOT], geometry)
    files = [_File(*_pair(entry.data)) for pair in pairs for entry in logs[pair].entries if entry.structure == CHAIN]
    chains, contents = yield from _contents(geometry, list(dict.fromkeys(files)))
    used = [*(block for pair in pairs for block in pair), *(block for file in files for block in chains[file])]
    has_moves = any(_names_a_block(logs[pair].delta) for pair in pairs)
    if not has_moves and len(set(used)) != len(used):  # while a file moves from pair to pair, both list it
        raise Unreadable("a block is used twice")
    folders = {pair: place for place, pair in enumerate(pairs)}
    meaning: list[object] = [_meaning(logs[pair], folders, contents) for pair in pairs]
    is_nearly_full = len(used) * _ROOMY > geometry.blocks
    return (meaning, _places(used, [logs[pair] for pair in pairs]) if has_moves or is_nearly_full else None), other


def _places(used: list[int], logs: list[Log]) -> object:
    """Where everything lies, and all that decides where the next will."""
    return used, [(log.crcs, log.delta) for log in logs]


def _metadata(geometry: Geometry, root: bytes | None) -> Reading:
    """For every pair, its lower number first, the log that counts."""
    logs: dict[Pair, Log] = {}
    other: bytes | None = None
    claimed: set[int] = set()
    wanted = [_ROOT]
    while wanted:
        claimed.update(*wanted)
        blocks = yield tuple(number for pair in wanted for number in pair)
        found: set[Pair] = set()
        for at, pair in enumerate(wanted):
            first, second = blocks[2 * at : 2 * at + 2]
            if pair == _ROOT and root is not None:
                first, second = b"\xff" * geometry.block_size, root
            try:
                log, is_first = newer(first, second, geometry.program_unit)
            except NoCommit as error:
                raise error if pair == _ROOT else Unreadable("a pair without a commit") from None
            other = second if pair == _ROOT and is_first else other
            logs[pair] = log
            found.update(_ascending(_pair(entry.data)) for entry in log.entries if entry.structure == FOLDER)
            found.update([_ascending(log.tail)] if log.tail else [])
        wanted = sorted(found - logs.keys())
        numbers = [number for pair in wanted for number in pair]
        if (
            claimed.intersection(numbers)
            or len(set(numbers)) < len(numbers)
            or max(numbers, default=0) >= geometry.blocks
        ):
            raise Unreadable("a pair lies on blocks that are no pair's, or another's")
    return logs, other


def _pair(data: bytes) -> Pair:
    if len(data) != _PAIR.size:
        raise Unreadable("an entry with half a structure")
    return _PAIR.unpack(data)


def _ascending(pair: Pair) -> Pair:
    return pair if pair[0] < pair[1] else (pair[1], pair[0])


def _in_order(logs: dict[Pair, Log]) -> list[Pair]:
    """The pairs as they follow each other from the root."""
    order: list[Pair] = []
    following: Pair | None = _ROOT
    while following is not None and len(order) < len(logs):
        order.append(following)
        tail = logs[following].tail
        following = None if tail is None else _ascending(tail)
    if following is not None or len(order) < len(logs):
        raise Unreadable("the list of pairs leads in a circle, or does not hold every folder")
    return order


def _check_superblock(log: Log, geometry: Geometry) -> None:
    entry = log.entries[0] if log.entries else None
    if entry is None or (entry.kind, entry.name) != (SUPERBLOCK, b"littlefs") or len(entry.data) < _SUPERBLOCK.size:
        raise Unreadable("no superblock")
    version, size, blocks = _SUPERBLOCK.unpack_from(entry.data)
    if version not in _VERSIONS or (size, blocks) != (geometry.block_size, geometry.blocks):
        raise Unreadable("another volume's superblock")


def _names_a_block(delta: bytes) -> bool:
    state, *pair = _STATE.unpack(delta)
    return bool(state & ~_ORPHANS or any(pair))


def _meaning(log: Log, folders: dict[Pair, int], contents: dict[_File, bytes]) -> tuple[object, ...]:
    entries = []
    for kind, name, structure, data, attributes in log.entries:
        holds: object = data
        if structure == FOLDER:
            holds = folders[_ascending(_pair(data))]
        elif structure == CHAIN:
            file = _File(*_pair(data))
            holds = file.size, contents[file]
        entries.append((kind, name, structure, holds, attributes))
    adds = _NUMBERS if _names_a_block(log.delta) else log.delta
    return entries, log.is_split, adds, (log.end, log.rest) if log.is_appendable else None


def _contents(geometry: Geometry, files: list[_File]) -> Reading:
    """The blocks of each file, and its contents as a digest.

    A file's blocks form a skip list from the last to the first: block n begins with the numbers of the blocks n - 1,
    n - 2, n - 4, ..., as many as n is divisible by two, and one.
    """
    chains: dict[_File, list[int]] = {}
    held: dict[_File, list[bytes]] = {}
    for file in files:
        last = _last_block(file.size, geometry.block_size)
        if last >= geometry.blocks:
            raise Unreadable("a file larger than the part")
        chains[file], held[file] = [-1] * last + [file.head], [b""] * (last + 1)
    wanted = [(file, len(chains[file]) - 1) for file in files]
    while wanted:
        numbers = [chains[file][at] for file, at in wanted]
        if max(numbers) >= geometry.blocks:
            raise Unreadable("a file leads off the part")
        blocks = yield tuple(numbers)
        following = []
        for (file, at), block in zip(wanted, blocks, strict=True):
            held[file][at] = block
            chain = chains[file]
            for step, number in _steps(block, at):
                if chain[at - step] == -1:
                    chain[at - step] = number
                    following.append((file, at - step))
                elif chain[at - step] != number:
                    raise Unreadable("a file's blocks contradict each other")
        wanted = following
    return chains, {file: _digest_of_file(file.size, tuple(held[file])) for file in files}


def _steps(block: bytes, at: int) -> list[tuple[int, int]]:
    """(How far back, number) of the blocks that a file's block names."""
    count = (at & -at).bit_length()
    return [(1 << n, number) for n, number in enumerate(unpack_from(f"<{count}I", block))]


def _last_block(size: int, block_size: int) -> int:
    """The place of a file's last block (``lfs_ctz_index``)."""
    if not 0 < size < 2**31:
        raise Unreadable("a file of blocks without a byte")
    each = block_size - 8
    rough = (size - 1) // each
    return (size - 1 - 4 * ((rough - 1).bit_count() + 2)) // each if rough else 0


@memoise(1 << 14)
def _digest_of_file(size: int, blocks: tuple[bytes, ...]) -> bytes:
    data = b"".join(block[4 * (at & -at).bit_length() :] for at, block in enumerate(blocks))
    return blake2b(data[:size], digest_size=16).digest()
