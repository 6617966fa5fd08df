"""A live unit as phones meet it: SIP over TLS, TCP and UDP on both LANs, and the files that they load."""

from __future__ import annotations

import signal
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.bench.support import Ipsim
from tests.live.serving import CLOCK, PATIENCE, Served, served, wait_for

NAME = "ipoffice-00e00705918e.avaya.com"


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("phones")
    more = ("--enable-sip-tls", "lan1,lan2", "--log", str(folder / "sip.log"), "--keylog", str(folder / "keys.log"))
    with served("ip500v2", folder / "unit", *more, "--seed", "7") as running:
        yield running


def options(transport: str) -> bytes:
    return (
        f"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.9:5060;branch=z9hG4bK1;rport\r\n"
        "From: <sip:somebody@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def connect(place: tuple[str, int]) -> socket.socket:
    return socket.create_connection(place, timeout=PATIENCE)


def secured(place: tuple[str, int], root: bytes | None = None, name: str = NAME) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=root.decode())
    return context.wrap_socket(connect(place), server_hostname=name)


def fetched(unit: Served, path: str, service: str = "http") -> bytes:
    host, port = unit.place(service)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    scheme = "https" if service == "https" else "http"
    url = f"{scheme}://{host}:{port}/{path}"
    with urllib.request.urlopen(url, timeout=PATIENCE, context=context) as answer:  # noqa: S310  # our own
        return bytes(answer.read())


@pytest.mark.parametrize("lan", [1, 2])
def test_sip_answers_on_every_transport_of_each_lan(unit: Served, lan: int) -> None:
    with closing(secured(unit.place("sip-tls", lan))) as phone:
        phone.sendall(options("TLS"))
        assert phone.recv(4096).startswith(b"SIP/2.0 200")
    with closing(connect(unit.place("sip-tcp", lan))) as phone:
        phone.sendall(options("TCP"))
        assert phone.recv(4096).startswith(b"SIP/2.0 200")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as phone:
        phone.settimeout(PATIENCE)
        phone.sendto(options("UDP"), unit.place("sip-udp", lan))
        assert phone.recv(4096).startswith(b"SIP/2.0 200")


def test_phones_load_their_settings_and_the_root_that_then_validates(unit: Served) -> None:
    settings = fetched(unit, "46xxsettings.txt").decode()
    assert 'TRUSTCERTS "WebRootCA.pem' in settings
    assert "transport=tls" in settings
    root = fetched(unit, "WebRootCA.pem")
    assert root == fetched(unit, "WebRootCA.pem", "https")
    with closing(secured(unit.place("sip-tls"), root)) as phone:
        assert phone.getpeercert(binary_form=True) == x509.load_pem_x509_certificate(root).public_bytes(Encoding.DER)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        secured(unit.place("sip-tls"), root, "another.example.com")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(unit, "no/such/file")


def test_sip_in_clear_on_the_tls_port_and_tls_on_the_plain_one_end_soon(unit: Served) -> None:
    with closing(connect(unit.place("sip-tls"))) as phone:
        phone.sendall(options("TLS"))
        assert not phone.recv(4096).startswith(b"SIP")
    with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
        secured(unit.place("sip-tcp"))


def test_the_log_and_the_key_log_hold_what_they_are_for(unit: Served) -> None:
    with closing(secured(unit.place("sip-tls"))) as phone:
        phone.sendall(options("TLS"))
        phone.recv(4096)
    folder = unit.state.parent
    wait_for(lambda: "OPTIONS sip:127.0.0.1" in (folder / "sip.log").read_text(), "nothing in the log")
    assert "TLSv1.3, TLS_" in (folder / "sip.log").read_text()
    assert "CLIENT_TRAFFIC_SECRET_0" in (folder / "keys.log").read_text()
    assert (folder / "keys.log").stat().st_mode & 0o077 == 0


def test_without_it_enabled_the_tls_port_is_closed(tmp_path: Path) -> None:
    with served("ip500v2", tmp_path / "unit", "--seed", "7") as unit:
        services = {row["service"] for row in unit.told["listeners"]}
        assert services == {"sip-tcp", "sip-udp", "http", "https"}
        code, _, errors = unit.end()
    assert (code, errors) == (0, "")


def test_a_regenerated_identity_is_served_from_the_next_handshake_on(tmp_path: Path) -> None:
    with served("ip500v2", tmp_path / "unit", "--enable-sip-tls", "lan1", "--seed", "7") as unit:
        place = unit.place("sip-tls")
        call = secured(place)
        before = call.getpeercert(binary_form=True)
        unit.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: _shown(place) not in (None, before), "it shows the old identity")
        with closing(call):  # an established connection stays
            call.sendall(options("TLS"))
            assert call.recv(4096).startswith(b"SIP/2.0 200")


def _shown(place: tuple[str, int]) -> bytes | None:
    try:
        with closing(secured(place)) as phone:
            return phone.getpeercert(binary_form=True)
    except OSError:
        return None  # silent while it makes its identity


def test_the_unit_served_is_the_unit_kept(ipsim: Ipsim, tmp_path: Path) -> None:
    state = tmp_path / "unit"
    with served("ip500v2", state, "--enable-sip-tls", "lan2", "--clock", CLOCK) as unit:
        unit.end()
    assert "LAN2             192.168.43.1/24, DHCP client, SIP TLS on" in ipsim.well("show", "--state", state)
    with served("ip500v2", state) as unit:
        assert unit.place("sip-tls", 2)[0] == "127.0.0.2"
        with pytest.raises(KeyError):
            unit.place("sip-tls", 1)
