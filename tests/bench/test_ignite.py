"""``ipsim ignite``: the acceptance commands, what is refused, what is resumed, and the same bytes each way in."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from firmware.bench import replay, scenario
from tests.bench.support import COMMAND, ROOT, Ipsim, contents, process

ANSWERS = ROOT / "tests" / "answers"
ARGUMENTS = ("--seed", 7, "--clock", "2026-11-23T09:00:00Z")
ROOTS = ("primary", "application_server", "ucm")
NODES = ("secondary", "expansion")


def ignited(ipsim: Ipsim, platform: str, state: Path, *more: object) -> str:
    return ipsim.well(
        "ignite", platform, "--answers", ANSWERS / f"{platform}.yaml", "--state", state, *ARGUMENTS, *more
    )


def openssl(*arguments: object) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("platform", [*ROOTS, *NODES])
def test_each_kind_of_server_is_ignited_from_its_answers(platform: str, ipsim: Ipsim, tmp_path: Path) -> None:
    printed = ignited(ipsim, platform, tmp_path / "unit")
    assert "running" in printed
    assert "identity generated: SHA-256 " in printed
    assert ("root CA: SHA-256 " in printed) is (platform in ROOTS)
    shown = ipsim.well("show", "--state", tmp_path / "unit")
    assert "ignition         done" in shown
    assert "all sound" in ipsim.well("fsck", "--state", tmp_path / "unit")


def test_quiet_it_says_only_what_came_of_it(ipsim: Ipsim, tmp_path: Path) -> None:
    printed = ignited(ipsim, "primary", tmp_path / "unit", "--quiet").splitlines()
    assert [line.partition(":")[0] for line in printed] == ["root CA", "identity generated", "look at it"]


@pytest.mark.parametrize("platform", ["primary", "ucm"])
def test_openssl_takes_the_identity_under_the_root(platform: str, ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, platform, tmp_path / "unit")
    (root := tmp_path / "root.pem").write_text(ipsim.well("cert", "--state", tmp_path / "unit", "--root"))
    (identity := tmp_path / "id.pem").write_text(ipsim.well("cert", "--state", tmp_path / "unit"))
    assert openssl("verify", "-CAfile", root, identity).endswith(": OK\n")
    said = openssl("x509", "-in", root, "-noout", "-subject", "-nameopt", "sep_comma_plus", "-ext", "subjectAltName")
    host = {"primary": "primary1.example.com", "ucm": "ucm1"}[platform]
    assert f"subject=emailAddress=support@avaya.com,CN=ipoffice-root-{host}.avaya.com,OU=GCS,O=Avaya Inc" in said
    assert f"URI:ipoffice-root-{host}.avaya.com" in said
    serials = [int(openssl("x509", "-in", file, "-noout", "-serial").split("=")[1], 16) for file in (root, identity)]
    assert serials[1] == serials[0] + 1


def test_an_imported_ca_s_chain_is_served(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "application_server", tmp_path / "unit")
    (root := tmp_path / "root.pem").write_text(ipsim.well("cert", "--state", tmp_path / "unit", "--root"))
    (identity := tmp_path / "id.pem").write_text(ipsim.well("cert", "--state", tmp_path / "unit"))
    assert "CN = Example Root CA" in openssl("x509", "-in", root, "-noout", "-subject")
    assert openssl("verify", "-CAfile", root, "-untrusted", identity, identity).endswith(": OK\n")


@pytest.mark.parametrize("platform", NODES)
def test_a_node_s_certificate_is_bare(platform: str, ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, platform, tmp_path / "unit")
    (file := tmp_path / "id.pem").write_text(ipsim.well("cert", "--state", tmp_path / "unit"))
    text = openssl("x509", "-in", file, "-noout", "-text")
    for absent in ("Subject Alternative Name", "Extended Key Usage", "Key Usage"):
        assert absent not in text
    assert "is no CA" in ipsim.refuses("cert", "--state", tmp_path / "unit", "--root")


def test_a_second_ignition_is_refused_and_changes_nothing(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "primary", tmp_path / "unit")
    before = contents(tmp_path / "unit")
    said = ipsim.refuses("ignite", "primary", "--answers", ANSWERS / "primary.yaml", "--state", tmp_path / "unit")
    assert "already ignited, as a Server Edition Primary" in said
    assert contents(tmp_path / "unit") == before


def test_if_needed_an_ignited_unit_is_started(ipsim: Ipsim, tmp_path: Path) -> None:
    first = ignited(ipsim, "primary", tmp_path / "unit", "--if-needed")
    again = ipsim.well("ignite", "primary", "--state", tmp_path / "unit", "--if-needed")
    assert first.splitlines()[-2].split()[-1] == again.splitlines()[-2].split()[-1]
    assert "identity kept" in again


def test_installed_anew_everything_is_new(ipsim: Ipsim, tmp_path: Path) -> None:
    first = ignited(ipsim, "primary", tmp_path / "unit")
    again = ipsim.well("ignite", "primary", "--state", tmp_path / "unit", "--reinstall")
    for line in (-2, -3):  # the identity's and the root CA's fingerprints
        assert first.splitlines()[line].split()[-1] != again.splitlines()[line].split()[-1]


def test_the_same_bytes_by_file_and_by_scenario(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "primary", tmp_path / "by_file")
    text = f"""\
