"""The table of the zoo in Markdown, for docs/zoo.md: ``python -m tests.zoo``."""

from __future__ import annotations

from tests.zoo.animal import Animal
from tests.zoo.hunt import Catch, hunt
from tests.zoo.table import ANIMALS

HEAD = ("animal", "after", "fault", "caught by", "cuts", "states", "ms", "id")
STORY = ("animal", "what it does", "what it lacks")
TIMING = HEAD.index("ms")


def row(animal: Animal, catch: Catch) -> tuple[str, ...]:
    return (
        animal.name, animal.after, animal.needs, catch.checker, str(catch.cuts), f"{catch.states:,}",
        f"{catch.seconds * 1000:,.0f}", f"`{catch.id}`",
    )  # fmt: skip


def line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def story(animal: Animal) -> tuple[str, ...]:
    return animal.name, animal.story, animal.lacks


def main() -> None:
    print(line(STORY), line(("---",) * len(STORY)), *(line(story(animal)) for animal in ANIMALS), "", sep="\n")
    print(line(HEAD), line(("---",) * len(HEAD)), sep="\n")
    for animal in ANIMALS:
        catch = hunt(animal)
        print(line(row(animal, catch)) if catch else f"{animal.name} has escaped", flush=True)


if __name__ == "__main__":
    main()
