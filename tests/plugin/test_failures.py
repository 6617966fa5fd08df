"""What a test that fails leaves: what differs, the timeline, the unit, the command that does it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench.steps.power import Press
from tests.bench.support import Ipsim
from tests.plugin.support import run

pytest_plugins = ("pytester",)


def failed(pytester: pytest.Pytester, body: str, *arguments: str) -> str:
    """The output of a test of an appliance that fails."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    result = run(pytester, f"def test_it(appliance, phone):\n    appliance.power_on()\n{lines}\n", *arguments)
    result.assert_outcomes(failed=1)
    return result.stdout.str()


def test_an_identity_that_was_not_kept(pytester: pytest.Pytester) -> None:
    said = failed(pytester, 'appliance.do("default_security", via="web")\nassert appliance.identity.kept')
    assert "E       assert <identity: new key>" in said
    assert "identity: expected kept, found new key" in said
    for part in ("  before  SHA-256 8D:5C:FA", "  now     SHA-256 70:25:0B", "serial  6f873eaf", "serial  508f287e"):
        assert part in said
    assert "  because 2026-01-05T09:03:56Z security settings defaulted via web" in said
    assert "> default_security: {via: web}" in said
    assert "/firmware/" not in said


def test_a_verdict_says_the_opposite_too(pytester: pytest.Pytester) -> None:
    assert "identity: expected not kept, found kept" in failed(pytester, "assert not appliance.identity.kept")
    said = failed(pytester, 'appliance.set_address(lan1="10.0.0.1/24")\nassert appliance.identity.fit')
    assert "certificate: does not name LAN1 10.0.0.1" in said
    assert "nothing made it anew" not in said


def test_a_verdict_is_told_without_rewritten_assertions_too(pytester: pytest.Pytester) -> None:
    assert "expected renewed, found kept" in failed(pytester, "assert appliance.identity.renewed", "--assert=plain")


def test_an_assertion_on_something_else_is_left_alone(pytester: pytest.Pytester) -> None:
    said = failed(pytester, "assert appliance.identity.fit\nassert appliance.state == 'off'")
    assert "would accept it" not in said


def test_certificates_are_compared_field_by_field(pytester: pytest.Pytester) -> None:
    said = failed(
        pytester, "a = appliance.certificate\nappliance.do('default_security')\nassert appliance.certificate == a"
    )
    assert "serial: 508f287edc10c8e8dffbed121ea043864ba135bd != 6f873eaff3d0ee01fde06b1d8b13927d06f27b92" in said
    assert "names:" not in said


def test_a_journal_says_what_did_happen(pytester: pytest.Pytester) -> None:
    assert "what happened: power.on, state," in failed(pytester, "assert 'power.cut' in appliance.journal")
    said = failed(pytester, "assert 'power.on' not in appliance.journal")
    assert "09:00:00       · power on, no button held" in said


def test_a_phone_says_why(pytester: pytest.Pytester) -> None:
    said = failed(pytester, "assert phone.connect(appliance)")
    assert "phone (j100) refused sip at 192.168.42.1, TLS: nobody answers" in said


def test_a_step_that_fails_is_shown_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    said = failed(pytester, 'appliance.expect(identity="kept", generation=2)')
    assert "Unmet: expect: identity: expected kept, found generated; generation: expected 2, found 1" in said
    assert "x expect: {identity: kept, generation: 2}" in said
    assert "/firmware/" not in said


