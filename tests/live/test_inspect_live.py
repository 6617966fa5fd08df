"""``ipsim inspect HOST:PORT``: what peers on the loopback present – TLS of any age, SIP in clear, or nothing at all."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmware.bench import inspection_peer
from firmware.bench.inspection_peer import presented
from firmware.errors import BadInput
from firmware.security.certificates import Identity
from tests.bench.support import Ipsim
from tests.live.serving import CLOCK, served
from tests.security import test_ca_issued, test_root_ca
from tests.security.specimen import issue

OWN = issue()
UNDER_A_ROOT = test_ca_issued.identity(test_root_ca.root())
ANY_CIPHER = ("-cipher", "ALL:@SECLEVEL=0")


@contextmanager
def listening(act: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[int]:
    """A port at which each connection is dealt with so; the connections end with it."""

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            stack.callback(connection.close)
            threading.Thread(target=deal_with, args=(connection,), daemon=True).start()

    def deal_with(connection: socket.socket) -> None:
        with suppress(OSError):  # the client has gone
            act(connection)

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener, ExitStack() as stack:
        threading.Thread(target=run, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def openssl(identity: Identity, tmp_path: Path, *options: str, host: str = "127.0.0.1") -> Iterator[int]:
    """``openssl s_server`` with this identity and its chain, at a free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as free:
        port = free.getsockname()[1]
    (key := tmp_path / "key.pem").write_bytes(
        identity.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (chain := tmp_path / "chain.pem").write_bytes(identity.pem())
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [
        "openssl",
        "s_server",
        "-accept",
        where,
        "-cert",
        str(chain),
        "-key",
        str(key),
        "-cert_chain",
        str(chain),
    ]
    with subprocess.Popen(
        [*map(str, command), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        assert server.stdout
        try:
            assert any("ACCEPT" in line for line in server.stdout)
            yield port
        finally:
            server.kill()


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_3",),
        ("-tls1_2",),
        ("-tls1_1", *ANY_CIPHER),
        ("-tls1", *ANY_CIPHER),
        ("-tls1_3", "-Verify", "1"),
        ("-tls1_2", "-Verify", "1"),
        ("-tls1_2", "-legacy_renegotiation"),
    ],
    ids=" ".join,
)
def test_whatever_tls_it_speaks_the_certificate_is_seen(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Also by a server that refuses us, for want of a client certificate."""
    with openssl(OWN, tmp_path, *options) as port:
        assert presented("127.0.0.1", port, None) == OWN.chain


def test_the_whole_chain_is_seen(tmp_path: Path) -> None:
    with openssl(UNDER_A_ROOT, tmp_path) as port:
        chain = presented("127.0.0.1", port, None)
    assert chain == UNDER_A_ROOT.chain


def test_over_ipv6_in_brackets(ipsim: Ipsim, tmp_path: Path) -> None:
    with openssl(OWN, tmp_path, host="::1") as port:
        said = ipsim.well("inspect", f"[::1]:{port}", "--platform", "ip500v2", "--release", "12.3")
        assert said.endswith(f"[::1]:{port}: conforms to IP500 V2, release 12.3\n")


@pytest.mark.parametrize(
    ("target", "more", "expected"),
    [("localhost", [], "one"), ("127.0.0.1", ["--name", "localhost"], "one"), ("127.0.0.1", [], "other"),
     ("localhost", ["--name", "other.example.com"], "other")],
)  # fmt: skip
def test_the_name_that_is_asked_for(ipsim: Ipsim, tmp_path: Path, target: str, more: list[str], expected: str) -> None:
    """A server with two identities: one for the name localhost, the other for any."""
    second = issue(number=2)
    (named := tmp_path / "named.pem").write_bytes(
        second.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + second.pem()
    )
    by_name = ("-servername", "localhost", "-cert2", str(named), "-key2", str(named))
    with openssl(OWN, tmp_path, *by_name) as port:
        found = json.loads(ipsim.well("inspect", f"{target}:{port}", *more, "--platform", "ip500v2", "--json"))
    seen = {second.fingerprint: "one", OWN.fingerprint: "other"}
    assert seen[found["certificates"][0]["sha256"]] == expected


def answer_sip(connection: socket.socket) -> None:
    """A SIP server: waits for a whole request."""
    request = b""
    while b"\r\n\r\n" not in request:
        data = connection.recv(4096)
        if not data:
            return
        request += data
    assert request.startswith(b"OPTIONS sip:")
    connection.sendall(b"SIP/2.0 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
    connection.recv(1)


def answer_http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


def greet(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-x\x1b[2J\r\n")
    connection.recv(1)


def keep_quiet(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    """A record of TLS that never ends."""
    for byte in b"\x16\x03\x03\x40\x00" + bytes(1000):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_peer, "HANDSHAKE_TIME", 0.5)
    monkeypatch.setattr(inspection_peer, "PROBE_TIME", 0.5)


NO_TLS = {
    "SIP in clear": (answer_sip, "no handshake in 0.5 s; it speaks SIP without TLS (SIP/2.0 405 Method Not Allowed)"),
    "HTTP": (answer_http, "wrong version number; in clear it says 'HTTP/1.1 400 Bad Request'"),
    "a greeting": (greet, "wrong version number; in clear it says 'SSH-2.0-x\ufffd[2J'"),
    "silence": (keep_quiet, "no handshake in 0.5 s; nor does it answer a SIP OPTIONS in clear"),
    "a closed door": (lambda c: c.close(), "; nor does it answer a SIP OPTIONS in clear"),
    "drops of TLS": (drip, "no handshake in 0.5 s; in clear it says "),
}


@pytest.mark.parametrize("peer", NO_TLS)
@pytest.mark.usefixtures("_hurried")
def test_what_is_there_instead(ipsim: Ipsim, peer: str) -> None:
    act, says = NO_TLS[peer]
    began = time.monotonic()
    with listening(act) as port:
        said = ipsim.refuses("inspect", f"127.0.0.1:{port}")
    assert said.startswith(f"ipsim: 127.0.0.1:{port}: no TLS: ")
    assert says in said
    assert time.monotonic() - began < 5


def test_nobody_there(ipsim: Ipsim) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert ipsim.refuses("inspect", f"127.0.0.1:{port}") == f"ipsim: 127.0.0.1:{port}: Connection refused\n"


def test_nobody_who_answers(ipsim: Ipsim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full drops what more comes."""
    monkeypatch.setattr(inspection_peer, "CONNECT_TIME", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        port = full.getsockname()[1]
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        assert ipsim.refuses("inspect", f"127.0.0.1:{port}") == f"ipsim: 127.0.0.1:{port}: no answer in 0.3 s\n"


def test_a_port_that_tells_tls_from_sip_by_the_first_bytes(tmp_path: Path) -> None:
    """It says nothing before it has seen some, and hands a ClientHello on."""
    with openssl(OWN, tmp_path) as behind:

        def by_first_bytes(connection: socket.socket) -> None:
            if connection.recv(3, socket.MSG_PEEK)[:2] != b"\x16\x03":
                return answer_sip(connection)
            with socket.create_connection(("127.0.0.1", behind)) as server:
                threading.Thread(target=pump, args=(server, connection), daemon=True).start()
                return pump(connection, server)

        with listening(by_first_bytes) as port:
            assert presented("127.0.0.1", port, None) == OWN.chain


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            sink.sendall(data)


def test_a_certificate_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreadable(*_: object, **__: object) -> None:
        raise ValueError("no certificate")

    monkeypatch.setattr("OpenSSL.SSL.Connection.get_peer_cert_chain", unreadable)
    with openssl(OWN, tmp_path) as port, pytest.raises(BadInput, match="a certificate that the peer presents cannot"):
        presented("127.0.0.1", port, None)


@pytest.mark.slow
def test_a_server_before_its_ignition(ipsim: Ipsim, tmp_path: Path) -> None:
    """``ipsim serve`` shows its temporary certificate: every field of it as we have it."""
    with served("primary", tmp_path / "unit", "--clock", CLOCK) as unit:
        found = json.loads(ipsim.well("inspect", f"127.0.0.1:{unit.port}", "--platform", "primary", "--json"))
        assert found["fits"][0]["role"] == "temporary"
        assert not [row for row in found["fields"] if row["outcome"] == "differs"]
        assert unit.process.poll() is None
