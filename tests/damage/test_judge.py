"""The judge sees what is wrong: firmwares with a bug each, on an image that shows it."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.device.faults import BitFlip
from firmware.release import Release
from firmware.security import settings
from firmware.security.settings import SecuritySettings, factory
from firmware.storage import nvm
from firmware.storage.nvm import HEADER, MAGIC, Copy, CopyState
from tests.boot.units import shut_down, slot_start
from tests.damage.drawn import Drawn
from tests.damage.images import Image
from tests.damage.judge import judge

NAME = "ip500v2, shut down"


def _flipped(*copies: tuple[str, int], is_within_budget: bool = False) -> Image:
    """A unit of which these copies of records have a bit flipped in their first block."""
    unit: Appliance = shut_down()
    for record, copy in copies:
        unit.internal.flip(BitFlip(slot_start(unit, record, copy)[0], 8 * (HEADER.size + 2)))
    return Image(NAME, unit, ("flipped",), is_within_budget)


def _without_crc(_name: str, raw: bytes) -> Copy:
    magic, sequence, length, _ = HEADER.unpack_from(raw)
    if magic != MAGIC:
        return Copy(CopyState.BLANK)
    return Copy(CopyState.GOOD, sequence, raw[HEADER.size : HEADER.size + length])


def _counting_anew(release: Release, generation: int = 0) -> SecuritySettings:
    return factory(release, 0 * generation)


ONE_COPY = _flipped(("security", 0), is_within_budget=True)
ALL_COPIES = _flipped(*((record, copy) for record in ("security", "generation") for copy in (0, 1)))


@pytest.mark.parametrize("image", [ONE_COPY, ALL_COPIES], ids=["one copy", "all copies"])
def test_the_firmware_as_it_is(image: Image) -> None:
    assert judge(image, Drawn(b"")) == "running"


def test_records_without_a_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvm, "decode_copy", _without_crc)
    with pytest.raises(AssertionError, match="not what it would be without the damage"):
        judge(ONE_COPY, Drawn(b""))


def test_numbers_that_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "factory", _counting_anew)
    with pytest.raises(AssertionError, match="a second certificate over the key of the lost one"):
        judge(ALL_COPIES, Drawn(b""))
