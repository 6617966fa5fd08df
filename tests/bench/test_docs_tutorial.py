"""docs/add-a-platform.md, done as it stands there, in a copy of the program."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.support import ROOT

TUTORIAL = ROOT / "docs" / "add-a-platform.md"
BLOCK = re.compile(r"<!-- (?:file: (?P<file>\S+)|run) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
PROGRAMS = {
    "ipsim": [sys.executable, "-m", "firmware.bench.cli"],
    "make docs": [sys.executable, "-m", "firmware.bench.docs", "docs"],
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("firmware", "platforms", "ignition"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs").mkdir()
    return tmp_path


def run(command: str, folder: Path) -> list[str]:
    """The lines that it prints, those of the error stream last."""
    words = shlex.split(command)
    program = next((PROGRAMS[name] for name in PROGRAMS if command.startswith(name)), words[:1])
    rest = [] if command in PROGRAMS else words[1:]
    done = subprocess.run(
        [*program, *rest],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


def follow(text: str, folder: Path) -> None:
    """Each command of a block: every line below it is printed, in this order; of one that ends in … the beginning."""
    for part in text.split("$ ")[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        printed = iter(found := run(command, folder))
        for line in shown:
            is_there = any(out == line or (line.endswith("…") and out.startswith(line[:-1])) for out in printed)
            assert is_there, f"{command} prints no line {line!r} there, but {found}"


@pytest.mark.slow
def test_it_can_be_followed(copy: Path) -> None:
    blocks = list(BLOCK.finditer(TUTORIAL.read_text("utf-8")))
    assert [block["file"] for block in blocks if block["file"]] == [
        "platforms/branch_box.py", "box_expires.yaml", "box_rules.yaml",
    ]  # fmt: skip
    for block in blocks:
        if block["file"]:
            (copy / block["file"]).write_text(block["text"], "utf-8")
        else:
            follow(block["text"], copy)
