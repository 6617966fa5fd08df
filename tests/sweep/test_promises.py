"""What is promised must be kept: by an ordinary start, and by what a cache loses when power goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmware.bench.sweep import trails
from firmware.bench.sweep.crashes import UNSYNCED
from firmware.bench.sweep.replaying import replay
from firmware.bench.sweep.report import finding_id
from firmware.bench.sweep.search import Limits, search
from firmware.configuration import Configuration
from firmware.device.flash import FlashPart
from firmware.errors import Unmet
from firmware.memo import memos_off
from firmware.storage.driver import Driver
from tests.sweep.ways import plan_of, text_plan

NAMED = """\
name: An extension gets a name
unit: {platform: ip500v2}
steps:
  - power_on
  - change_at_phone: {extension: 201, name: Front desk}
  - shutdown
  - power_cycle
"""

WORN = """\
name: One copy of the security settings is damaged
unit: {platform: ip500v2}
steps:
  - power_on
  - shutdown
  - corrupt: {part: nvm, record: security, copies: first}
"""


def test_a_firmware_that_says_saved_and_saves_something_else_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would else be measured by its own forgetting."""
    whole = Configuration.to_bytes

    def to_bytes(self: Configuration) -> bytes:
        return whole(replace(self, users=tuple((number, f"Extn{number}") for number, _ in self.users)))

    monkeypatch.setattr(Configuration, "to_bytes", to_bytes)
    with memos_off(), pytest.raises(Unmet, match=r"story.yaml:6:5: the unit says that it keeps configuration"):
        search(text_plan(NAMED).job(), Limits(1))


def _put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sync waits for the next write: what an act does last is promised before it is safe."""
    program, erase, sync = Driver.prog, Driver.erase, Driver.sync
    waiting: set[FlashPart] = set()

    def now(driver: Driver) -> None:
        if driver.part in waiting:
            waiting.discard(driver.part)
            sync(driver, None)

    def prog(self: Driver, cfg: Any, *what: Any) -> int:
        now(self)
        return program(self, cfg, *what)

    def erased(self: Driver, cfg: Any, block: int) -> int:
        now(self)
        return erase(self, cfg, block)

    def later(self: Driver, _cfg: Any) -> int:
        waiting.add(self.part)
        return 0

    for name, value in (("prog", prog), ("erase", erased), ("sync", later)):
        monkeypatch.setattr(Driver, name, value)


def test_what_was_promised_before_it_was_synced_is_found_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    _put_off(monkeypatch)
    plan = replace(plan_of("ignite_secondary"), faults=("cut", "reordered"))
    with memos_off():
        found = search(plan.job(), Limits(1)).findings
        late = [finding for finding in found if finding.trail and finding.trail.fault.form is UNSYNCED]
        assert {finding.text for finding in late} == {"neither old nor new: answers"}
        replayed = replay(plan, trails.read(finding_id(plan, late[0]))[1])
    assert replayed.agrees, replayed.text()


def test_in_ours_nothing_is_promised_before_it_is_synced() -> None:
    for story in ("ignite_secondary", "upgrade_r62"):
        result = search(replace(plan_of(story), faults=("cut", "reordered")).job(), Limits(1))
        assert result.findings == []


def test_the_other_copy_of_a_damaged_one_is_beyond_the_budget() -> None:
    """One damaged copy is within it, a second one is not: the identity may then be lost, but never wrong."""
    job = replace(text_plan(WORN), faults=("rot",)).job()
    flipped = [node for nodes, _ in job.roots(set()) for node in nodes if node.trail and node.trail.before]
    assert {node.duty.within for node in flipped if "security" in node.trail.fault.place} == {True, False}  # type: ignore[union-attr]  # all have one
    assert search(job, Limits(1)).findings == []
