"""strongSwan's client (``pki``) enrols with the simulated System Manager, over HTTP on the loopback."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmware.peers.system_manager import Approval, SystemManager
from firmware.security.reading import alternative_names, describe, load, pem
from firmware.times import DAY
from tests.peers.support import PASSWORD, key, manager

DN = "C=US, O=Example, CN=branch1.example.com"
SANS = ["--san", "branch1.example.com", "--san", "192.168.42.1"]
SUBJECT = "C=US, O=Example, CN=branch1.example.com"
LARGEST_BODY = 1024 * 1024


def wall_clock() -> int:
    """The client's clock is the machine's."""
    return time.time_ns() // 1_000_000


@contextmanager
def serving(
    who: SystemManager, clock: Callable[[], int] = wall_clock, after: Callable[[], object] = lambda: None
) -> Iterator[str]:
    """The URL of a System Manager; ``after`` runs once each answer is made."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def _serve(self, body: bytes) -> None:
            with lock:
                reply = who.serve(self.command, self.path, body, clock())
                after()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            self._serve(self.rfile.read(min(size, LARGEST_BODY)))

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ejbca/publicweb/apply/scep/pkiclient.exe"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def pki(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    direct = os.environ | {"no_proxy": "*"}
    return subprocess.run(["pki", *map(str, arguments)], capture_output=True, timeout=60, check=False, env=direct)


