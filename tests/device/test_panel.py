"""LEDs as patterns, buttons as bands."""

from __future__ import annotations

import pytest

from firmware.boot.buttons import BANDS, CANCELLED, ERASE_CONFIGURATION, ERASE_FIRMWARE, REBOOT, SHUT_DOWN
from firmware.device.panel import Light, band_of


@pytest.mark.parametrize(
    ("button", "ms", "action"),
    [
        ("reset", 0, None),
        ("reset", 4_999, None),
        ("reset", 5_000, REBOOT),
        ("reset", 9_999, REBOOT),
        ("reset", 10_000, ERASE_CONFIGURATION),
        ("reset", 29_999, ERASE_CONFIGURATION),
        ("reset", 30_000, ERASE_FIRMWARE),
        ("reset", 39_999, ERASE_FIRMWARE),
        ("reset", 40_000, CANCELLED),
        ("reset", 3_600_000, CANCELLED),
        ("aux", 4_999, None),
        ("aux", 5_000, SHUT_DOWN),
    ],
)
def test_the_bands_of_a_button(button: str, ms: int, action: str | None) -> None:
    assert band_of(BANDS[button], ms).action == action


def test_the_documented_lights_of_the_reset_bands() -> None:
    lights = [band.light for band in BANDS["reset"]]
    assert lights == [None, Light.ORANGE, Light.FLASHING_ORANGE, Light.RED, None]


@pytest.mark.parametrize("light", Light)
def test_a_pattern_lasts_and_shows_the_colours_it_names(light: Light) -> None:
    assert all(ms > 0 for _, ms in light.steps)
    named = {word for word in ("red", "green", "orange", "amber") if word in light.label}
    assert {colour for colour, _ in light.steps} - {"off"} == named


def test_base_led1_is_red_once_in_5_s() -> None:
    assert sum(ms for _, ms in Light.RED_EVERY_5_S.steps) == 5_000