def test_a_power_cut_that_never_came(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(appliance): appliance.cut_power(operation=9999).power_on()\n")
    result.assert_outcomes(passed=1, errors=1)
    assert "never came; unit is running" in result.stdout.str()


TWICE = """
    def test_it(appliance):
        appliance.power_on()
        try:
            appliance.expect(state="off")
        except Exception:
            pass
        try:
            appliance.do("power_on")
        except Exception:
            pass
        appliance.do("default_security", via="web")
        assert appliance.identity.kept
"""


@pytest.mark.parametrize("where", ["", "kept"])
def test_the_unit_is_kept_and_its_scenario_does_the_same_again(
    pytester: pytest.Pytester, ipsim: Ipsim, where: str
) -> None:
    result = run(pytester, TWICE, *(["--ipsim-keep", where] if where else []))
    folder = Path(where or ".pytest_cache/d/ipsim", "test_it.py-test_it")
    result.stdout.fnmatch_lines(
        [
            f"again: ipsim run {folder}/scenario.yaml",
            f"steps: ipsim replay {folder}/record.jsonl --back 3",
            f"look:  ipsim show --state {folder}/unit",
        ]
    )
    shown = ipsim("show", "--state", folder / "unit")
    assert "generation 2" in shown.out
    assert ipsim("fsck", "--state", folder / "unit").code == 0
    again = ipsim("run", folder / "scenario.yaml", "--state", "again")
    assert again.code == 0
    digest = next(line for line in shown.out.splitlines() if "SHA-256" in line)
    assert digest in ipsim("show", "--state", "again").out
    before = ipsim("replay", folder / "record.jsonl", "--back", "3")
    assert before.code == 0
    assert "certificate.announcing" in before.out
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}


def test_a_step_that_breaks_the_simulator_is_in_the_scenario(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Press, "run", broken)
    said = failed(pytester, 'appliance.press("reset", "7s")')
    assert "RuntimeError: a bug" in said
    assert "x press: {button: reset, hold: 7s}" in said
    assert "again: ipsim run .pytest_cache/d/ipsim/test_it.py-test_it/scenario.yaml" in said
    assert "- press:" in Path(".pytest_cache/d/ipsim/test_it.py-test_it/scenario.yaml").read_text()


def test_a_test_in_another_directory_is_kept_in_its_place(pytester: pytest.Pytester) -> None:
    test = """
        def test_it(appliance, monkeypatch, tmp_path):
            monkeypatch.chdir(tmp_path)
            appliance.power_on().expect(state="off")
    """
    run(pytester, test).stdout.fnmatch_lines(
        ["again: ipsim run .pytest_cache/d/ipsim/test_it.py-test_it/scenario.yaml"]
    )
    assert Path(".pytest_cache/d/ipsim/test_it.py-test_it/record.jsonl").is_file()


def test_where_nothing_can_be_kept_the_rest_is_told(pytester: pytest.Pytester) -> None:
    pytester.makefile("", taken="a file")
    said = failed(pytester, "assert not appliance.identity.kept", "--ipsim-keep", "taken")
    assert "> power_on" in said
    assert "nothing is kept: [Errno 20] Not a directory" in said


def test_what_passes_leaves_nothing(pytester: pytest.Pytester) -> None:
    failed(pytester, "assert not appliance.identity.kept")
    folder = Path(".pytest_cache/d/ipsim/test_it.py-test_it")
    assert folder.is_dir()
    run(pytester, "def test_it(appliance): appliance.power_on()\n").assert_outcomes(passed=1)
    assert not folder.exists()


def test_without_a_cache_it_is_kept_elsewhere(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = failed(pytester, "assert not appliance.identity.kept", "-p", "no:cacheprovider")
    assert f"look:  ipsim show --state {tmp_path}/ipsim-" in said


def test_two_units_of_one_test_are_kept_apart(pytester: pytest.Pytester) -> None:
    test = "def test_it(appliance, ignited):\n    appliance.power_on()\n    assert not ignited.identity.kept\n"
    run(pytester, test).assert_outcomes(failed=1)
    folder = Path(".pytest_cache/d/ipsim/test_it.py-test_it")
    assert (folder / "unit" / "unit.json").is_file()
    assert (folder / "1" / "unit" / "unit.json").is_file()


def test_a_network_is_kept_unit_by_unit(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(network):\n    assert not network.branch.identity.kept\n")
    result.assert_outcomes(failed=1)
    folder = Path(".pytest_cache/d/ipsim/test_it.py-test_it")
    assert sorted(path.name for path in folder.iterdir()) == [
        "branch", "primary", "record.jsonl", "scenario.yaml", "secondary", "timeline.txt",
    ]  # fmt: skip
    assert "> ignite: {unit: primary, network: {host_name: primary1}}" in (folder / "timeline.txt").read_text()
