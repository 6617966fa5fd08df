"""A template and its values -> one HTML file that needs nothing beside it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from firmware import __version__


def render(template: str, **values: Any) -> bytes:
    """The same values give the same bytes."""
    return _templates().get_template(template).render(values).encode("utf-8", "backslashreplace")


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("firmware.bench.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(style=_inlined("style.css"), script=_inlined("scrub.js"), version=__version__)
    return environment


def _inlined(name: str) -> Markup:
    """A file of ours, as it is."""
    return Markup((files("firmware.bench.html") / "templates" / name).read_text("utf-8"))  # noqa: S704 - no value in it
