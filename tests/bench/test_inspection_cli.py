"""The command ``ipsim inspect``: what people and programs read of it, what it refuses, its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.bench.inspection_fields import COMPARISONS
from firmware.security.reading import fingerprint, pem
from firmware.times import parse_time
from tests.bench.support import Ipsim
from tests.bench.test_inspection import IDENTITY, ROOT, altered
from tests.security import authorities
from tests.security.specimen import changed, issue


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock of a day after the unit's first start."""
    monkeypatch.setattr("time.time_ns", lambda: parse_time("2026-12-24") * 1_000_000)


@pytest.fixture
def file(ipsim: Ipsim, unit: Path, tmp_path: Path) -> Path:
    """The certificate of a unit, as ``ipsim cert`` prints it."""
    (written := tmp_path / "u1.pem").write_text(ipsim.well("cert", "--state", unit))
    return written


def load_pem(file: Path) -> bytes:
    return x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)


def test_a_units_certificate_conforms(ipsim: Ipsim, file: Path) -> None:
    said = ipsim.well("inspect", file, "--platform", "ip500v2", "--release", "12.0")
    assert said.splitlines()[-1] == f"{file}: conforms to IP500 V2, release 12.0"
    assert said.splitlines()[1:10] == [
        "  subject  CN=ipoffice-00e00705918e.avaya.com, O=Avaya Inc, OU=GCS, L=Basking Ridge, S=New Jersey, C=US,",
        "           E=support@avaya.com",
        "  valid    2026-11-22T09:00:56Z to 2029-02-24T09:00:56Z",
        f"  SHA-256  {fingerprint(load_pem(file))}",
        "  mac      00e00705918e",
        "",
        "field                        found                                      basis                   outcome",
        "version                      v3                                         documented A            conforms",
        "serial number                positive, 20 bytes                         documented A            conforms",
    ]
    assert max(map(len, said.splitlines()[1:-1])) <= 110


def test_the_lifetime_of_an_older_release_is_assumed(ipsim: Ipsim, file: Path) -> None:
    said = ipsim.well("inspect", file, "--platform", "ip500v2", "--release", "9.1")
    assert said.endswith("documented of IP500 V2, release 9.1; from our reading it differs in lifetime\n")
    assert (
        "lifetime                     825 days                                   assumed M: '7 years',   differs from\n"
        "                             expected: 2555 days                        undated                 our reading\n"
    ) in said


def test_the_ranking(ipsim: Ipsim, file: Path) -> None:
    assert ipsim.well("inspect", file).splitlines()[7:] == [
        "fits best                                                  differences: documented  other",
        "IP500 V2, releases 11.1 to 12.3                                                  0      0",
        "IP500 V2, Server Edition expansion, releases 11.1 to 12.3                        0      0",
        "IP500 V2, releases 6.2 to 11.0                                                   0      1",
        "IP500 V2, Server Edition expansion, releases 8.1 to 11.0                         0      1",
        "Application Server, releases 11.1 to 12.3                                        2      5",
        "… and 12 that fit less",
        "",
        f"{file}: conforms to IP500 V2, releases 11.1 to 12.3 (and 1 more equally)",
    ]


@pytest.mark.parametrize(
    "asked", [(), ("--platform", "primary"), ("--platform", "primary", "--release", "12.3")], ids=str
)
def test_a_documented_difference_is_a_failure(ipsim: Ipsim, tmp_path: Path, asked: tuple[str, ...]) -> None:
    (spoilt := tmp_path / "x.pem").write_bytes(pem(issue(changed("san", ("uri",))).der))
    said = ipsim("inspect", spoilt, *asked)
    assert said.code == 1
    assert said.err.startswith(f"ipsim: {spoilt}: differs from what is documented of ")
    assert said.err.count("\n") == 1
    assert "  differs\n" in said.out


def test_only_what_is_left_open_is_searched(ipsim: Ipsim, file: Path) -> None:
    found = json.loads(ipsim("inspect", file, "--release", "9.1", "--json").out)["fits"]
    assert {tuple(fit["releases"]) for fit in found} == {("9.1",)}
    found = json.loads(ipsim("inspect", file, "--platform", "ip500v2", "--json").out)["fits"]
    assert {fit["platform"] for fit in found} == {"ip500v2"}
    assert found[0]["releases"] == ["11.1", "12.0", "12.3"]


