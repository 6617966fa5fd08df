"""The commands that only tell: show, platforms, diagram, doctor."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import platforms
from firmware.bench import doctor
from firmware.release import RELEASES
from platforms.ip500v2 import PLATFORM
from tests.bench.support import ROOT, Ipsim


def test_show(ipsim: Ipsim, unit: Path) -> None:
    shown = ipsim.well("show", "--state", unit)
    for words in (
        "MAC 00e00705918e  seed 7", "release          12.0 (original software level 12.0)",
        "simulated time   2026-11-23T09:0", "generation 1", "CN=ipoffice-00e00705918e.avaya.com, O=Avaya Inc",
        "[documented A]", "valid            2026-11-22T09:0", "192.168.42.1/24, DHCP client",
        "201 Extn201", "system/primary/ip500v2.bin", "optional-sd        empty", "flash nvm",
    ):  # fmt: skip
        assert words in shown
    assert not any(line != line.rstrip() or len(line) > 200 for line in shown.splitlines())


def test_show_as_json(ipsim: Ipsim, unit: Path) -> None:
    found = json.loads(ipsim.well("show", "--state", unit, "--json"))
    assert (found["mac"], found["seed"], found["release"], found["state"]) == ("00e00705918e", 7, "12.0", "off")
    assert found["identity"]["generation"] == 1
    assert found["identity"]["names"] == ["ipoffice-00e00705918e.avaya.com", "192.168.42.1", "192.168.43.1"]
    assert found["identity"]["sha256"] in ipsim.well("show", "--state", unit)
    assert found["slots"]["optional-sd"] is None
    assert found["slots"]["system-sd"]["files"]["system/primary/config.cfg"] > 0


def test_platforms(ipsim: Ipsim) -> None:
    shown = ipsim.well("platforms")
    assert "IP500 V2, from 6.2: default MAC 00e00705918e\n  first start-up " in shown
    assert "Server Edition Secondary, from 8.1: default MAC 00e007060002\n  ignition " in shown
    assert all(re.search(rf"^{re.escape(release.version)} ", shown, re.MULTILINE) for release in RELEASES)
    rows = json.loads(ipsim.well("platforms", "--json"))
    assert [row["name"] for row in rows] == list(platforms.names())
    row = next(row for row in rows if row["name"] == "ip500v2")
    assert [release["version"] for release in row["releases"]] == [release.version for release in RELEASES]
    facts = [fact for release in row["releases"] for fact in release.values() if isinstance(fact, dict)]
    assert {fact["basis"] for fact in facts} <= {"documented", "inferred", "assumed"}
    assert all(rule["basis"] for rule in row["policy"])


def test_diagram(ipsim: Ipsim) -> None:
    lines = ipsim.well("diagram", "ip500v2").splitlines()
    assert lines[0] == "stateDiagram-v2"
    shown = "\n".join(lines)
    assert all(f": {state.name}\n" in shown for state in PLATFORM.bring_up.states)
    assert all(re.fullmatch(r"    (\S+ --> \w+(: .+)?|\w+: \S+)", line) for line in lines[1:])


def test_doctor_finds_all_well(ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = ipsim.well("doctor")
    for words in (
        "package ignition: ours, from",
        "Python 3.",
        "cryptography ",
        "port 5061 (SIP over TLS): ",
        "writable",
    ):
        assert words in shown
    assert all(line.startswith("ok ") for line in shown.splitlines())
    assert all(row["well"] for row in json.loads(ipsim.well("doctor", "--json")))


def test_doctor_finds_a_stranger_of_the_same_name(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another distribution that brings a package named ignition overwrites ours, or is overwritten."""
    (info := tmp_path / "ignition_kit-1.0.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ignition-kit\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("ignition\n")
    monkeypatch.syspath_prepend(tmp_path)
    said = ipsim("doctor")
    assert said.code == 1
    assert said.err == "ipsim: something is wrong with this installation\n"
    assert "BAD  package ignition: also installed by ignition-kit; uninstall that, reinstall ours" in said.out


def test_doctor_finds_a_package_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "platforms")
    found = [finding.what for finding in doctor.examine(tmp_path) if not finding.well]
    assert found == [f"package platforms: comes from {tmp_path}, not from {ROOT}; mend PYTHONPATH or reinstall"]


def test_doctor_finds_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["click>=8", "no-such-thing>=1", 'x; extra == "dev"'])
    monkeypatch.setattr("os.access", lambda place, _mode: Path(place) != tmp_path)
    found = [finding.what for finding in doctor.examine(tmp_path) if not finding.well]
    assert found == [
        "no-such-thing is missing (needed: no-such-thing>=1); run make setup",
        f"{tmp_path}: not writable; choose another --state",
    ]
