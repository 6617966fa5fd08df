"""What peers of SIP can do, and that it costs nobody else their service: bounded, closed, and nothing left behind."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from OpenSSL import SSL

from tests.live.serving import PATIENCE, Served, served, wait_for
from tests.live.test_phones import connect, options, secured

MANY, FLOOD = 10_000, 400
SOON = 5.0  # seconds within which an honest peer is served all the same


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served("ip500v2", tmp_path_factory.mktemp("hostile") / "unit", "--enable-sip-tls", "lan1,lan2") as running:
        yield running


def open_files(unit: Served) -> int:
    return len(list(Path(f"/proc/{unit.process.pid}/fd").iterdir()))


def memory(unit: Served) -> float:
    """MB."""
    status = Path(f"/proc/{unit.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def is_served(unit: Served) -> float:
    """Seconds that an honest phone waits for an answer over TLS."""
    started = time.monotonic()
    with closing(secured(unit.place("sip-tls"))) as phone:
        phone.sendall(options("TLS"))
        assert phone.recv(4096).startswith(b"SIP/2.0 200")
    return time.monotonic() - started


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_half_open_handshakes_shut_nobody_out(unit: Served, first: bytes) -> None:
    before = open_files(unit)
    with ExitStack() as stack:
        for _ in range(FLOOD):
            peer = stack.enter_context(closing(connect(unit.place("sip-tls"))))
            peer.sendall(first)
        assert is_served(unit) < SOON
    wait_for(lambda: open_files(unit) <= before, "connections are left behind")


@pytest.mark.slow
@pytest.mark.parametrize("service", ["sip-tls", "sip-tcp"])
def test_ten_thousand_connects_and_closes_leave_nothing(unit: Served, service: str) -> None:
    is_served(unit)
    files, used = open_files(unit), []
    for _ in range(2):  # the first may need room for all that are open at once; from then on none
        for _ in range(MANY):
            connect(unit.place(service)).close()
        assert is_served(unit) < SOON
        wait_for(lambda: open_files(unit) <= files, "connections are left behind")
        used.append(memory(unit))
    assert used[-1] - used[0] < 60  # a connection that stayed would cost some 20 KB, all of them 200 MB


def test_headers_without_an_end_are_answered_and_closed(unit: Served) -> None:
    with closing(secured(unit.place("sip-tls"))) as phone:
        phone.sendall(options("TLS")[:-2] + b"X: " + b"y" * 70_000)
        assert phone.recv(4096).startswith(b"SIP/2.0 513")
        assert phone.recv(4096) == b""
    assert is_served(unit) < SOON


@pytest.mark.parametrize("service", ["sip-tls", "sip-tcp"])
def test_garbage_ends_its_own_connection(unit: Served, service: str) -> None:
    with closing(secured(unit.place(service)) if service == "sip-tls" else connect(unit.place(service))) as phone:
        phone.sendall(bytes(range(256)) * 40)
        while phone.recv(4096):
            pass
    assert is_served(unit) < SOON


def test_a_datagram_of_anything_is_survived(unit: Served) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as peer:
        for data in (b"", b"\r\n\r\n", bytes(1000), b"INVITE", options("UDP")[:-30], b"\xff" * 60_000):
            peer.sendto(data, unit.place("sip-udp"))
    assert is_served(unit) < SOON


def test_a_renegotiation_is_refused(unit: Served) -> None:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with closing(connect(unit.place("sip-tls"))) as network:
        network.setblocking(True)
        network.settimeout(None)
        client = SSL.Connection(context, network)
        client.set_connect_state()
        client.do_handshake()
        assert client.renegotiate()
        with pytest.raises(SSL.Error):
            client.do_handshake()
    assert is_served(unit) < SOON


def test_a_peer_that_reads_nothing_costs_no_memory(unit: Served) -> None:
    before = memory(unit)
    with closing(connect(unit.place("sip-tcp"))) as phone:
        phone.settimeout(PATIENCE / 10)
        via = b"Via: SIP/2.0/TCP 127.0.0.9;branch=z9hG4bK" + b"y" * 400 + b"\r\n"  # it comes back in each answer
        request = options("TCP").replace(b"From:", via * 20 + b"From:")
        try:
            for _ in range(40_000):
                phone.sendall(request)
        except TimeoutError:
            pass  # it is not read any more, as it should be
        assert is_served(unit) < SOON
        assert memory(unit) - before < 50