def keyfile(directory: Path, number: int) -> Path:
    path = directory / f"key{number}.pem"
    path.write_bytes(key(number).private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return path


def authority(url: str, directory: Path) -> list[Path]:
    """The CA's certificates, as the client fetches them."""
    out = directory / "ca.der"
    done = pki("--scepca", "--url", url, "--caout", out, "--force")
    # strongSwan fetches by its plug-in "curl", of the package libstrongswan-extra-plugins.
    assert done.returncode == 0, done.stderr
    return sorted(directory.glob("ca*.der"))


def scep(url: str, directory: Path, number: int, *more: object) -> subprocess.CompletedProcess[bytes]:
    """Ask for a certificate over the key of this number."""
    cas = authority(url, directory)
    issuing = next(path for path in cas if path.read_bytes() in ISSUING)
    others = [part for path in cas if path != issuing for part in ("--cacert", path)]
    return pki(
        "--scep", "--url", url, "--in", keyfile(directory, number), "--dn", DN, *SANS,
        "--cacert-enc", issuing, "--cacert-sig", issuing, *others, *more,
    )  # fmt: skip


ISSUING = {manager(intermediates=levels).authority.signer.der for levels in (0, 1, 2)}


def verifies(der: bytes, who: SystemManager, directory: Path) -> bool:
    """By openssl, from the root alone, the intermediates sent along."""
    leaf, root, between = directory / "leaf.pem", directory / "root.pem", directory / "between.pem"
    leaf.write_bytes(pem(der))
    root.write_bytes(pem(who.authority.root))
    between.write_bytes(b"".join(pem(one) for one in who.authority.chain[:-1]))
    untrusted = ["-untrusted", str(between)] if who.authority.chain[1:] else []
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", str(root), *untrusted, str(leaf)],
        capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    return done.returncode == 0


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_the_client_fetches_the_ca(levels: int, tmp_path: Path) -> None:
    who = manager(intermediates=levels)
    with serving(who) as url:
        found = {path.read_bytes() for path in authority(url, tmp_path)}
    assert found == set(who.authority.chain)


@pytest.mark.parametrize("levels", [0, 1, 2])
@pytest.mark.parametrize("options", [[], ["--digest", "sha512"], ["--rsa-padding", "pss"]])
def test_it_enrols(levels: int, options: list[str], tmp_path: Path) -> None:
    who = manager(intermediates=levels)
    with serving(who) as url:
        done = scep(url, tmp_path, 1, "--password", PASSWORD, *options)
    assert done.returncode == 0, done.stderr
    ((subject, chain),) = who.enrolled().items()
    assert done.stdout == chain[0]
    assert subject == SUBJECT == describe(done.stdout)["subject"]
    assert alternative_names(done.stdout) == ("branch1.example.com", "192.168.42.1")
    assert load(done.stdout).public_key() == key(1).private.public_key()
    assert verifies(done.stdout, who, tmp_path)


def test_the_same_again_is_the_same_certificate(tmp_path: Path) -> None:
    who = manager()
    with serving(who) as url:
        first = scep(url, tmp_path, 1, "--password", PASSWORD)
        again = scep(url, tmp_path, 1, "--password", PASSWORD)
    assert first.stdout == again.stdout != b""
    assert who.issued == 1


REFUSED = {
    "wrong password": (["--password", "wrong"], b"badRequest"),
    "no password": ([], b"badRequest"),
    "SHA-1": (["--password", PASSWORD, "--digest", "sha1"], b"badAlg"),
    "3DES": (["--password", PASSWORD, "--cipher", "des3"], b"badAlg"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    options, reason = REFUSED[name]
    who = manager()
    with serving(who) as url:
        done = scep(url, tmp_path, 1, *options)
    assert done.returncode != 0
    assert b"failInfo:     " + reason in done.stderr
    assert done.stdout == b""
    assert (who.issued, who.book) == (0, {})


def test_the_same_key_under_another_name_is_another_certificate(tmp_path: Path) -> None:
    """Its transaction is its key, whatever it asks for."""
    who = manager()
    with serving(who) as url:
        first = scep(url, tmp_path, 1, "--password", PASSWORD)
        other = scep(url, tmp_path, 1, "--password", PASSWORD, "--dn", "CN=other")
    assert describe(first.stdout)["subject"] == SUBJECT
    assert describe(other.stdout)["subject"] == "CN=other"
    assert who.issued == 2


@pytest.mark.parametrize("approved", [True, False])
def test_it_polls_until_a_person_decides(approved: bool, tmp_path: Path) -> None:
    who = manager(approval="manual")
    seen: list[int] = []

    def decide() -> None:
        """After the request was answered, and one poll was."""
        for waiting in who.pending():
            seen.append(len(who.pending()))
            if len(seen) == 2:
                (who.approve if approved else who.reject)(waiting.transaction)

    with serving(who, after=decide) as url:
        done = scep(url, tmp_path, 1, "--password", PASSWORD, "--interval", 1, "--maxpolltime", 20)
    assert seen == [1, 1]
    assert (done.returncode == 0) is approved, done.stderr
    assert who.issued == approved
    if approved:
        assert verifies(done.stdout, who, tmp_path)


def renewal(url: str, directory: Path, who: SystemManager, of: bytes, old_key: int, number: int) -> Any:
    old = directory / "old.der"
    old.write_bytes(of)
    return scep(url, directory, number, "--cert", old, "--key", keyfile(directory, old_key))


def test_it_renews_without_a_password(tmp_path: Path) -> None:
    who = manager(intermediates=1)
    with serving(who) as url:
        first = scep(url, tmp_path, 1, "--password", PASSWORD)
        who.approval = Approval.MANUAL  # a renewal waits for nobody
        done = renewal(url, tmp_path, who, first.stdout, 1, 2)
    assert done.returncode == 0, done.stderr
    assert load(done.stdout).public_key() == key(2).private.public_key()
    assert who.issued == 2
    assert who.enrolled()[SUBJECT][0] == done.stdout
    assert verifies(done.stdout, who, tmp_path)


def test_another_cas_certificate_renews_nothing(tmp_path: Path) -> None:
    who, other = manager(), manager(seed=2)
    with serving(other) as url:
        foreign = scep_of_other(url, tmp_path, other)
    with serving(who) as url:
        done = renewal(url, tmp_path, who, foreign, 1, 2)
    assert done.returncode != 0
    assert who.issued == 0


def scep_of_other(url: str, directory: Path, other: SystemManager) -> bytes:
    issuing = directory / "other.der"
    issuing.write_bytes(other.authority.root)
    done = pki(
        "--scep", "--url", url, "--in", keyfile(directory, 1), "--dn", DN, *SANS,
        "--cacert-enc", issuing, "--cacert-sig", issuing, "--password", PASSWORD,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_expired_certificate_renews_nothing(tmp_path: Path) -> None:
    who = manager(lifetime_days=1)
    ahead = [0]
    with serving(who, clock=lambda: wall_clock() + ahead[0]) as url:
        first = scep(url, tmp_path, 1, "--password", PASSWORD)
        ahead[0] = 2 * DAY
        done = renewal(url, tmp_path, who, first.stdout, 1, 2)
    assert first.returncode == 0
    assert done.returncode != 0
    assert who.issued == 1


def test_what_strongswan_makes_is_read(tmp_path: Path) -> None:
    """Its attributes are not in DER's order when there is a password: the strict decoder refuses the request."""
    from firmware.security.signing_requests import read

    done = pki("--req", "--in", keyfile(tmp_path, 1), "--type", "rsa", "--dn", DN, *SANS, "--password", PASSWORD)
    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        _ = x509.load_der_x509_csr(done.stdout).attributes
    request = read(done.stdout)
    assert (request.title, request.challenge) == (SUBJECT, PASSWORD)
    assert request.dns == ("branch1.example.com",)
    assert request.addresses == ("192.168.42.1",)
