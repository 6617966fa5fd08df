"""OpenSSL, GnuTLS and curl judge a live unit, each over TLS 1.2 and 1.3: verdict, exit code, and alert.

What a client sends is in its own words, and what came of it in the unit's log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench.support import process
from tests.interop.live import HOST, OPTIONS, OTHER_ROOT, Live, Ran, living, run, until
from tests.live.serving import PATIENCE
from tests.live.test_serve import OverTheWire

VERSIONS = ("1.2", "1.3")
BEFORE, AFTER = "2001-01-01 00:00:00", "2035-01-01 00:00:00"
EPOCHS = {BEFORE: 978307200, AFTER: 2051222400}


class Case(NamedTuple):
    """What a client is told, and what it makes of it. ``alert`` in OpenSSL's words; "": it complains of nothing."""

    root: str = "own"
    name: str = "own"
    clock: str = ""
    says: str = ""
    alert: str = ""


def names(unit: Live, case: Case) -> str:
    return {"own": unit.name, "address": unit.address}.get(case.name, case.name)


def root(unit: Live, case: Case) -> Path:
    return unit.root if case.root == "own" else OTHER_ROOT


def s_client(unit: Live, version: str, *options: object, service: str = "sip-tls") -> Ran:
    return run(
        "openssl", "s_client", "-connect", f"{HOST}:{unit.port(service)}", f"-tls{version.replace('.', '_')}", "-msg",
        "-no-CApath", "-no-CAstore", *options,
    )  # fmt: skip


OPENSSL = {
    "by name": Case(says="Verification: OK"),
    "by address": Case(name="address", says="Verification: OK"),
    "wrong root": Case(root="other", says="Verification error: self-signed certificate", alert="unknown ca"),
    "wrong name": Case(name="pbx.example.com", says="Verification error: hostname mismatch", alert="bad certificate"),
    "wrong address": Case(name=HOST, says="Verification error: IP address mismatch", alert="bad certificate"),
    "clock behind": Case(clock=BEFORE, says="certificate is not yet valid", alert="bad certificate"),
    "clock ahead": Case(clock=AFTER, says="certificate has expired", alert="certificate expired"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OPENSSL)
def test_openssl(name: str, version: str, live: Live) -> None:
    case = OPENSSL[name]
    wanted = names(live, case)
    options = ["-verify_return_error", "-CAfile", root(live, case)]
    options += ["-verify_ip" if re.fullmatch(r"[\d.]+", wanted) else "-verify_hostname", wanted]
    options += ["-attime", EPOCHS[case.clock]] if case.clock else []
    with live.hears(case.alert):
        ran = s_client(live, version, *options)
    assert ran.code == bool(case.alert), ran.said
    assert case.says in ran.said
    sent = re.findall(r">>> TLS ([\d.]+), Alert .*, (?:fatal|warning) (\w+)", ran.said)
    assert sent == [(version, case.alert.replace(" ", "_") or "close_notify")]


GNUTLS = {
    "by name": Case(says="The certificate is trusted"),
    "by address": Case(name="address", says="The certificate is trusted"),
    "wrong root": Case(root="other", says="The certificate issuer is unknown", alert="bad certificate"),
    "wrong name": Case(
        name="pbx.example.com", says="The name in the certificate does not match", alert="bad certificate"
    ),
    "wrong address": Case(name=HOST, says="The name in the certificate does not match", alert="bad certificate"),
    "clock behind": Case(clock=BEFORE, says="chain uses not yet valid certificate", alert="bad certificate"),
    "clock ahead": Case(clock=AFTER, says="chain uses expired certificate", alert="bad certificate"),
}


def gnutls(unit: Live, version: str, *options: object, clock: str = "") -> Ran:
    return run(
        *(["faketime", "-f", f"@{clock}"] if clock else []), "gnutls-cli", "-d", 5, "-p", unit.port("sip-tls"),
        "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}", *options, HOST,
    )  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", GNUTLS)
def test_gnutls(name: str, version: str, live: Live) -> None:
    case = GNUTLS[name]
    options = ["--x509cafile", root(live, case), "--verify-hostname", names(live, case)]
    with live.hears(case.alert):
        ran = gnutls(live, version, *options, clock=case.clock)
    assert ran.code == bool(case.alert), ran.said
    assert case.says in ran.said
    sent = re.findall(r"Sending Alert\[\d\|(\d+)\]", ran.said)
    assert sent == ["42" if case.alert else "0"], "to everything it has one answer: bad_certificate"


CURL = {
    "by name": Case(says="SSL certificate verify ok"),
    "by address": Case(name="address", says="SSL certificate verify ok"),
    "wrong root": Case(root="other", says="self-signed certificate", alert="unknown ca"),
    # It compares names when the handshake is done: a goodbye, no alert of a certificate.
    "wrong name": Case(name="pbx.example.com", says="no alternative certificate subject name matches"),
    "wrong address": Case(name=HOST, says="no alternative certificate subject name matches"),
    "clock behind": Case(clock=BEFORE, says="certificate is not yet valid", alert="bad certificate"),
    "clock ahead": Case(clock=AFTER, says="certificate has expired", alert="certificate expired"),
}
CERTIFICATE_REFUSED = 60


def curl(unit: Live, file: str, *options: object, name: str = HOST, service: str = "http", clock: str = "") -> Ran:
    port = unit.port(service)
    return run(
        *(["faketime", "-f", f"@{clock}"] if clock else []), "curl", "-sS", *options, "--max-time", PATIENCE,
        "--connect-to", f"{name}:{port}:{HOST}:{port}", f"{service}://{name}:{port}/{file}",
    )  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CURL)
