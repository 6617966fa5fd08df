"""``ipsim serve``: what a client sees before, during and after ignition, and how it ends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.bench.support import Ipsim, contents
from tests.ignition.browsing import PASSWORDS, Answer, Browser, answer
from tests.live.serving import CLOCK, PATIENCE, Served, certificate_of, served, wait_for


class OverTheWire(Browser):
    """The same browser over one TLS connection that it keeps."""

    def __init__(self, server: Served) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # there is no application in this process
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE, context=context)
        self.connection.connect()
        self.socket = self.connection.sock

    def __enter__(self) -> OverTheWire:
        return self

    def __exit__(self, *_error: object) -> None:
        self.connection.close()

    def carry(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        self.connection.request(method, target, body or None, dict(headers))
        response = self.connection.getresponse()
        data = response.read()
        return Answer(response.status, [(name.lower(), value) for name, value in response.getheaders()], data)

    def shown(self) -> x509.Certificate:
        """The certificate of its connection."""
        der = self.socket.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


def common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def ignite(browser: Browser) -> None:
    """From the log-in to the moment at which Apply has begun."""
    browser.log_in()
    go_on(browser)


def go_on(browser: Browser) -> None:
    while not browser.page.form().action.endswith("/review"):
        answer(browser)
    browser.submit()


def curl(server: Served, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "20", "--cacert", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_curl_takes_the_identity_that_is_served_after_apply(tmp_path: Path) -> None:
    with served("primary", tmp_path / "unit", "--clock", CLOCK) as server, OverTheWire(server) as browser:
        assert common_name(server.certificate()) == "ipoffice-00e007060001.avaya.com"
        ignite(browser)
        wait_for(lambda: "This server is set up" in browser.open("/apply").text, "Apply does not end")
        assert common_name(browser.shown()) == "ipoffice-00e007060001.avaya.com", "the connection is the same one"
        assert common_name(server.certificate()) == "server1"
        (root := tmp_path / "root.pem").write_bytes(browser.open("/ca.pem").body)
        resolve = f"server1:{server.port}:127.0.0.1"
        by_name = curl(server, root, "--resolve", resolve, f"https://server1:{server.port}/login")
        assert (by_name.returncode, "Log in" in by_name.stdout) == (0, True), by_name.stderr
        by_address = curl(
            server, root, "--connect-to", f"192.168.42.1:{server.port}:127.0.0.1:{server.port}",
            f"https://192.168.42.1:{server.port}/login",
        )  # fmt: skip
        assert by_address.returncode == 0, by_address.stderr
        wrong = curl(server, root, "--resolve", f"other:{server.port}:127.0.0.1", f"https://other:{server.port}/")
        assert wrong.returncode == 60, "no alternative name of the certificate"
        stranger = curl(server, Path("/etc/ssl/certs/ca-certificates.crt"), "--resolve", resolve,
                        f"https://server1:{server.port}/")  # fmt: skip
        assert stranger.returncode in (60, 77), "without the root there is no trust"


def test_an_interruption_is_a_planned_shutdown_and_the_next_call_goes_on(ipsim: Ipsim, tmp_path: Path) -> None:
    with served("secondary", tmp_path / "unit", "--clock", CLOCK) as server, OverTheWire(server) as browser:
        browser.log_in()
        answer(browser)
        code, out, err = server.end(signal.SIGINT)
        assert (code, err) == (0, "")
        assert "shutdown.done" in out
    assert "answered: Accept licence" in ipsim.well("show", "--state", tmp_path / "unit")
    with served("secondary", tmp_path / "unit") as server, OverTheWire(server) as browser:
        browser.log_in()
        assert browser.page.form().action == "/ignition/server_type"
        go_on(browser)
        assert server.end(signal.SIGTERM)[0] == 0
    assert "ignition         done" in ipsim.well("show", "--state", tmp_path / "unit")


def test_a_kill_in_the_middle_of_apply_is_a_power_cut(ipsim: Ipsim, tmp_path: Path) -> None:
    """At ten times the speed Apply takes two seconds; it is killed when the first tasks are done."""
    with served("primary", tmp_path / "unit", "--clock", CLOCK, speed="10") as server, OverTheWire(server) as browser:
        ignite(browser)
        journal = tmp_path / "unit" / "journal.jsonl"
        wait_for(lambda: '"apply.network"' in journal.read_text(), "Apply does not begin")
        server.process.kill()
        server.process.communicate()
    assert "Apply has begun" in ipsim.well("show", "--state", tmp_path / "unit")
    with served("primary", tmp_path / "unit") as server:
        assert common_name(server.certificate()) == "server1"
        assert server.end()[0] == 0
    shown = json.loads(ipsim.well("show", "--state", tmp_path / "unit", "--json"))
    assert shown["identity"]["generation"] == 1


def test_by_browser_and_by_file_the_disk_is_the_same(ipsim: Ipsim, tmp_path: Path) -> None:
    with (
        served("primary", tmp_path / "browser", "--clock", CLOCK, "--seed", "7") as server,
        OverTheWire(server) as browser,
    ):
        ignite(browser)
        assert server.end()[0] == 0
    passwords = "".join(f"  {name}: {text}\n" for name, text in PASSWORDS.items() if not name.endswith("_again"))
    (file := tmp_path / "answers.yaml").write_text(f"time: {{time_zone: Europe/Berlin}}\npasswords:\n{passwords}")
    ipsim.well("ignite", "primary", "--answers", file, "--state", tmp_path / "file", "--clock", CLOCK, "--seed", 7)
    assert (tmp_path / "browser/disk.img").read_bytes() == (tmp_path / "file/disk.img").read_bytes()


def test_a_port_in_use_is_said_in_one_line_and_nothing_is_made(ipsim: Ipsim, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = ipsim.refuses("serve", "primary", "--state", tmp_path / "unit", "--port", port)
    assert f"127.0.0.1, port {port}: Address already in use; give another" in said
    assert not (tmp_path / "unit").exists()


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "1e9"])
def test_a_speed_that_is_none(speed: str, ipsim: Ipsim, tmp_path: Path) -> None:
    assert "is no speed" in ipsim.refuses("serve", "primary", "--state", tmp_path / "unit", f"--speed={speed}")


def test_sip_over_tls_needs_a_server_that_is_ignited(ipsim: Ipsim, tmp_path: Path) -> None:
    more = ("--state", tmp_path / "unit", "--port", "0", "--enable-sip-tls", "lan1")
    assert "before this server is ignited" in ipsim.refuses("serve", "primary", *more)


def test_two_cannot_serve_one_unit(ipsim: Ipsim, tmp_path: Path) -> None:
    with served("primary", tmp_path / "unit", "--clock", CLOCK) as server:
        before = contents(tmp_path / "unit")
        assert "in use by another ipsim" in ipsim.refuses("serve", "primary", "--state", tmp_path / "unit", "--port", 0)
        assert contents(tmp_path / "unit") == before
        assert certificate_of(server.connect()).serial_number
