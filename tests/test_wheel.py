"""The wheel in an empty environment, away from the code: complete, installed clean, and what the tests test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from firmware import __version__
from tests.bench.support import ROOT

PACKAGES = ("firmware", "platforms", "ignition")
QUICK = ("test_machine", "test_release", "bench/test_boot", "bench/test_cert", "ignition/test_web_platform")


class Installed:
    """An environment with the wheel and what its tests need; commands run in a folder of their own."""

    def __init__(self, home: Path) -> None:
        self.bin, self.folder, dist = home / "venv" / "bin", home / "elsewhere", home / "dist"
        self.folder.mkdir()
        run(sys.executable, "-m", "venv", home / "venv", folder=home)
        self("pip", "wheel", "-q", "--no-deps", "-w", dist, ROOT)
        (self.wheel,) = dist.iterdir()
        self("pip", "install", "-q", "-c", ROOT / "constraints.txt", f"{self.wheel}[testing]")

    def __call__(self, command: str, *arguments: object) -> str:
        return run(self.bin / command, *arguments, folder=self.folder)


def run(*command: object, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_"))}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_what_is_shipped_is_what_is_tested(tmp_path: Path) -> None:
    """One test: an environment takes a while to make, and workers share none."""
    installed = Installed(tmp_path)
    holds_all_but_the_tests(installed.wheel)
    assert installed("pip", "check") == "No broken requirements found.\n"
    its_commands_work(installed)
    its_tests_pass(installed)


def holds_all_but_the_tests(wheel: Path) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    about = f"ipoffice_sim-{__version__}"
    assert {name for name in held if not name.startswith(about)} == ours
    assert f"{about}.data/data/share/man/man1/ipsim.1" in held


def its_commands_work(installed: Installed) -> None:
    assert installed("ipsim", "--version") == f"ipsim {__version__}\n"
    assert "identity generated" in installed("ipsim", "boot", "ip500v2", "--state", "unit", "--seed", "7")
    scenario = shutil.copy(ROOT / "tests" / "scenarios" / "first_start.yaml", installed.folder)
    report = ("--html", "run.html", "--record", "run.jsonl")
    assert installed("ipsim", "run", scenario, *report).splitlines()[-1].startswith("passed")
    installed("ipsim", "replay", "run.jsonl", "--to", "running")
    assert "first_start" in installed("ipsim", "rules", "--platform", "primary", "--json", "-")
    assert '"$schema"' in installed("ipsim", "schema")
    looked_at = installed("ipsim", "doctor")
    assert f"package firmware: ours, from {installed.bin.parent / 'lib'}" in looked_at
    assert (installed.bin.parent / "share" / "man" / "man1" / "ipsim.1").exists()


def its_tests_pass(installed: Installed) -> None:
    """Also scenario files as tests: what pytest loads by itself."""
    shutil.copytree(ROOT / "tests", installed.folder / "tests", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "pyproject.toml", installed.folder)
    quick = [f"tests/{name}.py" for name in QUICK]
    installed("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *quick)
    installed("pytest", "-q", "-p", "no:cacheprovider", "-c", "tests/example_project/pytest.ini",
              "tests/example_project/scenarios")  # fmt: skip