name: By scenario
unit: {{platform: primary, seed: 7}}
clock: 2026-11-23T09:00:00Z
steps:
  - ignite:
{chr(10).join("      " + line for line in (ANSWERS / "primary.yaml").read_text("utf-8").splitlines())}
  - shutdown
"""
    report = replay.run(scenario.parse(text, "by_scenario.yaml"), state=tmp_path / "by_scenario")
    assert report.passed
    assert (tmp_path / "by_file/disk.img").read_bytes() == (tmp_path / "by_scenario/disk.img").read_bytes()


PAGE_BY_PAGE = """\
name: Page by page
unit: {platform: secondary, seed: 7}
clock: 2026-11-23T09:00:00Z
steps:
  - power_on
  - log_in
  - fill: {accepted: true}
  - submit
  - submit
  - fill: {address: 10.1.0.11, mask: 255.255.255.0, gateway: 10.1.0.1, host_name: secondary1}
  - submit
  - fill: {time_zone: Europe/Berlin}
  - submit
  - fill:
      {root: Answers-root-2, root_again: Answers-root-2, administrator: Answers-admin-2,
       administrator_again: Answers-admin-2, system: Answers-system-2, system_again: Answers-system-2}
  - submit
  - submit
  - initial_configuration: {primary: 10.1.0.10, system_name: Secondary}
  - shutdown
