"""5,000 damaged images, each started, looked at and used; ``python -m tests.damage images N`` does more of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.damage.child import FOUND, Child

IMAGES, BATCH = 5000, 500


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """One for all batches: it makes the units that are damaged once."""
    with Child() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, IMAGES, BATCH))
def test_a_damaged_image_ends_in_a_named_error_or_a_recovery(child: Child, first: int) -> None:
    found = {number: verdict for number, verdict in child.judge(range(first, first + BATCH)) if FOUND in verdict}
    assert not found, "\n".join(f"--only {number}: {verdict}" for number, verdict in found.items())


@pytest.mark.slow
def test_a_process_that_dies_or_hangs_is_a_finding_and_the_next_image_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.damage.child.PATIENCE", 20)
    with Child() as child:
        for number, said in ((signal.SIGABRT, "the process died of SIGABRT"), (signal.SIGSTOP, "it hangs")):
            ((_, verdict),) = child.judge(range(1))
            assert FOUND not in verdict
            os.kill(child.pid(), number)
            ((_, verdict),) = child.judge(range(1))
            assert said in verdict
