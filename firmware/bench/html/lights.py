"""LEDs, drawn: the pattern of a light as a strip of time."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from firmware.device.panel import Light

_BY_LABEL = {light.label: light for light in Light}
_WIDTH, _HEIGHT, _SHORTEST = 40, 8, 2000  # the strip shows two seconds, or one period where that is longer


@cache
def strip(label: str) -> Markup:
    """Two seconds of a pattern, by its name. It is decoration: the name stands beside it."""
    light = _BY_LABEL[label]
    period = sum(length for _, length in light.steps)
    span = max(period, _SHORTEST)
    drawn, at = [], 0
    while at < span:
        for colour, length in light.steps:
            x, width = _WIDTH * at / span, _WIDTH * length / span
            # A flash of 0.1 s in 5 s is a pixel wide: it shall be seen.
            drawn.append(f'<rect class="{colour}" x="{x:g}" width="{max(width, 2):g}" height="{_HEIGHT}"/>')
            at += length
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return Markup(f'<svg class="led" {size} aria-hidden="true">{"".join(drawn)}</svg>')  # noqa: S704 - numbers and names of colours of ours
