"""A customer's project for a test: files in, pytest's outcome and output out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

# What a pytest inside this one imports must be here already: it forgets its modules again, and not all bear that.
from firmware.bench.pytest_plugin import items, keeping, making

__all__ = ["Ran", "items", "keeping", "making", "pytest_in", "run"]

INI = "[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n"


def run(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    """pytest, in this process, of one file of tests."""
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(test_it=test)
    return pytester.runpytest_inprocess("-q", *arguments)


class Ran(NamedTuple):
    code: int
    out: str


def pytest_in(folder: Path, *arguments: str) -> Ran:
    """pytest, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return Ran(ran.returncode, ran.stdout + ran.stderr)
