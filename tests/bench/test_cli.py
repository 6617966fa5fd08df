"""The command line as a whole: help, usage errors on one line, exit codes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firmware import __version__
from firmware.bench import cli_card, cli_scenarios, cli_unit, doctor, summary
from firmware.bench.cli import COMMANDS
from firmware.errors import PowerCut
from tests.bench.support import COMMAND, ROOT, Ipsim, process

CARD = ["card ls", "card get", "card put", "card rm"]


@pytest.mark.parametrize("command", ["", *COMMANDS, *CARD])
def test_every_command_has_help(ipsim: Ipsim, command: str) -> None:
    for option in ("--help", "-h"):
        shown = ipsim.well(*command.split(), option)
        assert shown.startswith(f"Usage: ipsim {command}".rstrip())
    assert command in ("", "card") or f"Example: ipsim {command} " in f"{shown} ".replace("\n", " ")


def test_alone_it_prints_help(ipsim: Ipsim) -> None:
    said = ipsim()
    assert said.code == 2
    assert said.err.startswith("Usage: ipsim")
    assert all(command in said.err for command in COMMANDS)


def test_version(ipsim: Ipsim) -> None:
    assert ipsim.well("--version") == f"ipsim {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("nonsense", "ipsim: unknown command 'nonsense': boot, show, cert,"),
        ("swep first_start.yaml", "unknown command 'swep' (did you mean 'sweep'?): "),
        ("card lst", "ipsim card: unknown command 'lst' (did you mean 'ls'?): get, ls, put, rm are known"),
        ("boot", "missing argument 'PLATFORM'"),
        ("boot ip500v2", "missing option '--state'"),
        ("boot ip500v2 --state unit --foo", "no such option '--foo'; ipsim boot --help"),
        ("boot ip500v2 --stat unit", "no such option '--stat' (did you mean '--state'?); "),
        ("run a.yaml --jsn a.json", "no such option '--jsn' (did you mean "),
        ("run a.yaml -q -v", "give one of --verbose, --quiet"),
        ("boot ip500 --state unit", "unknown platform 'ip500' (did you mean 'ip500v2'?): "),
        ("diagram ip500", "unknown platform 'ip500'"),
        ("boot ip500v2 --state unit --release 12.1", "unknown release '12.1' (did you mean '12.3'?): 6.2, 8.1"),
        ("boot ip500v2 --state unit --mac 00e0", "'00e0' is no MAC address: twelve hex digits such as 00e00705918e"),
        ("boot ip500v2 --state unit --mac 01e00705918e", "is a group address"),
        ("boot ip500v2 --state unit --seed -1", "'-1' is no seed: a whole number from 0 to 2**256 - 1"),
        ("boot ip500v2 --state unit --seed seven", "'seven' is no seed"),
        ("boot ip500v2 --state unit --clock yesterday", "'yesterday' is no ISO date or time such as 2026-"),
        ("boot ip500v2 --state unit --clock 2026-02-30", "or unset"),
        ("boot ip500v2 --state unit --clock 9999-12-31", "lies beyond the year 9799"),
        ("run", "missing argument 'FILES...'"),
        ("cert --state unit --p12 out.p12", "--p12 and --password-file go together"),
        ("card put --state unit pyproject.toml a/../b", "is no path on a card"),
    ],
)
def test_bad_usage_is_one_line_and_leaves_nothing(
    ipsim: Ipsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refusal = ipsim.refuses(*arguments.split())
    assert says in refusal
    assert refusal.endswith("--help says more\n")
    assert list(tmp_path.iterdir()) == []


def broken(*_: Any) -> Any:
    raise RuntimeError("first line\nsecond line")


def test_our_own_fault_is_one_line_and_exit_3(ipsim: Ipsim, unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "summarise", broken)
    said = ipsim.refuses("show", "--state", unit, code=3)
    assert said.startswith("ipsim: internal fault: RuntimeError: first line second line; please report it")


def test_not_even_a_power_cut_escapes(ipsim: Ipsim, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no Exception, a panic of a library's among it, is our fault too and no traceback."""

    def cut(_: Path) -> Any:
        raise PowerCut("out of the blue")

    monkeypatch.setattr(doctor, "examine", cut)
    assert ipsim.refuses("doctor", code=3).startswith("ipsim: internal fault: PowerCut: out of the blue;")


def test_with_debug_it_shows_where(ipsim: Ipsim, unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "summarise", broken)
    monkeypatch.setenv("IPSIM_DEBUG", "1")
    said = ipsim("show", "--state", unit)
    assert said.code == 3
    assert 'raise RuntimeError("first line' in said.err


def test_an_interruption_is_exit_130(ipsim: Ipsim, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Path) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "examine", interrupted)
    assert ipsim.refuses("doctor", code=130) == "ipsim: interrupted\n"


@pytest.mark.slow
def test_exit_codes_0_1_2_of_a_process(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("name: x\nunit: {platform: ip500v2}\nsteps: [expect: {state: running}]\n")
    assert process("--version").code == 0
    failed = process("run", tmp_path / "wrong.yaml")
    assert failed.code == 1
    assert failed.err == "ipsim: 1 of 1 scenario failed\n"
    assert process("show", "--state", tmp_path / "none").code == 2


@pytest.mark.parametrize("arguments", ["show", "card get system/primary/ip500v2.bin", "fsck"])
def test_nobody_reads_the_output_to_its_end(unit: Path, arguments: str) -> None:
    command = [*COMMAND, *arguments.split(), "--state", str(unit)]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as nobody:
        done = subprocess.run(
            command, stdout=nobody, stderr=subprocess.PIPE, text=True, timeout=60, cwd=ROOT, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_start_that_nobody_watches_goes_on(ipsim: Ipsim, unit: Path) -> None:
    """ipsim boot | head -1: no power cut to the unit."""
    command = [*COMMAND, "boot", "ip500v2", "--state", str(unit), "--clock", "2026-12-01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert (running.wait(timeout=60), running.stderr.read()) == (0, b"")
    assert "simulated time   2026-12-01" in ipsim.well("show", "--state", unit)
    assert b'"state":"shutdown.done"' in (unit / "journal.jsonl").read_bytes().partition(b"2026-12-01")[2]


def test_the_output_is_full(unit: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "show", "--state", str(unit)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            cwd=ROOT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "ipsim: output: No space left on device\n")


def test_every_command_is_where_the_table_says() -> None:
    for module in (cli_card, cli_unit, cli_scenarios):
        assert set(module.COMMANDS) == {name for name, home in COMMANDS.items() if home == module.__name__}
