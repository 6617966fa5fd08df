"""The walls of the house (design.md, section 2), as tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import platforms

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for room in ("firmware", "platforms", "ignition") for path in (ROOT / room).rglob("*.py"))
BENCH = ROOT / "firmware" / "bench"
INSIDE = [path for path in SOURCES if BENCH not in path.parents]
# Where an error of the firmware, whatever it is, is what one looks for; and where it becomes exit code 3.
CATCHES_ALL = {f"firmware/bench/{name}.py" for name in ("cli", "sweep/start", "sweep/export", "sweep/live")}
LONGEST_FILE, LONGEST_FUNCTION = 300, 50


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


every_source = pytest.mark.parametrize("path", SOURCES, ids=_name)
every_source_inside = pytest.mark.parametrize("path", INSIDE, ids=_name)


def test_imports_go_down_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@every_source
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE
    functions = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


CHANCE_AND_TIME = {"random", "secrets", "uuid", "time", "os", "numpy"}
WALL_CLOCK = {"now", "utcnow", "today", "urandom", "getrandbits", "perf_counter", "monotonic"}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


@every_source_inside
def test_no_chance_and_no_wall_clock_but_on_the_bench(path: Path) -> None:
    assert CHANCE_AND_TIME.isdisjoint(_imported(path))
    assert WALL_CLOCK.isdisjoint(_called(path))


@every_source
def test_no_error_is_caught_blindly(path: Path) -> None:
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.ExceptHandler) or _name(path) in CATCHES_ALL:
            continue
        caught = ast.unparse(node.type) if node.type else "everything"
        passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        blind = re.search(r"\b(everything|Exception|BaseException)\b", caught)
        assert not blind or (caught == "BaseException" and passes_on), f"line {node.lineno}: catches {caught}"


@every_source
def test_every_type_that_is_not_checked_says_why(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if "# type: ignore" in line:
            assert re.search(r"# type: ignore\[[\w, -]+\]  # \w.{5,}", line), f"line {number}: {line.strip()}"


@every_source_inside
def test_nothing_asks_for_a_platform_by_its_name(path: Path) -> None:
    names = set(platforms.names())
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Compare | ast.MatchValue):
            found = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            assert names.isdisjoint(found), f"line {node.lineno}: {ast.unparse(node)}"
