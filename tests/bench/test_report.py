"""A run as text, JSON and JUnit: counts, what failed and where, and characters that a format has no place for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from firmware.bench import replay, report, scenario
from firmware.bench.timeline import SENTENCES
from tests.bench.support import ROOT, Ipsim

HOLDS = "name: It holds\nunit: {platform: ip500v2}\nsteps: [power_on, expect: {state: running}]\n"
FAILS = "name: It fails\nunit: {platform: ip500v2}\nsteps: [expect: {state: running, identity: kept}, power_on]\n"


def test_junit_of_several(ipsim: Ipsim, tmp_path: Path) -> None:
    for name, text in (("a.yaml", HOLDS), ("b.yaml", FAILS), ("c.yaml", HOLDS)):
        (tmp_path / name).write_text(text)
    files = [tmp_path / f"{name}.yaml" for name in "abc"]
    said = ipsim("run", *files, "--junit", tmp_path / "j.xml", "--json", tmp_path / "j.json")
    assert (said.code, said.err) == (1, "ipsim: 1 of 3 scenarios failed\n")
    root = ElementTree.parse(tmp_path / "j.xml").getroot()  # noqa: S314
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    assert [case.get("classname") for case in suite] == [str(file) for file in files]
    assert [case.get("name") for case in suite] == ["It holds", "It fails", "It holds"]
    assert all(float(case.get("time", "")) >= 0 for case in suite)
    failures = [failure for case in suite for failure in case.findall("failure")]
    assert [failure.get("message", "").split(": ")[0] for failure in failures] == [f"{tmp_path}/b.yaml:3:9"]
    assert "identity: expected kept, found none" in (failures[0].text or "")


def test_quiet_a_line_each_unless_it_fails(ipsim: Ipsim, tmp_path: Path) -> None:
    (holds := tmp_path / "a.yaml").write_text(HOLDS)
    (fails := tmp_path / "b.yaml").write_text(FAILS)
    assert ipsim.well("run", holds, "-q") == f"passed  {holds}: It holds (2 steps)\n"
    said = ipsim("run", fails, "--quiet")
    assert said.code == 1
    assert "x expect: {state: running, identity: kept}" in said.out


def test_json_of_several(ipsim: Ipsim, tmp_path: Path) -> None:
    for name, text in (("a.yaml", HOLDS), ("b.yaml", FAILS)):
        (tmp_path / name).write_text(text)
    ipsim("run", tmp_path / "a.yaml", tmp_path / "b.yaml", "--json", tmp_path / "j.json")
    holds, fails = json.loads((tmp_path / "j.json").read_text("utf-8"))
    assert (holds["passed"], fails["passed"]) == (True, False)
    assert [step["step"] for step in holds["steps"]] == ["power_on", "expect: {state: running}"]
    assert [step["objection"] for step in holds["steps"]] == [None, None]
    assert fails["steps"][0]["where"] == f"{tmp_path}/b.yaml:3:9"
    assert "state: expected running, found off" in fails["steps"][0]["objection"]
    assert holds["units"]["unit"]["release"] == "12.3"
    assert {"time", "source", "kind"} <= set(holds["journal"][0])


def test_control_characters_are_harmless() -> None:
    text = 'name: x\nunit: {platform: ip500v2}\nsteps:\n  - put_file: {path: x, text: "\\e[31m"}\n'
    text += '  - expect: {alarms: ["bell \\a, escape \\e, null \\0"], user_names: {"\\e": "\\a"}}\n'
    result = replay.run(scenario.parse(text, "f.yaml"))
    assert not result.passed
    ElementTree.fromstring(report.as_junit([(result, 0.5)]))  # noqa: S314
    assert json.loads(report.as_json([result]))[0]["passed"] is False


def test_a_file_of_any_name(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "\udcff\x07.yaml").write_text(FAILS)
    said = ipsim("run", file, "--junit", tmp_path / "j.xml", "--json", tmp_path / "j.json")
    assert (said.code, said.err) == (1, "ipsim: 1 of 1 scenario failed\n")
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()[0]  # noqa: S314
    assert suite[0].get("classname") == f"{tmp_path}/\ufffd\ufffd.yaml"
    assert json.loads((tmp_path / "j.json").read_text("utf-8"))[0]["file"] == f"{tmp_path}/\ufffd\ufffd.yaml"


def test_where_a_report_cannot_be_written(ipsim: Ipsim, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HOLDS)
    for option in ("--json", "--junit"):
        refusal = ipsim("run", tmp_path / "a.yaml", option, tmp_path / "no" / "f")
        assert refusal.code == 2
        assert refusal.err == f"ipsim: {tmp_path}/no/f: No such file or directory\n"


def test_every_kind_of_event_has_its_sentence() -> None:
    """What the firmware and the bench write into a journal, and what an expectation may name."""
    rooms = ("firmware", "ignition", "platforms")
    sources = [path.read_text("utf-8") for room in rooms for path in (ROOT / room).rglob("*.py")]
    written = {kind for text in sources for kind in re.findall(r'note\(\s*"([a-z_.]+)"', text)}
    assert len(written) > 60
    assert written - {"state"} <= set(SENTENCES)
