"""``ipsim cert``: the certificate for anybody, the key for who has the password; OpenSSL does TLS with both."""

from __future__ import annotations

import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from tests.bench.support import Ipsim, contents

NAME = "ipoffice-00e00705918e.avaya.com"
PASSWORD = "correct horse µ"


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture
def p12(ipsim: Ipsim, unit: Path, tmp_path: Path) -> Path:
    """The unit's identity, exported."""
    (tmp_path / "password").write_text(f"{PASSWORD}\r\nthe second line is not read\n", "utf-8")
    exported = tmp_path / "unit.p12"
    said = ipsim.well("cert", "--state", unit, "--p12", exported, "--password-file", tmp_path / "password")
    assert said == f"certificate and key written to {exported}\n"
    return exported


def test_the_certificate_is_pem(ipsim: Ipsim, unit: Path) -> None:
    pem = ipsim.well("cert", "--state", unit)
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.subject.rfc4514_string().endswith(f"CN={NAME}")
    assert pem == certificate.public_bytes(Encoding.PEM).decode()


def test_openssl_verifies_it_for_its_name_only(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    (pem := tmp_path / "u.pem").write_text(ipsim.well("cert", "--state", unit))
    verify = ("openssl", "verify", "-attime", "1795425000", "-CAfile", str(pem), "-verify_hostname")
    assert run(*verify, NAME, str(pem)).returncode == 0
    assert run(*verify, "ipoffice-00e007000001.avaya.com", str(pem)).returncode != 0


def test_the_export_opens_with_its_password_only(ipsim: Ipsim, unit: Path, p12: Path) -> None:
    assert stat.S_IMODE(p12.stat().st_mode) == 0o600
    key, certificate, others = pkcs12.load_key_and_certificates(p12.read_bytes(), PASSWORD.encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    assert certificate
    assert certificate.public_bytes(Encoding.PEM).decode() == ipsim.well("cert", "--state", unit)
    assert certificate.public_key() == key.public_key()
    assert others == []
    for wrong in (b"", b"correct horse", None):
        with pytest.raises(ValueError, match="password"):
            pkcs12.load_key_and_certificates(p12.read_bytes(), wrong)


def test_an_export_over_an_old_file_is_for_its_owner_too(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")
    (old := tmp_path / "old.p12").write_text("readable for everybody")
    old.chmod(0o644)
    ipsim.well("cert", "--state", unit, "--p12", old, "--password-file", tmp_path / "password")
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("p12", "password", "says"),
    [
        ("out.p12", "none", "none: No such file or directory"),
        ("out.p12", "empty", "empty: its first line is empty; a password is needed there"),
        ("out.p12", "blank", "blank: its first line is empty"),
        ("no/out.p12", "good", "no/out.p12: No such file or directory"),
    ],
)
def test_an_export_that_cannot_be(
    ipsim: Ipsim, unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, p12: str, password: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("empty", ""), ("blank", "\nsecond\n"), ("good", "x\n")):
        Path(name).write_text(text)
    before = contents(tmp_path)
    refusal = ipsim.refuses("cert", "--state", unit, "--p12", p12, "--password-file", password)
    assert refusal.startswith(f"ipsim: {says}")
    assert contents(tmp_path) == before


@contextmanager
def serving(pem: Path) -> Iterator[int]:
    """``openssl s_server`` with this identity on a free port of the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pem), "-key", str(pem), "-www"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout
        try:
            assert any("ACCEPT" in line for line in server.stdout)
            yield port
        finally:
            server.kill()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_tls_handshake_with_the_exported_identity(p12: Path, tmp_path: Path, version: str) -> None:
    key, certificate, _ = pkcs12.load_key_and_certificates(p12.read_bytes(), PASSWORD.encode())
    assert key
    assert certificate
    (pem := tmp_path / "identity.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    (trusted := tmp_path / "trusted.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    with serving(pem) as port:
        client = ("openssl", "s_client", "-connect", f"127.0.0.1:{port}", version, "-attime", "1795425000",
                  "-CAfile", str(trusted), "-verify_return_error", "-verify_hostname")  # fmt: skip
        right, wrong = run(*client, NAME, text="Q\n"), run(*client, "ipoffice-00e007000001.avaya.com", text="Q\n")
        late = run(*(part if part != "1795425000" else "1900000000" for part in client), NAME, text="Q\n")
    assert right.returncode == 0
    assert "Verify return code: 0 (ok)" in right.stdout
    assert wrong.returncode != 0
    assert "hostname mismatch" in (wrong.stdout + wrong.stderr).lower()
    assert late.returncode != 0
    assert "certificate has expired" in late.stdout + late.stderr


def test_openssl_opens_the_export(p12: Path, tmp_path: Path) -> None:
    (password := tmp_path / "for openssl").write_text(PASSWORD + "\n", "utf-8")
    opened = run("openssl", "pkcs12", "-in", str(p12), "-passin", f"file:{password}", "-noenc")
    assert "BEGIN PRIVATE KEY" in opened.stdout, opened.stderr
    assert run("openssl", "pkcs12", "-in", str(p12), "-passin", "pass:wrong", "-noenc").returncode != 0


def test_no_private_key_anywhere_else(ipsim: Ipsim, unit: Path, p12: Path, tmp_path: Path) -> None:
    """Not in what any command prints, not in the journal, the description, a report – and in the images only sealed."""
    key, _, _ = pkcs12.load_key_and_certificates(p12.read_bytes(), PASSWORD.encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    secrets = [value.to_bytes(-(-value.bit_length() // 8), "big") for value in (numbers.p, numbers.q, numbers.d)]
    words = [secret.hex().encode() for secret in secrets] + [str(value).encode() for value in (numbers.p, numbers.d)]
    (tmp_path / "s.yaml").write_text(
        "name: x\nunit: {platform: ip500v2}\nsteps: [power_on, delete_certificate, expect: {identity: kept}]"
    )
    said = [ipsim("boot", "ip500v2", "--state", unit)]
    said += [
        ipsim(*command.split(), "--state", unit) for command in ("show", "show --json", "cert", "fsck", "fsck --json")
    ]
    said += [
        ipsim("run", tmp_path / "s.yaml", "--state", unit, "--json", tmp_path / "j", "--junit", tmp_path / "x", "-v")
    ]
    written = [*contents(unit).values(), (tmp_path / "j").read_bytes(), (tmp_path / "x").read_bytes()]
    for data in [*written, *((one.out + one.err).encode() for one in said)]:
        assert b"PRIVATE KEY" not in data
        for secret in [*secrets, *words]:
            assert secret not in data
            assert secret.upper() not in data
