"""Is everything that ipsim needs in place, and is it ours?"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTION = "ipoffice-sim"
PACKAGES = ("firmware", "platforms", "ignition")
PORTS = {80: "HTTP", 411: "phone files", 443: "HTTPS", 5060: "SIP", 5061: "SIP over TLS", 7070: "wizard", 7071: "web"}


@dataclass(frozen=True)
class Finding:
    """One line: whether it is well, what was looked at, what to do if it is not."""

    well: bool
    what: str


def examine(directory: Path) -> Iterator[Finding]:
    """Look at the packages, the versions, the ports of the loopback and the right to write."""
    yield from _packages()
    yield from _versions()
    yield from _ports()
    yield from _writable(directory)


def _packages() -> Iterator[Finding]:
    home = Path(__file__).parents[2]
    owners = importlib.metadata.packages_distributions()
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).parents[1] if spec and spec.origin else None
        others = sorted(set(owners.get(name, [])) - {DISTRIBUTION})
        if others:
            yield Finding(
                False, f"package {name}: also installed by {', '.join(others)}; uninstall that, reinstall ours"
            )
        elif found != home:
            yield Finding(False, f"package {name}: comes from {found}, not from {home}; mend PYTHONPATH or reinstall")
        else:
            yield Finding(True, f"package {name}: ours, from {home}")


def _versions() -> Iterator[Finding]:
    yield Finding(True, f"Python {platform.python_version()} on {platform.system()}")
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding(False, f"{DISTRIBUTION} is not installed here; run make setup")
        return
    for requirement in required:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement)[0]
        try:
            yield Finding(True, f"{name} {importlib.metadata.version(name)} (needed: {requirement})")
        except importlib.metadata.PackageNotFoundError:
            yield Finding(False, f"{name} is missing (needed: {requirement}); run make setup")


def _ports() -> Iterator[Finding]:
    """A port in use is no fault: a listener can be given another one."""
    for port, service in PORTS.items():
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                state = "free"
            except PermissionError:
                state = "not ours to use without privileges"
            except OSError:
                state = "in use"
        yield Finding(True, f"port {port} ({service}): {state}")


def _writable(directory: Path) -> Iterator[Finding]:
    for place in (directory, Path(tempfile.gettempdir())):
        well = os.access(place, os.W_OK)
        yield Finding(well, f"{place}: {'writable' if well else 'not writable; choose another --state'}")
