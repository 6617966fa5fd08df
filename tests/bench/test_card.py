"""``ipsim card``: files onto a card and off it, and what cannot be."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from littlefs import LittleFS

from platforms.ip500v2 import PLATFORM
from tests.bench.support import Ipsim, contents, touched


@pytest.mark.parametrize("data", [b"", b"hello", bytes(range(256)) * 40])
def test_put_list_get_remove(ipsim: Ipsim, unit: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "in").write_bytes(data)
    before = ipsim.well("card", "ls", "--state", unit)
    assert ipsim.well("card", "put", "--state", unit, tmp_path / "in", "/new folder/a/file") == ""
    assert ipsim.well("card", "ls", "--state", unit, "new folder/a") == f"{len(data):>8}  file\n"
    assert ipsim.well("card", "ls", "--state", unit, "new folder/a/file") == f"{len(data):>8}  new folder/a/file\n"
    assert f"{'':>8}  new folder/\n" in ipsim.well("card", "ls", "--state", unit)
    assert ipsim.well("card", "get", "--state", unit, "new folder/a/file", tmp_path / "out") == ""
    assert (tmp_path / "out").read_bytes() == data
    for path in ("new folder/a/file", "new folder/a", "new folder"):
        assert ipsim.well("card", "rm", "--state", unit, path) == ""
    assert ipsim.well("card", "ls", "--state", unit) == before
    assert "all sound" in ipsim.well("fsck", "--state", unit)


def test_dash_is_standard_input_and_output(ipsim: Ipsim, unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"through a pipe\n")))
    ipsim.well("card", "put", "--state", unit, "-", "piped")
    assert ipsim.well("card", "get", "--state", unit, "piped") == "through a pipe\n"
    assert ipsim.well("card", "get", "--state", unit, "piped", "-") == "through a pipe\n"


def test_any_littlefs_tool_opens_the_image(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"hello")
    ipsim.well("card", "put", "--state", unit, tmp_path / "in", "a/b")
    card = PLATFORM.card
    volume = LittleFS(
        block_size=card.block_size, block_count=card.blocks, prog_size=card.program_unit, read_size=card.program_unit,
        cache_size=card.program_unit, mount=False,
    )  # fmt: skip
    volume.context.buffer = bytearray((unit / "system-sd.img").read_bytes()[: card.size])
    volume.mount()
    with volume.open("a/b", "rb") as file:
        assert file.read() == b"hello"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("ls nothing", "no 'nothing' on system-sd"),
        ("ls system/nothing", "no 'system/nothing' on system-sd"),
        ("get nothing", "'nothing' is not there on system-sd"),
        ("get system", "'system' is a folder on system-sd"),
        ("get system/primary/config.cfg no/such/file", "no/such/file: No such file or directory"),
        ("rm nothing", "no 'nothing' on system-sd"),
        ("rm system", "'system' on system-sd is a folder that is not empty"),
        ("put no-such-file x", "no-such-file: No such file or directory"),
        ("put small system", "'system' is a folder on system-sd"),
        ("put small system/primary/config.cfg/x", "'system/primary/config.cfg' is a file on system-sd, no folder"),
        ("put small system/primary/config.cfg/x/y", "'system/primary/config.cfg' is a file on system-sd, no folder"),
        ("put big big", "system-sd is full: "),
        ("ls --slot optional-sd", "there is no card in the optional-sd slot"),
        ("ls --slot third", "--slot: unknown volume 'third': system-sd, optional-sd are known"),
    ],
)
def test_what_cannot_be(
    ipsim: Ipsim, unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small").write_bytes(b"x")
    Path("big").write_bytes(bytes(2_000_000))
    before = contents(unit)
    command, *rest = arguments.split()
    assert says in ipsim.refuses("card", command, "--state", unit, *rest)
    assert contents(unit) == before


def test_a_card_that_failed_or_holds_no_volume(ipsim: Ipsim, tmp_path: Path) -> None:
    text = "name: x\nunit: {platform: ip500v2}\nsteps: [fail_card: system-sd, insert: {slot: optional-sd, card: blank}]"
    (tmp_path / "s.yaml").write_text(text)
    ipsim.well("run", tmp_path / "s.yaml", "--state", tmp_path / "u")
    before = contents(tmp_path / "u")
    for command in (["ls"], ["rm", "x"], ["get", "x"]):
        arguments = ("card", command[0], "--state", tmp_path / "u", *command[1:])
        assert "the card has failed in the system-sd slot" in ipsim.refuses(*arguments)
        assert "optional-sd: littlefs finds its structure damaged" in ipsim.refuses(*arguments, "--slot", "optional-sd")
    assert contents(tmp_path / "u") == before


def test_looking_changes_nothing(ipsim: Ipsim, unit: Path) -> None:
    before = touched(unit)
    for command in ("card ls", "card get system/primary/config.cfg /dev/null", "show", "show --json", "fsck", "cert"):
        ipsim.well(*command.split(), "--state", unit)
    (unit / "lock").unlink()
    assert ipsim("show", "--state", unit).code == 0
    (unit / "lock").touch(0o600)
    after = touched(unit)
    assert {name: after[name] for name in before if name not in (str(unit), str(unit / "lock"))} == {
        name: before[name] for name in before if name not in (str(unit), str(unit / "lock"))
    }
