"""The example project of a customer: it passes, but for the one failure that the README shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bench.support import ROOT
from tests.plugin.support import Ran, pytest_in
from tests.test_readme import block

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clean = shutil.ignore_patterns(".*", "__pycache__")
    return Path(
        shutil.copytree(ROOT / "tests" / "example_project", tmp_path_factory.mktemp("ci") / "project", ignore=clean)
    )


@pytest.fixture(scope="module")
def alone(project: Path) -> Ran:
    return pytest_in(project)


def test_one_test_fails_and_all_others_pass(alone: Ran) -> None:
    assert alone.code == 1, alone.out
    assert "1 failed, 14 passed in" in alone.out.splitlines()[-1]


def test_the_failure_is_the_one_in_the_readme(alone: Ran) -> None:
    printed = alone.out.splitlines()
    position = 0
    for line in block("from: example project").splitlines():
        if line != "...":
            assert line in printed[position:], f"not printed, or not in this order: {line}\n{alone.out}"
            position = printed.index(line, position) + 1


def test_with_workers_and_every_warning_an_error(project: Path) -> None:
    ran = pytest_in(project, "-n", "2", "-W", "error", "--ipsim-keep", "kept")
    assert ran.code == 1, ran.out
    assert "1 failed, 14 passed in" in ran.out
    assert "again: ipsim run kept/test_certificates.py-test_phones_survive_a_security_default/scenario.yaml" in ran.out


def test_the_projects_own_tests_are_without_it() -> None:
    ran = pytest_in(ROOT, "--collect-only", "-p", "no:cacheprovider", "tests", "--ignore-glob=tests/[!e]*")
    assert ran.code == 5, ran.out  # nothing is collected
