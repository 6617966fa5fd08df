"""Telephones register with a live IP500 V2: over TLS, validating or not, and with certificates of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.interop.clients import (
    LINPHONE_FAILED,
    LINPHONE_REGISTERED,
    baresip_is_refused,
    baresip_registers,
    linphone,
    sipsak,
    sipsak_registers,
)
from tests.interop.live import HOST, OPTIONS, OTHER_ROOT, Live, living, run, until

TRANSPORTS = ("tls", "tcp", "udp")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_sipsak_asks_what_the_unit_can(transport: str, live: Live, tmp_path: Path) -> None:
    ran = sipsak(tmp_path, live.port(f"sip-{transport}"), transport=transport)
    assert ran.code == 0, ran.said
    assert "SIP/2.0 200 OK" in ran.said
    assert "Allow: REGISTER, OPTIONS" in ran.said


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_sipsak_asks_an_extension_and_is_to_say_who_it_is(transport: str, live: Live, tmp_path: Path) -> None:
    ran = sipsak(tmp_path, live.port(f"sip-{transport}"), user="201", transport=transport)
    assert ran.code != 0
    assert "SIP/2.0 407 Proxy Authentication Required" in ran.said


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_sipsak_registers(transport: str, live: Live, tmp_path: Path) -> None:
    before = len(live.log)
    ran = sipsak_registers(tmp_path, live, transport)
    assert ran.code == 0, ran.said
    assert "All usrloc tests completed successful" in ran.said
    assert live.log[before:].count("SIP/2.0 200 OK") == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_sipsak_has_a_wrong_password(transport: str, live: Live, tmp_path: Path) -> None:
    ran = sipsak_registers(tmp_path, live, transport, "00000000")
    assert ran.code == 2, ran.said
    assert "authorization failed" in ran.said


def test_linphone_validates_and_registers(live: Live, tmp_path: Path) -> None:
    with live.hears(""):
        said = linphone(tmp_path, live, LINPHONE_REGISTERED, root=live.root, name=live.name)
    assert "SSL version is [TLSv1.2]" in said


@pytest.mark.parametrize(
    ("root", "name", "flags", "alert"),
    [
        ("other", "own", "not-trusted ", "unknown ca"),
        ("own", "other", "CN-mismatch ", "bad certificate"),
        ("own", "address", "CN-mismatch ", "bad certificate"),  # Mbed TLS does not read addresses in a certificate
    ],
)
def test_linphone_refuses(root: str, name: str, flags: str, alert: str, live: Live, tmp_path: Path) -> None:
    names = {"own": live.name, "other": "pbx.example.com", "address": live.address}
    with live.hears(alert):
        said = linphone(
            tmp_path, live, LINPHONE_FAILED, root=live.root if root == "own" else OTHER_ROOT, name=names[name],
        )  # fmt: skip
    assert f"flags=[{flags}]" in said


def test_linphone_that_validates_nothing_registers(live: Live, tmp_path: Path) -> None:
    linphone(tmp_path, live, LINPHONE_REGISTERED, root=OTHER_ROOT, name="pbx.example.com", validates=False)


def test_baresip_registers_with_a_wrong_root(live: Live, tmp_path: Path) -> None:
    before = len(live.log)
    baresip_registers(tmp_path, live)
    assert "TLSv1.3" in live.log[before:]


class Shown(NamedTuple):
    """What a client presents of itself: PEM files."""

    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    folder = tmp_path_factory.mktemp("clients")
    made = {}
    for name, clock in (("valid", []), ("expired", ["faketime", "-f", "@2020-01-01 00:00:00"])):
        made[name] = Shown(folder / f"{name}.pem", folder / f"{name}.key")
        done = run(*clock, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=201", "-days", 30,
                   "-out", made[name].certificate, "-keyout", made[name].key)  # fmt: skip
        assert done.code == 0, done.said
    return made


@pytest.fixture(scope="module", params=["asked", "required"])
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Live]]:
    """A unit that wants to see a certificate of its clients."""
    with living(tmp_path_factory.mktemp("asking"), "--client-certificates", request.param) as unit:
        yield request.param, unit


def presents(unit: Live, version: str, of: Shown | None) -> list[str]:
    return [
        "openssl", "s_client", "-connect", f"{HOST}:{unit.port('sip-tls')}", "-msg", "-ign_eof",
        f"-tls{version.replace('.', '_')}", *(["-cert", str(of.certificate), "-key", str(of.key)] if of else []),
    ]  # fmt: skip


NO_CERTIFICATE = {"1.2": "handshake_failure", "1.3": "certificate_required"}


def refused(unit: Live, version: str, of: Shown | None) -> tuple[int, list[str]]:
    """Exit code, and the alerts that came."""
    ran = run(*presents(unit, version, of))
    return ran.code, re.findall(r"<<< TLS .*, Alert .*, fatal (\w+)", ran.said)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_valid_certificate_is_taken(version: str, asking: tuple[str, Live], shown: dict[str, Shown]) -> None:
    until(r"^SIP/2\.0 200 OK", *presents(asking[1], version, shown["valid"]), given=OPTIONS)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_an_expired_one_is_refused_by_an_alert(version: str, asking: tuple[str, Live], shown: dict[str, Shown]) -> None:
    assert refused(asking[1], version, shown["expired"]) == (1, ["bad_certificate"])
    assert "expired 2020-01-31" in asking[1].out


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_none_is_refused_where_it_is_required(version: str, asking: tuple[str, Live]) -> None:
    how, unit = asking
    if how == "required":
        assert refused(unit, version, None) == (1, [NO_CERTIFICATE[version]])
    else:
        until(r"^SIP/2\.0 200 OK", *presents(unit, version, None), given=OPTIONS)


def test_baresip_presents_its_own(asking: tuple[str, Live], shown: dict[str, Shown], tmp_path: Path) -> None:
    (both := tmp_path / "both.pem").write_text(shown["valid"].certificate.read_text() + shown["valid"].key.read_text())
    baresip_registers(tmp_path, asking[1], certificate=both)


def test_baresip_without_one(asking: tuple[str, Live], tmp_path: Path) -> None:
    how, unit = asking
    if how == "required":
        baresip_is_refused(tmp_path, unit, "peer did not return a certificate")
    else:
        baresip_registers(tmp_path, unit)