"""


def test_the_same_bytes_page_by_page(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "secondary", tmp_path / "by_file")
    report = replay.run(scenario.parse(PAGE_BY_PAGE, "pages.yaml"), state=tmp_path / "by_page")
    assert report.passed
    assert (tmp_path / "by_file/disk.img").read_bytes() == (tmp_path / "by_page/disk.img").read_bytes()


def test_one_seed_gives_the_same_bytes_in_any_process(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "primary", tmp_path / "here")
    arguments = ("ignite", "primary", "--answers", ANSWERS / "primary.yaml", "--state", tmp_path / "there", *ARGUMENTS)
    assert process(*arguments, TZ="Asia/Tokyo", PYTHONHASHSEED="5").code == 0
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


@pytest.mark.parametrize("lines", [6, 14, 22, 30, 34, 38])
def test_a_kill_is_a_power_cut_and_the_next_call_finishes(lines: int, ipsim: Ipsim, tmp_path: Path) -> None:
    """The process dies after it has printed so many lines, the pages and Apply among them."""
    command = [*COMMAND, "ignite", "primary", "--answers", ANSWERS / "primary.yaml", "--state", tmp_path / "unit"]
    with subprocess.Popen([*map(str, command), *map(str, ARGUMENTS)], stdout=subprocess.PIPE, cwd=ROOT) as run:
        assert run.stdout is not None
        for _ in range(lines):
            run.stdout.readline()
        os.kill(run.pid, signal.SIGKILL)
    finished = ipsim(
        "ignite", "primary", "--answers", ANSWERS / "primary.yaml", "--state", tmp_path / "unit", "--if-needed"
    )
    assert finished.code == 0, finished
    shown = ipsim.well("show", "--state", tmp_path / "unit")
    assert "ignition         done" in shown
    assert "identity           generation 1" in shown


def test_a_page_that_is_refused_when_it_comes_to_it_names_its_place(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "a.yaml").write_text(f"security: {{ca: import, ca_file: {ANSWERS}/expired.pem}}\n")
    said = ipsim("ignite", "primary", "--answers", file, "--state", tmp_path / "unit", *ARGUMENTS)
    assert said.code == 2
    assert f"ipsim: {file}:1:24: ca_file: Expired: " in said.err
    assert "answered: Accept licence" in ipsim.well("show", "--state", tmp_path / "unit")


def test_only_what_has_a_wizard_is_ignited(ipsim: Ipsim, tmp_path: Path) -> None:
    assert "IP500 V2 has no ignition" in ipsim.refuses("ignite", "ip500v2", "--state", tmp_path / "unit")
    assert not (tmp_path / "unit").exists()


def test_without_a_state_it_says_what_is_missing(ipsim: Ipsim) -> None:
    assert "missing option '--state'" in ipsim.refuses("ignite", "primary")


def test_a_wrong_answers_file_leaves_nothing_behind(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "a.yaml").write_text("network: {adress: 1}\n")
    assert "a.yaml:1:11: unknown field" in ipsim.refuses(
        "ignite", "primary", "--answers", file, "--state", tmp_path / "u"
    )
    assert not (tmp_path / "u").exists()


def test_boot_brings_a_new_server_up_to_its_wizard(ipsim: Ipsim, tmp_path: Path) -> None:
    printed = ipsim.well("boot", "primary", "--state", tmp_path / "unit", *ARGUMENTS)
    assert "it waits for its ignition: ipsim ignite primary" in printed
    ignited_after = ipsim.well("ignite", "primary", "--state", tmp_path / "unit")
    assert "identity generated" in ignited_after
    assert "identity kept" in ipsim.well("boot", "primary", "--state", tmp_path / "unit")


def test_a_unit_of_seed_0_is_named_so(ipsim: Ipsim, tmp_path: Path) -> None:
    ipsim.well("boot", "secondary", "--state", tmp_path / "unit", "--clock", "2026-11-23T09:00:00Z")
    said = ipsim.refuses("ignite", "secondary", "--state", tmp_path / "unit", "--seed", 9)
    assert "holds a unit with seed 0, not 9; leave it out" in said


def test_a_mark_that_is_removed_is_no_way_to_a_second_ignition(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "secondary", tmp_path / "unit")
    state = ("--state", tmp_path / "unit")
    ipsim.well("card", "rm", *state, "opt/ipoffice/ignition/done")
    assert "ignition         done: a Server Edition Secondary" in ipsim.well("show", *state)
    found = ipsim("fsck", *state)
    assert found.code == 1
    assert "the mark that ignition is done is missing; the next start makes it anew" in found.out
    assert "already ignited" in ipsim.refuses("ignite", "secondary", *state)
    assert "identity kept" in ipsim.well("boot", "secondary", *state)
    assert "all sound" in ipsim.well("fsck", *state)


def test_answers_that_nobody_asked_for_are_said_to_be_unused(ipsim: Ipsim, tmp_path: Path) -> None:
    ignited(ipsim, "secondary", tmp_path / "unit")
    again = ignited(ipsim, "secondary", tmp_path / "unit2", "--if-needed")
    assert "was not used" not in again
    file = ANSWERS / "secondary.yaml"
    said = ipsim.well("ignite", "secondary", "--answers", file, "--state", tmp_path / "unit", "--if-needed")
    assert f"{file}:2:1 was not used: it is ignited already" in said
    assert "identity kept" in said
