"""Firmwares with a real bug each: the sweep catches them all, and finds nothing in ours where it finds them."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from firmware.errors import BadInput
from tests.zoo.__main__ import TIMING, line, row, story
from tests.zoo.animal import Animal
from tests.zoo.hunt import Catch, hunt, replay
from tests.zoo.table import ANIMALS

DOCUMENT = Path(__file__).parents[2] / "docs" / "zoo.md"
each_animal = pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name.replace(" ", "_"))


@cache
def caught(animal: Animal) -> Catch:
    """What an ordinary sweep catches it by."""
    catch = hunt(animal)
    assert catch is not None, f"{animal.name} has escaped"
    return catch


def test_the_zoo_is_large_enough() -> None:
    assert len(ANIMALS) >= 15
    assert len({animal.name for animal in ANIMALS}) == len(ANIMALS)
    assert len({animal.bug for animal in ANIMALS}) >= 15


@each_animal
def test_a_sweep_catches_it(animal: Animal) -> None:
    catch = caught(animal)
    assert (catch.checker, catch.cuts) == (animal.checker, animal.depth), catch.text


@each_animal
def test_a_proof_catches_it(animal: Animal) -> None:
    caught(animal)
    catch = hunt(animal, prove=True)
    assert catch is not None
    assert (catch.checker, catch.cuts) == (animal.checker, animal.depth), catch.text


@each_animal
def test_its_id_leads_back_to_it(animal: Animal) -> None:
    catch = caught(animal)
    found = replay(animal, catch.id)
    assert found is not None
    assert (found.checker, found.text) == (catch.checker, catch.text)


@each_animal
def test_without_the_bug_the_id_leads_nowhere(animal: Animal) -> None:
    """No finding at its end – or the healthy firmware has no operation there that could be cut like this."""
    catch = caught(animal)
    with suppress(BadInput):
        assert replay(animal, catch.id, healthy=True) is None


_swept: dict[tuple[object, ...], Catch | None] = {}


@each_animal
def test_the_healthy_firmware_has_no_finding_there(animal: Animal) -> None:
    """Of several cuts only merged states: raw ones are many, and none may be left out here."""
    caught(animal)
    key = (animal.scenario, animal.faults, animal.depth)
    if key not in _swept:
        _swept[key] = hunt(animal, prove=animal.depth > 1, healthy=True)
    assert _swept[key] is None


@each_animal
def test_the_document_says_the_same(animal: Animal) -> None:
    lines = DOCUMENT.read_text().splitlines()
    assert line(story(animal)) in lines
    expected = list(row(animal, caught(animal)))
    rows = [text.strip("| ").split(" | ") for text in lines if text.startswith(f"| {animal.name} | {animal.after} |")]
    assert len(rows) == 1, "docs/zoo.md: python -m tests.zoo"
    del expected[TIMING], rows[0][TIMING]
    assert rows[0] == expected, "docs/zoo.md: python -m tests.zoo"
