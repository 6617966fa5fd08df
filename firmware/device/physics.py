"""What flash does when it goes wrong: a row a physical fault, and which of them a kind of part can show.

A data sheet is read the other way round: what a part cannot do, it guarantees. A finding that needs a fault names the
guarantee whose lack it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Strikes(str, Enum):
    """When a fault comes: CRASH, in what the cells hold when power goes; REST, before a start; LIVE, while it works."""

    CRASH = "crash"
    REST = "rest"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Physics:
    """One physical fault. ``guarantee`` is the sentence of a data sheet that rules it out. ``in_budget``: promise 1 of
    the design (nothing committed is lost) holds whatever comes of it; of the others only promise 2 (nothing wrong)."""

    name: str
    about: str
    strikes: Strikes
    guarantee: str
    in_budget: bool


FAULTS: tuple[Physics, ...] = (
    Physics(
        "cut",
        "power goes before or after an operation",
        Strikes.CRASH,
        "the supply holds until all that was begun is written",
        in_budget=True,
    ),
    Physics(
        "torn_program",
        "a program is interrupted: half of the page is written, or one bit, or all but one bit",
        Strikes.CRASH,
        "an interrupted program leaves the page as it was or as it was to be",
        in_budget=True,
    ),
    Physics(
        "half_erase",
        "an erase is interrupted: half of the block is erased, or its first byte, or all but its last",
        Strikes.CRASH,
        "an interrupted erase leaves the block as it was or erased",
        in_budget=True,
    ),
    Physics(
        "reordered",
        "of what was not yet synced one operation is lost and a later one of the part is not; or all of it is lost",
        Strikes.CRASH,
        "operations reach the cells at once, in the order in which they were asked for",
        in_budget=True,
    ),
    Physics(
        "group_erased",
        "an operation is interrupted while the card moves its erase group: the group's other blocks read erased",
        Strikes.CRASH,
        "an interrupted operation changes no block but its own",
        in_budget=False,
    ),
    Physics(
        "rot",
        "a bit flips at rest",
        Strikes.REST,
        "what is written is retained for the life of the product",
        # Where a record is kept twice: one flipped bit damages one copy. A file that is kept once has no such promise.
        in_budget=True,
    ),
    Physics(
        "disturb",
        "bits flip in the neighbours of what is read often",
        Strikes.REST,
        "reading a block changes no other, however often it is read",
        in_budget=False,
    ),
    Physics(
        "metastable",
        "a page that was not quite written reads now as one thing, now as another",
        Strikes.LIVE,
        "a page reads the same each time until it is programmed or erased",
        in_budget=False,
    ),
    Physics(
        "bad_block",
        "a block fails and says so: nothing can be programmed or erased there from now on",
        Strikes.LIVE,
        "no block fails within the specified number of erases",
        in_budget=False,
    ),
    Physics(
        "stuck_bit",
        "a cell keeps its value, whatever is programmed or erased",
        Strikes.LIVE,
        "an operation that is not reported as failed has changed every cell that it was to change",
        in_budget=False,
    ),
    Physics(
        "misdirected",
        "an operation lands in the next block",
        Strikes.LIVE,
        "an operation changes the block that was addressed and no other",
        in_budget=False,
    ),
    Physics(
        "worn_out",
        "an erase leaves a cell behind, without saying so",
        Strikes.LIVE,
        "an erase that is not reported as failed has set every bit of the block",
        in_budget=False,
    ),
)
BY_NAME = {row.name: row for row in FAULTS}


@dataclass(frozen=True)
class DataSheet:
    """A kind of part: the names of the faults that it ``can`` show, and how many blocks it moves at once when one of
    them is written (``erase_group``; 1: that one alone)."""

    name: str
    can: frozenset[str]
    erase_group: int = 1

    def __post_init__(self) -> None:
        if strange := self.can - BY_NAME.keys():
            raise ValueError(f"{self.name}: no such physical fault: {', '.join(sorted(strange))}")
        if self.erase_group < 1 or (self.erase_group > 1) != ("group_erased" in self.can):
            raise ValueError(f"{self.name}: groups of {self.erase_group} blocks do not fit what it can show")

    def __str__(self) -> str:
        return self.name

    def rules_out(self, fault: str) -> str:
        """Why such a part does not show a fault, in the words of its data sheet."""
        return f"it is {self}, and {BY_NAME[fault].guarantee}"


_ANY = frozenset(BY_NAME) - {"reordered", "group_erased"}

# Programmed directly, by the processor: each operation is done before the next is asked for.
NOR = DataSheet("NOR flash", _ANY)
# A controller with a cache, which rewrites whole groups of blocks; the group's size is ours.
SD_CARD = DataSheet("SD card", frozenset(BY_NAME), erase_group=4)
# Behind a write cache; what its controller moves it moves aside first.
DISK = DataSheet("disk", _ANY | {"reordered"})
