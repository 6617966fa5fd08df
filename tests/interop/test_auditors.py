"""SSLyze and nmap look at the TLS of a live IP500 V2 of a current release, as an auditor would."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.bench.support import ROOT
from tests.interop.live import HOST, Live, run

SSLYZE = ROOT / ".venv/sslyze/bin/sslyze"  # an environment of its own: it wants a cryptography older than ours
SERVICES = ("sip-tls", "https")
SCANS = (
    "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--certinfo", "--reneg", "--compression",
    "--heartbleed", "--openssl_ccs", "--robot", "--fallback",
)  # fmt: skip


def sslyze(unit: Live, service: str, folder: Path) -> dict[str, Any]:
    """What each scan found, by its name."""
    found = folder / "found.json"
    ran = run(SSLYZE, f"--json_out={found}", "--mozilla_config=disable", *SCANS, f"{HOST}:{unit.port(service)}")
    assert ran.code == 0, ran.said
    (server,) = json.loads(found.read_text())["server_scan_results"]
    scans = {name: scan for name, scan in server["scan_result"].items() if scan["status"] != "NOT_SCHEDULED"}
    assert {scan["status"] for scan in scans.values()} == {"COMPLETED"}
    assert len(scans) == len(SCANS)
    return {name: scan["result"] for name, scan in scans.items()}


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_sslyze_finds_nothing(service: str, live: Live, tmp_path: Path) -> None:
    found = sslyze(live, service, tmp_path)
    spoken = {name for name, scan in found.items() if scan.get("is_tls_version_supported")}
    assert spoken == {"tls_1_2_cipher_suites", "tls_1_3_cipher_suites"}
    assert found["session_renegotiation"]["client_renegotiations_success_count"] == 0
    assert not found["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    assert not found["tls_compression"]["supports_compression"]
    assert not found["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not found["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert found["robot"]["robot_result"].startswith("NOT_VULNERABLE")
    assert found["tls_fallback_scsv"]["supports_fallback_scsv"]
    (deployed,) = found["certificate_info"]["certificate_deployments"]
    assert [one["as_pem"] for one in deployed["received_certificate_chain"]] == [live.root.read_text()]
    assert deployed["received_chain_has_valid_order"]


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_nmap_finds_what_was_issued(service: str, live: Live) -> None:
    scripts = "+ssl-enum-ciphers,+ssl-cert"
    ran = run("nmap", "-Pn", "-n", "-p", live.port(service), "--script", scripts, HOST)
    assert ran.code == 0, ran.said
    assert re.findall(r"^\|   ((?:SSL|TLS)v[\d.]+):", ran.said, re.MULTILINE) == ["TLSv1.2", "TLSv1.3"]
    assert "least strength: A\n" in ran.said
    shown = x509.load_pem_x509_certificate(live.root.read_bytes())
    for line in (
        f"ssl-cert: Subject: commonName={live.name}/organizationName=Avaya Inc/stateOrProvinceName=New Jersey",
        f"Issuer: commonName={live.name}/",
        f"Subject Alternative Name: DNS:{live.name}, IP Address:{live.address}, IP Address:{live.told['names'][2]}\n",
        "Public Key type: rsa\n",
        "Public Key bits: 2048\n",
        "Signature Algorithm: sha256WithRSAEncryption\n",
        f"Not valid before: {shown.not_valid_before_utc:%Y-%m-%dT%H:%M:%S}\n",
        f"Not valid after:  {shown.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}\n",
        f"SHA-1: {shown.fingerprint(hashes.SHA1()).hex()}\n",  # noqa: S303  # it prints no other
    ):
        assert line in ran.said.replace("|_", "| ")
