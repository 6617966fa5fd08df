"""``ipsim serve`` as real clients meet it, and what they are run with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.support import COMMAND, ROOT
from tests.live.serving import PATIENCE, Served, wait_for

HOST = "127.0.0.1"
OTHER_ROOT = ROOT / "tests/answers/ca.pem"
OPTIONS = "\r\n".join(
    (f"OPTIONS sip:{HOST} SIP/2.0", f"Via: SIP/2.0/TLS {HOST}:5061;branch=z9hG4bK1;rport", "Max-Forwards: 70",
     f"From: <sip:a@{HOST}>;tag=1", f"To: <sip:{HOST}>", "Call-ID: 1", "CSeq: 1 OPTIONS", "Content-Length: 0", "", "")
)  # fmt: skip
NO_PROXY = {"no_proxy": "*", "LC_ALL": "C.UTF-8"}


class Ran(NamedTuple):
    """What became of a client: its exit code, and all that it said."""

    code: int
    said: str


def run(*command: object, given: str = "", **environment: object) -> Ran:
    """A client that ends by itself."""
    done = subprocess.run(
        [str(part) for part in command], input=given, text=True, errors="replace", check=False, timeout=PATIENCE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=surroundings(environment),
    )  # fmt: skip
    return Ran(done.returncode, done.stdout)


@contextmanager
def started(*command: object, **environment: object) -> Iterator[subprocess.Popen[str]]:
    """A client that goes on for ever; it is ended here, or when patience is."""
    process = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", env=surroundings(environment),
    )  # fmt: skip
    patience = threading.Timer(PATIENCE, process.kill)
    patience.start()
    try:
        yield process
    finally:
        patience.cancel()
        process.kill()
        process.communicate(timeout=PATIENCE)


def until(pattern: str, *command: object, given: str = "", **environment: object) -> str:
    """What such a client says until a line matches; AssertionError if none does."""
    said = ""
    with started(*command, **environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given)
        process.stdin.flush()
        for line in process.stdout:
            said += line
            if re.search(pattern, line):
                return said
    raise AssertionError(f"{command[0]} never says {pattern!r}:\n{said}")


def surroundings(more: dict[str, object]) -> dict[str, str]:
    return os.environ | NO_PROXY | {name: str(value) for name, value in more.items()}


@dataclass
class Live:
    """A unit that serves."""

    process: subprocess.Popen[str]
    directory: Path
    told: dict[str, Any]

    def port(self, service: str, lan: int = 1) -> int:
        rows = self.told["listeners"]
        return int(next(row["port"] for row in rows if (row["service"], row["lan"]) == (service, lan)))

    @property
    def name(self) -> str:
        return str(self.told["names"][0])

    @property
    def address(self) -> str:
        """Of LAN1, in the certificate: nobody here can reach the unit by it."""
        return str(self.told["names"][1])

    @property
    def password(self) -> str:
        return str(self.told["users"]["201"])

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def root(self) -> Path:
        """The root that it offers its phones now."""
        path = self.directory / "root.pem"
        ran = run(
            "curl", "-sSf", "--max-time", PATIENCE, "-o", path, f"http://{HOST}:{self.port('http')}/WebRootCA.pem"
        )
        assert ran.code == 0, ran.said
        return path

    @contextmanager
    def gets_an_identity(self) -> Iterator[None]:
        """From what is done meanwhile; over when the unit is in operation again."""
        before = self.out.count("in operation")
        yield
        wait_for(lambda: self.out.count("in operation") > before, "no new identity")

    def default_security(self) -> None:
        with self.gets_an_identity():
            self.process.send_signal(signal.SIGUSR1)

    @property
    def out(self) -> str:
        return (self.directory / "out").read_text()

    @contextmanager
    def hears(self, alert: str) -> Iterator[None]:
        """Meanwhile the unit's log says that this alert came, and no other; "": none came."""
        before = len(self.log)
        yield
        if alert:
            wait_for(lambda: "ended:" in self.log[before:], f"no alert came: {self.log[before:]}")
        assert set(re.findall(r" alert (.*)", self.log[before:])) == ({alert} if alert else set())

    @property
    def pages(self) -> Served:
        """A Linux server's, for a browser."""
        return Served(self.process, self.told, self.directory)

    def trouble(self) -> str:
        """For whoever reads a failure."""
        return "\n".join(f"--- {name}\n{(self.directory / name).read_text()[-4000:]}" for name in ("out", "log"))


@contextmanager
def living(directory: Path, *more: str, platform: str = "ip500v2") -> Iterator[Live]:
    """A new unit, any free ports, the wall clock; ended as planned."""
    told, out = directory / "told.json", directory / "out"
    ports = [word for name in ("port", "sip", "sip-tls", "http", "https") for word in (f"--{name}", "0")]
    command = [
        *COMMAND, "serve", platform, "--state", directory / "unit", "--enable-sip-tls", "lan1,lan2", *ports,
        "--seed", "7", "--speed", "max", "--json", told, "--keylog", directory / "keys", "--log", directory / "log",
        *more,
    ]  # fmt: skip
    with out.open("wb") as file:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, text=True
        )
    try:
        wait_for(lambda: process.poll() is not None or _is_whole(told), "it does not listen")
        assert process.poll() is None, out.read_text()
        yield Live(process, directory, json.loads(told.read_text()))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, out.read_text()
        assert not re.findall("Traceback.*|.*internal fault.*", out.read_text())
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)


def _is_whole(file: Path) -> bool:
    return file.exists() and file.read_text().endswith("\n")
