"""The hardware targets. The directory is the registry: a file with a ``PLATFORM`` in it is a platform.

A file whose name begins with an underscore is shared by platforms and none itself.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from firmware.platform import Platform


@cache
def names() -> tuple[str, ...]:
    """Every platform's name, without importing any."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


def load(name: str) -> Platform:
    """The platform of this name. LookupError when there is none."""
    if name not in names():
        raise LookupError(name)
    platform: Platform = import_module(f"{__name__}.{name}").PLATFORM
    return platform
