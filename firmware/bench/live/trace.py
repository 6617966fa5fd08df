"""What a listener writes down for a person: a SIP trace without secrets, and TLS keys for a network analyser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from firmware.bench import export
from firmware.errors import BadInput

# What is computed from a password could be tried against a list of passwords.
_SECRETS = re.compile(rb'\b(response|cnonce)(\s*=\s*)("[^"]*"|[^\s,"]+)', re.IGNORECASE)
_LONGEST = 4096

Write = Callable[[bytes], None]


def hidden(data: bytes) -> bytes:
    """A message with its digests taken out."""
    return _SECRETS.sub(rb"\1\2...", data)


class Trace:
    """A line or a message at a time; without a file, nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._file = _opened(path)

    def say(self, text: str) -> None:
        if self._file is not None:
            self._file.write(f"{_now()} {text}\n".encode())

    def message(self, arrow: str, where: str, data: bytes) -> None:
        if self._file is not None:
            shown = hidden(data[:_LONGEST]).decode("utf-8", "backslashreplace")
            self._file.write(f"{_now()} {arrow} {where}, {len(data)} bytes\n{shown}\n".encode())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def key_log(path: Path | None) -> Write | None:
    """Append TLS secrets as NSS key log lines: only what ``--keylog`` asks for writes them anywhere."""
    file = _opened(path)
    if file is None:
        return None

    def write(line: bytes) -> None:
        with suppress(ValueError):  # closed with the process
            file.write(line + b"\n")

    return write


def _opened(path: Path | None) -> IO[bytes] | None:
    if path is None:
        return None
    export.write_private(path, b"")
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None


def _now() -> str:
    return time.strftime("%H:%M:%S")
