"""What a listener writes down for a person: a SIP trace without secrets, and TLS keys for a network analyser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from firmware.bench import export
from firmware.bench.cli_options import say
from firmware.errors import BadInput

# What is computed from a password could be tried against a list of passwords. A quote may never be closed.
_SECRETS = re.compile(rb'\b(response|cnonce)(\s*=\s*)("[^"]*"?|[^\s,"]+)', re.IGNORECASE)
_START = re.compile(rb"^(SIP/2\.0 \d|[A-Z]+ \S+ SIP/2\.0)", re.MULTILINE)
_END, _LONGEST = b"\r\n\r\n", 16 * 1024

Write = Callable[[bytes], None]


def hidden(head: bytes) -> bytes:
    """A message's head with its digests taken out. Bodies are never shown: they may hold media keys."""
    return _SECRETS.sub(rb"\1\2...", head)


class Heads:
    """The heads of the messages on one connection, however its bytes are cut."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> list[bytes]:
        *whole, self._waiting = (self._waiting + data).split(_END)
        self._waiting = self._waiting[-_LONGEST:]
        return [part for part in map(_from_start, whole) if part]


def _from_start(part: bytes) -> bytes:
    """From the last line on that begins a message: what stands before it is the body of the one before."""
    starts = [found.start() for found in _START.finditer(part)]
    return part[starts[-1] :] if starts else b""


class Trace:
    """A line or a message at a time; without a file, nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._file = _opened(path)

    def say(self, text: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(f"{_now()} {text}\n".encode())
        except OSError as error:  # a full disk stops the log, and nothing else
            self.close()
            self._file = None
            say(f"the log ends here: {error.strerror}")

    def head(self, arrow: str, where: str, head: bytes) -> None:
        """The head of a message, without secrets."""
        if self._file is not None:
            self.say(f"{arrow} {where}\n{hidden(head).decode('utf-8', 'backslashreplace')}\n")

    def messages(self, arrow: str, where: str, heads: Heads, data: bytes) -> None:
        """Those whose head has now come whole."""
        if self._file is not None:
            for head in heads.feed(data):
                self.head(arrow, where, head)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def key_log(path: Path | None) -> Write | None:
    """Append TLS secrets as NSS key log lines: only what ``--keylog`` asks for writes them anywhere."""
    file = _opened(path)
    if file is None:
        return None

    def write(line: bytes) -> None:
        with suppress(ValueError, OSError):  # closed with the process; a full disk
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
