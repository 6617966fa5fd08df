"""``ipsim rules``: what it prints, writes and answers with."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from firmware.bench.rules.triggers import table
from tests.bench.support import ROOT, Ipsim

WRONG = ROOT / "tests" / "rules" / "wrong.yaml"
FEW = [*(f"--platform={name}" for name in ("ip500v2", "primary", "secondary")),
       *(f"--release={name}" for name in ("8.1", "11.1", "12.0", "12.3"))]  # fmt: skip
SOME = ["--trigger", "lan1_address", "--trigger", "ca_renewed", "--trigger", "certificate_deleted"]


def test_the_matrix_names_outcome_basis_and_source(ipsim: Ipsim) -> None:
    said = ipsim.well("rules")
    assert max(map(len, said.splitlines())) <= 110
    words = " ".join(said.split())
    assert all(f"{trigger.title} ({name})" in words for name, trigger in table().triggers.items())
    some = ipsim.well("rules", "--trigger", "first_start", "--trigger", "certificate_deleted").splitlines()
    assert some[0].split() == ["platform", "releases", "expected", "basis,", "source"]
    assert some[1] == "first start-up (first_start)"
    rows = [" ".join(line.split()) for line in some]
    assert "ip500v2 before 8.1 none documented R62: made when first" in rows
    assert "ip500v2, ip500v2_expansion 9.1 and later generated documented SEED, A; new key" in rows
    assert "  -- not offered: application_server, expansion, primary, secondary, ucm" in some


def test_only_what_no_document_speaks_of(ipsim: Ipsim) -> None:
    said = ipsim.well("rules", "--assumed", "--json", "-")
    assert {(row["basis"], row["status"]) for row in json.loads(said)} == {
        ("assumed", "expected"), ("assumed", "not offered"),
    }  # fmt: skip
    assert "assumed as R6.2" in ipsim.well("rules", "--assumed", "--platform", "ip500v2", "--release", "8.1")


def test_a_check_that_holds_is_written_as_text_junit_json_and_markdown(ipsim: Ipsim, tmp_path: Path) -> None:
    junit, as_json, markdown = tmp_path / "r.xml", tmp_path / "r.json", tmp_path / "r.md"
    said = ipsim.well(
        "rules", "--check", *SOME, "--platform", "primary", "--platform", "ip500v2", "--release", "6.2",
        "--release", "12.3", "--junit", junit, "--json", as_json, "--markdown", markdown,
    )  # fmt: skip
    lines = said.splitlines()
    assert max(map(len, lines)) <= 110
    assert "\n6 cells hold (6 documented, 0 inferred, 0 assumed); 0 failed, 0 could not be tried, 0" in said
    assert said.split()[-3:] == ["6", "not", "offered"]
    rows = json.loads(as_json.read_text())
    assert len(rows) == 12
    (renewed,) = [r for r in rows if (r["platform"], r["trigger"], r["release"]) == ("primary", "ca_renewed", "12.3")]
    assert (renewed["status"], renewed["expected"], renewed["observed"]) == ("passed", "kept", "kept")
    assert (renewed["expected_root"], renewed["observed_root"]) == ("renewed", "renewed")
    assert (renewed["basis"], renewed["source"]) == ("documented", "M: issued certificates stay valid")
    assert renewed["before"]["certificate"] == renewed["after"]["certificate"]
    assert renewed["before"]["root"]["sha256"] != renewed["after"]["root"]["sha256"]
    assert renewed["before"]["root"]["public_key_sha256"] == renewed["after"]["root"]["public_key_sha256"]
    suites = ElementTree.parse(junit).getroot()  # noqa: S314  # our own
    cases = suites.findall("testsuite/testcase")
    assert sum(int(suite.get("tests", "0")) for suite in suites) == len(cases) == 12
    assert sum(int(suite.get("skipped", "0")) for suite in suites) == len(suites.findall(".//skipped")) == 6
    assert {(s.get("failures"), s.get("errors")) for s in suites} == {("0", "0")}
    (case,) = [c for c in cases if c.get("classname") == "rules.primary.ca_renewed" and c.get("name") == "12.3"]
    assert case.findtext("system-out", "").startswith("CA renewed: expected kept, observed kept [documented M: issued")
    table_lines = markdown.read_text().splitlines()
    assert table_lines[0] == "| trigger | platform | releases | expected | observed | basis, source | result |"
    held = "kept, root renewed | kept, root renewed | documented M: issued certificates stay valid | passed"
    assert f"| CA renewed | primary | 12.3 | {held} |" in table_lines


def test_rules_that_do_not_hold_are_named_with_both_certificates(ipsim: Ipsim, tmp_path: Path) -> None:
    folder, junit = tmp_path / "shown", tmp_path / "r.xml"
    said = ipsim("rules", "--check", "--expect", WRONG, *SOME, *FEW, "--write-scenarios", folder, "--junit", junit)
    assert said.code == 1
    assert said.err.startswith("ipsim: 4 of ")
    assert max(map(len, said.out.splitlines())) <= 110
    head = (
        "FAILED  ip500v2, lan1_address, 12.0: expected new key, observed kept [assumed what an administrator may think"
    )
    after = " ".join(said.out.partition(head[:60])[2].split())
    assert "wrong.yaml:3:5]" in after
    for words in (
        "scenario: ip500v2-lan1_address-12.0.yaml", "before, certificate: CN=ipoffice-", "after, certificate: CN=ipoff",
        "serial ", "SHA-256 ", "key ", "and so do: ip500v2, lan1_address, 12.3",
    ):  # fmt: skip
        assert words in after
    assert "FAILED  secondary, certificate_deleted, 12.3: expected new key, observed not offered" in said.out
    assert len(ElementTree.parse(junit).getroot().findall(".//failure")) == 4  # noqa: S314  # our own
    assert ipsim("run", folder / "ip500v2-lan1_address-12.0.yaml").code == 1
    assert ipsim("run", folder / "primary-ca_renewed-8.1.yaml").code == 1
    assert ipsim("run", folder / "ip500v2-lan1_address-11.1.yaml", folder / "primary-ca_renewed-12.3.yaml").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--junit r.xml", "--junit and --write-scenarios need --check"),
        ("--trigger lan1_adress", "unknown trigger 'lan1_adress' (did you mean 'lan1_address'?)"),
        ("--platform ip500", "unknown platform 'ip500' (did you mean 'ip500v2'?)"),
        ("--release 12.1", "unknown release '12.1' (did you mean '12.3'?)"),
        ("--expect none.yaml", "none.yaml: No such file or directory"),
        ("--check --trigger reboot --platform ip500v2 --release 12.3 --json no/r.json", "no/r.json: No such file"),
    ],
)
def test_bad_usage_is_one_line(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in ipsim.refuses("rules", *arguments.split())


def test_a_wrong_file_is_answered_with_every_place(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "my.yaml").write_text("rules: [{platform: any, trigger: reboots, outcome: keep}]")
    said = ipsim("rules", "--expect", file)
    assert said.code == 2
    assert [line.split(": ")[1] for line in said.err.splitlines()] == [f"{file}:1:25", f"{file}:1:43"]


def test_releases_that_do_not_follow_each_other_are_apart(ipsim: Ipsim) -> None:
    wanted = ("rules", "--trigger", "power_cycle", "--platform", "ip500v2")
    apart = ipsim.well(*wanted, "--release", "6.2", "--release", "12.3").splitlines()[2:]
    assert [line.split()[1:-3] for line in apart] == [["before", "8.1"], ["12.3"]]
    assert [line.split()[1:-3] for line in ipsim.well(*wanted).splitlines()[2:]] == [["every", "release"]]


def test_on_a_terminal_there_is_a_bar_of_progress(ipsim: Ipsim, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = ("--trigger", "reboot", "--platform", "ip500v2", "--release", "12.3")
    assert ipsim("rules", "--check", *narrow).err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "checking" in ipsim("rules", "--check", *narrow).err


def test_a_check_of_nothing_is_refused(ipsim: Ipsim) -> None:
    said = ipsim.refuses("rules", "--check", "--platform", "secondary", "--trigger", "ca_renewed")
    assert said == "ipsim: nothing to check: none of the cells that were chosen can be run\n"
