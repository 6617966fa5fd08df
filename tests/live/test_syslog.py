"""``ipsim serve --syslog``: what a unit sends to its destinations comes to a real receiver."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.bench.support import Ipsim
from tests.live.serving import PATIENCE, served

SCENARIO = """\
name: A Primary that sends its events somewhere
unit: {{platform: primary}}
clock: 2026-01-05T09:00:00Z
steps:
  - ignite:
  - set_alarms: {{syslog: [192.0.2.10], format: {format}}}
  - shutdown
"""
LATER = "2028-03-01T09:00:00Z"


def prepared(ipsim: Ipsim, folder: Path, format: str) -> Path:
    (folder / "prepare.yaml").write_text(SCENARIO.format(format=format))
    ipsim.well("run", folder / "prepare.yaml", "--state", folder / "unit")
    return folder / "unit"


@pytest.mark.parametrize(
    ("format", "begins"),
    [
        ("rfc3164", b"<132>Mar  1 09:0"),
        ("rfc5424", b"<132>1 2028-03-01T09:0"),
    ],
)
def test_a_receiver_gets_the_datagram(format: str, begins: bytes, ipsim: Ipsim, tmp_path: Path) -> None:
    state = prepared(ipsim, tmp_path, format)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(PATIENCE)
        where = f"127.0.0.1:{receiver.getsockname()[1]}"
        with served("primary", state, "--clock", LATER, "--syslog", where) as server:
            datagram = receiver.recv(65536)
            assert server.end()[0] == 0
    assert datagram.startswith(begins)
    assert b" server1 ipoffice" in datagram
    assert b"the identity certificate expires on 2028-04-08T" in datagram


def test_nobody_there_disturbs_nothing(ipsim: Ipsim, tmp_path: Path) -> None:
    state = prepared(ipsim, tmp_path, "rfc3164")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served("primary", state, "--clock", LATER, "--syslog", f"127.0.0.1:{port}") as server:
        code, out, err = server.end()
    assert (code, err) == (0, "")
    assert "to syslog at 192.0.2.10: <132>" in out


@pytest.mark.parametrize("where", ["127.0.0.1", "127.0.0.1:", ":514", "h:0", "h:65536", "h:000001999999", "h:5\u00b2"])
def test_what_is_no_receiver(where: str, ipsim: Ipsim, tmp_path: Path) -> None:
    assert "HOST:PORT" in ipsim.refuses("serve", "primary", "--state", tmp_path / "unit", "--syslog", where)
    assert not (tmp_path / "unit").exists()


@pytest.mark.parametrize("host", ["a" * 300, "no-such-host.invalid"])
def test_a_host_that_is_none(host: str, ipsim: Ipsim, tmp_path: Path) -> None:
    said = ipsim.refuses("serve", "primary", "--state", tmp_path / "unit", "--port", 0, "--syslog", f"{host}:5514")
    assert f"syslog receiver {host[:20]}" in said
    assert not (tmp_path / "unit").exists()
