"""``ipsim serve`` as a process of its own, and a look at the certificate that it shows."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.bench.support import COMMAND, ROOT

PATIENCE = 30.0
CLOCK = "2026-11-23T09:00:00Z"


def wait_for(what: Callable[[], bool], why: str) -> None:
    """Look again until it is so; AssertionError after the deadline."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.01)


@dataclass
class Served:
    """A unit behind a listener."""

    process: subprocess.Popen[str]
    told: dict[str, Any]
    state: Path

    @property
    def port(self) -> int:
        """Of its pages."""
        return int(self.told["port"])

    def place(self, service: str, lan: int = 1) -> tuple[str, int]:
        """Where a service is met. KeyError: it is not offered there."""
        found = {(row["service"], row["lan"]): (row["host"], row["port"]) for row in self.told["listeners"]}
        return found[service, lan]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def certificate(self) -> x509.Certificate:
        """What a new handshake shows."""
        return certificate_of(self.connect())

    def connect(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """(exit code, output, errors) after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(timeout=PATIENCE)
        return self.process.returncode, *said(self.state)


def certificate_of(connection: ssl.SSLSocket) -> x509.Certificate:
    with connection:
        der = connection.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def said(state: Path) -> tuple[str, str]:
    """(output, errors) so far. They go to files: a pipe that nobody reads would stop a unit that has much to say."""
    out, err = (state.with_name(f"{state.name}.{kind}").read_text() for kind in ("out", "err"))
    return out, err


@contextmanager
def served(platform: str, state: Path, *more: str, speed: str = "max") -> Iterator[Served]:
    """``ipsim serve`` on a free port; killed at the end, should it still run."""
    told = state.with_name(state.name + ".json")
    told.unlink(missing_ok=True)
    ports = [word for name in ("port", "sip", "sip-tls", "http", "https") for word in (f"--{name}", "0")]
    command = [*COMMAND, "serve", platform, "--state", str(state), *ports, "--json", str(told), "--speed", speed]
    with (
        state.with_name(f"{state.name}.out").open("w") as out,
        state.with_name(f"{state.name}.err").open("w") as err,
    ):
        process = subprocess.Popen([*command, *more], cwd=ROOT, text=True, stdout=out, stderr=err, env=os.environ)
    try:
        wait_for(lambda: process.poll() is not None or _is_whole(told), "it does not listen")
        assert process.poll() is None, said(state)
        yield Served(process, json.loads(told.read_text()), state)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=PATIENCE)


def _is_whole(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")