def test_curl(name: str, version: str, live: Live) -> None:
    case = CURL[name]
    options = ["-v", "--cacert", root(live, case), f"--tlsv{version}", "--tls-max", version]
    with live.hears(case.alert):
        ran = curl(
            live, "46xxsettings.txt", *options, name=names(live, case), service="https", clock=case.clock,
        )  # fmt: skip
    is_taken = "verify ok" in case.says
    assert ran.code == (0 if is_taken else CERTIFICATE_REFUSED), ran.said
    assert case.says in ran.said
    sent = re.findall(r"\(OUT\), TLS alert, ([\w ]+)", ran.said)
    assert [text.strip().lower() for text in sent] in (
        [[case.alert]] if case.alert else [["close notify"], []] if is_taken else [["close notify"]]
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_what_validates_nothing_takes_all(version: str, live: Live) -> None:
    """As an E.129."""
    with live.hears(""):
        assert s_client(live, version).code == 0
        assert gnutls(live, version, "--insecure").code == 0


@pytest.mark.parametrize("old", ["tls1", "tls1_1"])
def test_what_is_older_than_1_2_is_refused(old: str, live: Live) -> None:
    where = f"{HOST}:{live.port('sip-tls')}"
    ran = run("openssl", "s_client", "-connect", where, f"-{old}", "-cipher", "ALL@SECLEVEL=0")
    assert ran.code == 1
    assert "alert protocol version" in ran.said


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("lan", [1, 2])
def test_a_validating_phone_is_answered(lan: int, version: str, live: Live) -> None:
    """OpenSSL carries a SIP request to either LAN."""
    where = f"127.0.0.{lan}:{live.port('sip-tls', lan)}"
    until(
        r"^SIP/2\.0 200 OK", "openssl", "s_client", "-quiet", "-connect", where, f"-tls{version.replace('.', '_')}",
        "-verify_return_error", "-CAfile", live.root, "-no-CApath", "-no-CAstore", "-verify_hostname", live.name,
        given=OPTIONS,
    )  # fmt: skip


def test_renegotiation_is_refused(live: Live) -> None:
    said = until(r"no renegotiation", "openssl", "s_client", "-connect", f"{HOST}:{live.port('sip-tls')}", "-tls1_2",
                 given="R\n")  # fmt: skip
    assert "RENEGOTIATING" in said


def test_the_root_that_phones_load_is_what_they_then_meet(live: Live) -> None:
    settings, trusted = curl(live, "46xxsettings.txt"), curl(live, "WebRootCA.pem")
    assert (settings.code, trusted.code) == (0, 0)
    (files,) = re.findall(r'SET TRUSTCERTS "(.*)"', settings.said)
    assert files.split(",")[0] == "WebRootCA.pem"
    assert {curl(live, file) for file in files.split(",")} == {trusted}
    met = s_client(live, "1.3", "-showcerts").said
    (shown,) = re.findall("-----BEGIN.*?END CERTIFICATE-----\n", met, re.DOTALL)
    assert shown == trusted.said
    assert s_client(live, "1.3", "-showcerts", service="https").said.count(shown) == 1


def test_what_is_not_served_is_not_there(live: Live) -> None:
    assert curl(live, "unit.json", "-f").code == 22
    assert curl(live, "..%2f..%2fetc/passwd", "-f").code == 22


def accepts(unit: Live, root: Path, name: str, version: str) -> bool:
    """Whether OpenSSL, GnuTLS and curl do; they are of one mind."""
    only = ("--cacert", root, f"--tlsv{version}", "--tls-max", version)
    codes = (
        s_client(unit, version, "-verify_return_error", "-verify_hostname", name, "-CAfile", root).code,
        gnutls(unit, version, "--x509cafile", root, "--verify-hostname", name).code,
        curl(unit, "46xxsettings.txt", *only, name=name, service="https").code,
    )
    assert codes in ((0, 0, 0), (1, 1, CERTIFICATE_REFUSED))
    return codes == (0, 0, 0)


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, bytes]]:
    """A unit whose security settings were defaulted while it ran, and the root of before, which was taken then."""
    with living(tmp_path_factory.mktemp("regenerated")) as unit:
        old = unit.root.read_bytes()
        assert s_client(unit, "1.3", "-verify_return_error", "-CAfile", unit.root).code == 0
        unit.default_security()
        yield unit, old


@pytest.mark.parametrize("version", VERSIONS)
def test_after_a_regeneration_only_the_new_root_will_do(
    version: str, regenerated: tuple[Live, bytes], tmp_path: Path
) -> None:
    unit, before = regenerated
    (old := tmp_path / "old.pem").write_bytes(before)
    new = unit.root
    assert new.read_bytes() != before
    assert not accepts(unit, old, unit.name, version)
    assert accepts(unit, new, unit.name, version)
    with unit.hears("unknown ca"):
        assert "self-signed certificate" in s_client(unit, version, "-verify_return_error", "-CAfile", old).said


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("primary")
    said = process("ignite", "primary", "--state", folder / "unit", "--seed", "7")
    assert said.code == 0, said
    with living(folder, platform="primary") as unit:
        yield unit


def test_a_primary_that_gets_another_name_is_trusted_through_the_same_root(primary: Live) -> None:
    """Its identity is made again while it serves; who has the root needs no other."""
    before = primary.root.read_bytes()
    assert accepts(primary, primary.root, "server1", "1.3")
    assert not accepts(primary, primary.root, "branch7", "1.3")
    with primary.gets_an_identity(), OverTheWire(primary.pages) as browser:
        browser.log_in(password="Ignition-2026-admin")
        browser.submit("/platform/host-name", host_name="branch7")
    assert primary.root.read_bytes() == before
    assert not accepts(primary, primary.root, "server1", "1.3")
    assert accepts(primary, primary.root, "branch7", "1.3")
