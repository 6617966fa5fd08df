"""The directory of platforms is the registry: a file dropped into it is a platform."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import platforms
from firmware.basis import Basis
from firmware.device.flash import FlashPart
from firmware.device.power import Rail
from firmware.platform import Platform
from firmware.release import BY_VERSION, RELEASES
from firmware.security.policy import Trigger, decide

NEW = """
from dataclasses import replace
from platforms.ip500v2 import PLATFORM as LIKE
PLATFORM = replace(LIKE, name="dropped_in", title="Dropped in", since="9.1")
"""


@pytest.fixture
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that counts as one more place of platforms."""
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(tmp_path)])
    platforms.names.cache_clear()
    yield tmp_path
    platforms.names.cache_clear()
    sys.modules.pop("platforms.dropped_in", None)


def test_a_file_that_is_dropped_in_is_found(dropped_in: Path) -> None:
    (dropped_in / "dropped_in.py").write_text(NEW)
    assert "dropped_in" in platforms.names()
    platform = platforms.load("dropped_in")
    assert (platform.title, platform.releases()[0].version) == ("Dropped in", "9.1")


def test_a_module_of_helpers_is_no_platform(dropped_in: Path) -> None:
    (dropped_in / "_common.py").write_text("")
    assert "_common" not in platforms.names()


def test_names_are_sorted() -> None:
    assert list(platforms.names()) == sorted(platforms.names())
    assert "ip500v2" in platforms.names()


@pytest.mark.parametrize("name", ["", "ucm ", "os", "platforms.ip500v2", "../ip500v2", "IP500V2"])
def test_no_other_name_loads(name: str) -> None:
    with pytest.raises(LookupError):
        platforms.load(name)


ALL = [platforms.load(name) for name in platforms.names()]


@pytest.mark.parametrize("platform", ALL, ids=lambda platform: platform.name)
def test_a_platform_bears_the_name_of_its_file(platform: Platform) -> None:
    assert platforms.load(platform.name) is platform


# What a platform does not offer in every one of its releases: (since, before), as the document has it.
OFFERED = {Trigger.SERVICE_SECURED: (None, "9.1"), Trigger.SUPPLIED: ("11.1", None)}


@pytest.mark.parametrize("platform", ALL, ids=lambda platform: platform.name)
def test_a_trigger_that_its_policy_knows_has_a_row_for_every_release_with_its_basis(platform: Platform) -> None:
    for release in platform.releases():
        for trigger in {rule.trigger for rule in platform.policy}:
            since, before = OFFERED.get(trigger, (None, None))
            if (since and release < BY_VERSION[since]) or (before and BY_VERSION[before] <= release):
                assert not any(rule.applies(trigger, release) for rule in platform.policy)
                continue
            rule = decide(platform.policy, trigger, release)
            assert rule.basis in Basis
            assert rule.basis is not Basis.DOCUMENTED or rule.source


@pytest.mark.parametrize("platform", ALL, ids=lambda platform: platform.name)
def test_every_rule_of_its_policy_can_apply(platform: Platform) -> None:
    for rule in platform.policy:
        assert any(
            next((r for r in platform.policy if r.applies(trigger, release)), None) is rule
            for release in platform.releases()
            for trigger in Trigger
        ), rule


@pytest.mark.parametrize("platform", ALL, ids=lambda platform: platform.name)
def test_its_parts_hold_what_it_keeps(platform: Platform) -> None:
    part = FlashPart(platform.storage.name, platform.storage.geometry, Rail())
    assert set(platform.storage.open(part, platform.storage.layout).names()) == set(platform.storage.layout)
    assert len(set(platform.slots)) == len(platform.slots)
    assert platform.releases()[0].version == platform.since
    assert set(platform.releases()) <= set(RELEASES)
