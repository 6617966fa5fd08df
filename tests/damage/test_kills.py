"""A killed ``ipsim`` is a power cut and nothing worse, whenever it is killed; ``python -m tests.damage kills N``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.damage.child import FOUND
from tests.damage.kills import kill

KILLS, BATCH = 100, 25


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, KILLS, BATCH))
def test_a_killed_process_leaves_the_old_or_the_new(first: int, tmp_path: Path) -> None:
    verdicts = {number: kill(number, 0, tmp_path / str(number)) for number in range(first, first + BATCH)}
    found = [f"--only {number}: {verdict}" for number, verdict in verdicts.items() if FOUND in verdict]
    assert not found, "\n".join(found)
    assert any("at work" in verdict for verdict in verdicts.values()), "none was killed in the middle"