def test_as_json(ipsim: Ipsim, file: Path) -> None:
    found = json.loads(ipsim.well("inspect", file, "--platform", "ip500v2", "--release", "9.1", "--json"))
    assert list(found) == ["target", "certificates", "judged", "fits", "against", "names", "fields", "verdict"]
    assert found["names"] == {"mac": "00e00705918e"}
    assert [row for row in found["fields"] if row["outcome"] == "differs from our reading"] == [
        {
            "field": "lifetime",
            "expected": "2555 days",
            "found": "825 days",
            "basis": "assumed M: '7 years', undated",
            "outcome": "differs from our reading",
        }
    ]
    assert [row["field"] for row in found["fields"]] == [name for name in COMPARISONS if name != "serial_after_root"]


@pytest.mark.parametrize(
    "asked", [("--role", "root"), ("--role", "root", "--platform", "primary", "--release", "12.3")]
)
def test_the_root_of_a_chain(ipsim: Ipsim, tmp_path: Path, asked: tuple[str, ...]) -> None:
    (chain := tmp_path / "p.pem").write_bytes(IDENTITY.pem())
    said = ipsim.well("inspect", chain, *asked)
    assert said.startswith(f"{chain}: certificate 2 of 2\n")
    assert f"  SHA-256  {ROOT.fingerprint}\n  host     server1\n" in said
    assert "root CA certificate, release" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("--role root --platform ip500v2", "an IP500 V2 has no root CA certificate"),
        ("--role root --platform secondary --release 12.3", "a Server Edition Secondary has no root CA certificate"),
        ("--role temporary --platform ip500v2", "an IP500 V2 has no certificate before an ignition"),
        ("--role root --release 6.2", "no platform of release 6.2 has a root CA certificate"),
        ("--platform ucm --release 6.2", "Unified Communication Module exists from release 8.1 on; 6.2 was asked for"),
        ("--platform ip500", "unknown platform 'ip500' (did you mean 'ip500v2'?)"),
        ("--release 9", "unknown release '9'"),
        ("--role ca", "'ca' is not one of 'identity', 'root', 'temporary'"),
        ("--name server1", "a name is asked for in a handshake with HOST:PORT only"),
        ("--name a..b", "'a..b' is no host name"),
        ("--password-file none", "none: No such file or directory"),
    ],
)
def test_what_cannot_be_asked(ipsim: Ipsim, file: Path, asked: str, says: str) -> None:
    assert says in ipsim.refuses("inspect", file, *asked.split())


def test_what_a_stranger_wrote_is_a_line_of_text(ipsim: Ipsim, tmp_path: Path) -> None:
    text = "\x1b]0;owned\x07\n\u202e"
    (odd := tmp_path / "odd.pem").write_bytes(pem(altered(issue().der, rename_subject(text))))
    for said in (ipsim("inspect", odd), ipsim("inspect", odd, "--json")):
        assert not [c for c in said.out + said.err if not (c.isprintable() or c == "\n")]
        assert "\ufffd]0;owned\ufffd\ufffd\ufffd" in said.out


def rename_subject(text: str) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body["subject"] = asn1.Name.build({"organization_name": text})

    return change


def test_no_private_key_is_told_of(ipsim: Ipsim, tmp_path: Path) -> None:
    (both := tmp_path / "both.pem").write_bytes(authorities.pem(authorities.ROOT_KEY, authorities.ROOT))
    numbers = authorities.ROOT_KEY.private_numbers()
    for asked in ((), ("--json",), ("--platform", "primary", "--release", "12.3")):
        said = ipsim("inspect", both, *asked)
        assert "PRIVATE" not in said.out + said.err
        for secret in (numbers.p, numbers.q, numbers.d):
            assert str(secret) not in said.out
            assert f"{secret:x}" not in said.out.lower()


def test_one_platform_and_release_mean_the_identity(ipsim: Ipsim, tmp_path: Path) -> None:
    """A root that is shown where the identity should be is no identity; a search says what it is."""
    (root := tmp_path / "root.pem").write_bytes(pem(ROOT.der))
    assert ipsim("inspect", root, "--platform", "primary", "--release", "12.3").code == 1
    assert "root CA certificate" in ipsim.well("inspect", root, "--platform", "primary")


def test_differences_are_told_of_the_newest_release_that_fits(ipsim: Ipsim, tmp_path: Path) -> None:
    (spoilt := tmp_path / "x.pem").write_bytes(pem(issue(changed("san", ("uri",))).der))
    said = ipsim("inspect", spoilt, "--platform", "ip500v2").out
    assert "\nagainst IP500 V2, release 12.3:\nfield" in said
    assert said.count("  differs\n") == 1
